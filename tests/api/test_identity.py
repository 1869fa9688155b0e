"""Who is asking: the development identity, and only where it is allowed."""

import pytest

from tests.api.doors import FOUNDER, Doors, founding, open_doors

PEOPLE = {"function": "medewerker"}


@pytest.fixture
def strangers(database: str, folder) -> Doors:
    """A server that runs without the development identity."""
    with open_doors(database, folder) as opened:
        opened.found("keten")
        opened.post("/v1/chains/keten/people", PEOPLE | {"person": "p-geheim"}, scope="chain")
        position = opened.size("keten") - 1
    with open_doors(database, folder, development=False) as opened:
        assert opened.get(f"/v1/chains/keten?atLeast={position}").status_code == 200
        yield opened


def test_without_development_nobody_can_record(strangers: Doors) -> None:
    size = strangers.size("keten")
    answer = strangers.post("/v1/chains/keten/people", PEOPLE, actor="")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"]
    assert strangers.size("keten") == size


@pytest.mark.parametrize("path", ["/v1/chains", "/v1/chains/keten", "/v1/chains/keten/people"])
def test_without_development_a_claimed_identity_is_refused(strangers: Doors, path: str) -> None:
    answer = strangers.get(path, headers={"X-Act-As": FOUNDER})
    assert answer.status_code == 401
    assert "ontwikkelmodus" in answer.json()["detail"]
    assert strangers.post(path, PEOPLE).status_code in (401, 405)


def test_without_development_only_public_records_are_read(strangers: Doors) -> None:
    records = strangers.get("/v1/chains/keten/records").json()["items"]
    assert {one["scope"] for one in records} == {"public"}
    assert strangers.get("/v1/chains/keten/people").json()["items"] == []
    hidden = strangers.size("keten") - 1
    assert strangers.get(f"/v1/chains/keten/records/{hidden}").status_code == 404
    assert strangers.get(f"/v1/chains/keten/records/{hidden}/raw").status_code == 404


def test_in_development_every_scope_is_read(doors: Doors, chain: str) -> None:
    doors.post(f"/v1/chains/{chain}/people", PEOPLE, scope="confidential")
    position = doors.size(chain) - 1
    asked = {"atLeast": position, "limit": 200}
    records = doors.get(f"/v1/chains/{chain}/records", params=asked).json()["items"]
    assert {one["scope"] for one in records} == {"public", "chain", "confidential"}


def test_in_development_somebody_must_still_be_named_to_record(doors: Doors, chain: str) -> None:
    assert doors.post(f"/v1/chains/{chain}/people", PEOPLE, actor="").status_code == 401
    assert doors.post(f"/v1/chains/{chain}/people", PEOPLE).status_code == 201


def test_a_name_that_can_be_no_person_is_refused(doors: Doors, chain: str) -> None:
    answer = doors.post(f"/v1/chains/{chain}/people", PEOPLE, actor="Jan Jansen!")
    assert (answer.status_code, answer.json()["rule"]) == (400, "G13")


@pytest.mark.parametrize(
    "host",
    ["keten.example.org", "127.0.0.1.example.org", "10.0.0.1:8000", "127.0.0.1@x.org", "[::1"],
)
def test_in_development_a_page_from_elsewhere_gets_no_answer(doors: Doors, host: str) -> None:
    answer = doors.get("/v1/chains", headers={"Host": host})
    assert answer.status_code == 401
    written = doors.client.post(
        "/v1/chains/nieuw/establishments",
        json=founding(),
        headers={"Host": host, "X-Act-As": FOUNDER},
    )
    assert written.status_code == 401


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000"])
def test_in_development_this_machine_has_several_names(doors: Doors, host: str) -> None:
    assert doors.get("/v1/chains", headers={"Host": host}).status_code == 200
