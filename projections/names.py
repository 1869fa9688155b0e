"""Names of things: what a reader calls the partner, seat or decision behind an id.

A name is looked up among what this reader may know; where there is none, the id speaks for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from psycopg.sql import SQL

from projections import opened, scopes, walks
from projections.views import Conn, View, fetch

Ref = tuple[str, str]

BY_NAME_ALONE: Final = frozenset({"partner", "body", "chain"})
"""Kinds that people know by name; of the others the id is said as well."""

# A name that only confidential records tell of is part of what they say (see `touched.py`). Asked
# behind the wall: before it stands only the row of this reader (see `wall.py`).
ONLY_CONFIDENTIAL = SQL("""
    CASE WHEN x.scope = 3 AND NOT EXISTS (
        SELECT 1 FROM behind.titles AS y
        WHERE y.chain = x.chain AND y.kind = x.kind AND y.id = x.id
            AND y.scope < 3 AND y.title = x.title
    ) THEN 3 END AS scope
""")

# With a seat comes the organisation whose seat it is, by whose name it goes. They are looked up one
# by one (the inner OFFSET keeps it so), however many rows a planner expects.
TITLES = SQL("""
    SELECT x.kind, x.id, x.title, {scope}
    FROM unnest(%(kinds)s::text[], %(ids)s::text[]) AS asked (kind, id)
    CROSS JOIN LATERAL (
        SELECT x.chain, x.kind, x.id, x.scope, x.title
        FROM read_texts AS x
        WHERE {visible} AND x.kind = asked.kind AND x.id = asked.id AND x.title <> ''
        OFFSET 0
    ) AS x
    UNION ALL
    SELECT x.kind, x.id, x.title, {scope}
    FROM unnest(%(kinds)s::text[], %(ids)s::text[]) AS asked (kind, id)
    CROSS JOIN LATERAL (
        SELECT x.chain, x.kind, x.id, x.scope, x.title
        FROM read_texts AS s
        JOIN read_texts AS x ON x.kind = 'partner' AND x.id = s.title
        WHERE {visible_seat} AND {visible} AND s.kind = 'seat' AND s.id = asked.id
            AND x.title <> ''
        OFFSET 0
    ) AS x
    WHERE asked.kind = 'seat'
""").format(visible=scopes.version("x"), visible_seat=scopes.version("s"), scope=ONLY_CONFIDENTIAL)

# Each kind by itself, so that many things of one kind leave room for the others.
CHOICES = SQL("""
    SELECT asked.kind, x.id, x.title, x.scope
    FROM unnest(%(kinds)s::text[]) AS asked (kind)
    CROSS JOIN LATERAL (
        SELECT x.id, x.title, x.since, {scope}
        FROM read_texts AS x
        WHERE {visible} AND x.kind = asked.kind AND {walk} AND x.since <= %(known_at)s
        ORDER BY x.since DESC, x.id
        LIMIT %(most)s
    ) AS x
    ORDER BY asked.kind, x.since DESC, x.id
""").format(
    visible=scopes.version("x"), walk=walks.along(walks.SINCE, "x"), scope=ONLY_CONFIDENTIAL
)


def choices(
    connection: Conn, view: View, kinds: Iterable[str], *, most: int
) -> dict[str, list[tuple[str, str]]]:
    """Return per kind the things that can be named, newest first: id and name, at most so many."""
    found: dict[str, list[tuple[str, str]]] = {kind: [] for kind in kinds}
    if not found:
        return found
    asked = view.parameters(kinds=sorted(found), most=most)
    rows = opened.titles(connection, view, fetch(connection, CHOICES, asked))
    seats = {("partner", row["title"]) for row in rows if row["kind"] == "seat"}
    known = _titles(connection, view, seats)
    for row in rows:
        title = str(row["title"])
        named = known.get(("partner", title), title) if row["kind"] == "seat" else title
        found[row["kind"]].append((row["id"], named))
    return found


def titles(connection: Conn, view: View, wanted: Iterable[Ref]) -> dict[Ref, str]:
    """Return the names of these things, as far as the reader may know them.

    A seat goes by the name of the organisation whose seat it is.
    """
    asked = set(wanted)
    known = _titles(connection, view, asked)
    found = {ref: known[ref] for ref in asked if ref in known}
    return {
        ref: known.get(("partner", name), name) if ref[0] == "seat" else name
        for ref, name in found.items()
    }


def _titles(connection: Conn, view: View, wanted: set[Ref]) -> dict[Ref, str]:
    """Return the names as they stand, of the organisations of seats as well."""
    if not wanted:
        return {}
    kinds, ids = map(list, zip(*sorted(wanted), strict=True))
    asked = view.parameters(kinds=kinds, ids=ids)
    rows = opened.titles(connection, view, fetch(connection, TITLES, asked))
    return {(row["kind"], row["id"]): row["title"] for row in rows}


def said(ref: Ref, known: dict[Ref, str]) -> str:
    """Return how a sentence speaks of a thing: by its name, its id, or both."""
    kind, name = ref
    title = known.get(ref, "")
    if not title or title == name:
        return name
    return title if kind in BY_NAME_ALONE else f"{name} ({title})"
