"""What a rule demands comes on the agenda of the next meeting of a body, and never gets lost."""

from __future__ import annotations

import pytest

from ledger.domain.events.bodies import (
    BodyDissolved,
)
from ledger.domain.events.mandates import (
    OverrideAuthorityExercised,
    OverrideAuthorityGranted,
    SeatsInformed,
)
from ledger.domain.events.meetings import (
    AgendaItemAdded,
    AgendaItemPlanned,
)
from tests.domain.given import IMPORTER, SOURCE, Life
from tests.domain.given_meetings import (
    CHAIR,
    MANAGER,
    NEXT,
    OFFICE,
    a_meeting,
    cancelled,
    convened,
    item,
)


@pytest.fixture
def life() -> Life:
    """The meeting v-1 of the board, on the day itself, by rules without substitution."""
    return a_meeting()


def pushed_through(life: Life, exercise: str = "nood-1") -> Life:
    """Return the chain after doorzettingsmacht was used once, at its own time."""
    return life.given(
        OverrideAuthorityGranted(
            authority=f"macht-{exercise}",
            holder="manager",
            scope="alles",
            emergency_definition="stilstand",
            valid_from="2024-01-01",
        )
    ).done(
        OverrideAuthorityExercised(
            exercise=exercise,
            authority=f"macht-{exercise}",
            towards="uwv",
            instruction="lever",
            emergency_reason="stilstand",
        ),
        by=MANAGER,
    )


def demanded(life: Life, meeting: str) -> list[str]:
    """Return the subjects that rules put on the agenda of a meeting."""
    return [one.subject for one in life.state.meetings.all[meeting].demanded]


AFTER = convened("v-3", starts_at="2024-04-01T09:00:00.000000Z")
REVIEW = "Beoordeling gebruik doorzettingsmacht nood-1"


def test_the_next_meeting_gets_every_point_that_waits(life: Life) -> None:
    waiting = pushed_through(pushed_through(life), "nood-2")
    result = waiting.record(NEXT, by=CHAIR).gives(AgendaItemAdded, AgendaItemAdded)
    assert demanded(result.life, "v-2") == [REVIEW, REVIEW.replace("nood-1", "nood-2")]
    result.life.record(AFTER, by=CHAIR).gives()


def test_the_point_names_the_position_that_demands_it(life: Life) -> None:
    waiting = pushed_through(life)
    origin = next(
        entry.header.position
        for entry in waiting.entries
        if isinstance(entry.event, OverrideAuthorityExercised)
    )
    result = waiting.record(NEXT, by=CHAIR)
    result.holds(AgendaItemAdded(meeting="v-2", subject=REVIEW, origin=origin))


def test_a_meeting_of_another_body_does_not_get_the_point(life: Life) -> None:
    other = convened("v-2", body="stuurgroep", starts_at="2024-03-01T09:00:00.000000Z")
    pushed_through(life).record(other, by=OFFICE).gives()


def test_a_meeting_of_long_ago_does_not_get_the_point(life: Life) -> None:
    waiting = pushed_through(life)
    past = convened("v-2", starts_at="2024-01-02T09:00:00.000000Z")
    waiting.record(past, by=IMPORTER, source=SOURCE).gives()


def test_the_first_meeting_already_convened_gets_the_point(life: Life) -> None:
    both = life.done(AFTER, by=CHAIR).done(NEXT, by=CHAIR)
    after = pushed_through(both)
    assert demanded(after, "v-2") == [REVIEW]
    assert demanded(after, "v-1") == demanded(after, "v-3") == []


def test_a_point_waits_again_when_its_meeting_is_cancelled(life: Life) -> None:
    put_on = pushed_through(life.done(NEXT, by=CHAIR))
    result = put_on.record(cancelled("v-2"), by=CHAIR).gives(AgendaItemPlanned)
    moved = result.life.record(AFTER, by=CHAIR).gives(AgendaItemAdded).life
    assert demanded(moved, "v-3") == [REVIEW]


def test_a_point_moves_on_at_once_when_a_later_meeting_is_known(life: Life) -> None:
    put_on = pushed_through(life.done(NEXT, by=CHAIR).done(AFTER, by=CHAIR))
    result = put_on.record(cancelled("v-2"), by=CHAIR).gives(AgendaItemPlanned, AgendaItemAdded)
    assert demanded(result.life, "v-3") == [REVIEW]


def test_the_points_of_a_body_that_ended_wait_no_more(life: Life) -> None:
    put_on = pushed_through(life.done(NEXT, by=CHAIR))
    ended = put_on.given(BodyDissolved(body="bestuur", reason="klaar"))
    ended.record(cancelled("v-2"), by=OFFICE).gives()


def test_only_a_waiting_point_has_an_origin(life: Life) -> None:
    life.record(item(origin=0), by=CHAIR).refused("V6")
    waiting = pushed_through(life)
    ((demand,),) = waiting.state.meetings.planned.values()
    by_hand = AgendaItemAdded(meeting="v-1", subject=demand.subject, origin=demand.origin)
    waiting.record(by_hand, by=CHAIR).gives()


def test_informing_the_seats_comes_before_the_agenda(life: Life) -> None:
    after = pushed_through(life.done(NEXT, by=CHAIR))
    kinds = [type(entry.event) for entry in after.entries[-3:]]
    assert kinds == [SeatsInformed, AgendaItemPlanned, AgendaItemAdded]
