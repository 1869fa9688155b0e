"""The scene of the tests of meetings: a board that meets, and what is recorded about it."""

from __future__ import annotations

from ledger.domain.events.bodies import ChairTermStarted
from ledger.domain.events.decision_rules import DecisionRule
from ledger.domain.events.meetings import (
    AgendaItem,
    AgendaItemAdded,
    AttendanceRecorded,
    MeetingCancelled,
    MeetingConvened,
    MeetingHeld,
    MinutesAdopted,
    SubstituteRefused,
)
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Document
from tests.domain.given import Life, a_board, a_chain, people

DAY = "2024-02-01"
STARTS = f"{DAY}T09:00:00.000000Z"
MINUTES = Document(title="Verslag", sha256="a" * 64)
CHAIR, MEMBER, OFFICE, MANAGER, OUTSIDER = "bestuur-p-bd", "bestuur-p-uwv", "ola", "mia", "uri"
SEAT = "bestuur-uwv"


def convened(
    meeting: str = "v-1",
    *,
    starts_at: str = STARTS,
    body: str = "bestuur",
    agenda: tuple[AgendaItem, ...] = (),
) -> MeetingConvened:
    """Return the call for a meeting."""
    return MeetingConvened(meeting=meeting, body=body, starts_at=starts_at, agenda=agenda)


def item(*, decision: str = "", origin: int | None = None, meeting: str = "v-1") -> AgendaItemAdded:
    """Return a point for the agenda."""
    return AgendaItemAdded(meeting=meeting, subject="Rondvraag", decision=decision, origin=origin)


def present(person: str = MEMBER, *, seat: str = SEAT, meeting: str = "v-1") -> AttendanceRecorded:
    """Return the presence of a seat, in the person of its holder unless said otherwise."""
    return AttendanceRecorded(meeting=meeting, seat=seat, person=person)


def refused(person: str = OUTSIDER, *, seat: str = SEAT) -> SubstituteRefused:
    """Return that somebody was not admitted for a seat."""
    return SubstituteRefused(
        meeting="v-1", seat=seat, person=person, stayed_as="listener", reason="geen vervanging"
    )


def held(*, decisions: tuple[str, ...] = (), actions: tuple[str, ...] = ()) -> MeetingHeld:
    """Return that the meeting took place."""
    return MeetingHeld(meeting="v-1", decisions=decisions, actions=actions)


def cancelled(meeting: str = "v-1") -> MeetingCancelled:
    """Return that the meeting does not take place."""
    return MeetingCancelled(meeting=meeting, reason="te weinig stukken")


def minutes() -> MinutesAdopted:
    """Return that the minutes are adopted."""
    return MinutesAdopted(meeting="v-1", minutes=MINUTES)


def a_meeting(rule: DecisionRule | None = None) -> Life:
    """Return a board with chair, manager and office, and its meeting v-1, on the day itself."""
    life = people(a_board(a_chain(), rule), OFFICE, MANAGER, OUTSIDER).given(
        RoleAssigned(
            assignment="bureau", role="chain-office", person=OFFICE, valid_from="2024-01-01"
        ),
        RoleAssigned(
            assignment="manager", role="chain-manager", person=MANAGER, valid_from="2024-01-01"
        ),
        ChairTermStarted(body="bestuur", seat="bestuur-bd"),
        convened(),
    )
    return life.at(DAY)


NEXT = convened("v-2", starts_at="2024-03-01T09:00:00.000000Z")
"""The meeting of the board after v-1."""
