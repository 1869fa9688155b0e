"""Reading follows the places that somebody holds at that very moment, also over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.doors import Doors, open_doors
from tests.api.test_stream import watching

BODY = "stuurgroep"
PROPOSAL = {
    "decision": "B-1",
    "body": BODY,
    "subject": "vertrouwen",
    "title": "Wat onder ons blijft",
    "chainInterest": "Eerst spreken, dan tonen.",
}


@pytest.fixture(scope="module")
def doors(shared_database: str, data_folder: Path) -> Iterator[Doors]:
    """A server that reads by the policy."""
    with open_doors(shared_database, data_folder) as opened:
        opened.app.state.reads_everything = False
        yield opened


def status(doors: Doors, path: str, person: str) -> int:
    headers = doors.known_as(person) if person else {}
    return doors.get(path, headers=headers).status_code


def test_who_leaves_a_body_reads_its_confidential_decisions_no_more(
    doors: Doors, chain: str
) -> None:
    base = f"/v1/chains/{chain}"
    today = doors.app.state.ledger.state(chain).chains.since[:10]
    proposed = doors.post(f"{base}/decisions", PROPOSAL, scope="confidential")
    assert proposed.status_code == 201, proposed.text
    position = proposed.json()["position"]
    decision, record = f"{base}/decisions/B-1", f"{base}/records/{position}"
    for path in (decision, record, f"{record}/receipt", f"/ketens/{chain}/besluiten/B-1"):
        assert status(doors, path, "p-uwv") == 200, path
        assert status(doors, path, "niemand") == 404, path
        assert status(doors, path, "") == 404, path
    left = {"validUntil": today, "reason": "Ik stop ermee."}
    seat = f"{base}/seats/{BODY}-uwv/vacancies"
    answer = doors.post(seat, left, actor="p-uwv")
    assert answer.status_code == 201, answer.text
    for path in (decision, record, f"{record}/receipt", f"/ketens/{chain}/besluiten/B-1"):
        assert status(doors, path, "p-uwv") == 404, path
        assert status(doors, path, "p-bd") == 200, path


def test_a_stream_tells_each_reader_of_what_that_reader_may_see(doors: Doors, chain: str) -> None:
    since = doors.size(chain) - 1
    base = f"/v1/chains/{chain}"
    assert doors.post(f"{base}/decisions", PROPOSAL, scope="confidential").status_code == 201
    assert doors.post(f"{base}/people", {"person": "p-nieuw"}).status_code == 201
    counts = {}
    for person in ("p-uwv", "niemand"):
        with watching(doors, chain, since, **doors.known_as(person)) as told:
            assert "retry" in next(told)
            counts[person] = next(told)["count"]
    assert counts["niemand"] < counts["p-uwv"] == doors.size(chain) - 1 - since


def test_an_item_that_is_hidden_is_told_of_like_one_that_is_not_there(
    doors: Doors, chain: str
) -> None:
    base = f"/v1/chains/{chain}"
    assert doors.post(f"{base}/decisions", PROPOSAL, scope="confidential").status_code == 201
    for path in (f"{base}/decisions/", f"/ketens/{chain}/besluiten/"):
        answers = [
            doors.get(path + name, headers=doors.known_as("niemand")) for name in ("B-1", "B-9")
        ]
        assert answers[0].status_code == answers[1].status_code == 404, path
        told = [one.json().get("detail", "") if "v1" in path else "" for one in answers]
        assert told[0].replace("B-1", "") == told[1].replace("B-9", ""), path
