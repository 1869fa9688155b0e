"""Search: things found by the words in them, best first, each with a piece of its text.

How words are read stands in `matching.py`, the same for what is indexed and for what is asked.

Words that more than `MOST` things have are not counted to the end, nor ranked: of those the newest
come first. So a question costs what it shows, however long a chain has become.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

from psycopg.sql import SQL

from ledger.domain.values import Refused
from projections import matching, opened, scopes
from projections.matching import QUERY, Words
from projections.models import KINDS
from projections.slices import SLICE, slice_name
from projections.views import Conn, Doc, Page, Paging, View, fetch, page

MOST: Final = 300
"""So many things are counted and ranked."""
LATER: Final = 2
"""So many times as many on the pages that follow, since meanwhile there may have come more."""
MOST_SLICES: Final = 16
"""So many slices of a chain are looked through in one go."""
FIRST_SLICES: Final = 3
"""So many in the first go: a short chain has no more, and each go asks the index anew."""
STEP: Final = 2
"""So many times as many as in the go before it: what is met in the last is more than is shown."""
FOR_A_PAGE: Final = 4
"""So many have a page of things with words that many have."""

# What is looked through is the view behind the wall, which has the wall's own condition: before it
# the indexes would not be used (see `wall.py`). What is shown is read before the wall.
#
# It goes slice by slice of the chain, from the newest on (the inner OFFSET keeps it so): words that
# many things have are met often enough in the first, and what is asked of the index ends there.
#
# Words and parts of words each have an index, which one question for either would not use. What has
# only a part of a word ranks below what has the word, and is looked for after it.
HITS = SQL("""
    SELECT h.kind, h.id, h.known_from, h.scope, h.since, h.found_by, w.turn
    FROM {slices} AS w (slices, turn)
    CROSS JOIN LATERAL ({arms}) AS h
""")
SLICES = SQL("unnest(%(slices)s::text[]) WITH ORDINALITY")
ARM = SQL("""(
    SELECT x.kind, x.id, x.known_from, x.scope, x.since, {found_by} AS found_by
    FROM behind.texts AS x
    WHERE {visible} AND {there} AND x.found_by @@ {among} AND {matching}
    OFFSET 0
)""")
IN_THE_SLICES = SQL("w.slices::tsquery")
BUT_NOT = SQL("(w.slices::tsquery && !! {query})")
BY_WORD = SQL("x.found_by")
BY_PART = SQL("NULL::tsvector")
SHOWN = SQL("""
    b.kind, b.id, x.title, x.imported,
    ts_headline('public.ketenledger', x.body, {query}, %(headline)s) AS fragment
""")
# Where there are too many, what was met in all slices but the last, which may have more, holds the
# newest of all: where these are a page, they need not be looked for again. A part of a word takes
# longer to look for than a word, most of it to begin with. So where the words alone are too many,
# parts are looked for at once, and in the slices of that page only (`enough`).
ENOUGH = SQL("""(
    SELECT string_agg(g.slices, ' | '), max(g.turn)
    FROM enough AS e
    JOIN unnest(%(slices)s::text[]) WITH ORDINALITY AS g (slices, turn) ON g.turn <= e.turn
    GROUP BY CASE WHEN e.at_once THEN 0 ELSE g.turn END
    ORDER BY max(g.turn)
)""")
SEARCH = SQL("""
    WITH by_word AS MATERIALIZED (
        {by_word}
        ORDER BY w.turn
        LIMIT %(most)s + 1
    ), enough AS (
        SELECT count(*) > %(most)s AS at_once, CASE
            WHEN count(*) <= %(most)s THEN cardinality(%(slices)s::text[])
            ELSE coalesce(nullif(min(m.turn) FILTER (WHERE m.place = %(size)s), max(m.turn)), 0)
        END AS turn
        FROM (
            SELECT f.turn, row_number() OVER (ORDER BY f.turn) AS place FROM by_word AS f
        ) AS m
    ), by_part AS MATERIALIZED (
        {by_part}
        ORDER BY w.turn
        LIMIT %(most)s + 1
    ), whole AS (
        SELECT CASE
            WHEN count(*) <= %(most)s THEN max(e.turn)
            WHEN bool_or(e.at_once) THEN 0
            ELSE max(p.turn) - 1
        END AS turn
        FROM enough AS e
        LEFT JOIN by_part AS p ON true
    ), found AS (
        SELECT a.kind, a.id, a.known_from, a.scope, a.since, a.found_by, a.turn FROM by_word AS a
        UNION ALL
        SELECT a.kind, a.id, a.known_from, a.scope, a.since, a.found_by, a.turn FROM by_part AS a
    ), counted AS (
        SELECT coalesce(jsonb_object_agg(k.kind, k.found), '{{}}'::jsonb) AS counts,
            coalesce(sum(k.found), 0) > %(most)s AS too_many
        FROM (SELECT f.kind, count(*) AS found FROM found AS f GROUP BY f.kind) AS k
    ), ranked AS (
        SELECT f.kind, f.id, f.known_from, f.scope,
            coalesce(ts_rank(f.found_by, {query}), 0)::float8 AS score
        FROM found AS f
        WHERE NOT (SELECT c.too_many FROM counted AS c)
            AND (%(kind)s::text IS NULL OR f.kind = %(kind)s)
    ), best AS (
        SELECT r.kind, r.id, r.known_from, r.scope, r.score, 0::int8 AS since
        FROM ranked AS r
        WHERE %(score)s::float8 IS NULL
            OR (-r.score, r.kind, r.id) > (-%(score)s::float8, %(after_kind)s, %(after_id)s)
        ORDER BY r.score DESC, r.kind, r.id
        LIMIT %(size)s
    ), newest AS (
        SELECT f.kind, f.id, f.known_from, f.scope, 0::float8 AS score, f.since
        FROM found AS f
        WHERE %(newest)s::bool AND (SELECT c.too_many FROM counted AS c)
            AND f.turn <= (SELECT w.turn FROM whole AS w)
        ORDER BY f.since DESC, f.kind, f.id
        LIMIT %(size)s
    )
    SELECT c.counts, c.too_many, b.score, b.since, {shown}
    FROM counted AS c
    LEFT JOIN (
        SELECT p.kind, p.id, p.known_from, p.scope, p.score, p.since FROM best AS p
        UNION ALL
        SELECT n.kind, n.id, n.known_from, n.scope, n.score, n.since FROM newest AS n
    ) AS b ON true
    LEFT JOIN read_texts AS x ON {visible} AND x.kind = b.kind AND x.id = b.id
        AND x.scope = b.scope AND x.known_from = b.known_from
    ORDER BY b.score DESC, b.since DESC, b.kind, b.id
""")
NEWEST = SQL("""
    SELECT b.since, {shown}
    FROM (
        SELECT a.kind, a.id, a.known_from, a.scope, a.since
        FROM ({hits}) AS a
        WHERE %(since)s::int8 IS NULL
            OR (-a.since, a.kind, a.id) > (-%(since)s::int8, %(after_kind)s, %(after_id)s)
        ORDER BY a.since DESC, a.kind, a.id
        LIMIT %(size)s
    ) AS b
    JOIN read_texts AS x ON {visible} AND x.kind = b.kind AND x.id = b.id
        AND x.scope = b.scope AND x.known_from = b.known_from
    ORDER BY b.since DESC, b.kind, b.id
""")
QUERIES: Final = {"SEARCH": SEARCH, "NEWEST": NEWEST}
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
    CROSS JOIN LATERAL (
        SELECT l.kind, l.id, l.position
        FROM read_links AS l
        WHERE {visible} AND l.kind = asked.kind AND l.id = asked.id
        OFFSET 0
    ) AS l
    GROUP BY l.kind, l.id
""").format(visible=scopes.entry("l"))


DATED: Final = [name for name, one in KINDS.items() if one.dated]


class Hits(NamedTuple):
    """A page of what was found, and how much there is of each kind, the most of it first.

    Where `more_than` is set, there is more than that in all; then nothing was counted but, where
    they are few enough, the things of the kind that was asked for.
    """

    page: Page
    counts: dict[str, int]
    more_than: int = 0


class _Question(NamedTuple):
    """Words looked for in a view: what every query for them needs."""

    connection: Conn
    view: View
    words: Words
    asked: dict[str, Any]


def search(connection: Conn, view: View, paging: Paging, text: str, *, kind: str = "") -> Page:
    """Return a page of things that have these words, of one kind or of all.

    The fragment marks what was found «so». A text without words finds nothing. Best first; where
    there are more than `MOST` the page says so (`more_than`) and the newest come first.
    """
    return hits(connection, view, paging, text, kind=kind).page


def hits(connection: Conn, view: View, paging: Paging, text: str, *, kind: str = "") -> Hits:
    """Return the same, and how many things of each kind have these words, whatever the `kind`."""
    words = matching.words(connection, text)
    after = paging.after_one_of((float, str, str), (int, str, str)) or (None, None, None)
    if not words:
        return Hits(Page([]), {})
    asked = view.parameters(
        dated=DATED,
        headline=HEADLINE,
        size=paging.size + 1,
        after_kind=after[1],
        after_id=after[2],
        **words.parameters(),
    )
    question = _Question(connection, view, words, asked)
    if isinstance(after[0], int):
        return Hits(_newest(question, paging, kind, after[0]), {}, MOST)
    return _best(question, paging, kind, after[0])


def _best(question: _Question, paging: Paging, kind: str, score: float | None) -> Hits:
    """Return what was found, best first; the newest of it where that is too much to rank.

    What is too much in all may be little enough of one kind.
    """
    most = MOST if score is None else LATER * MOST
    for among in dict.fromkeys(("", kind)):
        counts, rows = _counted(question, among, kind=kind, score=score, most=most)
        if counts is not None:
            kept, following = page(rows, paging, "score", "kind", "id")
            return Hits(Page(_items(question, kept), following), counts, MOST if among else 0)
        if len(rows) > paging.size:
            return Hits(_shown(question, rows, paging), {}, MOST)
    if score is not None:
        raise Refused("G13", f"meer dan {most} treffers sinds deze cursor; begin vooraan")
    return Hits(_newest(question, paging, kind, None), {}, MOST)


def _counted(
    question: _Question, among: str, *, kind: str, score: float | None, most: int
) -> tuple[dict[str, int] | None, list[Doc]]:
    """Return how many have the words and the best of them.

    None for more than `most`, with the newest of them as far as they were met.
    """
    view = question.view
    slices = list(_slices(view.chain, view.known_at, among, many=FIRST_SLICES))
    own = {"slices": slices, "most": most, "kind": kind or None, "score": score}
    own["newest"] = among == kind and score is None
    query = _query("SEARCH", len(question.words.parts))
    rows = fetch(question.connection, query, {**question.asked, **own})
    there = [row for row in rows if row["kind"] is not None]
    if rows[0]["too_many"]:
        return None, there
    counts = sorted(rows[0]["counts"].items(), key=lambda one: (-one[1], one[0]))
    return dict(counts), there


def _newest(question: _Question, paging: Paging, kind: str, since: int | None) -> Page:
    """Return a page of what was found, newest first, from a position on."""
    view = question.view
    query = _query("NEWEST", len(question.words.parts))
    rows: list[Doc] = []
    start = view.known_at if since is None else since
    for slices in _slices(view.chain, start, kind, many=FOR_A_PAGE):
        left = paging.size + 1 - len(rows)
        if not left:
            break
        own = {"slices": [slices], "size": left, "since": since}
        rows += fetch(question.connection, query, {**question.asked, **own})
    return _shown(question, rows, paging)


def _shown(question: _Question, rows: list[Doc], paging: Paging) -> Page:
    """Return the page of these things, the newest of more than were counted."""
    kept, following = page(rows, paging, "since", "kind", "id")
    return Page(_items(question, kept), following, more_than=MOST)


def _slices(chain: str, newest: int, kind: str, *, many: int) -> Iterator[str]:
    """Give the slices of a chain to look in, the newest first, so many and then ever more."""
    first = newest // SLICE
    while first >= 0:
        last = max(0, first - many + 1)
        names = [slice_name(chain, one, kind) for one in range(first, last - 1, -1)]
        yield " | ".join(map(_quoted, names))
        first, many = last - 1, min(STEP * many, MOST_SLICES)


def _quoted(lexeme: str) -> str:
    """Write a lexeme as a query for words has it."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


@cache
def _query(name: str, parts: int) -> SQL:
    """Return a query for words of so many parts, made into text once."""
    words, visible = Words("", ("",) * parts), scopes.version("x")
    whole, part = words.in_any_form("x"), words.as_parts("x")
    own = {"visible": scopes.worded("x"), "there": THERE}
    by_word = ARM.format(found_by=BY_WORD, among=IN_THE_SLICES, matching=whole, **own)
    # What has the word too is left out by the index, before its text is looked through.
    among = BUT_NOT.format(query=QUERY)
    by_part = ARM.format(found_by=BY_PART, among=among, matching=part or SQL("false"), **own)
    arms = [by_word, *[by_part] * (part is not None)]
    query = QUERIES[name].format(
        hits=HITS.format(slices=SLICES, arms=SQL(" UNION ALL ").join(arms)),
        by_word=HITS.format(slices=SLICES, arms=by_word),
        by_part=HITS.format(slices=ENOUGH, arms=by_part),
        shown=SHOWN.format(query=QUERY),
        query=QUERY,
        visible=visible,
    )
    # A long statement is read anew by the driver each time; without its margins it is not long.
    return _constant(" ".join(query.as_string().split()))


def _constant(words: str) -> SQL:
    """Make SQL of words that stand in this package's own code, never of input."""
    return SQL(words)


def _items(question: _Question, rows: list[Doc]) -> list[Doc]:
    if not rows:
        return []
    connection, view = question.connection, question.view
    rows = opened.titles(connection, view, rows)
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
