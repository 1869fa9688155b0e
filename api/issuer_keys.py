"""The keys with which an issuer signs its tokens: its JSON Web Key Set, kept for a time.

A token names its key (`kid`). A name that is not known leads to one new question at most every ten
seconds, so that a key the issuer took into use is known within one request, and names that
somebody makes up do not become questions to the issuer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey
from msgspec import Struct

from api.issuer import Issuer, IssuerUnavailable, Kept

MAX_KEYS: Final = 100
MIN_RSA_BITS: Final = 2048
KINDS: Final = ("RSA", "EC", "OKP")
"""Kinds of public keys; a shared secret is none."""


class UnknownKey(Exception):
    """The issuer has no such key, now that it was asked."""


class _KeySet(Struct):
    keys: list[dict[str, Any]]


class IssuerKeys:
    """The public keys of an issuer by name."""

    def __init__(self, issuer: Issuer, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._kept = Kept(self._fetch, clock=clock)

    def key(self, name: str) -> Key:
        """Return the key of this name. Raises UnknownKey or IssuerUnavailable."""
        found = self._kept.value().get(name) or self._kept.renewed().get(name)
        if found is None:
            raise UnknownKey(name)
        return found

    def at_hand(self, name: str) -> Key | None:
        """Return the key of this name where nobody has to be asked for it, else None."""
        kept = self._kept.fresh()
        return None if kept is None else kept.get(name)

    def _fetch(self) -> dict[str, Key]:
        body = self._issuer.read(self._issuer.description().jwks_uri)
        try:
            told = msgspec.json.decode(body, type=_KeySet)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise IssuerUnavailable("de sleutels van de uitgever zijn onleesbaar") from error
        read = (_key(one) for one in told.keys[:MAX_KEYS])
        return {one.kid: one for one in read if one is not None and one.kid}


def _key(told: dict[str, Any]) -> Key | None:
    """Return a key that can check signatures; None for any other, as RFC 7517 (section 5) asks."""
    if told.get("kty") not in KINDS or told.get("use", "sig") != "sig" or "d" in told:
        return None
    try:
        key = JWKRegistry.import_key(told)
        raw = key.raw_value
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    weak = isinstance(raw, RSAPublicKey) and raw.key_size < MIN_RSA_BITS
    return None if weak or not isinstance(key, RSAKey | ECKey | OKPKey) else key
