"""Actions: agreed measures, kept under watch until they are done.

Open -> overdue (by time) -> done or cancelled; a delay makes an action open again. Rules X1 to X8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain.alarms import Alarms
from ledger.domain.events.actions import (
    ActionAssigned,
    ActionCancelled,
    ActionCompleted,
    ActionDelayed,
    ActionEvent,
    ActionOverdue,
)
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import Due, Header, Refused, day_start, later, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("X1", "Een actie krijgt een kenmerk dat nog niet in gebruik is.", "default"),
    Rule("X2", "Een actie is van een partner van de keten.", "[S] K:809-830"),
    Rule("X3", "Een actie loopt af op of na de dag waarop zij wordt afgesproken.", "default"),
    Rule("X4", "Waar een actie uit voortkomt, is vastgelegd.", "default"),
    Rule("X5", "Alleen een lopende actie wordt afgerond, uitgesteld of geschrapt.", "default"),
    Rule("X6", "Uitstel geeft een actie een latere dag, die nog niet voorbij is.", "default"),
    Rule("X7", "Een actie is over tijd als haar laatste dag voorbij is.", "[S] K:1095-1096"),
    Rule("X8", "Wat met een actie gebeurt, ligt niet voor haar begin of haar uitstel.", "default"),
)


class Action(Struct, frozen=True):
    """What an organisation will do, in which role, before the end of which day.

    `agreed_at` is when that day was agreed, at first or by the last delay; `decision` and `meeting`
    say which body it came from, if any.
    """

    organisation: str
    role: str
    due_on: str
    position: int
    agreed_at: str
    decision: str = ""
    meeting: str = ""
    status: Literal["open", "overdue", "done", "cancelled"] = "open"


class Actions(Struct, frozen=True):
    """All actions, and the moments at which those that run become overdue."""

    all: Map[str, Action] = field(default_factory=Map)
    terms: Alarms = field(default_factory=Alarms)

    def unfinished(self) -> tuple[str, ...]:
        """Return the actions that are neither done nor cancelled, in alphabetical order."""
        running = (name for name, one in self.all.items() if one.status in ("open", "overdue"))
        return tuple(sorted(running))


def check(chain: ChainState, event: ActionEvent, header: Header) -> None:
    """Refuse an action nobody of the chain can own, and a change of one that has ended."""
    match event:
        case ActionAssigned():
            _action_assigned(chain, event, header)
        case ActionCompleted() | ActionCancelled():
            _in_order(_running(chain, event.action), event.action, header)
        case ActionDelayed():
            _action_delayed(chain, event, header)
        case ActionOverdue():
            action = _running(chain, event.action)
            late = action.status == "open" and header.on >= _end_of(action.due_on)
            require(late, "X7", f"actie {event.action} loopt tot en met {action.due_on}")
        case _:
            assert_never(event)


def _action_assigned(chain: ChainState, event: ActionAssigned, header: Header) -> None:
    free = event.action not in chain.actions.all
    require(free, "X1", f"het kenmerk {event.action} is al van een andere actie")
    partner = chain.chains.partner_on(event.organisation, header.day)
    require(partner, "X2", f"{event.organisation} is geen partner op {header.day}")
    # History may tell of an action whose day had passed before it was written down.
    in_time = header.source is not None or header.day <= event.due_on
    require(in_time, "X3", f"{event.due_on} ligt voor {header.day}")
    _origins(chain, event)


def _origins(chain: ChainState, event: ActionAssigned) -> None:
    named = (
        ("besluit", event.decision, chain.decisions.all),
        ("afspraak", event.agreement, chain.agreements.all),
        ("escalatie", event.escalation, chain.escalations.all),
        ("vergadering", event.meeting, chain.meetings.all),
    )
    for kind, name, known in named:
        require(not name or name in known, "X4", f"{kind} {name} bestaat niet")


def _running(chain: ChainState, name: str) -> Action:
    action = chain.actions.all.get(name)
    if action is None:
        raise Refused("X5", f"actie {name} bestaat niet")
    ended = {"done": "al afgerond", "cancelled": "al vervallen"}.get(action.status)
    require(ended is None, "X5", f"actie {name} is {ended}")
    return action


def _in_order(action: Action, name: str, header: Header) -> None:
    """However late it is recorded; that it was overdue by then is no step of anybody's."""
    agreed_at = action.agreed_at
    require(agreed_at <= header.on, "X8", f"{name} loopt pas vanaf {agreed_at} tot {action.due_on}")


def _action_delayed(chain: ChainState, event: ActionDelayed, header: Header) -> None:
    action = _running(chain, event.action)
    _in_order(action, event.action, header)
    later_day = action.due_on < event.due_on
    require(later_day, "X6", f"{event.due_on} is niet later dan {action.due_on}")
    ahead = header.source is not None or header.day <= event.due_on
    require(ahead, "X6", f"{event.due_on} ligt voor {header.day}")


def _end_of(day: str) -> str:
    """Return the first moment after a day."""
    return later(day_start(day), days=1)


def evolve(own: Actions, event: ActionEvent, header: Header) -> Actions:
    """Copy how each action stands and when it will be overdue."""
    match event:
        case ActionAssigned():
            action = Action(
                organisation=event.organisation,
                role=event.role,
                due_on=event.due_on,
                position=header.position,
                agreed_at=header.on,
                decision=event.decision,
                meeting=event.meeting,
            )
            terms = own.terms.set(event.action, _end_of(event.due_on))
            return Actions(all=own.all.insert(event.action, action), terms=terms)
        case ActionDelayed():
            terms = own.terms.set(event.action, _end_of(event.due_on))
            own = replace(own, terms=terms)
            agreed = {"due_on": event.due_on, "agreed_at": header.on}
            return _with(own, event.action, **agreed, status="open")
        case ActionCompleted():
            return _with(_without_term(own, event.action), event.action, status="done")
        case ActionCancelled():
            return _with(_without_term(own, event.action), event.action, status="cancelled")
        case ActionOverdue():
            return _with(_without_term(own, event.action), event.action, status="overdue")
        case _:
            assert_never(event)


def _with(own: Actions, name: str, **changes: object) -> Actions:
    return replace(own, all=own.all.insert(name, replace(own.all[name], **changes)))


def _without_term(own: Actions, name: str) -> Actions:
    return replace(own, terms=own.terms.clear(name))


ALARMS = "terms"
"""The part of the state that knows when `due` has something to give."""


def due(chain: ChainState, now: str) -> tuple[Due, ...]:
    """Return the actions whose last day has passed while they were open."""
    ringing = chain.actions.terms.ringing(now)
    return tuple(Due(on=at, event=ActionOverdue(action=name)) for at, name in ringing)
