"""Whom a confidential record concerns: the places whose holders may read it.

    body:<id>        the body where it was done, or whose decision, meeting or seat it is about
    partner:<id>     an organisation that it names, or whose agreement or escalation it is about
    person:<id>      who did it, who entered it, and whom it names

A place is a place in the chain, so the ids are those of the chain. Who holds one is looked up when
somebody reads (`access.py`). The other records need none of this: their scope says enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from ledger.domain.values import RULES
from projections.things import Seen, Thing

FIELDS: Final = {
    "body": "body",
    "organisation": "partner",
    "organisations": "partner",
    "parties": "partner",
    "jointlyBy": "partner",
    "partner": "partner",
    "person": "person",
    "persons": "person",
    "representative": "person",
    "proposers": "person",
    "sponsors": "person",
    "acceptedBy": "person",
}
"""Which fields, of an event or of what is known of a thing, name a place, and of which kind."""
BY_KIND: Final = (("grantorKind", "grantor"), ("holderKind", "holder"))
"""Fields that name a place whose kind stands in another field."""
KINDS: Final = {"body": "body", "organisation": "partner", "person": "person"}


def concerns(seen: Seen, about: Iterable[Thing]) -> frozenset[str]:
    """Return whom a record concerns that is about these things, which have taken it in.

    A record that names its own body is not also a matter of the bodies of what it refers to.
    """
    header = seen.header
    found = {f"person:{one}" for one in (header.by, header.recorded_by) if one not in ("", RULES)}
    own = set(_named(msgspec.to_builtins(seen.event)))
    of_others = {one for thing in about for one in _named(thing.docs[max(thing.docs)])}
    if any(map(_is_body, own)):
        of_others = {one for one in of_others if not _is_body(one)}
    return frozenset(found | own | of_others)


def _is_body(place: str) -> bool:
    return place.startswith("body:")


def _named(doc: dict[str, Any]) -> Iterator[str]:
    """Give the places that a document names itself; what is deeper in it is told of others."""
    for field, kind in FIELDS.items():
        for name in _many(doc.get(field)):
            yield f"{kind}:{name}"
    for kind_field, field in BY_KIND:
        kind_named = KINDS.get(str(doc.get(kind_field, "")))
        if kind_named and doc.get(field):
            yield f"{kind_named}:{doc[field]}"


def _many(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,) if value else ()
    return [one for one in value or () if isinstance(one, str)]
