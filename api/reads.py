"""The log of reads over HTTP: who read what is confidential, or read on an access given to them.

    GET /v1/chains/{chain}/reads

Whoever may read everything of the chain (the chain office, an auditor) sees all of it; anybody else
sees what they read themselves and what others read that concerns them. Of what others read they are
told no more of the record than they may see: not which other records, not whom else it was about.
The log lies outside the record of the chain: `knownAt` and `validOn` say nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

import msgspec

from api import identity
from api.answer_schemas import page_of
from api.parameters import Id
from api.problems import Problem
from api.reading import Asked, Listing, Route
from ledger.domain.values import MAX_INTEGER, Refused, instant
from ledger.log.read_log import Noted, ReadLog, spread, stretches
from projections.selection import visible
from projections.touched import watching
from projections.views import Conn, Doc, Page, Paging, View, cursor

MAX_LOOKED_UP: Final = 100_000
"""So many records of what others read are looked up for one answer; of more none is told."""
_POSITIONS: Final = "The positions of the records, as stretches: 3-7,9; 3~90 for a span in which."
_WHOLE: Final = "Left out where it names a record that whoever asks may not see."
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["read", "at", "reader", "operation", "about", "hash"],
    "properties": {
        "read": {"type": "integer", "minimum": 0, "description": "Its number in the log."},
        "at": {"type": "string", "format": "date-time"},
        "reader": {"type": "string", "description": "Who read, a pseudonym."},
        "access": {"type": "string", "description": "The access it was read on, if on one."},
        "operation": {"type": "string"},
        "path": {"type": "string", "description": _WHOLE},
        "records": {"type": "string", "description": _POSITIONS},
        "about": {"type": "array", "items": {"type": "string"}},
        "entry": {
            "type": "string",
            "description": f"The entry, exactly as it was hashed. {_WHOLE}",
        },
        "hash": {"type": "string", "description": "Over the hash before it and the entry."},
    },
}


class OfReader(Listing):
    """Which reads: of this reader, or about them."""

    person: Id | None = None


def reads(
    log: ReadLog, lent: Conn, view: View, paging: Paging, *, asking: str, person: str = ""
) -> Page:
    """Return a page of the log of a chain, newest first, as far as whoever asks may see it.

    Problem (unauthenticated) for nobody; Problem (not-allowed) for somebody else's reads.
    """
    wanted = _whose(view, asking=asking, person=person)
    [before] = paging.after(int) or (MAX_INTEGER,)
    if not 0 <= before <= MAX_INTEGER:
        raise Refused("G13", f"cursor {before}; verwacht er een uit `next`")
    found = log.noted(view.chain, before=before, most=paging.size + 1, person=wanted)
    kept = found[: paging.size]
    following = cursor(kept[-1].number) if len(found) > paging.size else ""
    return Page(told(lent, view, kept, to=asking), following)


def sees_all(view: View) -> bool:
    """Tell whether whoever looks so may see what everybody read."""
    return view.access.everything and not view.access.grant


def _whose(view: View, *, asking: str, person: str) -> str | None:
    """Return whose reads may be told: None for everybody's."""
    if sees_all(view):
        return person or None
    if not asking:
        raise Problem(
            "unauthenticated",
            "Wie wat heeft ingezien, is alleen te zien voor wie zich meldt: het ketenbureau ziet "
            "alles, ieder ander wat over henzelf gaat.",
        )
    if person not in ("", asking):
        raise Problem(
            "not-allowed",
            "Wat een ander heeft ingezien, ziet alleen het ketenbureau of een auditor.",
        )
    return asking


def told(lent: Conn, view: View, entries: Sequence[Noted], *, to: str) -> list[Doc]:
    """Return entries as somebody is told of them: whole, where they may see all that is in them."""
    found = [_whole(one) for one in entries]
    if sees_all(view):
        return found
    others = [one for one in found if one["reader"] != to]
    ranges = [part for one in others for part in spread(one["records"])]
    few = sum(map(len, ranges)) <= MAX_LOOKED_UP
    # To look what may be told is not reading it.
    with watching():
        seen = visible(lent, view, sorted({*chain(*ranges)})) if few and ranges else set()
    return [one if one["reader"] == to else _told(one, seen, to) for one in found]


def _told(one: Doc, seen: set[int], to: str) -> Doc:
    """Return an entry about somebody else's reading as far as it is about this person."""
    named = spread(one["records"])
    if named and all(position in seen for position in chain(*named)):
        return one
    kept = {name: value for name, value in one.items() if name not in ("path", "entry")}
    shown = [position for position in chain(*named) if position in seen] if seen else []
    return {**kept, "records": stretches(shown), "about": [to]}


def _whole(one: Noted) -> Doc:
    """Return an entry as people read it, with the exact text that was hashed."""
    said = msgspec.json.decode(one.entry)
    own = said["attributes"]
    return {
        "read": one.number,
        "at": instant(datetime.fromtimestamp(said["end_time"] / 1000, UTC)),
        "reader": own["ketenledger.reader"],
        "access": own["ketenledger.access"],
        "operation": said["name"],
        "path": own["ketenledger.path"],
        "records": own["ketenledger.positions"],
        "about": own["dpl.core.data_subject_id"],
        "entry": one.entry.decode(),
        "hash": one.hash,
    }


def _asked(asked: Asked[OfReader]) -> Page:
    log: ReadLog = asked.request.app.state.reads
    asking = identity.reader(asked.request)
    if asking.account:
        identity.require_person(asking)
    paging, filters = asked.paging, asked.filters
    return reads(log, asked.connection, asked.view, paging, asking=asking.person, **filters)


ROUTES = (
    Route(
        "/reads",
        "listReads",
        "Who read what is confidential, newest first: all of it for the chain office, else one's "
        "own reads and those about oneself.",
        _asked,
        page_of(SCHEMA),
        OfReader,
    ),
)
