"""Which values of an event are sealed, and of whom: what a chain remembers of each digest.

No rule needs a sealed value. What a rule does need is where a digest stands and whose value it is,
so that what is erased was really here, once, and of the person it is said to be of.
"""

from __future__ import annotations

from functools import cache
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct
from rpds import HashTrieMap

from ledger.domain.values import Event, Header


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
        if _is_sealed(hints.get(one.name))
    )


def _is_sealed(hint: Any) -> bool:
    return any(
        (getattr(meta, "extra_json_schema", None) or {}).get("x-sealed")
        for meta in getattr(hint, "__metadata__", ())
    )


def digests(event: Event) -> dict[str, str]:
    """Return the digests that stand in an event, by field as in JSON."""
    named = ((json, getattr(event, name)) for name, json in sealed_fields(type(event)))
    return {json: digest for json, digest in named if digest}


def noted(
    known: HashTrieMap[str, Sealing], event: Event, header: Header
) -> HashTrieMap[str, Sealing]:
    """Return what is known of all digests once this event is on record; the first place counts."""
    for name, digest in digests(event).items() if sealed_fields(type(event)) else ():
        if digest not in known:
            subject = str(getattr(event, "person", ""))
            known = known.insert(digest, Sealing(subject, header.position, name))
    return known
