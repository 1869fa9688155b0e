"""People: who takes part, as pseudonyms. A name or an address never stands in a record.

Registered -> details given again (newest counts). Rules P1 to P3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace
from rpds import HashTrieMap

from ledger.domain.events.people import PersonDetailsGiven, PersonEvent, PersonRegistered
from ledger.domain.rule import Rule
from ledger.domain.values import RULES as THE_RULES
from ledger.domain.values import Header, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("P1", "Een pseudoniem wordt één keer uitgegeven.", "default"),
    Rule("P2", "Wie in een vastlegging voorkomt, is eerst geregistreerd.", "default"),
    Rule("P3", "Niemand heet zoals de regels zelf.", "default"),
)


class People(Struct, frozen=True):
    """Who is registered: pseudonym -> position; and which records hold sealed details, of whom."""

    registered: HashTrieMap[str, int] = field(default_factory=HashTrieMap)
    detailed: HashTrieMap[int, str] = field(default_factory=HashTrieMap)


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
        case PersonDetailsGiven():
            known(chain, event.person)
        case _:
            assert_never(event)


def evolve(own: People, event: PersonEvent, header: Header) -> People:
    """Remember the pseudonym, and where sealed details stand."""
    detailed = own.detailed.insert(header.position, event.person)
    match event:
        case PersonRegistered():
            registered = own.registered.insert(event.person, header.position)
            return People(registered=registered, detailed=detailed)
        case PersonDetailsGiven():
            return replace(own, detailed=detailed)
        case _:
            assert_never(event)
