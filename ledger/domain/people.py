"""People: who takes part, as pseudonyms. A name or an address never stands in a record.

Registered -> details given again (newest counts). Sign-in: linked by the partner of the person ->
unlinked. Rules P1 to P7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain import body_state
from ledger.domain.events.people import (
    PersonDetailsGiven,
    PersonEvent,
    PersonRegistered,
    SignInLinked,
    SignInUnlinked,
)
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import RULES as THE_RULES
from ledger.domain.values import Event, Header, Refused, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("P1", "Een pseudoniem wordt één keer uitgegeven.", "default"),
    Rule("P2", "Wie in een vastlegging voorkomt, is eerst geregistreerd.", "default"),
    Rule("P3", "Niemand heet zoals de regels zelf.", "default"),
    Rule("P4", "Een aanmelding krijgt een kenmerk dat nog niet in gebruik is.", "default"),
    Rule(
        "P5",
        "Wie namens een partner een rol of zetel heeft, wordt door zo'n partner gekoppeld: door "
        "hem zelf, op de dag zelf; voor hem invoeren kan alleen zijn eerste.",
        "default",
    ),
    Rule("P6", "Een persoon is via één partner tegelijk gekoppeld.", "default"),
    Rule(
        "P7", "Ontkoppelen gaat over een koppeling die geldt, van die persoon en partner.",
        "default",
    ),
)  # fmt: skip


class SignIn(Struct, frozen=True):
    """A sign-in: whose it is, through which partner, under which digest it is sealed, and since."""

    person: str
    organisation: str
    digest: str
    position: int
    linked: bool = True


class People(Struct, frozen=True):
    """Who is registered: pseudonym -> position; which records hold sealed details, of whom.

    `sign_ins` are all sign-ins by id; `by_digest` and `by_organisation` find them; `by_person`
    holds those that are linked. `linked_at` is the newest record that linked one, -1 for none.
    """

    registered: Map[str, int] = field(default_factory=Map)
    detailed: Map[int, str] = field(default_factory=Map)
    sign_ins: Map[str, SignIn] = field(default_factory=Map)
    by_digest: Map[str, str] = field(default_factory=Map)
    by_person: Map[str, tuple[str, ...]] = field(default_factory=Map)
    by_organisation: frozenset[str] = frozenset()
    linked_at: int = -1

    def signs_in_as(self, digest: str) -> str:
        """Return whose linked sign-in is sealed under this digest, empty for nobody's."""
        one = self.sign_ins.get(self.by_digest.get(digest, ""))
        return one.person if one is not None and one.linked else ""


def known(chain: ChainState, person: str) -> None:
    """Refuse a person who is not registered in this chain."""
    require(person in chain.people.registered, "P2", f"persoon {person} is niet geregistreerd")


def check(chain: ChainState, event: PersonEvent, header: Header) -> None:
    """Refuse a pseudonym given out before and details of nobody."""
    match event:
        case PersonRegistered():
            taken = chain.people.registered.get(event.person)
            require(taken is None, "P1", f"{event.person} is al uitgegeven (gebeurtenis {taken})")
            free = event.person != THE_RULES
            require(free, "P3", f"{event.person} staat in vastleggingen voor de regels")
            program = event.person in chain.service_accounts.all
            require(not program, "P1", f"{event.person} is een dienstaccount")
        case PersonDetailsGiven():
            known(chain, event.person)
        case SignInLinked():
            _linked(chain, event, header)
        case SignInUnlinked():
            _unlinked(chain, event)
        case _:
            assert_never(event)


def _linked(chain: ChainState, event: SignInLinked, header: Header) -> None:
    own = chain.people
    known(chain, event.person)
    free = event.sign_in not in own.sign_ins and event.token_subject not in own.by_digest
    require(free, "P4", f"aanmelding {event.sign_in} is al gekoppeld")
    _consented(own, event, header)
    partners = works_for(chain, event.person, header.day)
    mine = event.organisation in partners if partners else True
    found = ", ".join(partners)
    require(mine, "P5", f"{event.person} werkt voor {found}, niet voor {event.organisation}")
    through = {own.sign_ins[name].organisation for name in own.by_person.get(event.person, ())}
    free = through <= {event.organisation}
    require(free, "P6", f"{event.person} is gekoppeld via {', '.join(sorted(through))}")


def _consented(own: People, event: SignInLinked, header: Header) -> None:
    """Nobody becomes somebody else by entering, importing or dating back the consent of a partner.

    Of its first one nobody of the partner can sign in yet; of any other somebody can.
    """
    first = event.organisation not in own.by_organisation
    entered = header.recorded_by if header.source is None else "een import"
    itself = not entered or (first and header.source is None)
    require(itself, "P5", f"vastgelegd door {entered}, niet door {header.by} zelf")
    today = header.day == header.at[:10]
    require(today, "P5", f"gevonden {header.day}; verwacht {header.at[:10]}")


def works_for(chain: ChainState, person: str, day: str) -> tuple[str, ...]:
    """Return the partners for whom a person has a role or seat on a day."""
    roles = [one.organisation for one in chain.roles.held(person, day)]
    held = body_state.seats_held(chain, person, day)
    seats = [chain.bodies.seats[name].organisation for name, _ in held]
    return tuple(dict.fromkeys(filter(None, (*roles, *seats))))


def first_sign_in(chain: ChainState, event: Event, header: Header) -> tuple[int, ...] | None:
    """Return why the founder may link this sign-in: none of its partner was ever linked; or None.

    The founding partners consented by founding; nobody of theirs can sign in to say so again.
    """
    if not isinstance(event, SignInLinked) or header.by != chain.chains.founder:
        return None
    for one in chain.roles.held(event.person, header.day):
        speaks = one.role == "representative" and one.organisation == event.organisation
        if speaks and event.organisation not in chain.people.by_organisation:
            return (chain.chains.founded,)
    return None


def _unlinked(chain: ChainState, event: SignInUnlinked) -> None:
    one = chain.people.sign_ins.get(event.sign_in)
    if one is None or not one.linked:
        raise Refused("P7", f"aanmelding {event.sign_in} is niet gekoppeld")
    same = (one.person, one.organisation) == (event.person, event.organisation)
    require(same, "P7", f"{event.sign_in} is van {one.person}, via {one.organisation}")


def evolve(own: People, event: PersonEvent, header: Header) -> People:
    """Remember the pseudonym, where sealed details stand, and who signs in how."""
    detailed = own.detailed.insert(header.position, event.person)
    match event:
        case PersonRegistered():
            registered = own.registered.insert(event.person, header.position)
            return replace(own, registered=registered, detailed=detailed)
        case PersonDetailsGiven():
            return replace(own, detailed=detailed)
        case SignInLinked():
            return _with_sign_in(replace(own, detailed=detailed), event, header)
        case SignInUnlinked():
            ended = replace(own.sign_ins[event.sign_in], linked=False)
            left = tuple(
                name for name in own.by_person.get(event.person, ()) if name != event.sign_in
            )
            return replace(
                own,
                sign_ins=own.sign_ins.insert(event.sign_in, ended),
                by_person=own.by_person.insert(event.person, left),
            )
        case _:
            assert_never(event)


def _with_sign_in(own: People, event: SignInLinked, header: Header) -> People:
    one = SignIn(event.person, event.organisation, event.token_subject, header.position)
    others = own.by_person.get(event.person, ())
    return replace(
        own,
        sign_ins=own.sign_ins.insert(event.sign_in, one),
        by_digest=own.by_digest.insert(event.token_subject, event.sign_in),
        by_person=own.by_person.insert(event.person, (*others, event.sign_in)),
        by_organisation=own.by_organisation | {event.organisation},
        linked_at=header.position,
    )
