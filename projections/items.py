"""One thing in full: made from its records when it is asked for.

So it is exact on both axes and for every reader: of the records about the thing, those count that
were known at the position, that had occurred by the day (where a day was asked for), and that
this reader may see. Nothing is stored that could say more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from psycopg.sql import SQL

from ledger.domain.values import NotFound
from projections import opened, scopes
from projections.standing import stored
from projections.things import Kind, Seen, add, fresh, in_time, status_on
from projections.views import Conn, Doc, View, fetch

RECORDS_OF = SQL("""
    SELECT l.id, l.position, r.state
    FROM read_links AS l
    {stored}
    WHERE {visible} AND l.kind = %(kind)s AND l.id = ANY(%(ids)s::text[])
    ORDER BY l.id, l.position
""").format(visible=scopes.entry("l"), stored=stored("l"))

RECORDS_AT = SQL("""
    SELECT l.position, r.state
    FROM read_records AS l
    {stored}
    WHERE {visible} AND l.position = ANY(%(positions)s::int8[])
    ORDER BY l.position
""").format(visible=scopes.entry("l"), stored=stored("l"))


class Item(NamedTuple):
    """A thing as it was found: its document and the records that made it."""

    doc: Doc
    seen: list[Seen]


def find(connection: Conn, view: View, kind: Kind, name: str) -> Item:
    """Return a thing; NotFound if the reader knows nothing of it then."""
    found = find_many(connection, view, kind, [name]).get(name)
    if found is None:
        raise NotFound(f"{kind.name} {name} bestaat niet, of was toen nog niet bekend.")
    with_status(found.doc, view)
    return found


def find_many(connection: Conn, view: View, kind: Kind, names: Sequence[str]) -> dict[str, Item]:
    """Return by id those of these things of which the reader knows anything."""
    found: dict[str, Item] = {}
    asked = view.parameters(kind=kind.name, ids=list(names))
    rows = fetch(connection, RECORDS_OF, asked)
    records = opened.records(connection, view, (row["state"] for row in rows))
    for row, one in zip(rows, records, strict=True):
        name = row["id"]
        if _counts(kind, one, view):
            item = found.setdefault(name, Item(fresh(kind, name), []))
            add(kind, item.doc, one)
            item.seen.append(one)
    return found


def seen_at(connection: Conn, view: View, positions: Iterable[int]) -> list[Seen]:
    """Return the records at these positions that the reader may see, in order."""
    wanted = sorted(set(positions))
    if not wanted:
        return []
    rows = fetch(connection, RECORDS_AT, view.parameters(positions=wanted))
    return opened.records(connection, view, (row["state"] for row in rows))


def with_status(doc: Doc, view: View) -> Doc:
    """Return a document with its statuses in the order in which they held, and the last."""
    held = status_on(doc, view.day)
    doc["statuses"] = in_time(doc)
    if held is not None:
        doc["status"] = held["status"]
        doc["statusSince"] = held["on"]
        if "label" in held:
            doc["statusLabel"] = held["label"]
    return doc


def _counts(kind: Kind, seen: Seen, view: View) -> bool:
    """What holds in a term of its own counts always; the rest, from when it occurred."""
    return kind.dated or not view.valid_on or seen.header.day <= view.valid_on
