"""The five steps of a decision, for every way in which one can go."""

from __future__ import annotations

from typing import Any

from api.pages.decision_course import course
from api.pages.language import language

DAY = "2024-03-0{}T10:00:00.000000Z"


def at(day: int, **more: Any) -> dict[str, Any]:
    return {"on": DAY.format(day), **more}


PROPOSED = {"proposed": at(1), "statuses": []}
VOTED = {"opened": at(2), "electors": [{}, {}], "votes": [at(3)], "deadline": DAY.format(9)}


def states(doc: dict[str, Any]) -> list[str]:
    return [step.state for step in course(doc, language("nl"))]


def test_a_proposal_waits_for_deliberation() -> None:
    assert states({**PROPOSED, "status": "proposed"}) == ["done", "ahead", "ahead", "ahead", "none"]


def test_a_vote_that_goes_on_tells_until_when_and_how_many_voted() -> None:
    doc = {**PROPOSED, **VOTED, "status": "open"}
    assert states(doc) == ["done", "done", "now", "ahead", "none"]
    vote = course(doc, language("nl"))[2]
    assert (vote.on, vote.note) == (DAY.format(9), "kan tot dan; 1 van 2 zetels stemden")


def test_an_adopted_decision_can_still_be_revised() -> None:
    doc = {**PROPOSED, **VOTED, "outcome": at(4, outcome="adopted"), "status": "in-force"}
    assert states(doc) == ["done", "done", "done", "done", "ahead"]
    assert course(doc, language("en"))[3].note == "adopted"


def test_a_decision_that_means_to_be_looked_at_again_says_on_which_day() -> None:
    intended = {**PROPOSED, "reviewOn": "2025-03-01"}
    doc = {**intended, **VOTED, "outcome": at(4, outcome="adopted"), "status": "in-force"}
    revision = course(doc, language("nl"))[4]
    assert (revision.state, revision.on) == ("ahead", "2025-03-01")
    assert revision.note == "voorgenomen; nog niet herzien"
    proposed = course({**intended, "status": "proposed"}, language("nl"))[4]
    assert (proposed.on, proposed.note) == ("2025-03-01", "voorgesteld")
    ended = {**doc, "status": "superseded", "statuses": [{"status": "superseded", **at(8)}]}
    assert course(ended, language("nl"))[4].on == DAY.format(8)


def test_a_replaced_decision_was_revised() -> None:
    ended = [{"status": "superseded", **at(8)}]
    doc = {**PROPOSED, **VOTED, "outcome": at(4, outcome="adopted"), "status": "superseded"}
    revision = course({**doc, "statuses": ended}, language("nl"))[4]
    assert (revision.state, revision.on, revision.note) == ("done", DAY.format(8), "vervangen")


def test_under_a_mandate_nobody_votes() -> None:
    doc = {**PROPOSED, "takenUnderMandate": at(2, outcome="adopted"), "status": "in-force"}
    assert states(doc) == ["done", "none", "none", "done", "ahead"]


def test_what_was_taken_elsewhere_has_its_own_label() -> None:
    doc = {"recorded": at(2), "statuses": [], "status": "proposed", "statusLabel": "Draft"}
    assert states(doc) == ["done", "none", "none", "done", "none"]
    assert course(doc, language("nl"))[3].note == "Draft"


def test_a_withdrawn_proposal_goes_no_further() -> None:
    doc = {**PROPOSED, "withdrawn": at(2), "status": "withdrawn"}
    assert states(doc) == ["done", "none", "none", "done", "none"]


def test_who_may_not_see_the_proposal_reads_so() -> None:
    [proposal, *_] = course({"statuses": []}, language("nl"))
    assert (proposal.state, proposal.note) == ("none", "niet zichtbaar voor u")
