"""Signed acts: the exact bytes that a person or partner signs, and whether a signature holds.

    ketenledger-act/v1
    {"act":"…","body":{…,"type":"VoteCast.v1"},"by":"…","chain":"…","on":"…"}

The first line ends in a newline; the second is canonical JSON (RFC 8785) and ends without one. All
of it stands in the record, byte for byte the same, so that anybody can put it together from the
record alone; and all of it is known to the signer beforehand, which is why a signed act gives its
own key, moment and ids, and sealed values as disclosures. The position, the moment of recording and
who entered it are the ledger's and are not signed. Rules G15 to G17.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from msgspec import Struct

from ledger import catalogue, policy
from ledger.domain import signing_keys
from ledger.domain.chain import ChainState
from ledger.domain.rule import Rule
from ledger.domain.values import Event, Header, Instant, PersonId, Refused, Slug, require
from ledger.log import canonical

RULES = (
    Rule("G15", "Waarvoor de keten een handtekening vereist, dat is ondertekend.", "default"),
    Rule("G16", "Een handtekening klopt met precies wat wordt vastgelegd.", "default"),
    Rule(
        "G17",
        "Wie tekent, geeft zelf het kenmerk van de handeling, het tijdstip en wat zij maakt.",
        "default",
    ),
)
DOMAIN: Final = b"ketenledger-act/v1\n"
"""What sets these bytes apart from anything else that the same key might sign."""

FIELD: Final = 2**255 - 19
WEAK: Final = frozenset(
    {
        0,
        1,
        FIELD - 1,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    }
)
"""The y of the eight points of small order: under such a key anybody's signature may hold."""


class Statement(Struct, frozen=True, kw_only=True):
    """What is signed of an act."""

    act: str
    body: catalogue.ANY_EVENT
    by: PersonId
    chain: Slug
    on: Instant


def message(statement: Statement) -> bytes:
    """Return the bytes that are signed; Refused (G8) for text that no record can hold."""
    try:
        return DOMAIN + canonical.encode_typed(statement)
    except canonical.NotCanonical as error:
        raise Refused("G8", str(error)) from error


def of_record(event: Event, header: Header) -> Statement:
    """Return what is signed of a record."""
    return Statement(act=header.act, body=event, by=header.by, chain=header.chain, on=header.on)


def sign(private: Ed25519PrivateKey, statement: Statement) -> str:
    """Return a signature as base64."""
    return b64encode(private.sign(message(statement))).decode("ascii")


def public_text(private: Ed25519PrivateKey) -> str:
    """Return the public half of a key as base64, as it is registered."""
    return b64encode(private.public_key().public_bytes_raw()).decode("ascii")


def explicit(event: Event, *, act: str, on: str) -> None:
    """Refuse a signed act that leaves something for the ledger to fill in (G17)."""
    require(act, "G17", "het kenmerk van de handeling ontbreekt")
    require(on, "G17", "het tijdstip ontbreekt")
    made = not event.CREATES or getattr(event, event.CREATES)
    names = dict(zip(event.__struct_fields__, event.__struct_encode_fields__, strict=True))
    require(made, "G17", f"het veld {names.get(event.CREATES)} ontbreekt")


def check(chain: ChainState, event: Event, header: Header) -> None:
    """Refuse an act whose signature is missing where it is required, or does not hold."""
    signature = header.signature
    if signature is None:
        signing_keys.unsigned(chain, event, header)
        return
    public = signing_keys.public_key(
        chain,
        event,
        header,
        name=signature.key,
        acts_for=policy.acts_for(chain, event, header),
    )
    signed = message(of_record(event, header))
    holds = _holds(public, signed, signature.value)
    expected = hashlib.sha256(signed).hexdigest()
    require(holds, "G16", f"de handtekening met {signature.key} past niet op SHA-256 {expected}")


def _holds(public: str, signed: bytes, signature: str) -> bool:
    """Tell whether an Ed25519 signature holds under a public key fit to be relied on."""
    raw = b64decode(public)
    height = int.from_bytes(raw, "little") & ((1 << 255) - 1)
    if height >= FIELD or height in WEAK:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(b64decode(signature), signed)
    except InvalidSignature:
        return False
    return True
