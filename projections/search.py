"""Search: things found by the words in them, best first, each with a piece of its text.

How words are read stands in `matching.py`, the same for what is indexed and for what is asked.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from psycopg.sql import SQL, Composed

from projections import matching, opened, scopes
from projections.matching import QUERY, Words
from projections.models import KINDS
from projections.views import Conn, Doc, Page, Paging, View, fetch, page

# What is looked through is the view behind the wall, which has the wall's own condition: before it
# the indexes would not be used (see `wall.py`). What is shown is read before the wall.
#
# Words and parts of words each have an index, which one question for either would not use. What has
# only a part of a word ranks below what has the word.
FOUND = SQL("""
    found AS MATERIALIZED (
        SELECT w.kind, w.id, w.known_from, w.scope, max(w.score) AS score
        FROM ({arms}) AS w
        GROUP BY w.kind, w.id, w.known_from, w.scope
    )
""")
BY_WORD = SQL("""
    SELECT x.kind, x.id, x.known_from, x.scope, ts_rank(x.found_by, {query})::float8 AS score
    FROM behind.texts AS x
    WHERE {visible} AND {matching} AND {there}
""")
BY_PART = SQL("""
    SELECT x.kind, x.id, x.known_from, x.scope, 0::float8 AS score
    FROM behind.texts AS x
    WHERE {visible} AND {matching} AND {there}
""")
SEARCH = SQL("""
    WITH {found}, best AS (
        SELECT f.kind, f.id, f.known_from, f.scope, f.score
        FROM found AS f
        WHERE (%(kind)s::text IS NULL OR f.kind = %(kind)s)
            AND (
                %(score)s::float8 IS NULL
                OR (-f.score, f.kind, f.id) > (-%(score)s::float8, %(after_kind)s, %(after_id)s)
            )
        ORDER BY f.score DESC, f.kind, f.id
        LIMIT %(size)s
    )
    SELECT c.counts, b.kind, b.id, x.title, x.imported, b.score,
        ts_headline('public.ketenledger', x.body, {query}, %(headline)s) AS fragment
    FROM (
        SELECT coalesce(jsonb_object_agg(k.kind, k.found), '{{}}'::jsonb) AS counts
        FROM (SELECT f.kind, count(*) AS found FROM found AS f GROUP BY f.kind) AS k
    ) AS c
    LEFT JOIN best AS b ON true
    LEFT JOIN read_texts AS x ON {visible} AND x.kind = b.kind AND x.id = b.id
        AND x.scope = b.scope AND x.known_from = b.known_from
    ORDER BY b.score DESC, b.kind, b.id
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

RESTS_ON = SQL("""
    SELECT l.kind, l.id, array_agg(l.position ORDER BY l.position) AS positions
    FROM unnest(%(kinds)s::text[], %(ids)s::text[]) AS asked (kind, id)
    JOIN read_links AS l ON l.kind = asked.kind AND l.id = asked.id
    WHERE {visible}
    GROUP BY l.kind, l.id
""").format(visible=scopes.entry("l"))


DATED: Final = [name for name, one in KINDS.items() if one.dated]


class Hits(NamedTuple):
    """A page of what was found, and how much there is of each kind, the most of it first."""

    page: Page
    counts: dict[str, int]


def search(connection: Conn, view: View, paging: Paging, text: str, *, kind: str = "") -> Page:
    """Return a page of things that have these words, of one kind or of all.

    The fragment marks what was found «so». A text without words finds nothing.
    """
    return hits(connection, view, paging, text, kind=kind).page


def hits(connection: Conn, view: View, paging: Paging, text: str, *, kind: str = "") -> Hits:
    """Return the same, and how many things of each kind have these words, whatever the `kind`."""
    words = matching.words(connection, text)
    after = paging.after(float, str, str) or (None, None, None)
    if not words:
        return Hits(Page([]), {})
    asked = view.parameters(
        kind=kind or None,
        dated=DATED,
        headline=HEADLINE,
        size=paging.size + 1,
        **words.parameters(),
        **dict(zip(("score", "after_kind", "after_id"), after, strict=True)),
    )
    query = SEARCH.format(found=_found(words), visible=scopes.version("x"), query=QUERY)
    rows = fetch(connection, query, asked)
    counted = sorted(rows[0]["counts"].items(), key=lambda one: (-one[1], one[0]))
    found = [row for row in rows if row["kind"] is not None]
    kept, following = page(found, paging, "score", "kind", "id")
    kept = opened.titles(connection, view, kept)
    return Hits(Page(_items(connection, view, kept), following), dict(counted))


def _found(words: Words) -> Composed:
    """Return the part of a query that finds what has these words, whole or as parts of words."""
    visible, parts = scopes.version("x"), words.as_parts("x")
    arms = [
        BY_WORD.format(query=QUERY, visible=visible, matching=words.in_any_form("x"), there=THERE)
    ]
    if parts is not None:
        arms.append(BY_PART.format(visible=visible, matching=parts, there=THERE))
    return FOUND.format(arms=SQL(" UNION ALL ").join(arms))


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
