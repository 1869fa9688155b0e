"""Growth: how many records a reader has not seen yet, after a position they have."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from psycopg.sql import SQL

from projections import scopes
from projections.views import Conn, View, fetch

MOST: Final = 1000
"""So many are counted, and then it is enough."""

# In the order of the positions, so that counting stops after the most that is told.
NEWER = SQL("""
    SELECT count(*) AS count, max(t.position) AS newest
    FROM (
        SELECT r.position
        FROM read_records AS r
        WHERE {visible} AND r.position > %(after)s
        ORDER BY r.position
        LIMIT %(most)s
    ) AS t
""").format(visible=scopes.entry("r"))


class Growth(Struct, frozen=True):
    """How many records came, as far as the reader may see them, and the position of the last."""

    count: int
    newest: int


def growth(connection: Conn, view: View, *, after: int) -> Growth:
    """Return what came after a position; `newest` is that position where nothing did."""
    [row] = fetch(connection, NEWER, view.parameters(after=after, most=MOST))
    return Growth(row["count"], after if row["newest"] is None else row["newest"])
