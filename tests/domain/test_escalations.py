"""Escalations on their way up: the ladder, who goes up with what, and talks first (E1 to E9)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.domain.events.escalations import (
    EscalationLadderAdopted,
    HorizontalAttemptMissing,
    Rung,
)
from ledger.domain.events.memory import EventAnnotated
from ledger.domain.values import Event
from tests.domain.given import a_chain
from tests.domain.given_escalations import (
    AUTOMATIC,
    BACK,
    BOTTLENECK,
    CLOSED,
    LOW,
    POLITICAL,
    RAISED,
    RECEIVED,
    SOLVED,
    STRICT,
    TALKS,
    UP,
    manned,
    raised,
)


@pytest.mark.parametrize("event", [BOTTLENECK, RAISED], ids=lambda one: type(one).__name__)
def test_an_id_is_used_once(event: Event) -> None:
    raised().record(event, by="regisseur").refused("E1")
    free = {"bottleneck": "k2"} if event is BOTTLENECK else {"escalation": "e2"}
    raised().record(replace(event, **free), by="regisseur").gives()


@pytest.mark.parametrize("person", ["regisseur", "lijn", "bureau", "p-cbs"])
def test_anyone_in_the_chain_signals_talks_and_raises(person: str) -> None:
    life = manned()
    for event in (replace(BOTTLENECK, bottleneck="k2"), TALKS, RAISED):
        life = life.done(event, by=person)


def test_somebody_outside_the_chain_does_not() -> None:
    for event in (replace(BOTTLENECK, bottleneck="k2"), TALKS, RAISED):
        manned().record(event, by="gast").not_allowed()


def test_a_ladder_comes_by_decision() -> None:
    manned().record(AUTOMATIC, by="manager").not_allowed()
    direct = a_chain(direct=("EscalationLadderAdopted",))
    life = direct.done(AUTOMATIC, by="p-bd")
    assert len(life.state.escalations.ladders) == 2


@pytest.mark.parametrize(
    "rungs",
    [
        (Rung(name="een", term_days=1), Rung(name="een", term_days=1)),
        (Rung(name="een", term_days=0, forwards_by_itself=True), Rung(name="twee", term_days=1)),
        (Rung(name="een", term_days=1), Rung(name="twee", term_days=1, forwards_by_itself=True)),
    ],
    ids=["same name", "no term", "nowhere to go"],
)
def test_a_ladder_that_makes_no_sense_is_refused(rungs: tuple[Rung, ...]) -> None:
    direct = a_chain(direct=("EscalationLadderAdopted",))
    direct.record(EscalationLadderAdopted(rungs=rungs), by="p-bd").refused("E2")


def test_organisations_are_partners_named_once() -> None:
    life = manned()
    wrong = ("bd", "rvig"), ("bd", "bd")
    for names in wrong:
        signalled = replace(BOTTLENECK, bottleneck="k2", organisations=names)
        life.record(signalled, by="lijn").refused("E3")
        life.record(replace(TALKS, organisations=names), by="lijn").refused("E3")
        life.record(replace(RAISED, jointly_by=names), by="lijn").refused("E3")


@pytest.mark.parametrize(("start", "end"), [(1, 3), (2, 1), (2, 2), (0, 2)])
def test_an_escalation_rises_one_rung_at_a_time(start: int, end: int) -> None:
    manned().record(replace(RAISED, from_rung=start, to_rung=end), by="lijn").refused("E4")


def test_no_escalation_rises_above_the_last_rung() -> None:
    life = manned().given(TALKS)
    life.record(replace(RAISED, from_rung=6, to_rung=7), by="lijn").gives()
    life.record(replace(RAISED, from_rung=7, to_rung=8), by="lijn").refused("E4")
    short = life.given(AUTOMATIC)
    short.record(replace(RAISED, from_rung=3, to_rung=4), by="lijn").refused("E4")


def test_two_partners_escalate_together_or_one_is_marked_as_one_sided() -> None:
    life = manned().given(TALKS)
    alone = replace(RAISED, jointly_by=("bd",))
    life.record(alone, by="lijn").refused("E5")
    life.record(replace(RAISED, one_sided=True), by="lijn").refused("E5")
    life.record(replace(alone, one_sided=True), by="lijn").gives()


def test_going_up_without_horizontal_talks_is_put_on_record() -> None:
    manned().record(RAISED, by="lijn").gives(HorizontalAttemptMissing)
    manned().record(replace(RAISED, bottleneck=""), by="lijn").gives(HorizontalAttemptMissing)
    manned().given(TALKS).record(RAISED, by="lijn").gives()
    manned().record(LOW, by="lijn").gives()


def test_the_lack_of_talks_is_put_on_record_once_when_the_matter_gets_that_high() -> None:
    life = manned().given(LOW)
    first = life.record(replace(UP, to_rung=2), by="lijn").gives(HorizontalAttemptMissing)
    back = first.life.done(BACK, by="regisseur")
    back.record(replace(UP, to_rung=2), by="lijn").gives()


def test_a_strict_ladder_refuses_to_go_up_without_horizontal_talks() -> None:
    life = manned().given(STRICT)
    life.record(RAISED, by="lijn").refused("E6")
    life.record(replace(RAISED, bottleneck=""), by="lijn").refused("E6")
    low = life.done(LOW, by="lijn")
    low.record(replace(UP, to_rung=2), by="lijn").refused("E6")
    low.done(TALKS, by="lijn").record(replace(UP, to_rung=2), by="lijn").gives()


def test_history_without_horizontal_talks_is_taken_over_and_marked() -> None:
    life = manned().given(STRICT, RAISED)
    assert isinstance(life.entries[-1].event, HorizontalAttemptMissing)


def test_what_is_referred_to_exists() -> None:
    life = manned()
    life.record(replace(TALKS, bottleneck="k9"), by="lijn").refused("E7")
    life.record(replace(RAISED, bottleneck="k9"), by="lijn").refused("E7")
    for event in (RECEIVED, BACK, UP, SOLVED):
        life.record(event, by="regisseur").refused("E7")
        assert raised().record(event, by="regisseur").refusal is None


def test_horizontal_talks_are_between_two_partners() -> None:
    manned().record(replace(TALKS, organisations=("bd",)), by="lijn").refused("E8")
    manned().record(TALKS, by="lijn").gives()


@pytest.mark.parametrize(
    "event", [RECEIVED, BACK, UP, SOLVED, POLITICAL], ids=lambda one: type(one).__name__
)
def test_what_is_solved_takes_nothing_more(event: Event) -> None:
    person = "bureau" if event is POLITICAL else "regisseur"
    solved = raised().done(SOLVED, by="regisseur")
    solved.record(event, by=person).refused("E9")
    solved.done(CLOSED, by="bureau").record(event, by=person).refused("E9")


def test_what_is_closed_can_still_be_annotated() -> None:
    life = raised().done(SOLVED, by="regisseur").done(CLOSED, by="bureau")
    note = EventAnnotated(target=life.state.size - 1, label="terugblik", text="dit hield stand")
    life.record(note, by="lijn").gives()
