"""Search: things found by the words in them, best first, each with a piece of its text.

How words are read stands in `matching.py`, the same for what is indexed and for what is asked.
"""

from __future__ import annotations

from typing import Final

from psycopg.sql import SQL

from projections import matching, scopes
from projections.matching import QUERY
from projections.models import KINDS
from projections.views import Conn, Doc, Page, Paging, View, fetch, page

# A thing of which something was found only as a part of a word ranks below one that has the word.
SEARCH = SQL("""
    WITH found AS (
        SELECT x.kind, x.id, x.title, x.body, x.imported,
            ts_rank(x.found_by, {query})::float8 AS score
        FROM read_texts AS x
        WHERE {visible} AND {matching} AND {there}
            AND (%(kind)s::text IS NULL OR x.kind = %(kind)s)
    )
    SELECT f.kind, f.id, f.title, f.imported, f.score,
        ts_headline('public.ketenledger', f.body, {query}, %(headline)s) AS fragment
    FROM found AS f
    WHERE %(score)s::float8 IS NULL
        OR (-f.score, f.kind, f.id) > (-%(score)s::float8, %(after_kind)s, %(after_id)s)
    ORDER BY f.score DESC, f.kind, f.id
    LIMIT %(size)s
""")
# What is valid in a term of its own is found always; the rest, from when it occurred.
THERE = SQL("""(
    %(valid_on)s::date IS NULL OR x.kind = ANY(%(dated)s::text[]) OR EXISTS (
        SELECT 1 FROM read_records AS r
        WHERE r.chain = x.chain AND r.position = x.since
            AND r.occurred_at < %(valid_on)s::date + 1)
)""")
HEADLINE: Final = (
    "StartSel=«, StopSel=», MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter=' … '"
)

HOW_MANY = SQL("""
    SELECT x.kind, count(*) AS found
    FROM read_texts AS x
    WHERE {visible} AND {matching} AND {there}
    GROUP BY x.kind
    ORDER BY found DESC, x.kind
""")

RESTS_ON = SQL("""
    SELECT l.kind, l.id, array_agg(l.position ORDER BY l.position) AS positions
    FROM unnest(%(kinds)s::text[], %(ids)s::text[]) AS asked (kind, id)
    JOIN read_links AS l ON l.kind = asked.kind AND l.id = asked.id
    WHERE {visible}
    GROUP BY l.kind, l.id
""").format(visible=scopes.entry("l"))


DATED: Final = [name for name, one in KINDS.items() if one.dated]


def search(connection: Conn, view: View, paging: Paging, text: str, *, kind: str = "") -> Page:
    """Return a page of things that have these words, of one kind or of all.

    The fragment marks what was found «so». A text without words finds nothing.
    """
    words = matching.words(connection, text)
    after = paging.after(float, str, str) or (None, None, None)
    if not words:
        return Page([])
    asked = view.parameters(
        kind=kind or None,
        dated=DATED,
        headline=HEADLINE,
        size=paging.size + 1,
        **words.parameters(),
        **dict(zip(("score", "after_kind", "after_id"), after, strict=True)),
    )
    query = SEARCH.format(
        query=QUERY, visible=scopes.version("x"), matching=words.condition("x"), there=THERE
    )
    rows, following = page(fetch(connection, query, asked), paging, "score", "kind", "id")
    return Page(_items(connection, view, rows), following)


def how_many(connection: Conn, view: View, text: str) -> dict[str, int]:
    """Return how many things of each kind have these words, the most of them first."""
    words = matching.words(connection, text)
    if not words:
        return {}
    query = HOW_MANY.format(visible=scopes.version("x"), matching=words.condition("x"), there=THERE)
    asked = view.parameters(dated=DATED, **words.parameters())
    return {row["kind"]: row["found"] for row in fetch(connection, query, asked)}


def _items(connection: Conn, view: View, rows: list[Doc]) -> list[Doc]:
    if not rows:
        return []
    asked = view.parameters(kinds=[row["kind"] for row in rows], ids=[row["id"] for row in rows])
    rests_on = {
        (row["kind"], row["id"]): row["positions"] for row in fetch(connection, RESTS_ON, asked)
    }
    return [
        {
            "kind": row["kind"],
            row["kind"]: row["id"],
            "title": row["title"],
            "fragment": row["fragment"],
            "positions": rests_on.get((row["kind"], row["id"]), []),
            **({"imported": row["imported"]} if row["imported"] else {}),
        }
        for row in rows
    ]
