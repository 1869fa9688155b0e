"""What others check the log of a chain with: the keys it is signed with, and who witnesses it.

Log key: announced, once each. Witness policy: adopted -> replaced by the next. Both are public, for
a key or a witness that only some may know proves nothing to the others. Rules W1 to W7.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.domain import verifier_keys
from ledger.domain.events.evidence import (
    EvidenceEvent,
    LogKeyAnnounced,
    Witness,
    WitnessPolicyAdopted,
)
from ledger.domain.rule import Rule
from ledger.domain.values import Header, require
from ledger.domain.verifier_keys import LOG_KEYS, WITNESS_KEYS, Key

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("W1", "Een logsleutel is een verifieersleutel van soort 01 (Ed25519).", "default"),
    Rule(
        "W2", "Alle sleutels van een log hebben één naam; elke wordt één keer genoemd.", "default"
    ),
    Rule("W3", "De sleutels van het log en het getuigenbeleid zijn openbaar.", "default"),
    Rule("W4", "Een getuige is van een partner, en een partner telt eenmaal mee.", "[S] K:242-243"),
    Rule(
        "W5", "Een getuige heeft een naam en een sleutel (soort 04 of 06) van zichzelf.", "default"
    ),
    Rule("W6", "Er zijn niet meer getuigen nodig dan er zijn.", "default"),
    Rule("W7", "Een nieuw getuigenbeleid wijst het beleid aan dat het vervangt.", "default"),
)

GROUP = "witnesses"
"""What the witnesses together are called in the policy that is served; none of them may be."""
RESERVED = (GROUP, "none")


class Policy(Struct, frozen=True):
    """A witness policy: the position that adopted it and the moment it holds from."""

    position: int
    since: str
    witnesses: tuple[Witness, ...]
    quorum: int


class Evidence(Struct, frozen=True):
    """The log keys announced after the founding, in order, and all policies, oldest first."""

    log_keys: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = ()


def log_keys(chain: ChainState) -> tuple[str, ...]:
    """Return the keys that the record names for the log of the chain, the first one first."""
    first = chain.chains.log_key
    return (first, *chain.evidence.log_keys) if first else chain.evidence.log_keys


def in_force(chain: ChainState, moment: str) -> Policy | None:
    """Return the witness policy at a moment, None where there is none yet."""
    held = (one for one in reversed(chain.evidence.policies) if one.since <= moment)
    return next(held, None)


def check(chain: ChainState, event: EvidenceEvent, header: Header) -> None:
    """Refuse keys that nobody could check with, and policies that nobody could meet."""
    require(header.scope == "public", "W3", f"gevonden: {header.scope}")
    match event:
        case LogKeyAnnounced():
            _log_key_announced(chain, event)
        case WitnessPolicyAdopted():
            _witness_policy_adopted(chain, event, header)
        case _:
            assert_never(event)


def _log_key_announced(chain: ChainState, event: LogKeyAnnounced) -> None:
    key = verifier_keys.read(event.log_key, LOG_KEYS, "W1")
    for earlier in _own_keys(chain):
        named = key.name == earlier.name
        require(named, "W2", f"het log heet {earlier.name}, deze sleutel {key.name}")
        require(key != earlier, "W2", f"{event.log_key} is al vastgelegd")


def _own_keys(chain: ChainState) -> Iterable[Key]:
    return (verifier_keys.read(text, LOG_KEYS, "W1") for text in log_keys(chain))


def _witness_policy_adopted(chain: ChainState, event: WitnessPolicyAdopted, header: Header) -> None:
    own = chain.evidence.policies
    last = own[-1].position if own else None
    require(event.replaces == last, "W7", f"geldend is {last}, genoemd is {event.replaces}")
    organisations = [one.organisation for one in event.witnesses]
    for organisation in organisations:
        partner = chain.chains.partner_on(organisation, header.day)
        require(partner, "W4", f"{organisation} is geen partner op {header.day}")
        once = organisations.count(organisation) == 1
        require(once, "W4", f"{organisation} heeft meer dan één getuige")
    _witnesses_apart(chain, event.witnesses)
    enough = event.quorum <= len(event.witnesses)
    require(enough, "W6", f"{event.quorum} van de {len(event.witnesses)} getuigen")


def _witnesses_apart(chain: ChainState, witnesses: tuple[Witness, ...]) -> None:
    """Refuse a name or key that is there twice, and the log's own key, as a witness to itself."""
    names = set(RESERVED)
    public = {key.public for key in _own_keys(chain)}
    for one in witnesses:
        key = verifier_keys.read(one.verifier_key, WITNESS_KEYS, "W5")
        require(one.name not in names, "W5", f"de naam {one.name} is al in gebruik")
        require(key.public not in public, "W5", f"de sleutel van {one.name} is al in gebruik")
        names.add(one.name)
        public.add(key.public)


def evolve(own: Evidence, event: EvidenceEvent, header: Header) -> Evidence:
    """Remember the key, or the policy in the order in which policies came to hold."""
    match event:
        case LogKeyAnnounced():
            return replace(own, log_keys=(*own.log_keys, event.log_key))
        case WitnessPolicyAdopted():
            policy = Policy(
                position=header.position,
                since=header.on,
                witnesses=event.witnesses,
                quorum=event.quorum,
            )
            policies = sorted((*own.policies, policy), key=lambda one: one.since)
            return replace(own, policies=tuple(policies))
        case _:
            assert_never(event)
