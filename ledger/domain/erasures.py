"""Erasure: which sealed values of people are gone for good, since when and on what ground.

Sealed -> erased. The record of it comes first; what it says is then done (`ledger/erasing.py`),
and is done again wherever a backup brought something back. Rules U1 to U5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from ledger.domain.events.erasures import ErasureEvent
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import Header, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("U1", "Gewist wordt wat in deze keten van of door die persoon is verzegeld.", "default"),
    Rule("U2", "Elk gegeven wordt één keer gewist.", "default"),
    Rule("U3", "Tot wissen besluit een partner voor wie de betrokkene optrad.", "default"),
    Rule("U4", "Wissen gebeurt hier zelf en wordt nooit overgenomen van elders.", "default"),
    Rule("U5", "Dat er is gewist, mag iedereen in de keten weten.", "default"),
)


class Erasure(Struct, frozen=True):
    """What erased a value: the position of that record, the legal ground, who decided it."""

    position: int
    ground: str
    organisation: str


class Erasures(Struct, frozen=True):
    """Every erased value by its digest."""

    erased: Map[str, Erasure] = field(default_factory=Map)


def acted_for(chain: ChainState, person: str) -> tuple[str, ...]:
    """Return the organisations for which somebody ever had a role or seat here, oldest first."""
    terms = (chain.roles.assignments[one] for one in chain.roles.by_person.get(person, ()))
    seats = (chain.bodies.seats[one] for one in chain.bodies.by_person.get(person, ()))
    found = [*(one.organisation for one in terms), *(one.organisation for one in seats)]
    return tuple(dict.fromkeys(filter(None, found)))


def answering_for(chain: ChainState, person: str, day: str) -> tuple[str, ...]:
    """Return the partners that answer for the data of somebody on a day.

    Those for which the person ever had a role or seat; every partner, where there is none left.
    """
    found = acted_for(chain, person)
    partners = chain.chains.partners_on(day)
    return tuple(one for one in partners if one in found) or partners


def check(chain: ChainState, event: ErasureEvent, header: Header) -> None:
    """Refuse to erase what is not here, not theirs, gone already, or not this partner's to say."""
    require(header.source is None, "U4", "deze handeling is overgenomen")
    require(header.scope != "confidential", "U5", f"gevonden: {header.scope}")
    once = len(set(event.digests)) == len(event.digests)
    require(once, "U2", "een gegeven staat er meer dan één keer")
    for digest in event.digests:
        sealed = chain.sealed.get(digest)
        own = sealed is not None and sealed.subject == event.person
        require(own, "U1", f"{digest} is hier niet van {event.person} verzegeld")
        gone = chain.erasures.erased.get(digest)
        require(gone is None, "U2", f"{digest} is al gewist (gebeurtenis {gone and gone.position})")
    organisations = answering_for(chain, event.person, header.day)
    answers = event.organisation in organisations
    named = ", ".join(organisations)
    require(answers, "U3", f"{event.organisation}; voor {event.person} beslist {named}")


def evolve(own: Erasures, event: ErasureEvent, header: Header) -> Erasures:
    """Remember what is gone."""
    made = Erasure(header.position, event.ground, event.organisation)
    erased = own.erased
    for digest in event.digests:
        erased = erased.insert(digest, made)
    return Erasures(erased=erased)
