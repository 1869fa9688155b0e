"""Lists: the rows of a capability's table that a reader sees, page by page.

Things come in the order in which they were first recorded, oldest or newest first; that order
never changes, so a page continues exactly where the last one ended. A row holds little; an item
tells all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field
from psycopg.sql import SQL, Composed, Identifier, Literal, Placeholder

from projections import matching, opened, scopes, walks
from projections.as_it_was import Recorded, as_it_was, recorded
from projections.matching import Words
from projections.slices import SLICE
from projections.things import Kind
from projections.views import MAX_LIMIT, Conn, Doc, Page, Paging, View, fetch, page

# The status that held on the day, whatever the order in which statuses came in.
STATUS = SQL("""
    LEFT JOIN LATERAL (
        SELECT e.entry, e.status
        FROM read_statuses AS e
        WHERE {visible} AND e.kind = t.kind AND e.id = t.id
            AND e.occurred_at < %(day)s::date + 1
        ORDER BY e.occurred_at DESC, e.position DESC, e.number DESC
        LIMIT 1
    ) AS s ON true
""").format(visible=scopes.entry("e"))
LIST = SQL("""
    SELECT t.id, t.since, t.valid_from, t.valid_until, t.summary, s.entry AS status
    FROM {table} AS t
    {status}
    WHERE {visible} AND t.kind = %(kind)s AND {conditions}
    ORDER BY t.since {order}, t.id {order}
    LIMIT %(size)s
""")

# The first so many things of a list, and which of them have a status.
WALK = SQL("""
    SELECT t.id, t.since, t.valid_from, t.valid_until, t.summary, s.entry AS status
    FROM (
        SELECT t.kind, t.id, t.since, t.valid_from, t.valid_until, t.summary
        FROM {table} AS t
        WHERE {visible} AND t.kind = %(kind)s AND {conditions}
        ORDER BY t.since {order}, t.id {order}
        LIMIT %(walked)s
    ) AS t
    {status}
    WHERE s.status = ANY(%(status)s::text[])
    ORDER BY t.since {order}, t.id {order}
    LIMIT %(size)s
""")
WALKED: Final = 300
AS_LONG = SQL("""
    SELECT count(*) AS things
    FROM (
        SELECT 1 AS one
        FROM {table} AS t
        WHERE {visible} AND t.kind = %(kind)s AND {conditions}
        ORDER BY t.since {order}, t.id {order}
        LIMIT %(walked)s
    ) AS t
""")

ASCENDING: Final = (SQL("ASC"), SQL("(t.since, t.id) > (%(since)s, %(id)s)"))
DESCENDING: Final = (SQL("DESC"), SQL("(t.since, t.id) < (%(since)s, %(id)s)"))
# Where few of the first things of a list have a status, those that have it are found once and for
# all: asking each thing by itself which of its statuses held last costs far more then.
STANDING = SQL("""
    WITH standing AS MATERIALIZED (
        SELECT e.id
        FROM read_statuses AS e
        WHERE {visible} AND {walk} AND e.kind = %(kind)s
            AND e.status = ANY(%(status)s::text[])
            AND e.occurred_at < %(day)s::date + 1
            AND (e.replaced_at >= %(day)s::date + 1 OR e.replaced_from > %(known_at)s)
            AND NOT EXISTS (
                SELECT 1
                FROM read_statuses AS f
                WHERE {visible_later} AND f.kind = e.kind AND f.id = e.id
                    AND f.occurred_at < %(day)s::date + 1
                    AND (f.occurred_at, f.position, f.number)
                        > (e.occurred_at, e.position, e.number)
            )
    )
""").format(
    visible=scopes.entry("e"),
    visible_later=scopes.entry("f"),
    walk=walks.along(walks.STATUS, "e"),
)
# True of every version known then; it lets an index begin where the chain ended then.
BEGUN = SQL("t.since <= %(known_at)s")
IN_ORDER = walks.along(walks.SINCE, "t")
STATUS_IS = SQL("t.id IN (SELECT standing.id FROM standing)")
EQUALS = SQL("t.{column} = {value}")
CONTAINS = SQL("{value} = ANY(t.{column})")
VALID_THEN = SQL("""
    t.valid_from <= %(day)s::date AND (t.valid_until IS NULL OR t.valid_until > %(day)s::date)
    AND (s.status IS NULL OR s.status <> ALL(%(gone)s::text[]))
""")
# No slice of the chain after the last in which something began that was there on the day has to be
# walked through: of each there is one look in the index. The order is that of the index: for just
# any row a planner may rather begin to read the table, which has those of that slice at its end.
THERE_THEN = SQL("""
    t.valid_from <= %(valid_on)s::date AND t.since < (
        SELECT (w.slice + 1) * {slice}
        FROM generate_series(%(known_at)s / {slice}, 0, -1) AS w (slice)
        CROSS JOIN LATERAL (
            SELECT 1 AS one
            FROM {table} AS b
            WHERE {visible} AND {walk} AND b.kind = %(kind)s AND b.slice = w.slice
                AND b.valid_from <= %(valid_on)s::date
            ORDER BY b.valid_from
            LIMIT 1
        ) AS begun
        LIMIT 1
    )
""")
# Behind the wall as in `search.py`, and found by itself (the OFFSET keeps it so): beside a table
# with a policy, the indexes of words would not be used here either.
HAS_WORDS = SQL("""
    t.id IN (
        SELECT x.id FROM behind.texts AS x
        WHERE {visible} AND coalesce(x.kind = %(kind)s, false) AND {matching}
        OFFSET 0
    )
""")
# Few are looked up by their ids. A planner that has not counted yet would look for all that have
# the words once more for each thing along the list.
WITH_WORDS = SQL("""
    SELECT DISTINCT x.id
    FROM behind.texts AS x
    WHERE {visible} AND coalesce(x.kind = %(kind)s, false) AND {matching}
    LIMIT %(walked)s + 1
""")
IS_ONE_OF = SQL("t.id = ANY(%(having)s::text[])")


class Wanted(Struct, frozen=True, kw_only=True):
    """What a list is narrowed to: columns that hold a value, statuses, words in the text.

    An empty value chooses nothing. `valid` asks for what is valid on the day of the view even where
    no day was asked for.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    status: tuple[str, ...] = ()
    text: str = ""
    valid: bool = False
    newest_first: bool = False


def listed(connection: Conn, view: View, paging: Paging, kind: Kind, wanted: Wanted) -> Page:
    """Return a page of things of a kind, each with its id, status and the positions it rests on."""
    after = paging.after(int, str)
    columns = {name: value for name, value in wanted.columns.items() if value}
    words = matching.words(connection, wanted.text)
    asked = view.parameters(
        kind=kind.name,
        gone=sorted(kind.gone),
        status=list(wanted.status),
        having=_having(connection, view, kind, words) if words else None,
        size=paging.size + 1,
        since=after[0] if after else None,
        id=after[1] if after else None,
        **{f"with_{name}": value for name, value in columns.items()},
        **words.parameters(),
    )
    conditions = _conditions(view, kind, wanted, columns)
    if words and asked["having"] is not None:
        conditions.append(IS_ONE_OF)
    elif wanted.text:
        conditions.append(_has(words))
    found = _found(connection, kind, wanted, conditions, asked)
    rows, following = page(found, paging, "since", "id")
    rows = opened.texts(connection, view, rows)
    known = recorded(connection, view, kind, [row["id"] for row in rows])
    if view.valid_on and not kind.dated:
        as_it_was(connection, view, kind, rows, known)
    return Page([_item(view, kind, row, known) for row in rows], following)


def _found(
    connection: Conn,
    kind: Kind,
    wanted: Wanted,
    conditions: list[SQL | Composed],
    asked: dict[str, object],
) -> list[Doc]:
    """Return the rows of a page, one more where there are more."""
    order, beyond = DESCENDING if wanted.newest_first else ASCENDING
    if asked["id"] is not None:
        conditions = [*conditions, beyond]

    def query(shape: SQL, *more: SQL) -> Composed:
        return shape.format(
            table=Identifier(kind.table.name),
            status=STATUS,
            visible=scopes.version("t"),
            conditions=SQL(" AND ").join([*conditions, *more, SQL("true")]),
            order=order,
        )

    along = () if _narrowed(kind, wanted) or asked["having"] is not None else (IN_ORDER,)
    if not wanted.status:
        return fetch(connection, query(LIST, *along), asked)
    if not kind.dated:
        first = {**asked, "walked": WALKED}
        found = fetch(connection, query(WALK, *along), first)
        if len(found) == asked["size"]:
            return found
        [walked] = fetch(connection, query(AS_LONG, *along), first)
        if walked["things"] < WALKED:
            return found
    return fetch(connection, STANDING + query(LIST, STATUS_IS), asked)


def _has(words: Words) -> Composed:
    """Return the condition that a thing has these words; without any, no thing has."""
    matches = words.condition("x") if words else SQL("false")
    return HAS_WORDS.format(visible=scopes.worded("x"), matching=matches)


def _having(connection: Conn, view: View, kind: Kind, words: Words) -> list[str] | None:
    """Return the ids of the things of a kind that have these words; None where there are many."""
    query = WITH_WORDS.format(visible=scopes.worded("x"), matching=words.condition("x"))
    asked = view.parameters(kind=kind.name, walked=WALKED, **words.parameters())
    found = [row["id"] for row in fetch(connection, query, asked)]
    return found if len(found) <= WALKED else None


def _narrowed(kind: Kind, wanted: Wanted) -> bool:
    """Tell whether one of the columns that hold a value has an index of its own to walk along."""
    names = [name for name, value in wanted.columns.items() if value]
    return any(f"(chain, {name}, since, id)" in kind.table.indexes for name in names)


def everything(connection: Conn, view: View, kind: Kind, wanted: Wanted) -> list[Doc]:
    """Return all things of a kind that are wanted, for an answer that shows them together."""
    found: list[Doc] = []
    paging = Paging(limit=MAX_LIMIT)
    while True:
        part = listed(connection, view, paging, kind, wanted)
        found += part.items
        if not part.next:
            return found
        paging = Paging(part.next, MAX_LIMIT)


def _conditions(
    view: View, kind: Kind, wanted: Wanted, columns: Mapping[str, str]
) -> list[SQL | Composed]:
    types = {column.name: column.type for column in kind.table.columns}
    found: list[SQL | Composed] = [BEGUN]
    for name in columns:
        shape = CONTAINS if types[name] == "text[]" else EQUALS
        found.append(shape.format(column=Identifier(name), value=Placeholder(f"with_{name}")))
    if kind.dated and (view.valid_on or wanted.valid):
        found.append(VALID_THEN)
    elif view.valid_on:
        begun = {"visible": scopes.version("b"), "walk": walks.along(walks.SLICE, "b")}
        table = Identifier(kind.table.name)
        found.append(THERE_THEN.format(table=table, slice=Literal(SLICE), **begun))
    return found


def _item(view: View, kind: Kind, row: Doc, known: Mapping[str, Recorded]) -> Doc:
    rests_on = known[row["id"]].positions if row["id"] in known else []
    item: Doc = {**row["summary"], "positions": rests_on}
    if row["status"] is not None:
        item["status"] = row["status"]["status"]
        item["statusSince"] = row["status"]["on"]
        if "label" in row["status"]:
            item["statusLabel"] = row["status"]["label"]
    if kind.dated and row["valid_from"] is not None:
        starts, ends = str(row["valid_from"]), str(row["valid_until"] or "")
        item["validFrom"] = starts
        if ends:
            item["validUntil"] = ends
        in_term = starts <= view.day and (not ends or view.day < ends)
        item["valid"] = in_term and item.get("status", "") not in kind.gone
    return item
