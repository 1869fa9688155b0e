"""What a body and a seat are and become: the state that the rules of bodies ask for.

A seat keeps all its holders with their terms, and body and seat the day they ended, so that an act
of last year is judged by who held which seat then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain.events.bodies import (
    BodyDissolved,
    BodyEstablished,
    BodyEvent,
    BodyRemitChanged,
    BodySucceeded,
    ChairRotationAgreed,
    ChairTermStarted,
    CommitmentDeclared,
    SeatAbolished,
    SeatAssigned,
    SeatCreated,
    SeatVacated,
    SeatWeightSet,
)
from ledger.domain.maps import Map
from ledger.domain.values import Header, Level, Refused, Scope, within

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState


class Holding(Struct, frozen=True):
    """One person's term on a seat; `until` is the first day without them, empty is open."""

    person: str
    start: str
    until: str
    position: int


class Seat(Struct, frozen=True):
    """A place of one organisation in a body, with all who held it, newest last.

    `start` is its first day where that came after its creation, `abolished` the first day without
    it; empty says nothing of the kind.
    """

    body: str
    organisation: str
    advisory: bool
    position: int
    start: str = ""
    weight: int = 1
    holdings: tuple[Holding, ...] = ()
    abolished: str = ""


class Body(Struct, frozen=True):
    """A body: its seats in order of creation, who may read its records, and its chair.

    `ended` is the first day without the body; empty while it works.
    """

    kind: str
    level: Level
    position: int
    records_scope: Scope | Literal[""] = ""
    seats: tuple[str, ...] = ()
    rotation: tuple[str, ...] = ()
    chair: str = ""
    ended: str = ""


class Bodies(Struct, frozen=True):
    """All bodies and seats, and for each person the seats they ever held."""

    bodies: Map[str, Body] = field(default_factory=Map)
    seats: Map[str, Seat] = field(default_factory=Map)
    by_person: Map[str, tuple[str, ...]] = field(default_factory=Map)


def body_of(chain: ChainState, body: str, day: str = "") -> Body:
    """Return a body that works on a day (empty: that has not ended at all), or refuse."""
    found = chain.bodies.bodies.get(body)
    if found is None:
        raise Refused("B2", f"overleg {body} bestaat niet")
    if not stands(found.ended, day):
        raise Refused("B2", f"overleg {body} is opgeheven of opgevolgd per {found.ended}")
    return found


def seat_of(chain: ChainState, seat: str, day: str = "") -> Seat:
    """Return a seat that exists on a day (empty: that was not abolished at all), or refuse."""
    found = chain.bodies.seats.get(seat)
    if found is None:
        raise Refused("B2", f"zetel {seat} bestaat niet")
    if not stands(found.abolished, day):
        raise Refused("B2", f"zetel {seat} is vervallen per {found.abolished}")
    return found


def stands(until: str, day: str) -> bool:
    """Tell whether what ends on `until` (empty: never) is there on a day (empty: for good)."""
    return not until or (day != "" and day < until)


def holder(seat: Seat, day: str) -> Holding | None:
    """Return who held the seat on a day, or None for a vacancy."""
    for holding in reversed(seat.holdings):
        if within(day, start=holding.start, until=holding.until):
            return holding
    return None


def seats_held(chain: ChainState, person: str, day: str) -> tuple[tuple[str, Holding], ...]:
    """Return (seat, term) of every seat this person held on a day, oldest seat first."""
    held = []
    for name in chain.bodies.by_person.get(person, ()):
        term = seat_held(chain, name, person=person, day=day)
        if term is not None:
            held.append((name, term))
    return tuple(held)


def seat_held(chain: ChainState, name: str, *, person: str, day: str) -> Holding | None:
    """Return the term in which this person held a seat on a day, or None; seat and body stood."""
    seat = chain.bodies.seats.get(name)
    if seat is None:
        return None
    body = chain.bodies.bodies[seat.body]
    there = stands(seat.abolished, day) and stands(body.ended, day)
    term = holder(seat, day) if there else None
    return term if term is not None and term.person == person else None


def voting_seats(chain: ChainState, body: Body, day: str = "") -> tuple[tuple[str, Seat], ...]:
    """Return the seats of a body that have a vote on a day, oldest first.

    Without a day: all that have not been abolished, also those still to begin.
    """
    seats = [(name, chain.bodies.seats[name]) for name in body.seats]
    return tuple(
        [
            (name, seat)
            for name, seat in seats
            if not seat.advisory and stands(seat.abolished, day) and (not day or seat.start <= day)
        ]
    )


def term_to_end(seat: Seat, until: str) -> Holding | None:
    """Return the term that would end on that day: under way then, or about to begin."""
    for term in reversed(seat.holdings):
        if term.start <= until and (not term.until or until < term.until):
            return term
    return None


def next_chair(chain: ChainState, body: Body) -> str:
    """Return the organisation whose turn it is to take the chair; empty without a rotation."""
    if not body.rotation:
        return ""
    if not body.chair:
        return body.rotation[0]
    now = chain.bodies.seats[body.chair].organisation
    turn = body.rotation.index(now) + 1 if now in body.rotation else 0
    return body.rotation[turn % len(body.rotation)]


def evolve(own: Bodies, event: BodyEvent, header: Header) -> Bodies:
    """Copy what is now true of bodies, seats and who holds them."""
    match event:
        case BodyEstablished():
            body = Body(
                kind=event.kind,
                level=event.level,
                position=header.position,
                records_scope=event.records_scope,
            )
            return replace(own, bodies=own.bodies.insert(event.body, body))
        case BodySucceeded() | BodyDissolved():
            return _with_body(own, event.body, ended=header.day)
        case SeatCreated():
            return _with_seat_in_body(own, event, header)
        case SeatAbolished():
            return _with_seat(own, event.seat, abolished=header.day)
        case SeatAssigned():
            return _with_holder(own, event, header)
        case SeatVacated():
            return _with_vacancy(own, event)
        case SeatWeightSet():
            return _with_seat(own, event.seat, weight=event.weight)
        case ChairRotationAgreed():
            return _with_body(own, event.body, rotation=event.order)
        case ChairTermStarted():
            return _with_body(own, event.body, chair=event.seat)
        case BodyRemitChanged() | CommitmentDeclared():
            return own
        case _:
            assert_never(event)


def _with_body(own: Bodies, name: str, **changes: object) -> Bodies:
    return replace(own, bodies=own.bodies.insert(name, replace(own.bodies[name], **changes)))


def _with_seat(own: Bodies, name: str, **changes: object) -> Bodies:
    return replace(own, seats=own.seats.insert(name, replace(own.seats[name], **changes)))


def _with_seat_in_body(own: Bodies, event: SeatCreated, header: Header) -> Bodies:
    seat = Seat(
        body=event.body,
        organisation=event.organisation,
        advisory=event.advisory,
        start=event.valid_from,
        position=header.position,
    )
    members = (*own.bodies[event.body].seats, event.seat)
    own = replace(own, seats=own.seats.insert(event.seat, seat))
    return _with_body(own, event.body, seats=members)


def _with_holder(own: Bodies, event: SeatAssigned, header: Header) -> Bodies:
    term = Holding(
        person=event.person,
        start=event.valid_from,
        until=event.valid_until,
        position=header.position,
    )
    terms = sorted((*own.seats[event.seat].holdings, term), key=lambda one: one.start)
    seats = own.by_person.get(event.person, ())
    if event.seat not in seats:
        own = replace(own, by_person=own.by_person.insert(event.person, (*seats, event.seat)))
    return _with_seat(own, event.seat, holdings=tuple(terms))


def _with_vacancy(own: Bodies, event: SeatVacated) -> Bodies:
    """End the term; one that ends on its first day has never been, and goes."""
    seat = own.seats[event.seat]
    leaving = term_to_end(seat, event.valid_until)
    ended = (
        replace(term, until=event.valid_until) if term == leaving else term
        for term in seat.holdings
    )
    terms = tuple(term for term in ended if term.start != term.until)
    return _with_seat(own, event.seat, holdings=terms)
