"""Rows of a list as they were on the day of a view: made of what had occurred by then, no more.

A row tells all that was recorded of a thing. Mostly what occurred later was recorded later too:
then the thing was on that day what its row told before, and that row is read. Only of a thing of
which something was recorded late, the row is made anew from its records.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace
from psycopg.sql import SQL, Identifier

from projections import opened, scopes
from projections.items import find_listed
from projections.standing import stand
from projections.things import Kind, row_of
from projections.views import Conn, Doc, View, fetch

RECORDED = SQL("""
    SELECT l.id, array_agg(l.position ORDER BY l.position) AS positions,
        coalesce(max(l.position) FILTER (WHERE l.occurred_at < %(day)s::date + 1), -1) AS occurred,
        min(l.position) FILTER (WHERE l.occurred_at >= %(day)s::date + 1) AS later
    FROM read_links AS l
    WHERE {visible} AND l.kind = %(kind)s AND l.id = ANY(%(ids)s::text[])
    GROUP BY l.id
""").format(visible=scopes.entry("l"))

SUMMARIES = SQL("""
    SELECT t.id, t.summary
    FROM {table} AS t
    WHERE {visible} AND t.kind = %(kind)s AND t.id = ANY(%(ids)s::text[])
""")


class Recorded(NamedTuple):
    """The positions of the records of a thing, as far as the reader may see them.

    `occurred` is the last of what had occurred by the day of the view (-1: nothing had), `later`
    the first of what had not (None: all had).
    """

    positions: list[int]
    occurred: int
    later: int | None

    def told_at(self, position: int) -> bool:
        """Tell whether what was known at a position is just what had occurred by the day."""
        return 0 <= self.occurred <= position and (self.later is None or position < self.later)


def recorded(connection: Conn, view: View, kind: Kind, ids: list[str]) -> dict[str, Recorded]:
    """Return for each thing what it rests on."""
    if not ids:
        return {}
    rows = fetch(connection, RECORDED, view.parameters(kind=kind.name, ids=ids))
    return {row["id"]: Recorded(row["positions"], row["occurred"], row["later"]) for row in rows}


def as_it_was(
    connection: Conn, view: View, kind: Kind, rows: list[Doc], known: Mapping[str, Recorded]
) -> None:
    """Let each row tell what had occurred by the day, where it tells all that is known."""
    changed = {name: one for name, one in known.items() if one.later is not None}
    position = _where_most_are_told(changed.values())
    told = [name for name, one in changed.items() if one.told_at(position)]
    found = _summaries(connection, view, kind, told, position) if told else {}
    late = [name for name in changed if name not in found]
    if late:
        docs = find_listed(connection, view, kind, late)
        found |= {name: row_of(kind, doc)["summary"] for name, doc in docs.items()}
    for row in rows:
        row["summary"] = found.get(row["id"], row["summary"])


def _where_most_are_told(changed: Iterable[Recorded]) -> int:
    """Return the position at which the most of these things were known as on the day; -1 if none.

    Where everything is recorded as it occurs, that is one position for all of them.
    """
    spans = [
        (one.occurred, one.later)
        for one in changed
        if one.later is not None and one.told_at(one.occurred)
    ]
    begun, ended = sorted(begin for begin, _ in spans), sorted(end for _, end in spans)
    return max(
        begun,
        key=lambda position: bisect_right(begun, position) - bisect_right(ended, position),
        default=-1,
    )


def _summaries(
    connection: Conn, view: View, kind: Kind, names: list[str], position: int
) -> dict[str, Doc]:
    """Return what was listed of these things as known at an earlier position."""
    then = replace(view, known_at=position)
    query = SUMMARIES.format(table=Identifier(kind.table.name), visible=scopes.version("t"))
    stand(connection, view.chain, view.access, position)
    rows = fetch(connection, query, then.parameters(kind=kind.name, ids=names))
    stand(connection, view.chain, view.access, view.known_at)
    return {row["id"]: row["summary"] for row in opened.texts(connection, view, rows)}
