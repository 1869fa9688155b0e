"""What the record and the key of a chain come to together: its founding key, and its tlog-policy.

A chain that is founded where its log key is kept names that key in its first record, so that the
record itself says who signs it. The policy in force says which keys the log signs with now, which
witnesses the chain adopted, and how many of them it wants. Both ask the rules' own state and no
read model, so that nothing lags.
"""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace

from api.settings import Settings
from ledger.domain import evidence
from ledger.domain.chain import ChainState
from ledger.domain.events.chains import ChainEstablished
from ledger.domain.events.evidence import Witness as Wanted
from ledger.domain.values import NotFound, is_slug, require
from ledger.ledger import Ledger
from ledger.log.log_key import KeyFolder, LogKey
from ledger.log.note_keys import read_verifier
from ledger.log.policy import NONE, Group, Log, Policy, Witness


def with_log_key(
    event: ChainEstablished, ledger: Ledger, chain: str, keys: KeyFolder | None
) -> ChainEstablished:
    """Return a founding with the key that signs the log of the chain.

    None for `keys` is a ledger without any. A founding that was recorded keeps the key it named, so
    that asking again asks for the same. Refused (C16) where it names another key than is kept here,
    KeyRefused where that cannot be used.
    """
    earlier = founded(ledger, chain)
    if earlier is not None:
        return event if event.log_key else replace(event, log_key=earlier.chains.log_key)
    held = _held(keys, chain)
    if not event.log_key:
        return replace(event, log_key=held[0]) if held else event
    found = "een andere" if held else "geen"
    require(event.log_key in held, "C16", f"deze server bewaart {found} sleutel voor keten {chain}")
    return event


def founded(ledger: Ledger, chain: str) -> ChainState | None:
    """Return what is true in a chain now, or None where it was not founded, whatever its name."""
    if not is_slug(chain):
        return None
    try:
        return ledger.state(chain)
    except NotFound:
        return None


def _held(keys: KeyFolder | None, chain: str) -> tuple[str, ...]:
    """Return the keys that sign for a chain, the newest first; none where none was made."""
    if keys is None or not keys.path(chain).exists():
        return ()
    return tuple(str(one.verifier) for one in keys.key(chain).signers)


def policy_of(ledger: Ledger, chain: str, key: LogKey, settings: Settings) -> Policy:
    """Return the policy of a chain in force: the keys its log signs with, witnesses, quorum.

    Raises NotFound for a chain that was not founded.
    """
    url = f"{settings.address}/log/{chain}"
    logs = tuple(Log(one.verifier, url) for one in key.signers)
    state = ledger.state(chain)
    # Nothing that was recorded lies after the recorded time, whatever the clock of today says.
    adopted = evidence.in_force(state, state.at)
    return (
        Policy(logs) if adopted is None else dataclasses.replace(witnesses_of(adopted), logs=logs)
    )


def witnesses_of(adopted: evidence.Policy) -> Policy:
    """Return the witnesses and the quorum that a chain adopted as a policy that names no log."""
    witnesses = tuple(map(_witness, adopted.witnesses))
    if not adopted.quorum:
        return Policy((), witnesses, quorum=NONE)
    group = Group(evidence.GROUP, adopted.quorum, tuple(one.name for one in witnesses))
    return Policy((), witnesses, (group,), group.name)


def _witness(adopted: Wanted) -> Witness:
    return Witness(adopted.name, read_verifier(adopted.verifier_key), adopted.url)
