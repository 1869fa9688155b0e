"""Keys of service accounts: made here, known afterwards by their digest alone.

    ketenledger_<43 letters of 256 random bits, base64url><8 of a check on them, hexadecimal>

A key is sent as a token is: `Authorization: Bearer ketenledger_...`. Its beginning tells people and
programs that search for leaked secrets what it is; the check at the end tells a wrongly copied one
from one that is nobody's. The record holds its SHA-256. Whose a key is, what it may and whether it
counts is asked of the rules' own state at every request: what was revoked ends with that record.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from api.log_policy import founded
from ledger.domain import service_accounts
from ledger.domain.chain import ChainState
from ledger.domain.values import day_start, instant, moment
from ledger.ledger import Ledger
from projections.scopes import RANKS

PREFIX: Final = "ketenledger_"
SECRET_BYTES: Final = 32
FORM: Final = re.compile(rf"{PREFIX}([A-Za-z0-9_-]{{43}})([0-9a-f]{{8}})")


class KeyOfNobody(Exception):
    """A key that lets nobody in; the message says in Dutch why, and never holds the key."""


class Program(Struct, frozen=True, kw_only=True):
    """A program as its account in one chain has it: what it may read, and until when (seconds)."""

    account: str
    scopes: frozenset[str]
    expires: int


def make() -> str:
    """Return a new key, of 256 bits that nobody can guess."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return f"{PREFIX}{secret}{_check(secret)}"


def digest_of(key: str) -> str:
    """Return the SHA-256 of a key in hexadecimal, as the record holds it."""
    return hashlib.sha256(key.encode()).hexdigest()


def is_meant(token: str) -> bool:
    """Tell whether a token means to be a key of a service account, whatever else it is."""
    return token.startswith(PREFIX)


def program(ledger: Ledger, chain: str, key: str) -> Program:
    """Return whose key this is in a chain now. Raises KeyOfNobody."""
    found = FORM.fullmatch(key)
    if found is None or _check(found[1]) != found[2]:
        raise KeyOfNobody("dit is geen hele sleutel van een dienstaccount")
    if not chain:
        raise KeyOfNobody("een sleutel van een dienstaccount geldt in één keten, niet hier")
    state = founded(ledger, chain)
    held = None if state is None else service_accounts.with_key(state, digest_of(key))
    if state is None or held is None:
        raise KeyOfNobody("deze sleutel is hier van geen dienstaccount")
    return _program(state, *held)


def _program(state: ChainState, name: str, account: service_accounts.ServiceAccount) -> Program:
    day = instant(datetime.now(UTC))[:10]
    reason = service_accounts.standing(state, account, day)
    if reason:
        raise KeyOfNobody(f"dienstaccount {name} {reason}")
    most = RANKS.get(account.classification, 0)
    return Program(
        account=name,
        scopes=frozenset(scope for scope, rank in RANKS.items() if rank <= most),
        expires=int(moment(day_start(account.until)).timestamp()),
    )


def _check(secret: str) -> str:
    return f"{zlib.crc32(secret.encode()):08x}"
