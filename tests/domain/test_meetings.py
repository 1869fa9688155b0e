"""Meetings: convened in time, attended in person, held once and minuted."""

from __future__ import annotations

import pytest

from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.bodies import (
    BodyDissolved,
    SeatAbolished,
    SeatAssigned,
    SeatVacated,
)
from ledger.domain.events.decision_rules import DecisionRule
from ledger.domain.events.decisions import DeliberationOpened, ProposalSubmitted, VoteCast
from ledger.domain.events.meetings import (
    AgendaItem,
    AgendaItemPlanned,
    MinutesAdopted,
)
from ledger.domain.events.outcomes import DecisionAdopted, DecisionRecorded, DecisionTookForce
from ledger.domain.values import Event
from tests.domain.given import IMPORTER, SOURCE, Life
from tests.domain.given_meetings import (
    CHAIR,
    DAY,
    MANAGER,
    MEMBER,
    NEXT,
    OFFICE,
    OUTSIDER,
    SEAT,
    STARTS,
    a_meeting,
    cancelled,
    convened,
    held,
    item,
    minutes,
    present,
    refused,
)


@pytest.fixture
def life() -> Life:
    """The meeting v-1 of the board, on the day itself, by rules without substitution."""
    return a_meeting()


# Who may record it


@pytest.mark.parametrize("person", [CHAIR, MANAGER, OFFICE, MEMBER])
def test_chair_manager_office_and_members_convene_and_add_points(life: Life, person: str) -> None:
    life.record(NEXT, by=person).gives()
    life.record(item(), by=person).gives()


def test_an_outsider_does_not_convene_or_add_points(life: Life) -> None:
    life.record(NEXT, by=OUTSIDER).not_allowed()
    life.record(item(), by=OUTSIDER).not_allowed()


def test_a_member_of_another_body_does_not_convene(life: Life) -> None:
    life.record(NEXT, by="p-uwv").not_allowed()


@pytest.mark.parametrize("person", [CHAIR, MANAGER, OFFICE, MEMBER])
def test_chair_manager_office_and_the_seat_itself_record_presence(life: Life, person: str) -> None:
    life.record(present(), by=person).gives()


@pytest.mark.parametrize("person", ["bestuur-p-cbs", OUTSIDER])
def test_nobody_else_records_presence(life: Life, person: str) -> None:
    life.record(present(), by=person).not_allowed()


@pytest.mark.parametrize(
    "act", [refused(), held(), cancelled()], ids=lambda act: type(act).__name__
)
def test_chair_manager_and_office_lead_the_meeting(life: Life, act: Event) -> None:
    for person in (CHAIR, MANAGER, OFFICE):
        life.record(act, by=person).gives()
    for person in (MEMBER, OUTSIDER):
        life.record(act, by=person).not_allowed()


def test_chair_manager_and_office_adopt_the_minutes(life: Life) -> None:
    done = life.done(held(), by=CHAIR)
    for person in (CHAIR, MANAGER, OFFICE):
        done.record(minutes(), by=person).gives()
    for person in (MEMBER, OUTSIDER):
        done.record(minutes(), by=person).not_allowed()


def test_nobody_plans_a_point_as_if_a_rule_asked_for_it(life: Life) -> None:
    planned = AgendaItemPlanned(body="bestuur", subject="Rondvraag", origin=0)
    life.record(planned, by=CHAIR).refused("G4")


# Convened


def test_a_meeting_has_an_id_of_its_own(life: Life) -> None:
    life.record(convened(starts_at=NEXT.starts_at), by=CHAIR).refused("V1")
    life.record(NEXT, by=CHAIR).gives()


def test_a_meeting_is_convened_before_it_starts(life: Life) -> None:
    life.record(convened("v-2", starts_at=life.now), by=CHAIR).refused("V2")
    life.record(convened("v-2", starts_at="2024-02-01T12:00:00.000001Z"), by=CHAIR).gives()


def test_history_knows_meetings_of_long_ago(life: Life) -> None:
    life.given(convened("v-2", starts_at="2024-01-01T10:00:00.000000Z"))


def test_only_a_working_body_is_convened(life: Life) -> None:
    ended = life.given(BodyDissolved(body="bestuur", reason="klaar"))
    ended.record(NEXT, by=OFFICE).refused("B2")


def test_an_agenda_names_decisions_that_exist(life: Life) -> None:
    about = (AgendaItem(subject="Begroting", decision="b-1"), AgendaItem(subject="Rondvraag"))
    soon = convened("v-2", starts_at=NEXT.starts_at, agenda=about)
    life.record(soon, by=CHAIR).refused("V3")
    life.record(item(decision="b-1"), by=CHAIR).refused("V3")
    known = with_decision(life)
    known.record(soon, by=CHAIR).gives()
    known.record(item(decision="b-1"), by=CHAIR).gives()


def with_decision(life: Life) -> Life:
    """Return the chain with a decision b-1 taken long ago."""
    return life.given(DecisionRecorded(decision="b-1", title="Begroting", status="in-force"))


def test_nothing_happens_to_a_meeting_that_does_not_exist(life: Life) -> None:
    life.record(item(meeting="v-9"), by=OFFICE).refused("V4")
    life.record(present(meeting="v-9"), by=OFFICE).refused("V4")
    life.record(cancelled("v-9"), by=OFFICE).refused("V4")


@pytest.mark.parametrize("end", [held(), cancelled()], ids=["held", "cancelled"])
@pytest.mark.parametrize(
    "act", [item(), present(), refused(), held(), cancelled()], ids=lambda act: type(act).__name__
)
def test_a_meeting_that_is_over_does_not_change(life: Life, end: Event, act: Event) -> None:
    life.done(end, by=CHAIR).record(act, by=OFFICE).refused("V5")
    life.record(act, by=OFFICE).gives()


def test_history_may_complete_a_meeting_that_was_held(life: Life) -> None:
    life.done(held(), by=CHAIR).given(item(), present(), refused(OFFICE))


def test_history_does_not_fill_a_meeting_that_was_cancelled(life: Life) -> None:
    over = life.done(cancelled(), by=CHAIR)
    over.record(present(), by=IMPORTER, source=SOURCE).refused("V5")


# Present


def test_a_seat_attends_in_the_person_of_its_holder(life: Life) -> None:
    after = life.record(present(), by=CHAIR).gives().life
    assert after.state.meetings.all["v-1"].present[SEAT] == MEMBER


def test_a_substitute_does_not_count_as_present(life: Life) -> None:
    life.record(present(OUTSIDER), by=CHAIR).refused("V9")
    life.record(present("bestuur-p-cbs"), by=CHAIR).refused("V9")


def test_a_substitute_counts_where_the_rule_of_the_body_allows_it() -> None:
    lenient = a_meeting(DecisionRule(kind="majority", substitution=True))
    lenient.record(present(OUTSIDER), by=CHAIR).gives()
    strict = a_meeting(DecisionRule(kind="majority"))
    strict.record(present(OUTSIDER), by=CHAIR).refused("V9")


def test_the_holder_on_the_day_of_the_meeting_counts(life: Life) -> None:
    changed = life.given(
        SeatVacated(seat=SEAT, valid_until=DAY, reason="wissel"),
        SeatAssigned(seat=SEAT, person=OUTSIDER, valid_from=DAY),
    )
    changed.record(present(MEMBER), by=CHAIR).refused("V9")
    changed.record(present(OUTSIDER), by=CHAIR).gives()


def test_nobody_is_present_for_a_vacant_seat(life: Life) -> None:
    vacant = life.given(SeatVacated(seat=SEAT, valid_until=DAY, reason="vertrokken"))
    vacant.record(present(), by=CHAIR).refused("V9")


def test_history_may_state_who_was_present(life: Life) -> None:
    life.given(present(OUTSIDER))


def test_a_seat_of_another_body_is_not_present(life: Life) -> None:
    stray = present("p-uwv", seat="stuurgroep-uwv")
    life.record(stray, by=OFFICE).refused("V7")
    life.record(refused(seat="stuurgroep-uwv"), by=OFFICE).refused("V7")


def test_a_seat_that_is_gone_is_not_present(life: Life) -> None:
    gone = life.given(SeatAbolished(seat=SEAT, reason="overbodig"))
    gone.record(present(), by=CHAIR).refused("B2")


def test_only_registered_people_are_present(life: Life) -> None:
    life.record(present("niemand"), by=CHAIR).refused("P2")
    life.record(refused("niemand"), by=CHAIR).refused("P2")


def test_a_seat_is_present_once(life: Life) -> None:
    there = life.done(present(), by=CHAIR)
    there.record(present(), by=CHAIR).refused("V8")
    there.record(present("bestuur-p-cbs", seat="bestuur-cbs"), by=CHAIR).gives()


def test_presence_is_recorded_on_the_day_or_later(life: Life) -> None:
    life.record(present(), by=CHAIR, on="2024-01-31").refused("V8")
    life.record(present(), by=CHAIR, on="2024-02-02").gives()


def test_a_refused_substitute_stays_visible_and_does_not_count(life: Life) -> None:
    after = life.record(refused(), by=CHAIR).gives().life
    assert SEAT not in after.state.meetings.all["v-1"].present
    after.record(present(), by=CHAIR).gives()


def test_only_somebody_who_was_not_admitted_is_refused(life: Life) -> None:
    life.record(refused(MEMBER), by=CHAIR).refused("V10")
    lenient = a_meeting(DecisionRule(kind="majority", substitution=True))
    lenient.done(present(OUTSIDER), by=CHAIR).record(refused(), by=CHAIR).refused("V10")
    lenient.record(refused(), by=CHAIR).gives()


# Held, minuted


def test_a_meeting_is_held_once_it_has_begun(life: Life) -> None:
    life.record(held(), by=CHAIR, on="2024-02-01T08:59:59.999999Z").refused("V11")
    life.record(held(), by=CHAIR, on=STARTS).gives()


def test_a_meeting_names_decisions_and_actions_that_exist(life: Life) -> None:
    life.record(held(decisions=("b-1",)), by=CHAIR).refused("V3")
    life.record(held(actions=("a-1",)), by=CHAIR).refused("V3")
    action = ActionAssigned(
        action="a-1", title="Meten", organisation="uwv", role="lijn", due_on="2024-06-01"
    )
    known = with_decision(life).given(action)
    known.record(held(decisions=("b-1",), actions=("a-1",)), by=CHAIR).gives()


def test_only_a_meeting_that_was_held_has_minutes(life: Life) -> None:
    life.record(minutes(), by=CHAIR).refused("V12")
    life.done(cancelled(), by=CHAIR).record(minutes(), by=CHAIR).refused("V12")
    life.done(held(), by=CHAIR).record(minutes(), by=CHAIR).gives()


def test_minutes_are_adopted_once_and_again_only_by_decision(life: Life) -> None:
    adopted = life.done(held(), by=CHAIR).done(minutes(), by=CHAIR)
    adopted.record(minutes(), by=CHAIR).refused("V12")
    adopted.given(minutes())
    open_to_votes = adopted.done(about_the_minutes(), by=CHAIR).done(
        DeliberationOpened(decision="b-2"), by=CHAIR
    )
    for partner in ("bd", "cbs"):
        open_to_votes = open_to_votes.done(vote(partner), by=f"bestuur-p-{partner}")
    open_to_votes.record(vote("uwv"), by=MEMBER).gives(
        DecisionAdopted, DecisionTookForce, MinutesAdopted
    )


def about_the_minutes() -> ProposalSubmitted:
    """Return a proposal to adopt the minutes of v-1 again."""
    return ProposalSubmitted(
        decision="b-2",
        body="bestuur",
        subject="verslag",
        title="Verslag opnieuw vaststellen",
        chain_interest="Wat er staat, klopt dan.",
        effects=(minutes(),),
    )


def vote(organisation: str) -> VoteCast:
    """Return a vote in favour of it."""
    return VoteCast(decision="b-2", seat=f"bestuur-{organisation}", choice="for")
