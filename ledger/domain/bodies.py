"""Bodies and seats: where the chain decides, and who sits there for which organisation.

Body: established -> succeeded or dissolved. Seat: created -> held or vacant -> abolished.
Rules B1 to B12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ledger.domain import body_state, people
from ledger.domain.body_state import (
    Bodies,
    Body,
    Holding,
    Seat,
    body_of,
    holder,
    next_chair,
    seat_held,
    seat_of,
    seats_held,
    stands,
    term_to_end,
    voting_seats,
)
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
from ledger.domain.events.chains import PartnershipEnded
from ledger.domain.rule import Rule
from ledger.domain.values import Event, Header, Refused, overlap, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

__all__ = [
    "FOLLOWS",
    "RULES",
    "Bodies",
    "Body",
    "Holding",
    "Seat",
    "body_of",
    "check",
    "evolve",
    "follow",
    "holder",
    "next_chair",
    "seat_held",
    "seat_of",
    "seats_held",
    "voting_seats",
]

RULES = (
    Rule("B1", "Een overleg of zetel krijgt een kenmerk dat nog niet in gebruik is.", "default"),
    Rule("B2", "Een zetel hoort bij een bestaand, niet opgeheven overleg.", "[S] K:1131-1138"),
    Rule("B3", "Een stemhebbende zetel is van een partner van de keten.", "[S] K:967"),
    Rule("B4", "Een zetel heeft hoogstens één houder tegelijk.", "default"),
    Rule("B5", "Alleen een bezette zetel kan vrijkomen.", "default"),
    Rule("B6", "De ketenmanager houdt geen zetel van een partner.", "[S] K:1058"),
    Rule("B7", "Het gewicht van een zetel ligt tussen 1 en 1000.", "default"),
    Rule(
        "B8", "Een voorzittersrooster noemt elke organisatie met een zetel één keer.", "[S] K:1138"
    ),
    Rule(
        "B9",
        "De voorzitter is de volgende organisatie van het rooster; overslaan vraagt een reden.",
        "[S] K:1138-1140",
    ),
    Rule("B10", "Een opvolger is een ander overleg, dat nog bestaat.", "[S] K:1411-1415"),
    Rule("B11", "Een termijn eindigt na haar begin.", "default"),
    Rule("B12", "Een bestuurder verklaart het commitment voor de eigen zetel.", "[S] K:973-978"),
)

FOLLOWS: tuple[type[Event], ...] = (PartnershipEnded,)
evolve = body_state.evolve


def check(chain: ChainState, event: BodyEvent, header: Header) -> None:
    """Refuse what the structure of the chain does not allow."""
    match event:
        case BodyEstablished():
            _body_established(chain, event, header)
        case BodyRemitChanged():
            body_of(chain, event.body, header.day)
        case BodyDissolved():
            body_of(chain, event.body)
        case BodySucceeded():
            _body_succeeded(chain, event, header)
        case SeatCreated():
            _seat_created(chain, event, header)
        case SeatAbolished():
            seat_of(chain, event.seat)
        case SeatAssigned():
            _seat_assigned(chain, event)
        case SeatVacated():
            _seat_vacated(chain, event)
        case SeatWeightSet():
            seat_of(chain, event.seat, header.day)
            require(1 <= event.weight <= 1000, "B7", f"gevonden gewicht {event.weight}")
        case ChairRotationAgreed():
            _rotation_agreed(chain, event, header)
        case ChairTermStarted():
            _chair_term_started(chain, event, header)
        case CommitmentDeclared():
            term = holder(seat_of(chain, event.seat, header.day), header.day)
            own = term is not None and term.person == header.by
            require(own, "B12", f"{header.by} bekleedt zetel {event.seat} niet")
        case _:
            assert_never(event)


def _body_established(chain: ChainState, event: BodyEstablished, header: Header) -> None:
    free = event.body not in chain.bodies.bodies
    require(free, "B1", f"het kenmerk {event.body} is al van een ander overleg")
    if event.parent:
        body_of(chain, event.parent, header.day)


def _body_succeeded(chain: ChainState, event: BodySucceeded, header: Header) -> None:
    body_of(chain, event.body)
    successor = chain.bodies.bodies.get(event.successor)
    works = successor is not None and stands(successor.ended, header.day)
    require(works, "B10", f"overleg {event.successor} bestaat niet (meer)")
    require(event.successor != event.body, "B10", f"{event.body} volgt zichzelf niet op")


def _seat_created(chain: ChainState, event: SeatCreated, header: Header) -> None:
    free = event.seat not in chain.bodies.seats
    require(free, "B1", f"het kenmerk {event.seat} is al van een andere zetel")
    body_of(chain, event.body, header.day)
    start = event.valid_from or header.day
    member = chain.chains.partner_on(event.organisation, start)
    require(
        member or (event.advisory and not event.organisation),
        "B3",
        f"{event.organisation or 'niemand'} is geen partner op {start}",
    )


def _seat_assigned(chain: ChainState, event: SeatAssigned) -> None:
    seat = seat_of(chain, event.seat, event.valid_from)
    body_of(chain, seat.body, event.valid_from)
    people.known(chain, event.person)
    begun = seat.start <= event.valid_from
    require(begun, "B2", f"zetel {event.seat} begint op {seat.start}")
    ends_later = not event.valid_until or event.valid_from < event.valid_until
    require(ends_later, "B11", f"van {event.valid_from} tot {event.valid_until}")
    for term in seat.holdings:
        free = not _meets(event, term.start, term.until)
        require(free, "B4", f"zetel {event.seat} is bezet door {term.person} vanaf {term.start}")
    for role in () if seat.advisory else chain.roles.ever("chain-manager", event.person):
        clash = _meets(event, role.start, role.until)
        require(not clash, "B6", f"{event.person} is ketenmanager vanaf {role.start}")


def _meets(event: SeatAssigned, start: str, until: str) -> bool:
    return overlap(
        start=event.valid_from, until=event.valid_until, other_start=start, other_until=until
    )


def _seat_vacated(chain: ChainState, event: SeatVacated) -> None:
    term = term_to_end(seat_of(chain, event.seat), event.valid_until)
    require(term, "B5", f"zetel {event.seat} is niet bezet tot aan {event.valid_until}")


def _rotation_agreed(chain: ChainState, event: ChairRotationAgreed, header: Header) -> None:
    body = body_of(chain, event.body, header.day)
    voting = voting_seats(chain, body, header.day)
    seated = sorted({seat.organisation for _, seat in voting})
    require(
        sorted(event.order) == seated,
        "B8",
        f"gevonden {', '.join(event.order)}; verwacht {', '.join(seated)}",
    )
    per_month = event.period == "months"
    require(per_month == (event.months > 0), "B8", f"{event.months} maanden bij {event.period}")


def _chair_term_started(chain: ChainState, event: ChairTermStarted, header: Header) -> None:
    body = body_of(chain, event.body, header.day)
    seat = seat_of(chain, event.seat, header.day)
    require(event.seat in body.seats, "B9", f"zetel {event.seat} hoort niet bij {event.body}")
    expected = next_chair(chain, body)
    in_turn = not expected or seat.organisation == expected
    require(
        in_turn or event.skipped_because,
        "B9",
        f"{expected} is aan de beurt, niet {seat.organisation}; er is geen reden gegeven",
    )


def follow(chain: ChainState, event: Event, header: Header) -> tuple[Event, ...]:
    """Abolish the seats of an organisation that is no partner any more."""
    match event:
        case PartnershipEnded():
            seats = sorted(chain.bodies.seats.items(), key=lambda one: one[1].position)
            return tuple(
                SeatAbolished(seat=name, reason=f"{event.organisation} is uitgetreden")
                for name, seat in seats
                if seat.organisation == event.organisation and not seat.abolished
            )
        case _:
            raise Refused("G9", f"op {type(event).__name__} volgt hier niets")
