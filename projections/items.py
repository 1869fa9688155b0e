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
from projections.words import THINGS

RECORDS_OF = SQL("""
    SELECT l.id, l.position, r.state
    FROM read_links AS l
    {stored}
    WHERE {visible} AND l.kind = %(kind)s AND l.id = ANY(%(ids)s::text[])
    ORDER BY l.id, l.position
""").format(visible=scopes.entry("l"), stored=stored("l"))

# The same, for what a list shows of things of which something had not occurred by the day: of what
# is not listed (see `things.Part`) only the earliest, which may tell since when a thing was there.
LISTED_RECORDS_OF = SQL("""
    SELECT l.id, l.position, r.state
    FROM (
        SELECT l.chain, l.id, l.position,
            t.type = ANY(%(quiet)s::text[]) AS quiet,
            row_number() OVER (PARTITION BY l.id ORDER BY t.occurred_at, l.position) AS turn,
            max(t.occurred_at) OVER (PARTITION BY l.id) AS latest
        FROM read_links AS l
        JOIN read_records AS t ON t.chain = l.chain AND t.position = l.position
        WHERE {visible} AND l.kind = %(kind)s AND l.id = ANY(%(ids)s::text[])
    ) AS l
    {stored}
    WHERE l.latest >= %(valid_on)s::date + 1 AND (NOT l.quiet OR l.turn = 1)
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
        raise NotFound(f"{THINGS[kind.name]} {name} bestaat niet, of was toen nog niet bekend.")
    with_status(found.doc, view)
    return found


def find_many(connection: Conn, view: View, kind: Kind, names: Sequence[str]) -> dict[str, Item]:
    """Return by id those of these things of which the reader knows anything."""
    asked = view.parameters(kind=kind.name, ids=list(names))
    return _made(connection, view, kind, fetch(connection, RECORDS_OF, asked))


def find_listed(connection: Conn, view: View, kind: Kind, names: Sequence[str]) -> dict[str, Doc]:
    """Return what was listed on the day of the view of those of these things that changed since.

    Of the others the row tells it.
    """
    asked = view.parameters(kind=kind.name, ids=list(names), quiet=kind.quiet)
    made = _made(connection, view, kind, fetch(connection, LISTED_RECORDS_OF, asked))
    return {name: item.doc for name, item in made.items()}


def _made(connection: Conn, view: View, kind: Kind, rows: Sequence[Doc]) -> dict[str, Item]:
    """Return by id what these records make of their things, as far as they count on the day."""
    found: dict[str, Item] = {}
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
