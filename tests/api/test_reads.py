"""Reading a chain through the doors: every address, every page, every moment, every scope."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from ledger.log.canonical import is_canonical
from tests.api.doors import Doors, open_doors
from tests.api.story import BODY, CHAIN, MANAGER, ONE_DAY, Story, told

LISTS = {
    "/partners": "partner",
    "/objectives": "objective",
    "/people": "person",
    "/bodies": "body",
    "/roles": "assignment",
    "/mandates": "mandate",
    "/decision-rules": "decisionRule",
    "/meetings": "meeting",
    "/decisions": "decision",
    "/agreements": "agreement",
    "/escalations": "escalation",
    "/bottlenecks": "bottleneck",
    "/actions": "action",
    "/lessons": "lesson",
    "/due": "kind",
    "/memory": "remembered",
    "/records": "position",
    "/timeline": "position",
    "/audit/person/p-bd": "position",
    "/audit/partner/bd": "position",
    "/audit/decision/B-1": "position",
    "/search?text=correctiebericht": "kind",
}
ITEMS = {
    "": ("chain", CHAIN),
    "/partners/bd": ("partner", "bd"),
    f"/people/{MANAGER}": ("person", MANAGER),
    f"/bodies/{BODY}": ("body", BODY),
    f"/seats/{BODY}-bd": ("seat", f"{BODY}-bd"),
    "/roles/R-1": ("assignment", "R-1"),
    "/mandates/M-1": ("mandate", "M-1"),
    "/meetings/V-1": ("meeting", "V-1"),
    "/decisions/B-1": ("decision", "B-1"),
    "/agreements/A-1": ("agreement", "A-1"),
    "/escalations/E-1": ("escalation", "E-1"),
    "/bottlenecks/K-1": ("bottleneck", "K-1"),
    "/actions/AC-1": ("action", "AC-1"),
    "/lessons/L-1": ("lesson", "L-1"),
}
EMPTY = ("/override-authorities",)


@pytest.fixture(scope="module")
def story(doors: Doors) -> Story:
    return told(doors, in_earnest=True)


@pytest.fixture(scope="module")
def document(doors: Doors) -> dict[str, Any]:
    return doors.get("/v1/openapi.json").json()


def split(path: str) -> tuple[str, dict[str, str]]:
    bare, _, query = path.partition("?")
    return bare, dict([query.split("=")]) if query else {}


@pytest.mark.parametrize(("path", "thing"), LISTS.items())
def test_a_list_names_each_thing_and_ends(story: Story, path: str, thing: str) -> None:
    bare, params = split(path)
    answer = story.ask(bare, limit=200, **params)
    assert set(answer) == {"items", "next"}
    assert answer["items"]
    assert all(thing in item for item in answer["items"])
    assert answer["next"] is None


@pytest.mark.parametrize("path", LISTS)
def test_pages_one_by_one_give_the_whole_list(story: Story, path: str) -> None:
    bare, params = split(path)
    whole = story.ask(bare, limit=200, **params)["items"]
    found: list[Any] = []
    page = story.ask(bare, limit=1, **params)
    while True:
        assert len(page["items"]) <= 1
        found += page["items"]
        if page["next"] is None:
            break
        assert page["next"].startswith(f"/v1/chains/{CHAIN}{bare}?")
        assert len(found) <= len(whole)
        page = story.doors.get(page["next"]).json()
    assert found == whole


@pytest.mark.parametrize("path", [*LISTS, *ITEMS, *(f"/records/{n}" for n in range(3))])
def test_an_answer_is_what_the_document_says_it_is(
    story: Story, document: dict[str, Any], path: str
) -> None:
    bare, params = split(path)
    operation = described(document, bare)
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": document["components"]}
    assert [
        one.message for one in Draft202012Validator(whole).iter_errors(story.ask(bare, **params))
    ] == []


def described(document: dict[str, Any], path: str) -> dict[str, Any]:
    """Return what the document says of reading at this path."""
    for template, operations in document["paths"].items():
        shape = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if "get" in operations and re.fullmatch(shape, f"/chains/{CHAIN}{path}"):
            return operations["get"]
    raise AssertionError(f"{path} is not described")


@pytest.mark.parametrize("path", EMPTY)
def test_a_list_of_what_there_is_not_is_empty(story: Story, path: str) -> None:
    assert story.ask(path) == {"items": [], "next": None}


@pytest.mark.parametrize(("path", "named"), ITEMS.items())
def test_a_thing_carries_its_id_and_the_records_it_rests_on(
    story: Story, path: str, named: tuple[str, str]
) -> None:
    thing, name = named
    answer = story.ask(path)
    assert answer[thing] == name
    assert answer["positions"]
    assert answer["positions"] == sorted(set(answer["positions"]))


@pytest.mark.parametrize("path", [path for path in ITEMS if path])
def test_what_there_is_not_is_not_found(story: Story, path: str) -> None:
    other = path.rpartition("/")[0] + "/bestaat-niet"
    answer = story.doors.get(f"/v1/chains/{CHAIN}{other}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert story.doors.get(f"/v1/chains/geen-keten{path}").status_code == 404


def test_the_chains_are_listed(story: Story) -> None:
    story.ask("")
    assert CHAIN in [one["chain"] for one in story.doors.get("/v1/chains").json()["items"]]


def test_a_decision_tells_who_voted_what_and_why_it_was_adopted(story: Story) -> None:
    decision = story.ask("/decisions/B-1")
    assert decision["status"] == "in-force"
    assert [one["status"] for one in decision["statuses"]] == [
        "proposed",
        "open",
        "adopted",
        "in-force",
    ]
    assert decision["title"] == ONE_DAY
    [correction] = decision["corrections"]
    assert (correction["was"], correction["becomes"]) == (ONE_DAY, ONE_DAY + ".")
    assert decision["history"][0]["position"] == story.positions["proposed"]


def test_records_can_be_chosen_by_type_person_thing_and_place(story: Story) -> None:
    def positions(**params: Any) -> list[int]:
        return [one["position"] for one in story.ask("/records", limit=200, **params)["items"]]

    votes = [story.positions[name] for name in ("hesitated", "voted", "adopted")]
    assert positions(type="VoteCast") == votes
    assert positions(type=["VoteCast", "DissentRecorded"], by="p-uwv") == votes[2:]
    assert positions(**{"from": votes[1]}, type="VoteCast.v1") == votes[1:]
    assert set(votes) < set(positions(kind="decision", thing="B-1"))
    assert set(votes) < set(positions(kind="decision"))
    assert positions(**{"from": 10_000}) == []


def test_records_can_be_chosen_by_partner_and_by_the_role_they_were_done_in(story: Story) -> None:
    def positions(path: str, **params: Any) -> list[int]:
        return [one["position"] for one in story.ask(path, limit=200, **params)["items"]]

    for path in ("/timeline", "/records"):
        in_role = positions(path, role="chain-manager")
        assert set(in_role) & set(positions(path, by=MANAGER))
        assert story.positions["adopted"] in positions(path, partner="uwv")
        assert story.positions["adopted"] not in positions(path, partner="bd")
        both = positions(path, partner="uwv", role="representative")
        assert set(both) < set(positions(path, partner="uwv"))
        assert positions(path, role="geen rol") == positions(path, partner="geen") == []


@pytest.mark.parametrize(
    "params",
    [
        {"type": "Onzin"},
        {"kind": "onzin"},
        {"thing": "B-1"},
        {"partner": "a b"},
        {"role": ""},
        {"role": "a\0b"},
        {"from": "-1"},
        {"from": "eerste"},
        {"limit": "0"},
        {"limit": "201"},
        {"cursor": "onzin"},
        {"cursor": "bnVsbA"},
        {"cursor": "a\0b"},
        {"knownAt": "gisteren"},
        {"knownAt": "2026-01-01"},
        {"knownAt": "-1"},
        {"validOn": "2026-02-30"},
        {"validOn": "2026-01-01T00:00:00Z"},
        {"validOn": "2026-01-01\n"},
        {"atLeast": "-1"},
        {"validon": "2026-01-01"},
    ],
    ids=str,
)
def test_a_question_that_makes_no_sense_is_400(story: Story, params: dict[str, str]) -> None:
    answer = story.doors.get(f"/v1/chains/{CHAIN}/records", params=params)
    assert answer.status_code == 400, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("text", ["", "\0", "x" * 201])
def test_nothing_can_be_looked_for_that_is_no_text(story: Story, text: str) -> None:
    answer = story.doors.get(f"/v1/chains/{CHAIN}/search", params={"text": text})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE records; --", "%", "e\u0301e\u0301n", "()&|!:*", "\U0001f600"]
)
def test_anything_else_can_be_looked_for(story: Story, text: str) -> None:
    assert "items" in story.ask("/search", text=text)


def test_a_record_is_served_exactly_as_it_is_stored(story: Story) -> None:
    where = f"/v1/chains/{CHAIN}/records/{story.positions['proposed']}"
    answer = story.doors.get(f"{where}/raw")
    same = story.doors.get(where, headers={"Accept": "application/octet-stream"})
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert (same.content, same.headers["ETag"]) == (answer.content, answer.headers["ETag"])
    assert is_canonical(answer.content)
    leaf = hashlib.sha256(b"\0" + answer.content).hexdigest()
    assert answer.headers["ETag"] == f'"{leaf}"'
    record = story.doors.get(where).json()
    assert record["leafHash"] == leaf
    stored = msgspec.json.decode(answer.content)
    assert (record["body"], record["header"]) == (stored["body"], stored["header"])


@pytest.mark.parametrize(
    "position", ["10000", "9007199254740991", "99999999999999999999", "nul", "1.0"]
)
def test_a_record_that_is_not_there_is_not_found(story: Story, position: str) -> None:
    assert story.doors.get(f"/v1/chains/{CHAIN}/records/{position}").status_code == 404
    assert story.doors.get(f"/v1/chains/{CHAIN}/records/{position}/raw").status_code == 404


def test_as_known_earlier_nothing_later_is_told(story: Story) -> None:
    voted = story.positions["voted"]
    decision = story.ask("/decisions/B-1", knownAt=voted)
    assert decision["status"] == "open"
    assert max(decision["positions"]) <= voted
    assert story.ask("/records", knownAt=voted, limit=200)["items"][-1]["position"] == voted
    before = story.doors.get(f"/v1/chains/{CHAIN}/decisions/B-1?knownAt=5")
    assert before.status_code == 404
    later = story.doors.get(f"/v1/chains/{CHAIN}/records/{voted + 1}?knownAt={voted}")
    assert later.status_code == 404


def test_what_waited_on_a_day_that_is_over_is_asked_as_known_then(story: Story) -> None:
    path, day = f"/v1/chains/{CHAIN}/due", "2024-06-01"
    refused = story.doors.get(path, params={"validOn": day})
    assert refused.status_code == 400
    assert "knownAt" in refused.json()["detail"]
    voted = story.positions["voted"]
    then = story.ask("/due", validOn=day, knownAt=voted, limit=200)["items"]
    assert then == story.ask("/due", knownAt=voted, limit=200)["items"] != []
    assert story.ask("/due", validOn="2999-12-31", limit=200)["items"] != []


def test_known_at_can_be_a_moment_too(story: Story) -> None:
    voted = story.ask(f"/records/{story.positions['voted']}")
    by_moment = story.ask("/decisions/B-1", knownAt=voted["at"])
    assert by_moment == story.ask("/decisions/B-1", knownAt=voted["position"])
    early = story.doors.get(f"/v1/chains/{CHAIN}?knownAt=2001-01-01T00:00:00%2B01:00")
    assert early.status_code == 404


def test_who_held_a_role_on_a_day_is_one_question(story: Story) -> None:
    asked = {"role": "chain-manager"}
    [held] = story.ask("/roles", validOn=story.day, **asked)["items"]
    assert held["person"] == MANAGER
    assert story.ask("/roles", validOn="2001-01-01", **asked)["items"] == []


def test_the_pages_that_follow_show_the_state_of_the_first(doors: Doors) -> None:
    doors.found("groeit")
    first = doors.get("/v1/chains/groeit/records", params={"limit": 2, "atLeast": 1}).json()
    size = doors.size("groeit")
    doors.post("/v1/chains/groeit/people", {"person": "p-later"})
    assert doors.get(f"/v1/chains/groeit?atLeast={size}").status_code == 200
    last, page = first["items"][-1], first
    while page["next"]:
        page = doors.get(page["next"]).json()
        last = page["items"][-1]
    assert last["position"] == size - 1


def test_at_least_waits_for_what_was_just_recorded(doors: Doors) -> None:
    doors.found("wacht")
    for number in range(20):
        receipt = doors.post("/v1/chains/wacht/people", {"person": f"p-{number}"}).json()
        asked = {"atLeast": receipt["position"]}
        found = doors.get(f"/v1/chains/wacht/people/p-{number}", params=asked)
        assert found.status_code == 200


def test_at_least_does_not_wait_for_ever(database: str, folder) -> None:
    with open_doors(database, folder, at_least_seconds=0.1) as doors:
        doors.found("keten")
        answer = doors.get("/v1/chains/keten", params={"atLeast": 10_000})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["type"] == "/problems/unavailable"


@pytest.fixture(scope="module")
def outsider(
    story: Story, shared_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    """A server on the same database where nobody is known."""
    story.ask("")
    folder = tmp_path_factory.mktemp("outsider")
    with open_doors(shared_database, folder, development=False) as opened:
        yield opened


@pytest.mark.parametrize("path", [*LISTS, *ITEMS])
def test_nothing_beyond_public_reaches_an_outsider(
    story: Story, outsider: Doors, path: str
) -> None:
    public = {
        one["position"]
        for one in story.ask("/records", limit=200)["items"]
        if one["scope"] == "public"
    }
    answer = outsider.get(f"/v1/chains/{CHAIN}{path}")
    assert answer.status_code in (200, 404), answer.text
    if answer.status_code == 200:
        found = answer.json()
        for item in found.get("items", [found]):
            assert set(item.get("positions", [])) <= public
            assert item.get("position", 0) in public
            for entry in item.get("history", []):
                assert entry["position"] in public


@pytest.mark.parametrize("name", ["proposed", "voted", "secret", "correction"])
def test_no_record_beyond_public_reaches_an_outsider(
    story: Story, outsider: Doors, name: str
) -> None:
    where = f"/v1/chains/{CHAIN}/records/{story.positions[name]}"
    assert outsider.get(where).status_code == 404
    assert outsider.get(f"{where}/raw").status_code == 404
    assert story.doors.get(where).status_code == 200


def test_a_name_is_never_told(story: Story) -> None:
    for path in [*LISTS, *ITEMS]:
        bare, params = split(path)
        assert "Jansen" not in str(story.ask(bare, **params))
