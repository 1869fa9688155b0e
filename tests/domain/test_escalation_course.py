"""The course of an escalation: received, moved, out of time, bypassed, solved, closed (E9-E16)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.domain.events.escalations import (
    EscalationForwarded,
    EscalationTermExpired,
    EscalationTermSet,
    HorizontalAttemptMissing,
)
from ledger.domain.events.mandates import OverrideAuthorityExercised, SeatsInformed
from ledger.domain.events.meetings import AgendaItemPlanned
from ledger.domain.events.memory import LessonRecorded
from ledger.domain.events.outcomes import DecisionRecorded
from ledger.domain.values import Event
from tests.domain.consequence import by_rules
from tests.domain.given_escalations import (
    AUTOMATIC,
    BACK,
    BYPASS,
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
    matter,
    raised,
    with_power,
)


@pytest.mark.parametrize("person", ["manager", "regisseur", "bureau", "lijn", "p-cbs"])
def test_the_rung_receives_and_its_term_starts(person: str) -> None:
    received = raised().record(RECEIVED, by=person, on="2024-01-10").gives(EscalationTermSet)
    received.holds(EscalationTermSet(escalation="e1", rung=2, due_at="2024-01-24T12:00:00.000000Z"))


def test_only_the_rung_where_it_stands_receives_and_only_once() -> None:
    raised().record(replace(RECEIVED, rung=3), by="manager").refused("E10")
    raised().done(RECEIVED, by="manager").record(RECEIVED, by="manager").refused("E10")


def test_a_rung_without_a_term_sets_none() -> None:
    life = manned().given(TALKS, replace(RAISED, from_rung=6, to_rung=7))
    life.record(replace(RECEIVED, rung=7), by="bureau").gives()


@pytest.mark.parametrize("event", [RECEIVED, UP, SOLVED], ids=lambda one: type(one).__name__)
def test_somebody_without_a_role_has_no_part_in_it(event: Event) -> None:
    raised().record(event, by="gast").not_allowed()


def test_the_office_forwards_sends_back_and_solves_nothing() -> None:
    for event in (UP, BACK, SOLVED):
        raised().record(event, by="bureau").not_allowed()


@pytest.mark.parametrize("person", ["manager", "regisseur", "lijn", "p-cbs"])
def test_who_sits_on_the_ladder_forwards_sends_back_and_solves(person: str) -> None:
    for event in (UP, BACK, SOLVED):
        assert raised().record(event, by=person).refusal is None


def test_a_matter_is_sent_back_to_the_rung_below() -> None:
    raised().record(replace(BACK, to_rung=0), by="regisseur").refused("E11")
    raised().record(replace(BACK, to_rung=2), by="regisseur").refused("E11")
    life = raised().done(BACK, by="regisseur")
    assert matter(life).rung == 1
    life.record(replace(RECEIVED, rung=1), by="lijn").gives(EscalationTermSet)


def test_a_matter_is_forwarded_one_rung_up() -> None:
    raised().record(replace(UP, to_rung=4), by="regisseur").refused("E4")
    raised().record(replace(UP, to_rung=2), by="regisseur").refused("E4")
    assert matter(raised().done(UP, by="regisseur")).rung == 3


def test_a_term_runs_out_and_the_matter_stays_where_the_ladder_says_so() -> None:
    life = raised().done(RECEIVED, by="manager")
    assert life.time_passes(13).events == ()
    passed = life.time_passes(15).brings(EscalationTermExpired)
    assert passed.entries[0].header.on == life.state.escalations.alarms.first
    assert matter(passed.life).rung == 2
    assert passed.life.time_passes(100).events == ()
    passed.life.record(UP, by="regisseur").gives()


def test_a_term_runs_out_and_the_ladder_forwards_by_itself() -> None:
    low = raised(AUTOMATIC, LOW).done(replace(RECEIVED, rung=1), by="lijn")
    passed = low.time_passes(6).brings(EscalationTermExpired, EscalationForwarded)
    forwarded = EscalationForwarded(
        escalation="e1", to_rung=2, reason="De termijn van trede 1 (teams) is verstreken."
    )
    passed.holds(forwarded)
    assert passed.entries[1].header.cause == passed.entries[0].header.position
    passed.life.record(RECEIVED, by="manager").gives(EscalationTermSet)


def test_a_strict_ladder_forwards_by_itself_and_marks_the_missing_talks() -> None:
    life = manned().given(STRICT, LOW).done(replace(RECEIVED, rung=1), by="lijn")
    life.time_passes(6).brings(EscalationTermExpired, EscalationForwarded, HorizontalAttemptMissing)


@pytest.mark.parametrize("event", [BACK, UP, SOLVED], ids=lambda one: type(one).__name__)
def test_a_term_stops_when_the_matter_moves_or_is_solved(event: Event) -> None:
    life = raised().done(RECEIVED, by="manager").done(event, by="manager")
    assert life.time_passes(100).events == ()


def test_a_term_that_does_not_run_cannot_run_out() -> None:
    expired = EscalationTermExpired(escalation="e1", rung=2)
    by_rules(raised(), expired).refused("E16")
    received = raised().done(RECEIVED, by="manager")
    by_rules(received, expired).refused("E16")
    by_rules(received.after(14), replace(expired, rung=3)).refused("E16")
    assert by_rules(received.after(14), expired).refusal is None


def test_an_escalation_keeps_the_ladder_under_which_it_was_raised() -> None:
    life = raised().given(AUTOMATIC)
    life.record(RECEIVED, by="manager", on="2024-01-10").holds(
        EscalationTermSet(escalation="e1", rung=2, due_at="2024-01-24T12:00:00.000000Z")
    )
    later = life.given(replace(RAISED, escalation="e2"))
    later.record(replace(RECEIVED, escalation="e2"), by="manager", on="2024-01-10").holds(
        EscalationTermSet(escalation="e2", rung=2, due_at="2024-01-17T12:00:00.000000Z")
    )


def test_an_escalation_recorded_later_stands_on_the_ladder_of_its_own_day() -> None:
    life = manned().given(TALKS).at("2024-02-01").given(AUTOMATIC).at("2024-03-01")
    life = life.done(RAISED, by="lijn", on="2024-01-15")
    assert life.state.escalations.ladder_of("e1").top == 7


def test_an_emergency_skips_rungs_under_doorzettingsmacht_and_everybody_is_told() -> None:
    done = with_power(raised()).record(BYPASS, by="manager")
    done.gives(OverrideAuthorityExercised, SeatsInformed, AgendaItemPlanned)
    assert matter(done.life).rung == 7
    exercise = done.first(OverrideAuthorityExercised)
    assert isinstance(exercise, OverrideAuthorityExercised)
    assert exercise.emergency_reason == BYPASS.reason
    assert exercise.towards == "trede-7"


def test_a_bypass_stops_the_term() -> None:
    life = with_power(raised()).done(RECEIVED, by="manager").done(BYPASS, by="manager")
    assert life.time_passes(100).events == ()


def test_nobody_else_takes_the_emergency_route() -> None:
    raised().record(BYPASS, by="manager").not_allowed()
    for person in ("p-bd", "bureau", "regisseur"):
        with_power(raised()).record(BYPASS, by=person).not_allowed()


def test_the_emergency_route_really_skips_a_rung() -> None:
    life = with_power(raised())
    for rung in (1, 2, 3):
        life.record(replace(BYPASS, to_rung=rung), by="manager").refused("E12")
    life.record(replace(BYPASS, to_rung=8), by="manager").refused("E4")
    assert life.record(replace(BYPASS, to_rung=4), by="manager").refusal is None


def test_even_in_history_a_bypass_names_doorzettingsmacht_that_was_granted() -> None:
    with pytest.raises(AssertionError, match="M2"):
        raised().given(BYPASS)
    with_power(raised()).given(BYPASS)


@pytest.mark.parametrize("person", ["bureau", "manager"])
def test_a_political_decision_comes_in_at_the_last_rung(person: str) -> None:
    top = manned().given(TALKS, replace(RAISED, from_rung=6, to_rung=7))
    top.record(POLITICAL, by=person).gives()
    below = manned().given(TALKS, replace(RAISED, from_rung=5, to_rung=6))
    below.record(POLITICAL, by=person).refused("E13")
    top.record(POLITICAL, by="lijn").not_allowed()


def test_a_matter_is_solved_by_a_decision_or_in_words() -> None:
    life = raised().given(DecisionRecorded(decision="b1", title="Eén nummer", status="in-force"))
    both = replace(SOLVED, decision="b1")
    life.record(both, by="regisseur").refused("E14")
    life.record(replace(SOLVED, solution=""), by="regisseur").refused("E14")
    life.record(replace(both, solution=""), by="regisseur").gives()
    life.record(SOLVED, by="regisseur").gives()


def test_a_decision_that_solves_a_matter_exists() -> None:
    by_nothing = replace(SOLVED, decision="b9", solution="")
    raised().record(by_nothing, by="regisseur").refused("D3")


def test_an_escalation_is_closed_after_it_was_solved_and_once() -> None:
    raised().record(CLOSED, by="bureau").refused("E15")
    closed = raised().done(SOLVED, by="regisseur").done(CLOSED, by="bureau")
    closed.record(CLOSED, by="bureau").refused("E15")


@pytest.mark.parametrize("person", ["manager", "bureau", "regisseur"])
def test_closing_leaves_the_lesson_to_the_chain_memory(person: str) -> None:
    life = raised().given(DecisionRecorded(decision="b1", title="Eén nummer", status="in-force"))
    life = life.done(UP, by="lijn").done(replace(BACK, to_rung=2), by="manager")
    life = life.done(replace(SOLVED, decision="b1", solution=""), by="regisseur")
    assert life.state.escalations.unfinished() == ("e1",)
    closed = life.record(CLOSED, by=person).gives(LessonRecorded)
    closed.holds(
        LessonRecorded(
            lesson=f"lesson-{closed.life.state.size - 1}",
            subject="k1",
            problem="Nummers",
            approach="Geëscaleerd tot trede 3 (ketenmanager); opgelost met besluit b1.",
            solution=CLOSED.lesson,
            decisions=("b1",),
            escalation="e1",
        )
    )
    assert closed.life.state.escalations.unfinished() == ()


def test_only_who_keeps_the_overview_closes() -> None:
    solved = raised().done(SOLVED, by="regisseur")
    solved.record(CLOSED, by="p-bd").not_allowed()
    solved.record(CLOSED, by="lijn").not_allowed()


def test_a_lesson_without_a_bottleneck_or_decision_is_about_the_escalation() -> None:
    life = manned().given(replace(RAISED, bottleneck=""))
    closed = life.done(SOLVED, by="regisseur").record(CLOSED, by="bureau")
    lesson = closed.first(LessonRecorded)
    assert isinstance(lesson, LessonRecorded)
    assert (lesson.subject, lesson.decisions) == ("e1", ())
    assert lesson.approach.endswith("opgelost zonder besluit.")
