"""Which values of an event are sealed, and of whom: what a chain remembers of each digest.

    sealed field    a name, an address:       its digest stands in the field, always
    free text       a reason, a note:         in a confidential record `sealed:` and its digest

No rule needs a sealed value. What a rule does need is where a digest stands and whose value it is,
so that what is erased was really here, once, and of the person it is said to be of. Free text is of
whoever wrote it. A field holds free text by its type (`Text`, `Prose`), wherever it lies.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ledger.domain.maps import Map
from ledger.domain.values import Event, Header

PREFIX: Final = "sealed:"
"""What stands before the digest of a sealed text, where otherwise the text would stand."""
SEAL: Final = re.compile(rf"{PREFIX}([A-Za-z0-9_-]{{43}})")

S = TypeVar("S", bound=Struct)
Change = Callable[[str, str], str]
"""What becomes of a text: given where it stands (a path such as `effects/0/text`) and the text."""


class Sealing(Struct, frozen=True):
    """Where a digest stands in the record: of whom, in which record, in which field."""

    subject: str
    position: int
    field: str


@cache
def sealed_fields(kind: type[Event]) -> tuple[tuple[str, str], ...]:
    """Return the fields of an event type whose values are sealed: in Python, and in JSON."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(
        (one.name, one.encode_name)
        for one in msgspec.structs.fields(kind)
        if _is_marked(hints.get(one.name), "x-sealed")
    )


def _is_marked(hint: Any, mark: str) -> bool:
    return any(
        (getattr(meta, "extra_json_schema", None) or {}).get(mark)
        for meta in getattr(hint, "__metadata__", ())
    )


@cache
def text_fields(kind: type[Struct]) -> tuple[tuple[str, str], ...]:
    """Return the fields that are free text or hold some deeper down: in Python, and in JSON."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(
        (one.name, one.encode_name)
        for one in msgspec.structs.fields(kind)
        if _holds_text(hints.get(one.name))
    )


def _holds_text(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, Struct):
        return bool(text_fields(hint))
    return _is_marked(hint, "x-free-text") or any(map(_holds_text, get_args(hint)))


def mapped(part: S, change: Change, path: str = "") -> S:
    """Return an event, or a part of one, with its free texts changed; an empty one stays so."""
    changes = {}
    for name, json in text_fields(type(part)):
        value = getattr(part, name)
        changed = _changed(value, change, path + json)
        if changed is not value:
            changes[name] = changed
    return replace(part, **changes) if changes else part


def _changed(value: Any, change: Change, path: str) -> Any:
    if isinstance(value, str):
        return change(path, value) if value else value
    if isinstance(value, Struct):
        return mapped(value, change, f"{path}/")
    if not isinstance(value, tuple):
        return value
    changed = tuple(_changed(one, change, f"{path}/{at}") for at, one in enumerate(value))
    same = all(new is old for new, old in zip(changed, value, strict=True))
    return value if same else changed


def texts(event: Event) -> list[tuple[str, str]]:
    """Return the free texts of an event that are not empty, each with where it stands."""
    found: list[tuple[str, str]] = []

    def note(path: str, text: str) -> str:
        found.append((path, text))
        return text

    for name, json in text_fields(type(event)):
        value = getattr(event, name)
        if value:
            _changed(value, note, json)
    return found


def may_be_sealed(event: Event) -> bool:
    """Tell at a glance whether a free text of an event is sealed; True: perhaps."""
    for name, _ in text_fields(type(event)):
        value = getattr(event, name)
        if value and not (isinstance(value, str) and not value.startswith(PREFIX)):
            return True
    return False


def seal_of(digest: str) -> str:
    """Return what stands in the record instead of a text with this digest."""
    return PREFIX + digest


def sealed_as(text: str) -> str:
    """Return the digest under which a text is sealed; empty for a text in the clear."""
    found = SEAL.fullmatch(text) if text.startswith(PREFIX) else None
    return found[1] if found else ""


def digests(event: Event) -> dict[str, str]:
    """Return the digests that stand in an event, by field as in JSON."""
    found = _of_fields(event)
    for path, text in texts(event):
        if digest := sealed_as(text):
            found[path] = digest
    return found


def _of_fields(event: Event) -> dict[str, str]:
    named = ((json, getattr(event, name)) for name, json in sealed_fields(type(event)))
    return {json: digest for json, digest in named if digest}


def noted(known: Map[str, Sealing], event: Event, header: Header) -> Map[str, Sealing]:
    """Return what is known of all digests once this event is on record; the first place counts."""
    if not sealed_fields(type(event)) and header.scope != "confidential":
        return known
    fields = _of_fields(event)
    for name, digest in digests(event).items():
        if digest not in known:
            subject = str(getattr(event, "person", "")) if name in fields else header.by
            known = known.insert(digest, Sealing(subject, header.position, name))
    return known
