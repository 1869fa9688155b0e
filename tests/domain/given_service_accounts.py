"""The scene of tests about service accounts: a board of three, and programs of theirs."""

from __future__ import annotations

import hashlib

from ledger.domain.events.escalations import BottleneckSignalled
from ledger.domain.events.memory import EventAnnotated
from ledger.domain.events.service_accounts import (
    ServiceAccountOpened,
    ServiceAccountRevoked,
    ServiceKeyReplaced,
)
from tests.domain.given import Life
from tests.domain.given_decisions import board

BD, UWV = "bestuur-p-bd", "bestuur-p-uwv"
PROGRAM = "meter"
SCENE = board()
NOTE = EventAnnotated(target=0, label="meting", text="Gezien.")
SIGNAL = BottleneckSignalled(subject="De aanlevering stokt.")


def digest_of(key: str) -> str:
    """Return the digest under which a key is known."""
    return hashlib.sha256(key.encode()).hexdigest()


def account(name: str = PROGRAM, **fields: object) -> ServiceAccountOpened:
    """Return the opening of an account of the first partner, for thirty days, that notes."""
    wanted: dict[str, object] = {
        "service_account": name,
        "organisation": "bd",
        "purpose": "Meet of de aanlevering op tijd is.",
        "classification": "chain",
        "event_types": ("EventAnnotated", "BottleneckSignalled"),
        "key_digest": digest_of(name),
        "valid_from": "2024-01-01",
        "valid_until": "2024-01-31",
        **fields,
    }
    return ServiceAccountOpened(**wanted)  # type: ignore[arg-type]  # fields by name, for tests


def of_the_chain(name: str = PROGRAM, **fields: object) -> ServiceAccountOpened:
    """Return the opening of an account of the chain as a whole, that reads what is public."""
    return account(name, **{"organisation": "", "classification": "public", **fields})


def replaced(name: str = PROGRAM, key: str = "tweede") -> ServiceKeyReplaced:
    return ServiceKeyReplaced(service_account=name, key_digest=digest_of(key), reason="Gelekt.")


def revoked(name: str = PROGRAM) -> ServiceAccountRevoked:
    return ServiceAccountRevoked(service_account=name, reason="Niet meer nodig.")


def opened(name: str = PROGRAM, **fields: object) -> Life:
    """Return a chain in which the first partner opened an account."""
    return SCENE.done(account(name, **fields), by=BD)
