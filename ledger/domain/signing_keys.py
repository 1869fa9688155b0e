"""Signing keys: whose key may sign what, and what may not be recorded without a signature.

Key: registered (signed with itself) -> accepted by its partner -> revoked from a day on. Whether a
key counts is judged on the day of recording, which only goes forward, so a key that was stolen
signs nothing for the past. The bytes of a signature are checked in `ledger/signatures.py`.
Rules S1 to S12.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain import people
from ledger.domain.events.signing_keys import (
    SignatureRuleAdopted,
    SigningKeyAccepted,
    SigningKeyEvent,
    SigningKeyRegistered,
    SigningKeyRevoked,
)
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import Event, Header, Refused, require, within

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("S1", "Een sleutel krijgt een kenmerk dat nog niet in gebruik is.", "default"),
    Rule("S2", "Een publieke sleutel wordt in een keten één keer geregistreerd.", "default"),
    Rule("S3", "Een sleutel is van een huidige partner, of van een persoon namens hem.", "default"),
    Rule("S4", "Aanvaarden en intrekken gaan over een sleutel die geregistreerd is.", "default"),
    Rule("S5", "Een sleutel wordt één keer aanvaard, en niet nadat hij is ingetrokken.", "default"),
    Rule("S6", "Intrekken werkt niet terug en schuift een einde niet op.", "default"),
    Rule(
        "S7",
        "Een handtekening wordt vereist voor wat mensen vastleggen, sleutels zelf uitgezonderd.",
        "default",
    ),
    Rule(
        "S8", "Een handtekening wordt pas vereist als elke partner een geldige sleutel heeft.",
        "default",
    ),
    Rule(
        "S9", "Een handtekening telt met een sleutel die aanvaard is en op die dag geldt.",
        "default",
    ),
    Rule("S10", "Met een sleutel tekent alleen de persoon of partner van wie hij is.", "default"),
    Rule("S11", "Het registreren van een sleutel is getekend met die sleutel zelf.", "default"),
    Rule(
        "S12",
        "Wie een geldige sleutel heeft, tekent als hij een sleutel aanvaardt of intrekt.",
        "default",
    ),
)  # fmt: skip

ENDORSED = (SigningKeyAccepted, SigningKeyRevoked)
"""What a partner that has a key signs with it: which keys are its own."""
OF_KEYS = ("SigningKeyRegistered", "SigningKeyAccepted", "SigningKeyRevoked")
"""Signed by rules of their own: a partner without a key has to be able to get one."""


class SigningKey(Struct, frozen=True):
    """A key: its public half (base64), the partner it is of, and the person if it is personal.

    `start` is its first day, `until` the first day without it, empty for open.
    """

    public_key: str
    organisation: str
    person: str
    start: str
    until: str = ""
    accepted: bool = False


class SigningKeys(Struct, frozen=True):
    """All keys by id, those of each partner, every public key, and the types to be signed."""

    all: Map[str, SigningKey] = field(default_factory=Map)
    by_organisation: Map[str, tuple[str, ...]] = field(default_factory=Map)
    public_keys: Map[str, str] = field(default_factory=Map)
    required: frozenset[str] = frozenset()


def counts(chain: ChainState, name: str, day: str) -> bool:
    """Tell whether a key may sign on a day: accepted, in its term, its partner in the chain."""
    key = chain.signing_keys.all.get(name)
    return (
        key is not None
        and key.accepted
        and within(day, start=key.start, until=key.until)
        and chain.chains.partner_on(key.organisation, day)
    )


def can_sign(chain: ChainState, organisation: str, day: str) -> bool:
    """Tell whether a partner has a key that counts on a day."""
    names = chain.signing_keys.by_organisation.get(organisation, ())
    return any(counts(chain, name, day) for name in names)


def unsigned(chain: ChainState, event: Event, header: Header) -> None:
    """Refuse an act without a signature where it has to have one (S11, S12, or the chain: G15)."""
    kind = type(event).__name__
    if kind in OF_KEYS and isinstance(event, SigningKeyRegistered):
        raise Refused("S11", "de handtekening met de nieuwe sleutel ontbreekt")
    if kind in OF_KEYS and isinstance(event, ENDORSED):
        key = chain.signing_keys.all.get(event.signing_key)
        organisation = "" if key is None else key.organisation
        free = not can_sign(chain, organisation, header.at[:10])
        require(free, "S12", f"{organisation} heeft een sleutel, en {kind} is niet getekend")
    if kind in chain.signing_keys.required:
        raise Refused("G15", f"{kind} is zonder handtekening niet vast te leggen")


def public_key(
    chain: ChainState, event: Event, header: Header, *, name: str, acts_for: Collection[str]
) -> str:
    """Return the public key that a signature with this key has to hold under, or refuse it.

    `acts_for` are the partners for whom the act is done: a partner's own key signs only for it.
    """
    if isinstance(event, SigningKeyRegistered):
        same = name == event.signing_key
        require(same, "S11", f"getekend met {name}, verwacht {event.signing_key}")
        return event.public_key
    day = header.at[:10]
    key = chain.signing_keys.all.get(name)
    if key is None or not counts(chain, name, day):
        raise Refused("S9", f"sleutel {name} {_standing(key, day)}")
    if key.person:
        own = key.person == header.by
        require(own, "S10", f"sleutel {name} is van {key.person}, en {header.by} handelt")
    else:
        own = key.organisation in acts_for
        found = ", ".join(acts_for) or "geen partner"
        require(own, "S10", f"sleutel {name} is van {key.organisation}, gehandeld voor {found}")
    return key.public_key


def _standing(key: SigningKey | None, day: str) -> str:
    """Say why a key does not count on a day."""
    if key is None:
        return "is niet geregistreerd"
    if not key.accepted:
        return f"is niet aanvaard door {key.organisation}"
    if day < key.start:
        return f"geldt pas vanaf {key.start}"
    if key.until and key.until <= day:
        return f"is ingetrokken per {key.until}"
    return f"is van {key.organisation}, die op {day} geen partner is"


def check(chain: ChainState, event: SigningKeyEvent, header: Header) -> None:
    """Refuse a key of nobody or used before, and a rule that its partners cannot keep."""
    match event:
        case SigningKeyRegistered():
            _registered(chain, event, header)
        case SigningKeyAccepted():
            key = _known(chain, event.signing_key)
            fresh = not key.accepted and not key.until
            require(fresh, "S5", f"sleutel {event.signing_key} is al aanvaard of ingetrokken")
        case SigningKeyRevoked():
            _revoked(chain, event, header)
        case SignatureRuleAdopted():
            _rule_adopted(chain, event, header)
        case _:
            assert_never(event)


def _registered(chain: ChainState, event: SigningKeyRegistered, header: Header) -> None:
    free = event.signing_key not in chain.signing_keys.all
    require(free, "S1", f"het kenmerk {event.signing_key} is al van een andere sleutel")
    other = chain.signing_keys.public_keys.get(event.public_key)
    require(other is None, "S2", f"deze sleutel is al geregistreerd als {other}")
    now = chain.chains.partner_on(event.organisation, header.at[:10])
    require(now, "S3", f"{event.organisation} is geen partner op {header.at[:10]}")
    if event.person:
        people.known(chain, event.person)


def _known(chain: ChainState, name: str) -> SigningKey:
    key = chain.signing_keys.all.get(name)
    if key is None:
        raise Refused("S4", f"sleutel {name} is niet geregistreerd")
    return key


def _revoked(chain: ChainState, event: SigningKeyRevoked, header: Header) -> None:
    """A person cannot backdate; an adopted decision may have taken longer than the day it names."""
    key = _known(chain, event.signing_key)
    ahead = event.valid_until >= header.at[:10] or header.cause is not None
    require(ahead, "S6", f"gevonden {event.valid_until}; verwacht {header.at[:10]} of later")
    earlier = not key.until or event.valid_until < key.until
    require(earlier, "S6", f"sleutel {event.signing_key} is al ingetrokken per {key.until}")


def _rule_adopted(chain: ChainState, event: SignatureRuleAdopted, header: Header) -> None:
    strange = ", ".join(
        one for one in event.event_types if one not in chain.by_people or one in OF_KEYS
    )
    require(not strange, "S7", f"geen handtekening te vereisen voor: {strange}")
    day = header.at[:10]
    partners = chain.chains.partners_on(day) if event.event_types else ()
    without = ", ".join(one for one in partners if not can_sign(chain, one, day))
    require(not without, "S8", f"zonder geldige sleutel: {without}")


def evolve(own: SigningKeys, event: SigningKeyEvent, header: Header) -> SigningKeys:
    """Copy which keys there are and what has to be signed."""
    match event:
        case SigningKeyRegistered():
            return _with_key(own, event)
        case SigningKeyAccepted():
            key = replace(own.all[event.signing_key], accepted=True)
            return replace(own, all=own.all.insert(event.signing_key, key))
        case SigningKeyRevoked():
            key = replace(own.all[event.signing_key], until=event.valid_until)
            return replace(own, all=own.all.insert(event.signing_key, key))
        case SignatureRuleAdopted():
            return replace(own, required=frozenset(event.event_types))
        case _:
            assert_never(event)


def _with_key(own: SigningKeys, event: SigningKeyRegistered) -> SigningKeys:
    name, organisation = event.signing_key, event.organisation
    key = SigningKey(
        public_key=event.public_key,
        organisation=organisation,
        person=event.person,
        start=event.valid_from,
    )
    others = own.by_organisation.get(organisation, ())
    return replace(
        own,
        all=own.all.insert(name, key),
        by_organisation=own.by_organisation.insert(organisation, (*others, name)),
        public_keys=own.public_keys.insert(event.public_key, name),
    )
