"""Signed notes, after C2SP signed-note: a text, an empty line, and who signed it.

    example.org/log/chain-1
    5
    h9UMXqS06cZqY1DcnPgMhWQabcLU6G++7tynUvpM20w=

    — example.org/log/chain-1 O4v95FOoybqXv4+bcMtQkZARwtnWY9z5EueqmZiJNYigDc2vaibKPsCftN3T…

The text ends before the last empty line of the note. A signature line gives the name of a key and
the base64 of key id and signature. Whoever reads a note brings the keys he trusts: signatures of
other keys say nothing to him, and one of his own keys that does not hold spoils the whole note.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from ledger.log.checkpoint import from_base64, to_base64
from ledger.log.note_keys import (
    KEY_ID_BYTES,
    BadKey,
    BadSignature,
    Signer,
    Verifier,
    is_name,
)

MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 100

_DASH: Final = "— "


class BadNote(ValueError):
    """A note that cannot be relied on; says in Dutch why."""


class MalformedNote(BadNote):
    """Bytes that are not a signed note at all."""


class UntrustedNote(BadNote):
    """A note that no trusted key has signed, or that a trusted key did not sign as it says."""


class Signature(NamedTuple):
    """One signature line: which key, and what it made of the text."""

    name: str
    key_id: bytes
    data: bytes

    def line(self) -> str:
        """Return the line as it stands in a note, its end included."""
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.data)}\n"


class Note(NamedTuple):
    """A text, which ends in a newline, with its signatures in order; no key was asked yet."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(signature.line() for signature in self.signatures)}"

    def encode(self) -> bytes:
        return str(self).encode()

    def with_signatures(self, more: Iterable[Signature]) -> "Note":
        """Return the note with these behind those it has; a line that is there stays as it is."""
        lines = dict.fromkeys((*self.signatures, *more))
        return Note(self.text, tuple(lines))


class Verified(NamedTuple):
    """A signature that holds, by which key, and for a cosignature when (seconds since 1970)."""

    verifier: Verifier
    signature: Signature
    time: int | None


def signed(text: str, signers: Sequence[Signer], *, at: int | None = None) -> Note:
    """Return the text signed by all of these keys; cosignatures are made `at` a second.

    Raises MalformedNote for a text that does not end in a newline or cannot be in a note.
    """
    note = Note(text, tuple(signature(text, signer, at=at) for signer in signers))
    if read_note(note.encode()) != note:
        raise MalformedNote("De tekst van een notitie eindigt op een regeleinde.")
    return note


def signature(text: str, signer: Signer, *, at: int | None = None) -> Signature:
    """Return the signature of one key over the text of a note."""
    made = signer.sign(text, at=at)
    return Signature(signer.name, signer.verifier.key_id, made)


def read_note(data: bytes) -> Note:
    """Return the text and the signatures of a note, unverified; raises MalformedNote."""
    text = _decoded(data)
    split = text.rfind("\n\n")
    if split < 0:
        raise MalformedNote("De notitie heeft geen lege regel voor de handtekeningen.")
    lines = text[split + 2 :].split("\n")
    if lines.pop() != "" or not lines:
        raise MalformedNote("De notitie eindigt niet op een regel met een handtekening.")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedNote(f"De notitie heeft meer dan {MAX_SIGNATURES} handtekeningen.")
    return Note(text[: split + 1], tuple(map(read_signature, lines)))


def read_signature(line: str) -> Signature:
    """Return what a signature line says, given without its end; raises MalformedNote."""
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not is_name(name):
        raise MalformedNote("Een handtekening is een streepje, een naam en base64.")
    try:
        data = from_base64(encoded)
    except ValueError as error:
        raise MalformedNote(f"De handtekening van {name} {error}.") from error
    if len(data) <= KEY_ID_BYTES:
        raise MalformedNote(f"De handtekening van {name} is te kort.")
    return Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def open_note(data: bytes, trusted: Iterable[Verifier]) -> tuple[Note, list[Verified]]:
    """Return a note and its signatures by trusted keys, in order: at least one, and all good.

    Raises MalformedNote, or UntrustedNote where none of these keys signed it or one did not hold.
    """
    note = read_note(data)
    found = list(verified(note, trusted))
    if not found:
        raise UntrustedNote("Geen bekende sleutel heeft deze notitie ondertekend.")
    return note, found


def verified(note: Note, trusted: Iterable[Verifier]) -> Iterator[Verified]:
    """Yield the signatures by trusted keys; raises UntrustedNote at the first that does not hold.

    Raises BadKey where two different trusted keys have one name and key id.
    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in trusted:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise BadKey(f"Twee sleutels van {verifier.name} hebben hetzelfde kenmerk.")
    for one in note.signatures:
        by = known.get((one.name, one.key_id))
        if by is None:
            continue
        try:
            yield Verified(by, one, by.verify(note.text, one.data))
        except BadSignature as error:
            raise UntrustedNote(str(error)) from error


def _decoded(data: bytes) -> str:
    if len(data) > MAX_NOTE_BYTES:
        raise MalformedNote(f"De notitie is groter dan {MAX_NOTE_BYTES} bytes.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedNote("De notitie is geen UTF-8.") from error
    if any(letter < " " and letter != "\n" for letter in text):
        raise MalformedNote("De notitie bevat een stuurteken.")
    return text
