"""Tokens: what an issuer says about who somebody is, checked before any of it is believed.

    header    an algorithm of ALGORITHMS, the name of a key of the issuer, nothing critical
    claims    iss is our issuer, aud is us, exp has not passed, nbf and iat lie not ahead

An access token is for this server (`aud` is its audience, RFC 9068); an ID token is for its pages
(`aud` is the client, with the nonce they asked for; OpenID Connect Core 1.0, section 3.1.3.7). The
one is never taken for the other. Signatures are checked by joserfc with keys of the issuer alone:
what a token says about its own key (`jwk`, `jku`, `x5c`) is not looked at.

A program sends the same token with every request. Its signature is checked once for as long as the
issuer has that key: what was found is kept under the digest of the token, never the token. What it
is for and whether it still lasts is looked at each time.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.util import urlsafe_b64decode
from msgspec import Struct

from api.issuer_keys import IssuerKeys, UnknownKey

ALGORITHMS: Final = ("ES256", "ES384", "PS256", "RS256", "Ed25519")
"""Signatures with a public key; no `none`, and none with a shared secret."""
ACCESS_TYPES: Final = ("", "jwt", "at+jwt")
ID_TYPES: Final = ("", "jwt")
MAX_CHARACTERS: Final = 8192
MAX_SKEW_SECONDS: Final = 60
"""How far the clock of the issuer and ours may differ."""
MAX_LIFE_SECONDS: Final = 86_400
"""How long a token may last: what was taken away from somebody must end."""
MAX_KEPT: Final = 10_000
"""Of how many tokens it is kept what they say; more than that, and it is found anew."""
_FORM: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_SUBJECT: Final = re.compile(r"[!-~]{1,255}")


class TokenRefused(Exception):
    """A token that is not believed; the message says in Dutch what was found and expected."""


class Claims(Struct, frozen=True, kw_only=True):
    """What a token says: who (`subject` of `issuer`), until when (seconds), and allowed what."""

    issuer: str
    subject: str
    expires: int
    scopes: frozenset[str] = frozenset()


class _Said(Struct, kw_only=True):
    """The claims that are looked at, as they stand in a token."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: int | float
    iat: int | float
    nbf: int | float = 0
    scope: str = ""
    nonce: str = ""
    azp: str = ""


class _Checked(NamedTuple):
    """What an access token says, and the key that its signature was checked with."""

    key_name: str
    key: Key
    said: _Said
    claims: Claims


class Verifier:
    """Checks the tokens of one issuer; safe to share between threads."""

    def __init__(
        self, issuer: str, keys: IssuerKeys, *, now: Callable[[], float] = time.time
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._now = now
        self._checked: dict[bytes, _Checked] = {}
        self._keeping = threading.Lock()

    def access(self, token: str, *, audience: str) -> Claims:
        """Return what an access token says. Raises TokenRefused or IssuerUnavailable."""
        known = self.at_hand(token, audience=audience)
        if known is not None:
            return known
        payload, name, key = self._signed(token, ACCESS_TYPES)
        said = _decoded(payload)
        self._require(said, audience)
        claims = _claims(said)
        self._keep(token, _Checked(name, key, said, claims))
        return claims

    def at_hand(self, token: str, *, audience: str) -> Claims | None:
        """Return the same where the signature was checked before and nobody has to be asked.

        None where `access` has to be asked. Raises TokenRefused.
        """
        found = self._checked.get(_digest(token))
        # A key that the issuer withdrew, or gave another content, vouches for nothing any more.
        if found is None or self._keys.at_hand(found.key_name) is not found.key:
            return None
        self._require(found.said, audience)
        return found.claims

    def identity(self, token: str, *, client: str, nonce: str) -> Claims:
        """Return what an ID token says that was asked with this nonce; raises as `access` does."""
        said = _decoded(self._signed(token, ID_TYPES)[0])
        self._require(said, client)
        if not nonce or said.nonce != nonce:
            raise TokenRefused("het token hoort niet bij deze aanmelding (nonce)")
        if said.azp not in ("", client):
            raise TokenRefused("het token is aan een ander programma gegeven (azp)")
        return _claims(said)

    def _keep(self, token: str, checked: _Checked) -> None:
        with self._keeping:
            # Only what the issuer signed comes here: nobody else can make it forget.
            if len(self._checked) >= MAX_KEPT:
                self._checked.clear()
            self._checked[_digest(token)] = checked

    def _signed(self, token: str, types: tuple[str, ...]) -> tuple[bytes, str, Key]:
        """Return the claims of a token as they were signed, and the issuer's key with its name."""
        header = _header(token)
        algorithm, name, kind = (header.get(one, "") for one in ("alg", "kid", "typ"))
        if algorithm not in ALGORITHMS:
            raise TokenRefused(f"ondertekend met {algorithm!r}; verwacht {', '.join(ALGORITHMS)}")
        if "crit" in header or "b64" in header:
            raise TokenRefused("het token eist iets wat hier niet bestaat (crit)")
        if str(kind).lower().removeprefix("application/") not in types:
            raise TokenRefused(f"een token van de soort {str(kind)[:40]!r} is hier niet bedoeld")
        if not isinstance(name, str) or not name:
            raise TokenRefused("het token noemt zijn sleutel niet (kid)")
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        registry.max_header_length = MAX_CHARACTERS
        # Tokens of others are no reason to ask the issuer for its keys.
        self._require_issuer(_decoded(_segment(token, 1)))
        try:
            key = self._keys.key(name)
            payload = jws.deserialize_compact(token, key, [algorithm], registry).payload
        except UnknownKey as error:
            raise TokenRefused("de sleutel van het token is niet van de uitgever") from error
        except (JoseError, ValueError, TypeError) as error:
            raise TokenRefused("de handtekening klopt niet") from error
        return payload, name, key

    def _require_issuer(self, said: _Said) -> None:
        if said.iss != self._issuer:
            raise TokenRefused(f"uitgegeven door {said.iss[:200]!r}; verwacht {self._issuer!r}")

    def _require(self, said: _Said, audience: str) -> None:
        now = self._now()
        self._require_issuer(said)
        meant = [said.aud] if isinstance(said.aud, str) else said.aud
        if audience not in meant:
            raise TokenRefused(f"het token is niet voor {audience!r} bedoeld (aud)")
        if not said.exp > now - MAX_SKEW_SECONDS:
            raise TokenRefused("het token is verlopen")
        if said.nbf > now + MAX_SKEW_SECONDS or said.iat > now + MAX_SKEW_SECONDS:
            raise TokenRefused("het token geldt nog niet")
        if said.exp - said.iat > MAX_LIFE_SECONDS:
            raise TokenRefused(f"het token geldt langer dan {MAX_LIFE_SECONDS} seconden")
        if not _SUBJECT.fullmatch(said.sub):
            raise TokenRefused("het token zegt niet over wie het gaat (sub)")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _header(token: str) -> dict[str, Any]:
    """Return what the header of a token says; nothing of it is believed yet."""
    if len(token) > MAX_CHARACTERS:
        raise TokenRefused(f"het token is langer dan {MAX_CHARACTERS} tekens")
    if not _FORM.fullmatch(token):
        raise TokenRefused("dit is geen ondertekend token van drie delen (JWS)")
    try:
        header = msgspec.json.decode(_segment(token, 0))
    except ValueError as error:
        raise TokenRefused("de kop van het token is onleesbaar") from error
    if not isinstance(header, dict):
        raise TokenRefused("de kop van het token is onleesbaar")
    return header


def _segment(token: str, number: int) -> bytes:
    try:
        return urlsafe_b64decode(token.split(".")[number].encode())
    except (ValueError, TypeError) as error:
        raise TokenRefused("het token is geen base64url") from error


def _decoded(payload: bytes) -> _Said:
    try:
        return msgspec.json.decode(payload, type=_Said)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TokenRefused(
            "een vereist gegeven (iss, sub, aud, exp, iat) ontbreekt of klopt niet van vorm"
        ) from error


def _claims(said: _Said) -> Claims:
    return Claims(
        issuer=said.iss,
        subject=said.sub,
        expires=int(said.exp),
        scopes=frozenset(said.scope.split()),
    )
