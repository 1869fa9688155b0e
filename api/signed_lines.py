"""Lines to record, signed: what `ketenledger sign act` makes of them, without a ledger at hand.

A line comes as `record_lines` describes it and goes out the same, with everything said that a
signature covers: the event in its recorded form, the key of the act, who and when. Sealed values
become disclosures, since the signature is over their digests; so do the free texts of a line whose
scope is confidential.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec import Struct

from api.record_lines import Line
from ledger import catalogue, signatures
from ledger.confidential import CONFIDENTIAL, seal_texts, with_texts
from ledger.domain.events.signing_keys import SigningKeyRegistered
from ledger.domain.sealing import PREFIX
from ledger.domain.values import instant, require
from ledger.log.log_key import KeyRefused
from ledger.log.secret_file import keep_secret, read_secret
from ledger.sealed import Disclosed, seal_body
from ledger.signatures import Statement

MAX_ACT_CHARACTERS: Final = 128


class Signer(Struct, frozen=True):
    """Who signs: a private key, the id under which it is registered, and in which chain."""

    chain: str
    key: str
    private: Ed25519PrivateKey


def make_key(path: Path) -> Ed25519PrivateKey:
    """Make a key and keep it in a new file, PEM (PKCS #8), mode 0600; raises KeyRefused."""
    private = Ed25519PrivateKey.generate()
    keep_secret(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return private


def read_key(path: Path) -> Ed25519PrivateKey:
    """Return the key in a file; raises KeyRefused, quoting nothing of it."""
    data = read_secret(path)
    try:
        private = load_pem_private_key(data, password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        raise KeyRefused(f"{path} bevat geen privésleutel in PEM zonder wachtwoord.") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyRefused(f"{path} bevat geen sleutel van de soort Ed25519.")
    return private


def signed(line: Line, signer: Signer, *, by: str = "") -> dict[str, Any]:
    """Return a line with its signature; Refused where it could not be recorded as it stands.

    Without a moment it happens now, to the whole second, so that a clock that is a little ahead of
    the ledger's does no harm.
    """
    require(line.signature is None, "G17", "deze regel is al getekend")
    by = line.by or by
    require(by, "G13", "het veld `by` ontbreekt: wie heeft dit gedaan?")
    on = line.on or instant(datetime.now(UTC).replace(microsecond=0))
    kind = catalogue.find(str(line.body.get("type"))).kind
    body = {**_own_key(signer), **line.body} if kind is SigningKeyRegistered else line.body
    sealed = seal_body(kind, body, act=line.act)
    event = catalogue.read_body(sealed.body)
    texts: tuple[Disclosed, ...] = ()
    if line.scope == CONFIDENTIAL:
        event, texts = seal_texts(event)
    signatures.explicit(event, act=line.act, on=on)
    statement = Statement(act=line.act, body=event, by=by, chain=signer.chain, on=on)
    value = signatures.sign(signer.private, statement)
    disclosed = {one.digest: one.text for one in sealed.disclosures}
    told = {one.digest: PREFIX + one.text for one in texts}
    plain = msgspec.to_builtins(with_texts(event, told))
    values = {
        name: disclosed[plain[name]] for name in catalogue.sealed_fields(kind) if name in plain
    }
    made = {"body": {**plain, **values}, "by": by, "on": on, "act": line.act}
    rest = {"recordedBy": line.recorded_by, "scope": line.scope}
    signature = {"signature": {"key": signer.key, "value": value}}
    return made | {name: said for name, said in rest.items() if said} | signature


def _own_key(signer: Signer) -> dict[str, str]:
    """What the registration of a key says of the key itself."""
    return {"signingKey": signer.key, "publicKey": signatures.public_text(signer.private)}
