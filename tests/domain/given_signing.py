"""The scene of tests about signed acts: a board whose partners have keys, and votes to sign."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import signatures
from ledger.domain.events.signing_keys import (
    SignatureRuleAdopted,
    SigningKeyAccepted,
    SigningKeyRegistered,
    SigningKeyRevoked,
)
from ledger.domain.values import Event, Signature
from ledger.signatures import Statement
from tests.domain.given import IMPORTER, SOURCE, Life, Result, on_day
from tests.domain.given_decisions import BOARD

CHAIN = "testketen"
KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    for number, name in enumerate(("bd", "uwv", "cbs", "bd-2", "person", "thief"), start=1)
}
VOTES_SIGNED = SignatureRuleAdopted(event_types=("VoteCast",), reason="Niemand verzint een stem.")
LIFTED = SignatureRuleAdopted(reason="Het kan weer zonder.")


def signature(event: Event, key: str, **said: str) -> Signature:
    """Sign an event with one of the keys; `said` is the rest of the statement."""
    statement = Statement(body=event, **{"chain": CHAIN, "act": "", "by": "", "on": "", **said})
    return Signature(key=key, value=signatures.sign(KEYS[key], statement))


def sign(
    life: Life,
    event: Event,
    *,
    by: str,
    key: str,
    named: str = "",
    on: str = "",
    recorded_by: str = "",
) -> Result:
    """Record an act signed with a key; `named` is the key it says it is, where it lies."""
    when = on_day(on) if on else life.now
    act = f"act-{len(life.entries)}"
    made = signature(event, key, act=act, by=by, on=when)
    made = Signature(key=named or key, value=made.value)
    return life.record(event, by=by, act=act, on=when, recorded_by=recorded_by, signature=made)


def a_key(key: str, organisation: str = "", **fields: str) -> SigningKeyRegistered:
    """Return the registration of a key; without an organisation it is that of the same name."""
    wanted = {
        "signing_key": key,
        "public_key": signatures.public_text(KEYS[key]),
        "organisation": organisation or key,
        "valid_from": "2024-01-01",
        **fields,
    }
    return SigningKeyRegistered(**wanted)


def registered(life: Life, key: str, organisation: str = "", **fields: str) -> Life:
    """Register a key, by whoever speaks for its partner."""
    event = a_key(key, organisation, **fields)
    result = sign(life, event, by=f"bestuur-p-{event.organisation}", key=key)
    assert result.refusal is None, result.refusal
    return result.life


def accepted(life: Life, key: str, organisation: str = "", **fields: str) -> Life:
    """Register the first key of a partner and have it accepted."""
    life = registered(life, key, organisation, **fields)
    return life.done(SigningKeyAccepted(signing_key=key), by=f"bestuur-p-{organisation or key}")


def ended(key: str, day: str = "2024-01-01") -> SigningKeyRevoked:
    return SigningKeyRevoked(signing_key=key, valid_until=day, reason="Kwijtgeraakt.")


def adopt(life: Life, rule: SignatureRuleAdopted) -> Result:
    """Take a signature rule over as history, which needs no procedure."""
    return life.record(rule, by=IMPORTER, source=SOURCE)


WITH_KEYS = accepted(accepted(accepted(BOARD, "bd"), "uwv"), "cbs")
SIGNING = adopt(WITH_KEYS, VOTES_SIGNED).life
