"""A reviewer through the doors: reads what the access covers, while it runs, and is noted."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api import lending
from api.signing import ensure_key
from ledger.log.handed_out import Register
from ledger.log.read_log import spread
from tests.api.doors import Doors, founding, open_doors
from tests.api.signed import signed_head

REVIEWER, OUTSIDER = "auditor", "voorbijganger"


@pytest.fixture(scope="module")
def closed(shared_database: str, data_folder: Path) -> Iterator[Doors]:
    """A server on which everybody reads by the places and access they have, as in production."""
    with open_doors(shared_database, data_folder) as opened:
        opened.app.state.reads_everything = False
        yield opened


class Scene:
    """A chain with something of every classification, and somebody from outside."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors
        self.chain = f"keten-{uuid4().hex[:8]}"
        self.base = f"/v1/chains/{self.chain}"
        ensure_key(doors.app.state.settings, self.chain)
        founded = self.doors.post(
            f"{self.base}/establishments",
            founding() | {"direct": ["RoleAssigned"]},
            key="founding",
            scope="public",
        )
        assert founded.status_code == 201, founded.text
        for person in (REVIEWER, OUTSIDER):
            self.tell("/people", {"person": person, "function": "van buiten"})
        self.public = self.tell("/driving-problems", {"text": "Openbaar."}, scope="public")
        self.ours = self.tell("/driving-problems", {"text": "Van de keten."})
        self.secret = self.tell("/driving-problems", {"text": "Geheim."}, scope="confidential")

    def tell(self, path: str, body: Any, actor: str = "p-bd", **params: Any) -> int:
        answer = self.doors.post(self.base + path, body, actor=actor, **params)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["position"])

    def grant(self, classification: str = "chain", **fields: str) -> str:
        """Let two partners give access for a month."""
        today = _today()
        review = f"t-{uuid4().hex[:6]}"
        proposal = {
            "review": review,
            "organisation": "bd",
            "reviewer": REVIEWER,
            "commission": "Rekenkamer",
            "classification": classification,
            "validFrom": today.isoformat(),
            "validUntil": (today + timedelta(days=30)).isoformat(),
            "reason": "Onderzoek.",
            **fields,
        }
        self.tell("/reviews", proposal)
        self.tell(f"/reviews/{review}/supports", {"organisation": "uwv"}, actor="p-uwv")
        return review

    def get(self, path: str, person: str = REVIEWER, **params: Any) -> httpx.Response:
        headers = self.doors.known_as(person) if person else {}
        return self.doors.get(self.base + path, headers=headers, params=params or None)

    def sees(self, person: str = REVIEWER) -> set[int]:
        """The positions of the records that somebody finds."""
        answer = self.get("/records", person, limit=200)
        if answer.status_code == 404:
            return set()
        assert answer.status_code == 200, answer.text
        return {one["position"] for one in answer.json()["items"]}

    def ask_reads(self, who: str, *, of: str = "", **params: Any) -> httpx.Response:
        wanted = params | ({"person": of} if of else {})
        headers = self.doors.known_as(who)
        return self.doors.get(f"{self.base}/reads", headers=headers, params=wanted)

    def reads(self, who: str, *, of: str = "") -> list[dict[str, Any]]:
        """What somebody sees of the log of reads, newest first."""
        answer = self.ask_reads(who, of=of)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


def _today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture
def scene(closed: Doors) -> Scene:
    return Scene(closed)


def test_access_opens_what_its_classification_says_and_no_more(scene: Scene) -> None:
    """A chain that is a demonstration shows everybody what is of the chain, and no more."""
    assert scene.secret not in scene.sees()
    scene.grant("chain")
    assert {scene.public, scene.ours} <= scene.sees()
    assert scene.secret not in scene.sees()
    assert scene.get(f"/records/{scene.secret}").status_code == 404


def test_confidential_access_opens_that_too(scene: Scene) -> None:
    scene.grant("confidential")
    assert scene.secret in scene.sees()
    assert scene.secret not in scene.sees(OUTSIDER)


def test_access_ends_on_its_day_in_the_middle_of_a_session(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same signed-in reviewer asks just before and just after the access ends."""
    scene.grant("confidential")
    until = _today() + timedelta(days=30)
    last = until - timedelta(days=1)
    monkeypatch.setattr(lending, "_now", lambda: f"{last}T23:59:59.999999Z")
    assert scene.secret in scene.sees()
    monkeypatch.setattr(lending, "_now", lambda: f"{until}T00:00:00.000000Z")
    assert scene.secret not in scene.sees()
    assert scene.public in scene.sees()


@pytest.mark.parametrize(("organisation", "actor"), [("bd", "p-bd"), ("uwv", "p-uwv")])
def test_access_that_is_withdrawn_ends_at_once(scene: Scene, organisation: str, actor: str) -> None:
    review = scene.grant("confidential")
    assert scene.secret in scene.sees()
    body = {"organisation": organisation, "reason": "Klaar."}
    scene.tell(f"/reviews/{review}/withdrawals", body, actor=actor)
    assert scene.secret not in scene.sees()


def test_there_is_no_access_without_a_name(scene: Scene) -> None:
    """A link gives nothing: whoever opens it reads as who they are."""
    scene.grant("confidential")
    for path in (f"/records/{scene.secret}", "/reads"):
        assert scene.get(path).status_code == 200
        assert scene.get(path, person="").status_code in (401, 404)


def test_a_reviewer_records_nothing_but_requests(scene: Scene) -> None:
    review = scene.grant("chain")
    path = f"{scene.base}/driving-problems"
    refused = scene.doors.post(path, {"text": "Van mij."}, actor=REVIEWER)
    assert (refused.status_code, refused.json()["rule"]) == (403, "G5")
    asked = f"/reviews/{review}/evidence-requests"
    scene.tell(asked, {"evidenceRequest": "v-1", "question": "Toon besluit 1."}, actor=REVIEWER)
    other = scene.doors.post(scene.base + asked, {"question": "En ik?"}, actor=OUTSIDER)
    assert other.status_code == 403
    answer = {"text": "Dat besluit is er niet."}
    scene.tell("/evidence-requests/v-1/answers", answer, actor="p-uwv")
    found = scene.get("/evidence-requests/v-1").json()
    assert found["answered"]["text"] == "Dat besluit is er niet."


def test_everything_a_reviewer_reads_is_noted_on_the_access(scene: Scene) -> None:
    review = scene.grant("chain")
    assert scene.get(f"/records/{scene.ours}").status_code == 200
    [one] = scene.reads(REVIEWER)
    assert (one["reader"], one["access"], one["operation"]) == (REVIEWER, review, "getRecord")
    assert one["path"] == f"{scene.base}/records/{scene.ours}"
    assert str(scene.ours) in one["records"].split(",")


def test_whoever_reads_what_is_confidential_is_noted_and_others_are_not(scene: Scene) -> None:
    assert scene.get(f"/records/{scene.ours}", "p-bd").status_code == 200
    assert scene.reads("p-bd") == []
    assert scene.get(f"/records/{scene.secret}", "p-bd").status_code == 200
    [one] = scene.reads("p-bd")
    assert (one["reader"], one["access"], one["records"]) == ("p-bd", "", str(scene.secret))
    assert one["about"] == ["p-bd"]
    entry = json.loads(one["entry"])
    assert entry["attributes"]["dpl.core.data_subject_id"] == ["p-bd"]


def test_a_page_is_noted_as_well(scene: Scene) -> None:
    page = f"/ketens/{scene.chain}/gebeurtenissen/{scene.secret}"
    answer = scene.doors.get(page, headers=scene.doors.known_as("p-bd"))
    assert answer.status_code == 200, answer.text
    assert page in [one["path"] for one in scene.reads("p-bd")]


def test_naming_somebody_of_whom_something_is_confidential_is_not_reading_it(scene: Scene) -> None:
    """A name that everybody knows is not what a confidential record tells."""
    committed = {"contribution": "Geheim.", "period": "2026"}
    scene.tell("/partners/bd/contributions", committed, scope="confidential")
    review = scene.grant("chain")
    found = scene.get(f"/reviews/{review}", "p-bd").json()
    assert found["proposed"]["organisationName"] == "BD"
    assert scene.reads("p-bd") == []
    assert scene.get("/partners/bd", "p-bd").status_code == 200
    assert len(scene.reads("p-bd")) == 1


def test_a_trace_goes_on_in_the_log_of_reads(scene: Scene) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = scene.doors.known_as("p-bd") | {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    scene.doors.get(f"{scene.base}/records/{scene.secret}", headers=headers)
    [one] = scene.reads("p-bd")
    assert json.loads(one["entry"])["trace_id"] == trace


def test_the_office_sees_all_reads_and_others_their_own(scene: Scene) -> None:
    scene.grant("chain")
    scene.get(f"/records/{scene.secret}", "p-bd")
    scene.get(f"/records/{scene.ours}", REVIEWER)
    assert {one["reader"] for one in scene.reads(REVIEWER)} == {REVIEWER}
    assert {one["reader"] for one in scene.reads("p-bd")} == {"p-bd"}
    assert scene.ask_reads(REVIEWER, of="p-bd").status_code == 403
    today = _today().isoformat()
    scene.tell("/roles", {"role": "chain-office", "person": OUTSIDER, "validFrom": today})
    assert {one["reader"] for one in scene.reads(OUTSIDER)} == {"p-bd", REVIEWER}
    assert {one["reader"] for one in scene.reads(OUTSIDER, of=REVIEWER)} == {REVIEWER}


def test_of_what_another_read_a_person_is_told_what_is_about_them(scene: Scene) -> None:
    """Not which other records there are that they may not see, nor whom those are about."""
    other = scene.tell("/driving-problems", {"text": "Ook."}, "p-uwv", scope="confidential")
    role = {"role": "chain-office", "person": OUTSIDER, "validFrom": _today().isoformat()}
    scene.tell("/roles", role)
    for path in (f"/records/{scene.secret}", "/records"):
        assert scene.get(path, OUTSIDER).status_code == 200
    both, own = scene.reads("p-bd")
    assert own["path"].endswith(f"/records/{scene.secret}")
    assert json.loads(own["entry"])["number"] == own["read"]
    assert (both["reader"], both["about"], both["operation"]) == (OUTSIDER, ["p-bd"], "listRecords")
    assert (both["records"], both.keys() & {"path", "entry"}) == (str(scene.secret), set())
    page = f"/ketens/{scene.chain}/inzage"
    assert "listRecords" in scene.doors.get(page, headers=scene.doors.known_as("p-bd")).text
    whole = scene.reads(OUTSIDER)[0]
    assert (whole["read"], whole["about"]) == (both["read"], ["p-bd", "p-uwv"])
    assert {scene.secret, other} <= {*chain(*spread(whole["records"]))}


def test_the_log_of_reads_comes_in_pages(scene: Scene) -> None:
    for _ in range(3):
        scene.get(f"/records/{scene.secret}", "p-bd")
    first = scene.ask_reads("p-bd", limit=2).json()
    assert [one["read"] for one in first["items"]] == [2, 1]
    rest = scene.doors.get(first["next"], headers=scene.doors.known_as("p-bd")).json()
    assert ([one["read"] for one in rest["items"]], rest["next"]) == ([0], None)


def test_a_bundle_holds_what_the_access_covers_and_is_noted(scene: Scene) -> None:
    review = scene.grant("chain")
    signed_head(scene.doors, scene.chain, scene.doors.size(scene.chain))
    answer = scene.get("/bundles/records")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        everything = b"".join(opened.read(name) for name in opened.namelist())
    assert b"Van de keten." in everything
    assert b"Geheim." not in everything
    [one] = [one for one in scene.reads(REVIEWER) if one["operation"] == "getRecordsBundle"]
    assert one["access"] == review
    [taken] = Register(scene.doors.app.state.proving).of(scene.chain)
    assert taken.taken_by == REVIEWER


def test_what_cannot_be_noted_is_not_given(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """No log, no confidential answer; what is not confidential goes on."""
    log = scene.doors.app.state.reads
    monkeypatch.setattr(log, "_wait_seconds", 0.05)
    assert log._turn.acquire(timeout=5)
    try:
        hidden = scene.get(f"/records/{scene.secret}", "p-bd")
        assert hidden.status_code == 503
        assert "Geheim." not in hidden.text
        assert scene.get(f"/records/{scene.ours}", "p-bd").status_code == 200
    finally:
        log._turn.release()
    assert scene.get(f"/records/{scene.secret}", "p-bd").status_code == 200
