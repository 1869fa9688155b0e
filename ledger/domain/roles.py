"""Roles: who does what for the chain, from a day on, until a day.

Assigned -> ended, by somebody or because its term ran out. Assignments stay known after their end,
so that an act is judged by the roles of its own day. Rules R1 to R10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain import people
from ledger.domain.events.chains import PartnershipEnded
from ledger.domain.events.roles import OF_AN_ORGANISATION, RoleAssigned, RoleEnded, RoleEvent
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import Event, Header, Refused, overlap, require, within

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("R1", "Een rolvervulling krijgt een kenmerk dat nog niet in gebruik is.", "default"),
    Rule("R2", "Een rol van een organisatie hoort bij een partner van de keten.", "[S] K:1054"),
    Rule("R3", "Een organisatie heeft hoogstens één ketenregisseur tegelijk.", "[S] K:1054-1075"),
    Rule("R4", "De ketenmanager houdt geen zetel van een partner.", "[S] K:1058"),
    Rule("R5", "Een eigen rol van de keten heeft een naam.", "default"),
    Rule("R6", "Alleen een lopende rolvervulling kan eindigen.", "default"),
    Rule("R7", "De keten heeft hoogstens één ketenmanager tegelijk.", "[S] K:990-1020"),
    Rule("R8", "Een termijn eindigt na haar begin.", "default"),
    Rule("R9", "Een partner heeft hoogstens één vertegenwoordiger tegelijk.", "default"),
    Rule("R10", "De ketenmanager staat los van de organisaties.", "[S] K:1058"),
)
FOLLOWS: tuple[type[Event], ...] = (PartnershipEnded,)

ONE_AT_A_TIME = {"chain-coordinator": "R3", "chain-manager": "R7", "representative": "R9"}


class Assignment(Struct, frozen=True):
    """One person's term in a role; `until` is the first day without it, empty is open."""

    role: str
    person: str
    organisation: str
    start: str
    until: str
    position: int


class Roles(Struct, frozen=True):
    """All assignments, found by id, by person, and by role with organisation."""

    assignments: Map[str, Assignment] = field(default_factory=Map)
    by_person: Map[str, tuple[str, ...]] = field(default_factory=Map)
    by_role: Map[tuple[str, str], tuple[str, ...]] = field(default_factory=Map)

    def held(self, person: str, day: str) -> tuple[Assignment, ...]:
        """Return the roles a person has on a day, oldest first."""
        names = self.by_person.get(person)
        if names is None:
            return ()
        terms = [self.assignments[name] for name in names]
        return tuple([one for one in terms if within(day, start=one.start, until=one.until)])

    def term(self, person: str, role: str, day: str) -> Assignment | None:
        """Return the oldest term in which a person has a role on a day, or None."""
        for name in self.by_person.get(person, ()):
            one = self.assignments[name]
            if one.role == role and within(day, start=one.start, until=one.until):
                return one
        return None

    def holds(self, person: str, role: str, day: str) -> bool:
        """Tell whether a person has a role on a day."""
        return self.term(person, role, day) is not None

    def ever(self, role: str, person: str) -> tuple[Assignment, ...]:
        """Return all terms a person has or had in a role, oldest first."""
        terms = (self.assignments[name] for name in self.by_person.get(person, ()))
        return tuple(one for one in terms if one.role == role)

    def holder(self, role: str, day: str, *, organisation: str = "") -> Assignment | None:
        """Return who has a role on a day (of an organisation), or None."""
        for name in self.by_role.get((role, organisation), ()):
            term = self.assignments[name]
            if within(day, start=term.start, until=term.until):
                return term
        return None


def check(chain: ChainState, event: RoleEvent, header: Header) -> None:
    """Refuse a role that its organisation, its holder or the chain cannot have."""
    match event:
        case RoleAssigned():
            _role_assigned(chain, event)
        case RoleEnded():
            _role_ended(chain, event)
        case _:
            assert_never(event)


def _role_assigned(chain: ChainState, event: RoleAssigned) -> None:
    free = event.assignment not in chain.roles.assignments
    require(free, "R1", f"het kenmerk {event.assignment} is al in gebruik")
    people.known(chain, event.person)
    partner = chain.chains.partner_on(event.organisation, event.valid_from)
    needed = event.role in OF_AN_ORGANISATION or event.organisation
    require(partner or not needed, "R2", f"{event.organisation or 'niemand'} is geen partner")
    require(event.role != "other" or event.label, "R5", "de naam van de rol ontbreekt")
    ends_later = not event.valid_until or event.valid_from < event.valid_until
    require(ends_later, "R8", f"van {event.valid_from} tot {event.valid_until}")
    _no_clash(chain, event)
    if event.role == "chain-manager":
        own = event.organisation
        require(not own, "R10", f"de rol is hier bij {own} ondergebracht")
        _no_seat_of_a_partner(chain, event)


def _no_clash(chain: ChainState, event: RoleAssigned) -> None:
    rule = ONE_AT_A_TIME.get(event.role)
    if rule is None:
        return
    for name in chain.roles.by_role.get((event.role, event.organisation), ()):
        term = chain.roles.assignments[name]
        clash = _meets(event, term.start, term.until)
        require(not clash, rule, f"{term.person} vervult deze rol al vanaf {term.start}")


def _meets(event: RoleAssigned, start: str, until: str) -> bool:
    return overlap(
        start=event.valid_from, until=event.valid_until, other_start=start, other_until=until
    )


def _no_seat_of_a_partner(chain: ChainState, event: RoleAssigned) -> None:
    for name in chain.bodies.by_person.get(event.person, ()):
        seat = chain.bodies.seats[name]
        ended = (seat.abolished, chain.bodies.bodies[seat.body].ended)
        for term in () if seat.advisory else seat.holdings:
            until = min(filter(None, (term.until, *ended)), default="")
            clash = term.person == event.person and _meets(event, term.start, until)
            require(not clash, "R4", f"{event.person} bekleedt zetel {name} vanaf {term.start}")


def _role_ended(chain: ChainState, event: RoleEnded) -> None:
    term = chain.roles.assignments.get(event.assignment)
    if term is None:
        raise Refused("R6", f"rolvervulling {event.assignment} bestaat niet")
    running = not term.until or event.valid_until < term.until
    require(running, "R6", f"{event.assignment} eindigde al per {term.until}")
    require(term.start <= event.valid_until, "R8", f"het begin was {term.start}")


def evolve(own: Roles, event: RoleEvent, header: Header) -> Roles:
    """Copy who has which role now, and until when."""
    match event:
        case RoleAssigned():
            return _with_assignment(own, event, header)
        case RoleEnded():
            ended = replace(own.assignments[event.assignment], until=event.valid_until)
            return replace(own, assignments=own.assignments.insert(event.assignment, ended))
        case _:
            assert_never(event)


def _with_assignment(own: Roles, event: RoleAssigned, header: Header) -> Roles:
    term = Assignment(
        role=event.role,
        person=event.person,
        organisation=event.organisation,
        start=event.valid_from,
        until=event.valid_until,
        position=header.position,
    )
    name, key = event.assignment, (event.role, event.organisation)
    return Roles(
        assignments=own.assignments.insert(name, term),
        by_person=own.by_person.insert(event.person, (*own.by_person.get(event.person, ()), name)),
        by_role=own.by_role.insert(key, (*own.by_role.get(key, ()), name)),
    )


def follow(chain: ChainState, event: Event, header: Header) -> tuple[Event, ...]:
    """End the roles of an organisation that is no partner any more."""
    match event:
        case PartnershipEnded():
            terms = sorted(chain.roles.assignments.items(), key=lambda one: one[1].position)
            return tuple(
                RoleEnded(
                    assignment=name,
                    valid_until=max(term.start, header.day),
                    reason=f"{event.organisation} is uitgetreden",
                )
                for name, term in terms
                if term.organisation == event.organisation
                and (not term.until or max(term.start, header.day) < term.until)
            )
        case _:
            raise Refused("G9", f"op {type(event).__name__} volgt hier niets")
