"""Doorzettingsmacht: the chain manager may push through in what the chain calls an emergency.

Granted -> exercised, each use told to all seats and put before the board for review -> withdrawn.
A part of the capability mandates, which owns its events. Rules M16 to M18, and M1, M2, M10 and M13
as for mandates. Who exercises it, and on which day, is asked by the policy (`override_held`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain import bodies
from ledger.domain.events.mandates import (
    OverrideAuthorityExercised,
    OverrideAuthorityGranted,
    OverrideAuthorityWithdrawn,
    OverrideEvent,
    OverrideReviewed,
    SeatsInformed,
)
from ledger.domain.events.meetings import AgendaItemPlanned
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import Event, Header, Refused, overlap, require, within

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule(
        "M16",
        "Doorzettingsmacht krijgt een ketenmanager, in een rolvervulling binnen de termijn.",
        "[S] K:995-997",
    ),
    Rule("M17", "Elk gebruik van doorzettingsmacht wordt één keer beoordeeld.", "default"),
    Rule("M18", "Een beoordeling noemt een bestaande vergadering.", "default"),
)


class Authority(Struct, frozen=True):
    """The power of one chain manager's assignment; `until` is the first day without it."""

    holder: str
    start: str
    until: str
    position: int


class Overrides(Struct, frozen=True):
    """All doorzettingsmacht given, and each use of it with whether it was reviewed."""

    authorities: Map[str, Authority] = field(default_factory=Map)
    exercises: Map[str, bool] = field(default_factory=Map)


def known(chain: ChainState, authority: str) -> Authority:
    """Return a doorzettingsmacht that was once granted, or refuse."""
    found = chain.mandates.overrides.authorities.get(authority)
    if found is None:
        raise Refused("M2", f"doorzettingsmacht {authority} bestaat niet")
    return found


def override_held(
    chain: ChainState, authority: str, *, person: str, day: str
) -> tuple[int, ...] | None:
    """Return the positions of the grant and of the role that holds it, or None."""
    power = chain.mandates.overrides.authorities.get(authority)
    if power is None or not within(day, start=power.start, until=power.until):
        return None
    role = chain.roles.assignments[power.holder]
    filled = role.person == person and within(day, start=role.start, until=role.until)
    return (power.position, role.position) if filled else None


def check(chain: ChainState, event: OverrideEvent, header: Header) -> None:
    """Refuse doorzettingsmacht of anybody else, and a use or a review that cannot be."""
    match event:
        case OverrideAuthorityGranted():
            _granted(chain, event)
        case OverrideAuthorityExercised():
            known(chain, event.authority)
            free = event.exercise not in chain.mandates.overrides.exercises
            require(free, "M1", f"het kenmerk {event.exercise} is al van een ander gebruik")
        case SeatsInformed():
            _exercise(chain, event.exercise)
        case OverrideReviewed():
            _reviewed(chain, event)
        case OverrideAuthorityWithdrawn():
            _withdrawn(chain, event)
        case _:
            assert_never(event)


def _granted(chain: ChainState, event: OverrideAuthorityGranted) -> None:
    free = event.authority not in chain.mandates.overrides.authorities
    require(free, "M1", f"het kenmerk {event.authority} is al van andere doorzettingsmacht")
    ends_later = not event.valid_until or event.valid_from < event.valid_until
    require(ends_later, "M10", f"van {event.valid_from} tot {event.valid_until}")
    role = chain.roles.assignments.get(event.holder)
    if role is None:
        raise Refused("M16", f"{event.holder} is geen rolvervulling")
    manages = role.role == "chain-manager"
    require(manages, "M16", f"rolvervulling {event.holder} is niet die van een ketenmanager")
    shared = overlap(
        start=event.valid_from,
        until=event.valid_until,
        other_start=role.start,
        other_until=role.until,
    )
    term = f"van {role.start} tot {role.until or 'nader bericht'}"
    require(shared, "M16", f"rolvervulling {event.holder} loopt {term}")


def _exercise(chain: ChainState, exercise: str) -> bool:
    """Return whether a use was reviewed; refuse a use that never was."""
    reviewed = chain.mandates.overrides.exercises.get(exercise)
    if reviewed is None:
        raise Refused("M2", f"gebruik {exercise} van doorzettingsmacht bestaat niet")
    return reviewed


def _reviewed(chain: ChainState, event: OverrideReviewed) -> None:
    done = _exercise(chain, event.exercise)
    require(not done, "M17", f"gebruik {event.exercise} is al beoordeeld")
    met = not event.meeting or event.meeting in chain.meetings.all
    require(met, "M18", f"vergadering {event.meeting} bestaat niet")


def _withdrawn(chain: ChainState, event: OverrideAuthorityWithdrawn) -> None:
    power = known(chain, event.authority)
    running = not power.until or event.valid_until < power.until
    require(running, "M13", f"{event.authority} eindigt al per {power.until}")
    require(power.start <= event.valid_until, "M10", f"het begin is {power.start}")


def evolve(own: Overrides, event: OverrideEvent, header: Header) -> Overrides:
    """Copy who may push through, until when, and which use was reviewed."""
    match event:
        case OverrideAuthorityGranted():
            power = Authority(
                holder=event.holder,
                start=event.valid_from,
                until=event.valid_until,
                position=header.position,
            )
            return replace(own, authorities=own.authorities.insert(event.authority, power))
        case OverrideAuthorityWithdrawn():
            ended = replace(own.authorities[event.authority], until=event.valid_until)
            return replace(own, authorities=own.authorities.insert(event.authority, ended))
        case OverrideAuthorityExercised():
            return replace(own, exercises=own.exercises.insert(event.exercise, False))
        case OverrideReviewed():
            return replace(own, exercises=own.exercises.insert(event.exercise, True))
        case SeatsInformed():
            return own
        case _:
            assert_never(event)


def after_use(
    chain: ChainState, event: OverrideAuthorityExercised, header: Header
) -> tuple[Event, ...]:
    """Tell every strategic seat at once, and put the review on the next agenda of the board."""
    steering = _strategic(chain)
    seats = sorted(
        (name, seat)
        for body in steering
        for name, seat in bodies.voting_seats(chain, chain.bodies.bodies[body])
    )
    terms = (bodies.holder(seat, header.day) for _, seat in seats)
    told = SeatsInformed(
        exercise=event.exercise,
        seats=tuple(name for name, _ in seats),
        persons=tuple(dict.fromkeys(term.person for term in terms if term is not None)),
    )
    subject = f"Beoordeling gebruik doorzettingsmacht {event.exercise}"
    return (
        told,
        *(
            AgendaItemPlanned(body=board, subject=subject, origin=header.position)
            for board in steering[:1]
        ),
    )


def _strategic(chain: ChainState) -> list[str]:
    """Return the strategic bodies that still work: a chain board first, then as created."""
    found = sorted(
        (body.kind != "chain-board", body.position, name)
        for name, body in chain.bodies.bodies.items()
        if body.level == "strategic" and not body.ended
    )
    return [name for *_, name in found]
