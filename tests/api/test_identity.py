"""Who is asking: whoever the token of the issuer says, and nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import cli
from api.mini_issuer import AUDIENCE, GRANT, TOKEN, MiniIssuer
from tests.api.an_issuer import AUDIENCE as ELSEWHERE
from tests.api.an_issuer import AnIssuer
from tests.api.doors import FOUNDER, Doors, founding, open_doors

PEOPLE = {"function": "medewerker"}
PATHS = ["/v1/chains", "/v1/chains/keten", "/v1/chains/keten/people"]


@pytest.fixture(scope="module")
def strangers(
    shared_database: str, tmp_path_factory: pytest.TempPathFactory, issuer: AnIssuer
) -> Iterator[Doors]:
    """A server in production that trusts an issuer elsewhere; a chain stands in it from before."""
    folder = tmp_path_factory.mktemp("strangers")
    with open_doors(shared_database, folder) as opened:
        opened.found_in_earnest("keten")
        opened.post("/v1/chains/keten/people", PEOPLE | {"person": "p-geheim"}, scope="chain")
        position = opened.size("keten") - 1
    trusted = {"development": False, "issuer": issuer.url, "audience": ELSEWHERE}
    with open_doors(shared_database, folder, **trusted) as opened:
        assert opened.get(f"/v1/chains/keten?atLeast={position}").status_code == 200
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_without_a_token_nobody_can_record(strangers: Doors) -> None:
    size = strangers.size("keten")
    answer = strangers.post("/v1/chains/keten/people", PEOPLE, actor="")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="ketenledger"'
    assert strangers.size("keten") == size


@pytest.mark.parametrize("path", PATHS)
def test_a_token_that_is_not_believed_is_refused_for_reading_too(
    strangers: Doors, issuer: AnIssuer, path: str
) -> None:
    mine = MiniIssuer("http://127.0.0.1:8000").token(FOUNDER)
    for token in (mine, issuer.token(aud=AUDIENCE), "geheim"):
        answer = strangers.get(path, headers=bearer(token))
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        assert answer.json()["detail"].startswith("Dit token wordt niet aanvaard: ")
        assert token not in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_the_header_of_before_is_refused_and_told(
    strangers: Doors, doors: Doors, path: str
) -> None:
    for server in (strangers, doors):
        answer = server.get(path, headers={"X-Act-As": FOUNDER})
        assert answer.status_code == 401
        assert "bestaat niet meer" in answer.json()["detail"]


def test_a_header_that_stands_there_twice_is_refused(strangers: Doors, issuer: AnIssuer) -> None:
    good, other = issuer.token(), issuer.token(sub="iemand-anders")
    pairs = [("Authorization", f"Bearer {one}") for one in (good, other)]
    assert strangers.get("/v1/chains", headers=pairs).status_code == 401
    assert strangers.get("/v1/chains", headers=pairs[:1]).status_code == 200


@pytest.mark.parametrize("value", ["Basic cC1iZDo=", "Bearer", "Bearer a b", "Bearer a,Bearer b"])
def test_another_way_of_saying_who_one_is_is_refused(strangers: Doors, value: str) -> None:
    assert strangers.get("/v1/chains", headers={"Authorization": value}).status_code == 401


def test_somebody_with_a_token_but_without_a_person_records_nothing(
    strangers: Doors, issuer: AnIssuer
) -> None:
    for subject in ("7f3a", FOUNDER):
        answer = strangers.client.post(
            "/v1/chains/keten/people", json=PEOPLE, headers=bearer(issuer.token(sub=subject))
        )
        assert answer.status_code == 401


def test_without_a_token_only_public_records_are_read(strangers: Doors) -> None:
    records = strangers.get("/v1/chains/keten/records").json()["items"]
    assert {one["scope"] for one in records} == {"public"}
    assert strangers.get("/v1/chains/keten/people").json()["items"] == []
    hidden = strangers.size("keten") - 1
    assert strangers.get(f"/v1/chains/keten/records/{hidden}").status_code == 404
    assert strangers.get(f"/v1/chains/keten/records/{hidden}/raw").status_code == 404


def test_a_token_that_cannot_be_checked_now_is_not_believed(
    shared_database: str, folder: Path, issuer: AnIssuer
) -> None:
    trusted = {"development": False, "issuer": issuer.url, "audience": ELSEWHERE}
    issuer.silent = True
    try:
        with open_doors(shared_database, folder, **trusted) as opened:
            answer = opened.get("/v1/chains", headers=bearer(issuer.token()))
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
            assert opened.get("/v1/chains").status_code == 200
    finally:
        issuer.silent = False


def test_in_production_there_is_no_mini_issuer(strangers: Doors) -> None:
    asked = {"grant_type": GRANT, "person": FOUNDER}
    assert strangers.client.post(TOKEN, data=asked).status_code == 404
    assert strangers.get("/mini-issuer/keys").status_code == 404


# On a server in development mode


def test_in_development_every_scope_is_read(doors: Doors, chain: str) -> None:
    doors.post(f"/v1/chains/{chain}/people", PEOPLE, scope="confidential")
    position = doors.size(chain) - 1
    asked = {"atLeast": position, "limit": 200}
    records = doors.get(f"/v1/chains/{chain}/records", params=asked).json()["items"]
    assert {one["scope"] for one in records} == {"public", "chain", "confidential"}


def test_in_development_somebody_must_still_be_named_to_record(doors: Doors, chain: str) -> None:
    assert doors.post(f"/v1/chains/{chain}/people", PEOPLE, actor="").status_code == 401
    assert doors.post(f"/v1/chains/{chain}/people", PEOPLE).status_code == 201


def test_a_token_of_another_development_server_is_refused(doors: Doors, chain: str) -> None:
    other = MiniIssuer(doors.app.state.settings.address).token(FOUNDER)
    answer = doors.client.post(f"/v1/chains/{chain}/people", json=PEOPLE, headers=bearer(other))
    assert answer.status_code == 401
    assert "sleutel" in answer.json()["detail"]


def test_the_mini_issuer_is_an_issuer_like_any_other(doors: Doors) -> None:
    told = doors.get("/mini-issuer/.well-known/openid-configuration").json()
    assert told["issuer"] == doors.app.state.trust.issuer.url
    [key] = doors.get("/mini-issuer/keys").json()["keys"]
    assert (key["alg"], key["use"], "d" in key) == ("ES256", "sig", False)


def test_the_mini_issuer_gives_a_token_for_a_person_and_for_nothing_else(
    doors: Doors, chain: str
) -> None:
    asked = {"grant_type": GRANT, "person": FOUNDER}
    told = doors.client.post(TOKEN, data=asked).json()
    path = f"/v1/chains/{chain}/people"
    headers = bearer(told["access_token"])
    assert doors.client.post(path, json=PEOPLE, headers=headers).status_code == 201
    for wrong in ({"grant_type": "password"}, {"person": "Jan Jansen!"}, {"person": ["a", "b"]}):
        assert doors.client.post(TOKEN, data=asked | wrong).status_code == 400
    assert doors.client.post(TOKEN, json=asked).status_code == 415


def test_a_token_is_asked_at_the_command_line(
    doors: Doors, chain: str, strangers: Doors, capsys: pytest.CaptureFixture[str]
) -> None:
    url = str(doors.client.base_url)
    capsys.readouterr()
    assert cli.run(["token", FOUNDER, "--url", url]) == 0
    # The server in this process tells of its requests on the same output.
    [printed] = [one for one in capsys.readouterr().out.splitlines() if one.startswith("ey")]
    path = f"/v1/chains/{chain}/people"
    assert doors.client.post(path, json=PEOPLE, headers=bearer(printed)).status_code == 201
    assert cli.run(["token", "Jan Jansen!", "--url", url]) == 1
    assert cli.run(["token", FOUNDER, "--url", str(strangers.client.base_url)]) == 3
    assert cli.run(["token", FOUNDER, "--url", "http://127.0.0.1:1"]) == 3


@pytest.mark.parametrize(
    "host",
    ["keten.example.org", "127.0.0.1.example.org", "10.0.0.1:8000", "127.0.0.1@x.org", "[::1"],
)
def test_in_development_a_page_from_elsewhere_gets_no_answer(doors: Doors, host: str) -> None:
    asked = {"grant_type": GRANT, "person": FOUNDER}
    assert doors.get("/v1/chains", headers={"Host": host}).status_code == 401
    assert doors.client.post(TOKEN, data=asked, headers={"Host": host}).status_code == 401
    written = doors.client.post(
        "/v1/chains/nieuw/establishments",
        json=founding(),
        headers={"Host": host} | doors.known_as(FOUNDER),
    )
    assert written.status_code == 401


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000"])
def test_in_development_this_machine_has_several_names(doors: Doors, host: str) -> None:
    assert doors.get("/v1/chains", headers={"Host": host}).status_code == 200
