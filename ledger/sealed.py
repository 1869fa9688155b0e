"""Sealed values: what the record holds of a name, an address, a secret text is a salted digest.

    disclosure = base64url(JSON [salt, name, value])      digest = base64url(SHA-256(disclosure))

This is the disclosure of SD-JWT (RFC 9901, section 4.2): 128 bits of salt make the digest say
nothing about the value, and whoever has the disclosure can prove that the record holds it. Without
the disclosure - erased, redacted, not for this reader - the record and all its proofs stay valid.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import uuid4

from msgspec import Struct

from ledger import catalogue
from ledger.domain.sealing import PREFIX, SEAL, seal_of
from ledger.domain.values import MAX_TEXT, Event, Refused, require
from ledger.log import canonical

MAX_VALUE_CHARACTERS: Final = 2000
CHARACTERS_EACH: Final = 20
"""Room for one character of a value in any writing of it, in a disclosure."""
SALT_BYTES: Final = 16
PSEUDONYM_CHARACTERS: Final = 12
MAX_DEPTH: Final = 16
"""How deep a request body may lie; no event comes near it."""


class Disclosed(Struct, frozen=True, kw_only=True):
    """A disclosure in the clear, on its way to the vault: whose it is, its digest and its text.

    `owner` is the partner whose key protects it; empty stands for the installation.
    """

    subject: str
    digest: str
    text: str
    owner: str = ""


class Opened(Struct, frozen=True, kw_only=True):
    """What a digest stands for."""

    name: str
    value: str


class SealedBody(NamedTuple):
    """A request body with digests instead of values, and the disclosures that belong to them."""

    body: dict[str, Any]
    disclosures: tuple[Disclosed, ...]


def seal(
    subject: str, name: str, value: str, *, salt: bytes = b"", most: int = MAX_VALUE_CHARACTERS
) -> Disclosed:
    """Seal one value of at most so many characters. A salt is given only to check a known digest.

    Raises Refused for text that is too long (G13) or not normalised (G8).
    """
    size = len(value)
    require(size <= most, "G13", f"{name} telt {size} tekens; hoogstens {most}")
    try:
        canonical.encode([name, value])
    except canonical.NotCanonical as error:
        raise Refused("G8", f"{name}: {error}") from error
    said = [_text(salt or secrets.token_bytes(SALT_BYTES)), name, value]
    text = _text(json.dumps(said, ensure_ascii=False).encode())
    return Disclosed(subject=subject, digest=digest_of(text), text=text)


def digest_of(disclosure: str) -> str:
    """Return the digest (base64url, 43 characters) of a disclosure's text."""
    return _text(hashlib.sha256(disclosure.encode("ascii")).digest())


def opened(disclosure: str) -> Opened:
    """Return the name and the value that a disclosure's text holds."""
    _, name, value = json.loads(_bytes(disclosure))
    return Opened(name=name, value=value)


def read_disclosure(
    subject: str, name: str, text: str, *, most: int = MAX_VALUE_CHARACTERS
) -> Disclosed:
    """Take a disclosure that a signer made, because a signature covers its digest.

    Raises Refused (G13, G8) for a text that is not the disclosure of this field.
    """
    longest = CHARACTERS_EACH * most
    fits = len(text) <= longest
    require(fits, "G13", f"{name}: een onthulling telt hoogstens {longest} tekens")
    try:
        said = json.loads(_bytes(text))
        salt, field, value = said if isinstance(said, list) else [""]
        sound = _text(_bytes(text)) == text and len(_bytes(salt)) >= SALT_BYTES
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused("G13", f"{name}: een getekende handeling geeft een onthulling") from error
    own = sound and field == name and isinstance(value, str) and value != ""
    require(own, "G13", f"{name}: dit is geen onthulling van dit veld met {SALT_BYTES} bytes zout")
    seal(subject, name, value, most=most)
    return Disclosed(subject=subject, digest=digest_of(text), text=text)


def seal_body(
    kind: type[Event],
    body: Mapping[str, Any],
    subject: str = "",
    *,
    act: str = "",
    signed: bool = False,
) -> SealedBody:
    """Put digests where a request body holds values to be sealed; an empty value stays empty.

    `subject` is the person the values are of; left out, it is the body's own `person`. A new person
    without a pseudonym gets one here, because the vault files by it: the same one each time the
    same act key is given. A value that is not text is left for the catalogue to refuse. In a
    `signed` body stand disclosures instead of values, made by whoever signed their digests; instead
    of a confidential text, `sealed:` and its disclosure (whose matter it is, is found later).
    """
    own_texts: list[Disclosed] = []
    if signed:
        body = _with_seals(body, own_texts)
    names = [name for name in catalogue.sealed_fields(kind) if _fillable(body.get(name))]
    if not names:
        return SealedBody(dict(body), tuple(own_texts))
    person = str(body.get("person") or _pseudonym(act)) if kind.CREATES == "person" else ""
    subject = subject or person or str(body.get("person", ""))
    require(subject, "G13", "van wie de verzegelde gegevens zijn, staat er niet bij")
    make = read_disclosure if signed else seal
    sealed = {name: make(subject, name, body[name]) for name in names}
    digests = {name: one.digest for name, one in sealed.items()}
    own = {"person": person} if person else {}
    return SealedBody({**body, **own, **digests}, (*sealed.values(), *own_texts))


def _with_seals(value: Any, found: list[Disclosed], path: str = "", depth: int = 0) -> Any:
    """Put seals where a signed body holds disclosures of texts; add these to what was found."""
    require(depth <= MAX_DEPTH, "G13", f"meer dan {MAX_DEPTH} niveaus diep")
    if isinstance(value, str) and value.startswith(PREFIX):
        text = value.removeprefix(PREFIX)
        if SEAL.fullmatch(value):
            return value
        found.append(read_disclosure("", path, text, most=MAX_TEXT))
        return seal_of(found[-1].digest)
    below = f"{path}/" if path else ""
    if isinstance(value, Mapping):
        return {
            name: _with_seals(one, found, f"{below}{name}", depth + 1)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_with_seals(one, found, f"{below}{at}", depth + 1) for at, one in enumerate(value)]
    return value


def _fillable(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _pseudonym(act: str) -> str:
    """A pseudonym says nothing; made of a random key, or of the caller's own."""
    made = hashlib.sha256((act or uuid4().hex).encode("utf-8", "backslashreplace")).hexdigest()
    return f"person-{made[:PSEUDONYM_CHARACTERS]}"


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
