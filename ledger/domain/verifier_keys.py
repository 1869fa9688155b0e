"""Verifier keys as records hold them: `<name>+<key id>+<base64 of algorithm || public key>`.

The form is that of C2SP signed-note. A rule checks no signature; it only has to know that a text is
a key of the right kind, in the one way to write it, so that what is adopted is a key for everybody.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import NamedTuple

from ledger.domain.values import Refused

LOG_KEYS = (0x01,)
"""Ed25519: signs the checkpoints of a log."""
WITNESS_KEYS = (0x04, 0x06)
"""Ed25519 and ML-DSA-44 for cosignatures."""
MAX_NAME_BYTES = 255
"""The longest name that a cosignature can hold."""

_PUBLIC_BYTES = {0x01: 32, 0x04: 32, 0x06: 1312}


class Key(NamedTuple):
    """What a verifier key says."""

    name: str
    algorithm: int
    public: bytes


def read(text: str, algorithms: tuple[int, ...], rule: str) -> Key:
    """Return what a verifier key of one of these kinds says; Refused under `rule` for any other."""
    name, key_id, encoded = (*text.split("+", 2), "", "")[:3]
    data = _decoded(encoded)
    key = Key(name, data[0] if data else 0, data[1:])
    if not _is_name(name):
        raise Refused(rule, f"{name[:100]!r} kan geen naam van een sleutel zijn")
    if key.algorithm not in algorithms or len(key.public) != _PUBLIC_BYTES[key.algorithm]:
        known = " of ".join(f"{one:02x}" for one in algorithms)
        raise Refused(rule, f"de sleutel van {name} is geen verifieersleutel van soort {known}")
    if key_id != _key_id(key):
        raise Refused(rule, f"de sleutel van {name} noemt {key_id[:20]!r}, niet {_key_id(key)}")
    return key


def _decoded(text: str) -> bytes:
    """Return what base64 in its one canonical form stands for, nothing for any other text."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return b""
    return data if base64.b64encode(data).decode("ascii") == text else b""


def _is_name(name: str) -> bool:
    usable = not any(one < "!" or one.isspace() or one == "\x7f" for one in name)
    return usable and 0 < len(_bytes(name)) <= MAX_NAME_BYTES


def _key_id(key: Key) -> str:
    hashed = _bytes(key.name) + b"\n" + bytes([key.algorithm]) + key.public
    return hashlib.sha256(hashed).digest()[:4].hex()


def _bytes(name: str) -> bytes:
    """Return a name as bytes, also one that no record can hold: that is refused elsewhere (G8)."""
    return name.encode("utf-8", "surrogatepass")
