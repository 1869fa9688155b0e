"""Meetings: a body is called together, its seats attend in person, and what was done is minuted.

Convened -> held -> minutes adopted; or convened -> cancelled. A point that a rule demands waits for
the next meeting of its body, and waits again when that meeting is cancelled. Who was present stays
known, since outcomes may count it. Rules V1 to V13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain import bodies, decision_rules, people
from ledger.domain.events.meetings import (
    AgendaItemAdded,
    AgendaItemPlanned,
    AttendanceRecorded,
    MeetingCancelled,
    MeetingConvened,
    MeetingEvent,
    MeetingHeld,
    MinutesAdopted,
    SubstituteRefused,
)
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import Event, Header, Refused, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("V1", "Een vergadering krijgt een kenmerk dat nog niet in gebruik is.", "default"),
    Rule("V2", "Een vergadering wordt bijeengeroepen voordat zij begint.", "default"),
    Rule("V3", "Een vergadering noemt alleen besluiten en acties die bestaan.", "default"),
    Rule("V4", "Een handeling over een vergadering noemt een vergadering die bestaat.", "default"),
    Rule("V5", "Na afloop of afzegging veranderen agenda en aanwezigheid niet meer.", "default"),
    Rule("V6", "Alleen een wachtend agendapunt krijgt een herkomst op de agenda.", "default"),
    Rule("V7", "Aanwezig zijn de zetels van het overleg dat vergadert.", "default"),
    Rule("V8", "Een zetel is één keer aanwezig, op de dag van de vergadering zelf.", "default"),
    Rule(
        "V9",
        "De houder van een zetel komt zelf, tenzij de besluitregel van het overleg vervanging "
        "toelaat.",
        "[S] K:975 en K:1045-1047",
    ),
    Rule("V10", "Geweigerd wordt alleen wie de zetel niet houdt en niet is toegelaten.", "default"),
    Rule("V11", "Een vergadering is pas gehouden als zij is begonnen.", "default"),
    Rule(
        "V12",
        "Het verslag van een gehouden vergadering wordt één keer vastgesteld, opnieuw alleen bij "
        "besluit.",
        "default",
    ),
    Rule(
        "V13", "Een vergadering wordt gehouden of afgezegd nadat zij is bijeengeroepen.", "default"
    ),
)
FOLLOWS: tuple[type[Event], ...] = (MeetingConvened, MeetingCancelled, AgendaItemPlanned)


class Demand(Struct, frozen=True):
    """An agenda point that a rule asks for; `origin` is the position that asks."""

    subject: str
    origin: int


class Meeting(Struct, frozen=True):
    """A meeting of a body: when it was called and for when, and who is present for which seat.

    `documents` is how many every seat received; `demanded` are the points a rule put on its agenda.
    """

    body: str
    starts_at: str
    convened_at: str
    documents: int
    position: int
    status: Literal["convened", "held", "cancelled"] = "convened"
    present: Map[str, str] = field(default_factory=Map)
    demanded: tuple[Demand, ...] = ()
    minuted: bool = False


class Meetings(Struct, frozen=True):
    """All meetings; per body the points that wait for one, and the meetings still to be held."""

    all: Map[str, Meeting] = field(default_factory=Map)
    planned: Map[str, tuple[Demand, ...]] = field(default_factory=Map)
    ahead: Map[str, tuple[str, ...]] = field(default_factory=Map)


def known(chain: ChainState, meeting: str) -> Meeting:
    """Return a meeting that was once convened, or refuse."""
    found = chain.meetings.all.get(meeting)
    if found is None:
        raise Refused("V4", f"vergadering {meeting} bestaat niet")
    return found


def check(chain: ChainState, event: MeetingEvent, header: Header) -> None:
    """Refuse what a meeting cannot be, and anybody in a seat that is not theirs."""
    match event:
        case MeetingConvened():
            _meeting_convened(chain, event, header)
        case AgendaItemAdded():
            _agenda_item_added(chain, event, header)
        case AgendaItemPlanned():
            bodies.body_of(chain, event.body)
        case AttendanceRecorded():
            _attendance_recorded(chain, event, header)
        case SubstituteRefused():
            _substitute_refused(chain, event, header)
        case MeetingHeld():
            _meeting_held(chain, event, header)
        case MeetingCancelled():
            _in_order(chain, event.meeting, header)
            _still_ahead(chain, event.meeting)
        case MinutesAdopted():
            _minutes_adopted(chain, event, header)
        case _:
            assert_never(event)


def _meeting_convened(chain: ChainState, event: MeetingConvened, header: Header) -> None:
    free = event.meeting not in chain.meetings.all
    require(free, "V1", f"het kenmerk {event.meeting} is al van een andere vergadering")
    bodies.body_of(chain, event.body)
    ahead = event.starts_at > header.on or header.source is not None
    require(ahead, "V2", f"begin {event.starts_at}, bijeengeroepen {header.on}")
    _existing(chain, decisions=tuple(one.decision for one in event.agenda if one.decision))


def _existing(
    chain: ChainState, *, decisions: tuple[str, ...], actions: tuple[str, ...] = ()
) -> None:
    missing = [
        *(f"besluit {one}" for one in decisions if one not in chain.decisions.all),
        *(f"actie {one}" for one in actions if one not in chain.actions.all),
    ]
    require(not missing, "V3", f"niet bekend: {', '.join(missing)}")


def _still_ahead(chain: ChainState, meeting: str) -> Meeting:
    found = known(chain, meeting)
    state = "gehouden" if found.status == "held" else "afgezegd"
    require(found.status == "convened", "V5", f"vergadering {meeting} is al {state}")
    return found


def _open(chain: ChainState, meeting: str, header: Header) -> Meeting:
    """A meeting that can still change; history may be completed after it was held."""
    found = known(chain, meeting)
    completed = found.status == "held" and header.source is not None
    return found if completed else _still_ahead(chain, meeting)


def _agenda_item_added(chain: ChainState, event: AgendaItemAdded, header: Header) -> None:
    meeting = _open(chain, event.meeting, header)
    _existing(chain, decisions=(event.decision,) if event.decision else ())
    if event.origin is not None:
        waiting = Demand(subject=event.subject, origin=event.origin)
        listed = chain.meetings.planned.get(meeting.body, ())
        found = f"{event.subject} ({event.origin})"
        require(waiting in listed, "V6", f"voor {meeting.body} wacht niet: {found}")


def _attendance_recorded(chain: ChainState, event: AttendanceRecorded, header: Header) -> None:
    meeting = _open(chain, event.meeting, header)
    seat = _seat_there(chain, event.meeting, event.seat)
    people.known(chain, event.person)
    taken = meeting.present.get(event.seat)
    require(taken is None, "V8", f"voor zetel {event.seat} is {taken} al aanwezig")
    if header.source is not None:
        return
    day = meeting.starts_at[:10]
    require(day <= header.day, "V8", f"gevonden {header.day}; de vergadering is op {day}")
    term = bodies.holder(seat, day)
    if term is not None and term.person == event.person:
        return
    allowed = decision_rules.substitution_allowed(chain, meeting.body, meeting.starts_at)
    held_by = "vacant" if term is None else f"van {term.person}"
    require(allowed, "V9", f"zetel {event.seat} is op {day} {held_by}, niet van {event.person}")


def _seat_there(chain: ChainState, meeting: str, name: str) -> bodies.Seat:
    seat, body = bodies.seat_of(chain, name), chain.meetings.all[meeting].body
    require(seat.body == body, "V7", f"zetel {name} is van {seat.body}, niet van {body}")
    return seat


def _substitute_refused(chain: ChainState, event: SubstituteRefused, header: Header) -> None:
    meeting = _open(chain, event.meeting, header)
    seat = _seat_there(chain, event.meeting, event.seat)
    people.known(chain, event.person)
    term = bodies.holder(seat, meeting.starts_at[:10])
    holds = term is not None and term.person == event.person
    require(not holds, "V10", f"{event.person} houdt zetel {event.seat} zelf")
    admitted = meeting.present.get(event.seat) == event.person
    require(not admitted, "V10", f"{event.person} is al toegelaten voor zetel {event.seat}")


def _in_order(chain: ChainState, meeting: str, header: Header) -> None:
    convened_at = known(chain, meeting).convened_at
    require(convened_at <= header.on, "V13", f"{meeting} is bijeengeroepen op {convened_at}")


def _meeting_held(chain: ChainState, event: MeetingHeld, header: Header) -> None:
    _in_order(chain, event.meeting, header)
    meeting = _still_ahead(chain, event.meeting)
    begun = meeting.starts_at <= header.on or header.source is not None
    require(begun, "V11", f"{event.meeting} begint pas op {meeting.starts_at}")
    _existing(chain, decisions=event.decisions, actions=event.actions)


def _minutes_adopted(chain: ChainState, event: MinutesAdopted, header: Header) -> None:
    meeting = known(chain, event.meeting)
    require(meeting.status == "held", "V12", f"vergadering {event.meeting} is niet gehouden")
    decided = header.cause is not None or header.source is not None
    first = not meeting.minuted or decided
    require(first, "V12", f"het verslag van {event.meeting} is al vastgesteld")


def evolve(own: Meetings, event: MeetingEvent, header: Header) -> Meetings:
    """Copy which meetings there are, who is present, and what waits for an agenda."""
    match event:
        case MeetingConvened():
            return _with_meeting(own, event, header)
        case AgendaItemAdded():
            return _with_item(own, event)
        case AgendaItemPlanned():
            demand = Demand(subject=event.subject, origin=event.origin)
            waiting = (*own.planned.get(event.body, ()), demand)
            return replace(own, planned=own.planned.insert(event.body, waiting))
        case AttendanceRecorded():
            present = own.all[event.meeting].present.insert(event.seat, event.person)
            return _with(own, event.meeting, present=present)
        case MeetingHeld():
            return _no_longer_ahead(_with(own, event.meeting, status="held"), event.meeting)
        case MeetingCancelled():
            return _no_longer_ahead(_with(own, event.meeting, status="cancelled"), event.meeting)
        case MinutesAdopted():
            return _with(own, event.meeting, minuted=True)
        case SubstituteRefused():
            return own
        case _:
            assert_never(event)


def _with(own: Meetings, name: str, **changes: object) -> Meetings:
    return replace(own, all=own.all.insert(name, replace(own.all[name], **changes)))


def _with_meeting(own: Meetings, event: MeetingConvened, header: Header) -> Meetings:
    meeting = Meeting(
        body=event.body,
        starts_at=event.starts_at,
        convened_at=header.on,
        documents=len(event.documents),
        position=header.position,
    )
    ahead = (*own.ahead.get(event.body, ()), event.meeting)
    return replace(
        own,
        all=own.all.insert(event.meeting, meeting),
        ahead=own.ahead.insert(event.body, ahead),
    )


def _with_item(own: Meetings, event: AgendaItemAdded) -> Meetings:
    if event.origin is None:
        return own
    meeting = own.all[event.meeting]
    demand = Demand(subject=event.subject, origin=event.origin)
    left = tuple(one for one in own.planned.get(meeting.body, ()) if one != demand)
    own = replace(own, planned=own.planned.insert(meeting.body, left))
    return _with(own, event.meeting, demanded=(*meeting.demanded, demand))


def _no_longer_ahead(own: Meetings, name: str) -> Meetings:
    body = own.all[name].body
    left = tuple(one for one in own.ahead.get(body, ()) if one != name)
    return replace(own, ahead=own.ahead.insert(body, left))


def follow(chain: ChainState, event: Event, header: Header) -> tuple[Event, ...]:
    """Put what waits on the agenda of the next meeting, and let it wait again without one."""
    match event:
        case MeetingConvened():
            to_come = event.starts_at > header.on
            waiting = chain.meetings.planned.get(event.body, ()) if to_come else ()
            return tuple(_item(event.meeting, one) for one in waiting)
        case MeetingCancelled():
            return _waits_again(chain, event)
        case AgendaItemPlanned():
            demand = Demand(subject=event.subject, origin=event.origin)
            return tuple(_item(name, demand) for name in _next(chain, event.body, header))
        case _:
            raise Refused("G9", f"op {type(event).__name__} volgt hier niets")


def _item(meeting: str, demand: Demand) -> AgendaItemAdded:
    return AgendaItemAdded(meeting=meeting, subject=demand.subject, origin=demand.origin)


def _next(chain: ChainState, body: str, header: Header) -> tuple[str, ...]:
    """Return the first convened meeting of a body that has yet to begin, if there is one."""
    meetings = ((chain.meetings.all[name], name) for name in chain.meetings.ahead.get(body, ()))
    coming = sorted((one.starts_at, name) for one, name in meetings if one.starts_at > header.on)
    return tuple(name for _, name in coming[:1])


def _waits_again(chain: ChainState, event: MeetingCancelled) -> tuple[Event, ...]:
    meeting = chain.meetings.all[event.meeting]
    if chain.bodies.bodies[meeting.body].ended:
        return ()
    return tuple(
        AgendaItemPlanned(body=meeting.body, subject=one.subject, origin=one.origin)
        for one in meeting.demanded
    )
