"""Recording through the doors: what comes back, under whose name, once per key."""

import msgspec
import pytest

from ledger import catalogue
from ledger.log.canonical import leaf_hash
from tests.api.doors import Doors

SEAT_HELD = {"validFrom": "2026-01-01", "person": "p-bd"}


def raw(doors: Doors, chain: str, position: int) -> catalogue.Record:
    """Return a record as it is stored."""
    return catalogue.decode(doors.app.state.ledger.records(chain, position, 1)[0].data)


def test_founding_a_chain_gives_a_receipt_with_all_that_follows(doors: Doors) -> None:
    answer = doors.found("keten-oprichting")
    receipt = answer.json()
    stored = doors.app.state.ledger.records("keten-oprichting")
    assert answer.headers["Location"] == "/v1/chains/keten-oprichting/records/0"
    assert (receipt["chain"], receipt["act"]) == ("keten-oprichting", "founding")
    assert receipt["positions"] == list(range(len(stored)))
    assert receipt["leafHashes"] == [leaf_hash(one.data).hex() for one in stored]
    assert receipt["consequences"][0] == {"type": "PersonRegistered.v1", "position": 1}
    assert (receipt["state"], receipt["repeated"]) == ("committed", False)


def test_the_same_key_again_gives_the_same_receipt_and_records_nothing(
    doors: Doors, chain: str
) -> None:
    asked = (f"/v1/chains/{chain}/people", {"person": "p-1", "function": "secretaris"})
    first = doors.post(*asked, key="sleutel-1")
    size = doors.size(chain)
    again = doors.post(*asked, key="sleutel-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"repeated": True}
    assert again.headers["Location"] == first.headers["Location"]
    assert doors.size(chain) == size


def test_the_same_key_for_another_act_is_refused(doors: Doors, chain: str) -> None:
    doors.post(f"/v1/chains/{chain}/people", {"person": "p-1"}, key="sleutel-1")
    size = doors.size(chain)
    answer = doors.post(f"/v1/chains/{chain}/people", {"person": "p-2"}, key="sleutel-1")
    assert (answer.status_code, answer.json()["rule"]) == (409, "G6")
    assert doors.size(chain) == size


def test_a_key_may_stand_between_quotes(doors: Doors, chain: str) -> None:
    answer = doors.post(f"/v1/chains/{chain}/people", {}, key='"a b"')
    assert answer.status_code == 400
    answer = doors.post(f"/v1/chains/{chain}/people", {}, key='"a-b"')
    assert answer.json()["act"] == "a-b"


def test_a_trial_tells_what_would_be_recorded_and_records_nothing(doors: Doors, chain: str) -> None:
    size = doors.size(chain)
    answer = doors.post(f"/v1/chains/{chain}/people", {"person": "p-1"}, dryRun="true")
    assert answer.status_code == 200
    told = answer.json()
    assert told["position"] == size
    assert told["records"][0]["body"] == {"type": "PersonRegistered.v1", "person": "p-1"}
    assert told["records"][0]["header"]["position"] == size
    assert doors.size(chain) == size


def test_a_trial_that_would_be_refused_says_so_in_the_same_words(doors: Doors, chain: str) -> None:
    asked = (f"/v1/chains/{chain}/people", {"person": "p-bd"})
    tried, done = doors.post(*asked, dryRun="true"), doors.post(*asked)
    assert tried.status_code == done.status_code == 409
    assert tried.json() == done.json()


def test_a_refusal_has_the_number_and_the_sentence_of_the_rule(doors: Doors, chain: str) -> None:
    size = doors.size(chain)
    answer = doors.post(f"/v1/chains/{chain}/people", {"person": "p-bd"})
    told = answer.json()
    assert (answer.status_code, told["type"]) == (409, "/problems/refused")
    assert told["rule"].startswith("P")
    assert "p-bd" in told["detail"]
    assert doors.size(chain) == size


def test_somebody_without_a_capacity_is_told_what_is_missing(doors: Doors, chain: str) -> None:
    doors.post(f"/v1/chains/{chain}/people", {"person": "buitenstaander"})
    answer = doors.post(
        f"/v1/chains/{chain}/driving-problems", {"text": "x"}, actor="buitenstaander"
    )
    assert (answer.status_code, answer.json()["rule"]) == (403, "G5")
    assert "ketenmanager" in answer.json()["detail"]


def test_somebody_unknown_in_the_chain_may_not_act(doors: Doors, chain: str) -> None:
    answer = doors.post(f"/v1/chains/{chain}/people", {}, actor="onbekende")
    assert (answer.status_code, answer.json()["rule"]) == (403, "G11")


def test_what_follows_from_the_rules_cannot_be_asked_for(doors: Doors, chain: str) -> None:
    body = {"type": "ActionOverdue", "action": "x"}
    answer = doors.post(f"/v1/chains/{chain}/records", body)
    assert (answer.status_code, answer.json()["rule"]) == (409, "G4")


def test_who_records_for_another_is_named_beside_them(doors: Doors, chain: str) -> None:
    doors.post(f"/v1/chains/{chain}/people", {"person": "p-bureau"})
    refused = doors.post(f"/v1/chains/{chain}/people", {}, actor="p-bureau", by="p-bd")
    assert refused.json()["rule"] == "G12"


def test_the_moment_of_an_act_may_be_written_in_any_zone(doors: Doors, chain: str) -> None:
    since = raw(doors, chain, 0).header.on
    answer = doors.post(f"/v1/chains/{chain}/people", {}, on=since.replace("Z", "+00:00"))
    assert answer.status_code == 201
    assert raw(doors, chain, answer.json()["position"]).header.on == since


def test_an_unescaped_plus_sign_in_a_moment_is_understood(doors: Doors, chain: str) -> None:
    path = f"/v1/chains/{chain}/people?on=2001-01-01T12:00:00+02:00"
    assert doors.post(path, {}).json()["rule"] == "G3"


@pytest.mark.parametrize(("scope", "found"), [("", "chain"), ("public", "public")])
def test_a_scope_can_be_asked_for(doors: Doors, chain: str, scope: str, found: str) -> None:
    more = {"scope": scope} if scope else {}
    answer = doors.post(f"/v1/chains/{chain}/people", {}, **more)
    assert raw(doors, chain, answer.json()["position"]).header.scope == found


def test_the_path_fills_the_field_it_names(doors: Doors, chain: str) -> None:
    proposal = {"body": "steering-group", "subject": "start", "title": "t", "chainInterest": "c"}
    bodies = doors.app.state.ledger.state(chain).bodies.bodies
    proposal["body"] = next(iter(bodies))
    assert doors.post(f"/v1/chains/{chain}/decisions", proposal | {"decision": "B-1"}).is_success
    path = f"/v1/chains/{chain}/decisions/B-1/withdrawals"
    differs = doors.post(path, {"decision": "B-2", "reason": "r"})
    assert (differs.status_code, differs.json()["rule"]) == (400, "G13")
    assert "B-2" in differs.json()["detail"]
    same = doors.post(path, {"decision": "B-1", "reason": "r"})
    assert same.status_code == 201
    assert raw(doors, chain, same.json()["position"]).body.decision == "B-1"


def test_a_position_in_a_path_is_a_whole_number(doors: Doors, chain: str) -> None:
    note = {"label": "opmerking", "text": "t"}
    answer = doors.post(f"/v1/chains/{chain}/records/0/annotations", note)
    assert answer.status_code == 201
    assert raw(doors, chain, answer.json()["position"]).body.target == 0
    assert doors.post(f"/v1/chains/{chain}/records/nul/annotations", note).status_code == 404


@pytest.mark.parametrize("name", ["PersonRegistered", "PersonRegistered.v1"])
def test_a_body_may_repeat_its_type(doors: Doors, chain: str, name: str) -> None:
    assert doors.post(f"/v1/chains/{chain}/people", {"type": name}).status_code == 201
    assert doors.post(f"/v1/chains/{chain}/records", {"type": name}).status_code == 201


@pytest.mark.parametrize(
    "name", ["RoleAssigned", "PersonRegistered.v9", "PersonRegistered.v1.v1", 7]
)
def test_a_body_of_another_type_is_refused(doors: Doors, chain: str, name: object) -> None:
    answer = doors.post(f"/v1/chains/{chain}/people", {"type": name})
    assert (answer.status_code, answer.json()["rule"]) == (400, "G13")


def test_a_sealed_value_is_recorded_as_its_digest_only(doors: Doors, chain: str) -> None:
    body = {"function": "secretaris", "name": "Jan Jansen", "contact": ""}
    answer = doors.post(f"/v1/chains/{chain}/people", body, key="verzegeld")
    position, created = answer.json()["position"], answer.json()["created"]
    stored = doors.app.state.ledger.records(chain, position, 1)[0].data
    assert b"Jansen" not in stored
    event = catalogue.decode(stored).body
    assert (event.person, len(event.name), event.contact) == (created, 43, "")
    again = doors.post(f"/v1/chains/{chain}/people", body, key="verzegeld")
    assert (again.status_code, again.json()["position"]) == (200, position)


def test_a_receipt_is_what_the_types_say_it_is(doors: Doors, chain: str) -> None:
    answer = doors.post(f"/v1/chains/{chain}/people", {})
    schema = doors.get("/v1/openapi.json").json()["components"]["schemas"]["Receipt"]
    assert set(answer.json()) <= set(schema["properties"])
    assert set(schema["required"]) <= set(answer.json())
    assert msgspec.json.decode(answer.content)["chain"] == chain
