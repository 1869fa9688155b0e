"""The keys that sign notes and check them, after C2SP signed-note and tlog-cosignature.

A verifier key is written `<name>+<key id>+<base64 of algorithm || public key>`, a private key
`PRIVATE+KEY+<name>+<key id>+<base64 of algorithm || seed>`. The key id is the beginning of the
SHA-256 over name, algorithm and public key. The algorithm says what is signed:

    01 Ed25519                  the text of the note itself
    04 Ed25519 cosignature/v1   a time and the text: "at that time the largest I have seen"
    06 ML-DSA-44 cosignature    the same statement about origin, size and root, names included

A private key never shows in a representation of the object, only where it is asked for.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from ledger.log.checkpoint import BadCheckpoint, from_base64, read_text, to_base64

ED25519: Final = 0x01
ED25519_COSIGNATURE: Final = 0x04
ML_DSA_44_COSIGNATURE: Final = 0x06

KEY_ID_BYTES: Final = 4
SEED_BYTES: Final = 32
TIME_BYTES: Final = 8
MAX_TIME: Final = 2**63 - 1
MAX_NAME_BYTES: Final = 255
"""The longest name that an ML-DSA-44 cosignature can hold."""

_PRIVATE: Final = "PRIVATE+KEY+"
_PUBLIC_BYTES: Final = {ED25519: 32, ED25519_COSIGNATURE: 32, ML_DSA_44_COSIGNATURE: 1312}
_LABEL: Final = b"subtree/v1\n\x00"
_KEY_ID: Final = re.compile(r"[0-9a-fA-F]{8}")


class BadKey(ValueError):
    """A text that is not a key we can use; says in Dutch why, without the key itself."""


class BadSignature(ValueError):
    """A signature that is not one of this key over this text."""


@dataclass(frozen=True)
class Verifier:
    """The public half of a key, with the name it signs under."""

    name: str
    algorithm: int
    public: bytes

    def __post_init__(self) -> None:
        _require_name(self.name)
        _require_algorithm(self.algorithm)
        if len(self.public) != _PUBLIC_BYTES[self.algorithm]:
            raise BadKey("De sleutel heeft niet de lengte die bij zijn soort hoort.")

    def __str__(self) -> str:
        key = to_base64(bytes([self.algorithm]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @cached_property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        hashed = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return hashlib.sha256(hashed).digest()[:KEY_ID_BYTES]

    @property
    def cosigns(self) -> bool:
        """Whether its signatures carry the time at which they were made."""
        return self.algorithm != ED25519

    def verify(self, text: str, signature: bytes) -> int | None:
        """Return the time (seconds since 1970) in a good signature, None where it carries none.

        Raises BadSignature for any other.
        """
        time = int.from_bytes(signature[:TIME_BYTES], "big") if self.cosigns else None
        made = signature[TIME_BYTES:] if self.cosigns else signature
        if self.cosigns and len(signature) <= TIME_BYTES:
            raise BadSignature("De handtekening is te kort.")
        try:
            message = signed_message(self.name, self.algorithm, text, time)
            self._public_key().verify(made, message)
        except (InvalidSignature, BadCheckpoint, BadKey) as error:
            raise BadSignature(f"De handtekening van {self.name} klopt niet.") from error
        return time

    def _public_key(self) -> Ed25519PublicKey | MLDSA44PublicKey:
        if self.algorithm == ML_DSA_44_COSIGNATURE:
            return MLDSA44PublicKey.from_public_bytes(self.public)
        return Ed25519PublicKey.from_public_bytes(self.public)


@dataclass(frozen=True)
class Signer:
    """A private key, with the name it signs under."""

    name: str
    algorithm: int
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _require_name(self.name)
        _require_algorithm(self.algorithm)
        if len(self.seed) != SEED_BYTES:
            raise BadKey(f"Een geheime sleutel telt {SEED_BYTES} bytes.")

    @classmethod
    def made(cls, name: str, algorithm: int = ED25519) -> "Signer":
        """Make a new key."""
        return cls(name, algorithm, secrets.token_bytes(SEED_BYTES))

    @cached_property
    def verifier(self) -> Verifier:
        """The public half of this key."""
        return Verifier(
            self.name, self.algorithm, self._private_key.public_key().public_bytes_raw()
        )

    def private_text(self) -> str:
        """Return the private key as it is kept in a file."""
        key = to_base64(bytes([self.algorithm]) + self.seed)
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{key}"

    def sign(self, text: str, *, at: int | None = None) -> bytes:
        """Return the signature over a text; a cosignature says `at` which second it was made."""
        if not self.verifier.cosigns:
            return self._private_key.sign(signed_message(self.name, self.algorithm, text, None))
        if at is None or not 0 < at <= MAX_TIME:
            raise ValueError("a cosignature needs the time at which it is made")
        read_text(text)
        message = signed_message(self.name, self.algorithm, text, at)
        return at.to_bytes(TIME_BYTES, "big") + self._private_key.sign(message)

    @cached_property
    def _private_key(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if self.algorithm == ML_DSA_44_COSIGNATURE:
            return MLDSA44PrivateKey.from_seed_bytes(self.seed)
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def read_verifier(text: str) -> Verifier:
    """Return the key that a verifier key says; raises BadKey."""
    name, key_id, key = _parts(text)
    verifier = Verifier(name, key[0], key[1:])
    _require_key_id(verifier, key_id)
    return verifier


def read_signer(text: str) -> Signer:
    """Return the key that the text of a private key says; raises BadKey."""
    if not text.startswith(_PRIVATE):
        raise BadKey("Dit is geen geheime sleutel.")
    name, key_id, key = _parts(text.removeprefix(_PRIVATE))
    signer = Signer(name, key[0], key[1:])
    _require_key_id(signer.verifier, key_id)
    return signer


def signed_message(name: str, algorithm: int, text: str, time: int | None) -> bytes:
    """Return the bytes that a key of this name and algorithm signs for the text of a note.

    Raises BadCheckpoint or BadKey where there are none, such as a time above 2^63 - 1.
    """
    if algorithm == ED25519 or time is None:
        return text.encode()
    if time > MAX_TIME:
        raise BadKey("De tijd van een medeondertekening is te groot.")
    if algorithm == ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    head = read_text(text)
    return b"".join(
        (
            _LABEL,
            _with_length(name),
            time.to_bytes(8, "big"),
            _with_length(head.origin),
            (0).to_bytes(8, "big"),
            head.size.to_bytes(8, "big"),
            head.root,
        )
    )


def is_name(name: str) -> bool:
    """Tell whether a key may have this name: not empty, no white space, no plus."""
    return name != "" and not any(one == "+" or one < " " or one.isspace() for one in name)


def _parts(text: str) -> tuple[str, str, bytes]:
    """Return name, key id and key of `name+id+base64`; base64 may hold a plus of its own."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise BadKey("Een sleutel bestaat uit een naam, een kenmerk en de sleutel zelf.")
    name, key_id, encoded = parts
    try:
        key = from_base64(encoded)
    except ValueError as error:
        raise BadKey(f"De sleutel {error}.") from error
    if not key:
        raise BadKey("De sleutel is leeg.")
    return name, key_id, key


def _require_name(name: str) -> None:
    if not is_name(name):
        raise BadKey(f"{name[:100]!r} kan geen naam van een sleutel zijn.")


def _require_algorithm(algorithm: int) -> None:
    if algorithm not in _PUBLIC_BYTES:
        raise BadKey(f"Sleutels van soort {algorithm:02x} kennen we niet.")


def _require_key_id(verifier: Verifier, key_id: str) -> None:
    if not _KEY_ID.fullmatch(key_id) or bytes.fromhex(key_id) != verifier.key_id:
        raise BadKey(f"Het kenmerk van de sleutel van {verifier.name} klopt niet.")


def _with_length(text: str) -> bytes:
    data = text.encode()
    if not 0 < len(data) <= MAX_NAME_BYTES:
        raise BadKey(f"Een naam in een medeondertekening telt 1 tot en met {MAX_NAME_BYTES} bytes.")
    return bytes([len(data)]) + data
