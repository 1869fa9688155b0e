"""The general rules of recording, whatever the event (G1 to G14)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from ledger import catalogue, recording
from ledger.domain.chain import ChainState
from ledger.domain.events.actions import ActionOverdue
from ledger.domain.events.bodies import ChairTermStarted
from ledger.domain.events.chains import (
    ChainDissolved,
    DrivingProblemRecorded,
    FoundingPartner,
)
from ledger.domain.events.decision_rules import DecisionRule
from ledger.domain.events.decisions import (
    DeliberationOpened,
    EarlierDecisionNotCited,
    ProposalSubmitted,
    VoteCast,
)
from ledger.domain.events.memory import (
    EventAnnotated,
    LessonRecorded,
    RationaleAdded,
    RecordCorrected,
)
from ledger.domain.events.outcomes import DecisionRecorded
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import RULES, Event, Refused
from ledger.log.canonical import MAX_RECORD_BYTES
from ledger.recording import Act
from tests.domain.given import IMPORTER, SOURCE, START, Life, a_board, a_chain, founding, people

PROBLEM = DrivingProblemRecorded(text="De lonen komen te laat binnen.")
LESSON = LessonRecorded(subject="aanlevering", problem="p", approach="a", solution="s")
UNFOUNDED = Life(ChainState(name="testketen"))
OFFICE = RoleAssigned(role="chain-office", person="office", valid_from="2024-01-01")


def refused_at(life: Life, on: str, *, at: str) -> str:
    """Return the number of the rule that refuses an act of this moment, or nothing."""
    act = Act(event=PROBLEM, by="p-bd", on=on)
    try:
        recording.record(life.state, act, at=at)
    except Refused as refusal:
        return refusal.rule
    return ""


# When


def test_a_chain_begins_with_its_founding() -> None:
    UNFOUNDED.record(PROBLEM, by="p-bd").refused("G1")
    UNFOUNDED.record(PROBLEM, by=IMPORTER, source=SOURCE).refused("G1")
    UNFOUNDED.done(founding("bd", "uwv"), by="p-bd").done(PROBLEM, by="p-bd")


def test_an_act_does_not_lie_in_the_future() -> None:
    life = a_chain()
    now = "2024-03-01T12:00:00.000000Z"
    assert refused_at(life, "2024-03-01T12:00:00.000001Z", at=now) == "G2"
    assert refused_at(life, now, at=now) == ""


def test_an_act_does_not_lie_before_the_chain() -> None:
    life = a_chain()
    assert refused_at(life, "2024-01-01T08:59:59.999999Z", at=START) == "G3"
    assert refused_at(life, START, at=START) == ""
    life.record(PROBLEM, by=IMPORTER, source=SOURCE, on="2023-12-31").refused("G3")


def test_an_act_may_be_recorded_later_than_it_happened() -> None:
    result = a_chain().at("2024-05-01").record(PROBLEM, by="p-bd", on="2024-02-01")
    header = result.entries[0].header
    assert (header.on[:10], header.at[:10], header.day) == (
        "2024-02-01",
        "2024-05-01",
        "2024-02-01",
    )


def test_recorded_time_never_goes_back() -> None:
    life = a_chain().at("2024-05-01").done(PROBLEM, by="p-bd")
    done = recording.record(
        life.state, Act(event=PROBLEM, by="p-bd"), at="2024-04-01T00:00:00.000000Z"
    )
    assert done.entries[0].header.at == life.entries[-1].header.at


# Who


@pytest.mark.parametrize(
    "event",
    [ActionOverdue(action="a-1"), EarlierDecisionNotCited(decision="b-1", earlier=("b-0",))],
    ids=lambda event: type(event).__name__,
)
def test_what_follows_from_the_rules_is_recorded_by_nobody(event: Event) -> None:
    a_chain().record(event, by="p-bd").refused("G4")
    a_chain().record(event, by=IMPORTER, source=SOURCE).refused("G4")


def test_nobody_acts_as_the_rules_themselves() -> None:
    a_chain().record(PROBLEM, by=RULES).refused("G4")
    a_chain().record(PROBLEM, by="p-bd", recorded_by=RULES).refused("G4")


def test_who_has_no_part_in_the_chain_records_nothing() -> None:
    life = people(a_chain(), "visitor")
    life.record(PROBLEM, by="visitor").refused("G5")
    life.done(PROBLEM, by="p-bd")


def test_who_acts_is_registered() -> None:
    life = people(a_chain(), "office").given(OFFICE)
    life.record(PROBLEM, by="stranger").refused("G11")
    life.record(PROBLEM, by="p-bd", recorded_by="stranger").refused("G11")
    assert life.record(PROBLEM, by="p-bd", recorded_by="office").refusal is None


def test_only_the_office_or_the_manager_records_for_somebody_else() -> None:
    life = people(a_chain(), "office", "visitor").given(OFFICE)
    life.record(PROBLEM, by="p-bd", recorded_by="visitor").refused("G12")
    life.record(PROBLEM, by="p-bd", recorded_by="p-uwv").refused("G12")
    recorded = life.record(PROBLEM, by="p-bd", recorded_by="office").entries[0].header
    assert (recorded.by, recorded.recorded_by) == ("p-bd", "office")


def test_recording_for_oneself_is_not_recording_for_another() -> None:
    result = a_chain().record(PROBLEM, by="p-bd", recorded_by="p-bd")
    assert result.entries[0].header.recorded_by == ""


def test_the_chain_office_does_not_vote() -> None:
    life = a_board(a_chain(), DecisionRule(kind="majority"))
    office = replace(OFFICE, person="bestuur-p-bd")
    proposal = ProposalSubmitted(
        decision="b-1", body="bestuur", subject="s", title="t", chain_interest="c"
    )
    life = life.done(proposal, by="bestuur-p-uwv")
    life = life.done(DeliberationOpened(decision="b-1"), by="bestuur-p-uwv")
    vote = VoteCast(decision="b-1", seat="bestuur-bd", choice="for")
    life.given(office).record(vote, by="bestuur-p-bd").refused("G14")
    life.done(vote, by="bestuur-p-bd")


# What


def test_a_key_belongs_to_one_act() -> None:
    life = a_chain().record(PROBLEM, by="p-bd", act="key-1").life
    life.record(PROBLEM, by="p-bd", act="key-1").refused("G6")
    life.record(LESSON, by="p-uwv", act="key-1").refused("G6")
    assert life.record(PROBLEM, by="p-bd", act="key-2").refusal is None
    assert life.record(PROBLEM, by="p-bd").refusal is None


def test_the_same_act_asked_again_is_known_as_a_repeat() -> None:
    result = a_chain().record(LESSON, by="p-bd", act="key-1")
    first = catalogue.decode(result.entries[0].data)
    assert recording.repeats(Act(event=LESSON, by="p-bd", act="key-1"), first)
    other = replace(LESSON, solution="anders")
    assert not recording.repeats(Act(event=other, by="p-bd", act="key-1"), first)
    assert not recording.repeats(Act(event=LESSON, by="p-uwv", act="key-1"), first)


def lesson_of(size_bytes: int) -> LessonRecorded:
    """Return a lesson whose record as the next one in `a_chain()` has this size."""
    text = "x" * 20_000
    bare = replace(LESSON, problem=text, approach=text, solution=text, decisions=())
    least = len(a_chain().record(bare, by="p-bd").entries[0].data)
    # Letters of two bytes in place of letters of one fill up to the size asked for.
    two_bytes = size_bytes - least
    return replace(bare, problem="é" * two_bytes + "x" * (20_000 - two_bytes))


def test_a_record_has_a_limit_in_bytes() -> None:
    fits = a_chain().record(lesson_of(MAX_RECORD_BYTES), by="p-bd")
    assert len(fits.entries[0].data) == MAX_RECORD_BYTES
    a_chain().record(lesson_of(MAX_RECORD_BYTES + 1), by="p-bd").refused("G7")


@pytest.mark.parametrize("text", ["nul\0", "cafe\u0301", "\ud800"])
def test_text_is_normalised_and_has_no_nul(text: str) -> None:
    a_chain().record(replace(PROBLEM, text=text), by="p-bd").refused("G8")
    a_chain().done(replace(PROBLEM, text="café – één ½"), by="p-bd")


def many_founders(count: int) -> Event:
    partners = tuple(
        FoundingPartner(
            organisation=f"org-{number}",
            name=f"Organisatie {number}",
            status="partner",
            representative="p-bd" if number == 0 else f"p-{number}",
        )
        for number in range(count)
    )
    return replace(founding("bd", "uwv"), partners=partners)


def test_one_act_has_a_bounded_number_of_consequences() -> None:
    result = UNFOUNDED.record(many_founders(199), by="p-bd")
    assert len(result.entries) == recording.MAX_CONSEQUENCES
    UNFOUNDED.record(many_founders(200), by="p-bd").refused("G9")


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"type": 3},
        {"type": "Nonsense"},
        {"type": "DrivingProblemRecorded.v99", "text": "x"},
        {"type": "DrivingProblemRecorded"},
        {"type": "DrivingProblemRecorded", "text": ""},
        {"type": "DrivingProblemRecorded", "text": "x", "colour": "red"},
        {"type": "DrivingProblemRecorded", "text": 3},
        {"type": "SeatVacated", "seat": "s", "validUntil": "2024-02-30", "reason": "r"},
        {"type": "SeatVacated", "seat": "a b", "validUntil": "2024-02-28", "reason": "r"},
    ],
)
def test_an_event_has_a_known_type_and_exactly_its_fields(body: Any) -> None:
    with pytest.raises(Refused) as refusal:
        catalogue.read_body(body)
    assert refusal.value.rule == "G13"


def test_an_event_without_a_version_is_of_the_newest() -> None:
    for name in ("DrivingProblemRecorded", "DrivingProblemRecorded.v1"):
        assert catalogue.read_body({"type": name, "text": PROBLEM.text}) == PROBLEM


# After the end


def test_after_the_end_only_memory_is_added() -> None:
    decided = DecisionRecorded(decision="b-1", title="Ooit", status="executed")
    end = ChainDissolved(reason="Opgelost.", archive_transfer_plan="Naar het archief.")
    life = a_chain().given(decided, PROBLEM)
    target = life.state.size - 1
    life = life.given(end)
    life.record(PROBLEM, by="p-bd").refused("G10")
    life.record(PROBLEM, by=IMPORTER, source=SOURCE).refused("G10")
    life.done(LESSON, by="p-bd")
    life.done(RationaleAdded(decision="b-1", text="Daarom."), by="p-bd")
    life.done(EventAnnotated(target=0, label="noot", text="Zie het archief."), by="p-bd")
    chaired = a_chain().given(
        PROBLEM, ChairTermStarted(body="stuurgroep", seat="stuurgroep-bd"), end
    )
    correction = RecordCorrected(
        target=target, field="/text", was=PROBLEM.text, becomes="Anders.", reason="Tikfout."
    )
    chaired.done(correction, by="p-bd")
