"""All event types by name: one definition for storage, requests, schemas and documentation.

A type has a stable name and a version, `VoteCast.v1`; without a version the newest is meant. The
catalogue reads and writes records, and tells which fields are sealed.
"""

from __future__ import annotations

import re
from functools import reduce
from operator import or_
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.json import Decoder

from ledger.domain import sealing
from ledger.domain.chain import BY_RULES, OWNERS
from ledger.domain.values import Event, Header, HeaderFields, Refused
from ledger.log import canonical

ANY_EVENT: Any = reduce(or_, OWNERS)


class Record(Struct, frozen=True):
    """One line of the log: what happened, and what the ledger knows about it."""

    body: ANY_EVENT
    header: Header


class _Believed(Struct, frozen=True):
    """The same of a record that somebody else judges: it is not asked whether its header fits."""

    body: ANY_EVENT
    header: HeaderFields


class Type(Struct, frozen=True):
    """One event type: `name` with its version, its class, and the capability that owns it."""

    name: str
    kind: type[Event]
    capability: str
    by_rules: bool

    @property
    def title(self) -> str:
        """The name without its version."""
        return self.name.partition(".")[0]


_NAMES: dict[type[Event], str] = {}


def type_name(kind: type[Event]) -> str:
    """Return the stable name of an event class, such as `VoteCast.v1`."""
    name = _NAMES.get(kind)
    if name is None:
        name = _NAMES[kind] = str(kind.__struct_config__.tag)
    return name


def _catalogue() -> dict[str, Type]:
    types: dict[str, Type] = {}
    for kind, owner in OWNERS.items():
        name = type_name(kind)
        if name in types:
            raise RuntimeError(f"two event types are named {name}")
        types[name] = Type(
            name=name, kind=kind, capability=owner.capability, by_rules=kind in BY_RULES
        )
    return types


TYPES: dict[str, Type] = _catalogue()
NEWEST: dict[str, Type] = {
    one.title: one
    for one in sorted(TYPES.values(), key=lambda one: int(one.name.rpartition(".v")[2]))
}
_RECORDS = Decoder(Record)
_BELIEVED = Decoder(_Believed)
_READERS: dict[type[Event], Decoder[Event]] = {kind: Decoder(kind) for kind in OWNERS}


def find(name: str) -> Type:
    """Return the type of this name, the newest version where none is named; Refused (G13)."""
    found = TYPES.get(name) or NEWEST.get(name)
    if found is None:
        raise Refused("G13", f"onbekende soort gebeurtenis {name[:100]!r}")
    return found


def encode(event: Event, header: Header) -> bytes:
    """Return the canonical bytes of a record: what is stored, hashed and served."""
    return canonical.encode_typed(Record(body=event, header=header))


def encode_to_last(event: Event, header: Header) -> bytes:
    """Return what `encode` returns of a body that was read back from it: it is readable for ever.

    What is in a header is checked by the header itself. Raises as `encode` does, or Refused (G13).
    """
    try:
        body = canonical.encode_typed(event)
        parts = (b'{"body":', body, b',"header":', canonical.encode_typed(header), b"}")
    except canonical.NotCanonical:
        return encode(event, header)  # which says where in the whole record the fault is
    try:
        _READERS[type(event)].decode(body)
    except msgspec.ValidationError as error:
        raise Refused("G13", in_dutch(str(error))) from error
    return b"".join(parts)


def decode(data: bytes) -> Record:
    """Read stored bytes back. Raises msgspec.DecodeError for bytes that are no record."""
    try:
        return _RECORDS.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:
        # The library has no word of its own for these two.
        raise msgspec.ValidationError(f"no record: {error}") from error


def believed(data: bytes) -> tuple[Event, Header]:
    """Read stored bytes that somebody else judges; whether the header fits is not asked again.

    Raises what msgspec raises.
    """
    record = _BELIEVED.decode(data)
    return record.body, record.header  # type: ignore[return-value]  # as a header in all but that


def read_body(body: object) -> Event:
    """Make an event of a request's JSON object, or refuse it (G13) and say what is wrong."""
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise Refused("G13", 'verwacht een JSON-object met een veld "type"')
    found = find(body["type"])
    try:
        return msgspec.convert({**body, "type": found.name}, found.kind)
    except msgspec.ValidationError as error:
        raise Refused("G13", f"{found.title}: {in_dutch(str(error))}") from error


_PATTERNS = (
    (r"T\(\?:\[01\]", "een tijdstip in UTC zoals 2026-11-21T20:00:00.000000Z"),
    (r"02-29", "een bestaande datum zoals 2026-11-21"),
    (r"A-Za-z0-9\._-", "een kenmerk van 1 tot 64 letters, cijfers, punten of streepjes"),
    (r"https\?", "een adres dat begint met https:// of http://, zonder spaties"),
    (r"0-9a-f", "een SHA-256 van 64 hexadecimale tekens"),
)
_PHRASES = (
    (r"Object contains unknown field `([^`]*)`", r"onbekend veld `\1`"),
    (r"Object missing required field `([^`]*)`", r"het veld `\1` ontbreekt"),
    (r"Expected `([^`]*)`, got `([^`]*)`", r"verwacht `\1`, gevonden `\2`"),
    (r"Invalid enum value (.*?)(?= - at|$)", r"onbekende waarde \1"),
    (r"Invalid value (.*?)(?= - at|$)", r"onbekende waarde \1"),
    (r"Expected `str` of length >= (\d+)", r"verwacht tekst van ten minste \1 tekens"),
    (r"Expected `str` of length <= (\d+)", r"verwacht tekst van hoogstens \1 tekens"),
    (r"Expected `array` of length >= (\d+)", r"verwacht ten minste \1 onderdelen"),
    (r"Expected `array` of length <= (\d+)", r"verwacht hoogstens \1 onderdelen"),
    (r"Expected `int` >= (-?\d+)", r"verwacht een geheel getal van ten minste \1"),
    (r"Expected `int` <= (-?\d+)", r"verwacht een geheel getal van hoogstens \1"),
    (r" - at `\$\.?([^`]*)`", r" (bij `\1`)"),
)


def in_dutch(message: str) -> str:
    """Turn the decoder's message into a Dutch one that says what was expected."""
    regex = re.search(r"Expected `str` matching regex '(.*)'( - at|$)", message)
    if regex:
        wanted = next((said for mark, said in _PATTERNS if re.search(mark, regex[1])), regex[1])
        message = f"verwacht {wanted}{message[regex.end(1) + 1 :]}"
    for english, dutch in _PHRASES:
        message = re.sub(english, dutch, message)
    return message


def sealed_fields(kind: type[Event]) -> tuple[str, ...]:
    """Return the names, as in JSON, of the fields whose values are sealed."""
    return tuple(json for _, json in sealing.sealed_fields(kind))


def digests_in(event: Event) -> set[str]:
    """Return the digests that stand in an event instead of sealed values."""
    return set(sealing.digests(event).values())


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one event type, self-contained."""
    return msgspec.json.schema(find(name).kind)
