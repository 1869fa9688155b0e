"""The tables of the read models: their columns, how they are made, filled and put in place.

Two shapes. A table of versions holds a row for as long as it was known (`known_from` up to, not
including, `known_until`) and for whom (`scope` up to `scope_until`, `open_to`). A table of entries
holds what came with one record and never changes. Every key begins with the chain.

Many new rows are copied in, one stream per table and batch; a few are inserted one by one, all
sent together. Names of tables and columns are ours, not input; they are quoted all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final

from msgspec import Struct
from psycopg import Connection, Cursor
from psycopg.sql import SQL, Composed, Identifier, Placeholder

from projections import walks
from projections.slices import IN_SLICE, LEXEMES

NEXT: Final = "_next"
OLD: Final = "_old"
SEARCH_CONFIGURATION: Final = "ketenledger"

VACUUM = SQL("ALTER TABLE {table} SET (autovacuum_enabled = {allowed})")
CREATE = SQL("CREATE TABLE IF NOT EXISTS {table} ({columns}, PRIMARY KEY ({key})) {storage}")
# Versions are closed where they stand, so a page keeps some room; analysing often helps plans.
STORAGE = SQL("""
    WITH (
        fillfactor = 85,
        autovacuum_analyze_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.02{more}
    )
""")
# What is looked through row by row: beside its row each text would be a reading of its own.
IN_THE_ROW = SQL(", toast_tuple_target = 8160")
CREATE_INDEX = SQL("CREATE INDEX ON {table} {columns}")
DROP = SQL("DROP TABLE IF EXISTS {table}")
RENAME = SQL("ALTER TABLE {table} RENAME TO {name}")
ANALYSE = SQL("ANALYZE {table}")

INSERT = SQL("INSERT INTO {table} (chain, {columns}) VALUES (%s, {values})")

# Being open is to the planner a coin that is tossed (`coalesce` makes it so). Taken for one row in
# two hundred, as before it has counted, all open rows of a chain would be held beside each given.
CLOSE = SQL("""
    UPDATE {table} AS t
    SET known_until = given.known_until
    FROM unnest(%(kinds)b::text[], %(ids)b::text[], %(scopes)b::int2[], %(untils)b::int8[])
        AS given (kind, id, scope, known_until)
    WHERE t.chain = %(chain)s AND t.kind = given.kind AND t.id = given.id
        AND t.scope = given.scope AND coalesce(t.known_until IS NULL, false)
""")
REPLACE = SQL("""
    UPDATE {table} AS t
    SET replaced_at = given.replaced_at, replaced_from = given.replaced_from
    FROM unnest(
        %(kinds)s::text[], %(ids)s::text[], %(moments)s::timestamptz[], %(positions)s::int8[],
        %(numbers)s::int2[], %(replaced_at)s::timestamptz[], %(replaced_from)s::int8[]
    ) AS given (kind, id, occurred_at, position, number, replaced_at, replaced_from)
    WHERE t.chain = %(chain)s AND t.kind = given.kind AND t.id = given.id
        AND t.occurred_at = given.occurred_at AND t.position = given.position
        AND t.number = given.number
""")


class Column(Struct, frozen=True):
    """A column: its type, and how a value is written so that the database reads it as that type.

    `generated` columns are computed by the database.
    """

    name: str
    type: str
    written: Callable[[str], str | None] | None = None
    generated: bool = False
    nullable: bool = False

    @property
    def is_text(self) -> bool:
        """Whether a value is any text at all."""
        return self.type in ("text", "jsonb")


class Table(Struct, frozen=True):
    """A table of versions or of entries, and its indexes as they are written after its name.

    `in_the_row` keeps long values in the row itself, up to a page of 8 kB.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    in_the_row: bool = False

    @property
    def given(self) -> list[Column]:
        """The columns that are written, in order, after the chain."""
        return [column for column in self.columns if not column.generated]

    @property
    def converted(self) -> list[tuple[int, Callable[[str], str | None]]]:
        """The places of the columns whose values are written in a form of their own."""
        given = enumerate(self.given)
        return [(place, one.written) for place, one in given if one.written is not None]

    @property
    def digest(self) -> str:
        """A short name for this very shape, which changes when a column or index does."""
        columns = [(one.name, one.type, one.nullable) for one in self.columns]
        shape = repr((columns, self.key, self.indexes, *[True] * self.in_the_row)).encode()
        return hashlib.sha256(shape).hexdigest()[:16]


def text(name: str) -> Column:
    """Return a column of text."""
    return Column(name, "text")


def several(name: str) -> Column:
    """Return a column of ids; they come in as one text with spaces between them."""
    return Column(name, "text[]", _several)


def number(name: str, kind: str = "int8", *, nullable: bool = False) -> Column:
    """Return a column of whole numbers."""
    return Column(name, kind, nullable=nullable)


def day(name: str) -> Column:
    """Return a column of calendar days; they come in as text, empty for none."""
    return Column(name, "date", lambda text: text or None, nullable=True)


def moment(name: str) -> Column:
    """Return a column of moments; they come in as text, empty for the end of time."""
    return Column(name, "timestamptz", lambda text: text or "infinity")


def document(name: str) -> Column:
    """Return a column of JSON; it comes in as text."""
    return Column(name, "jsonb")


def _several(ids: str) -> str:
    """Write ids as an array. No id has a character that needs more than quotes around it."""
    if not ids:
        return "{}"
    return "{" + ",".join(f'"{one}"' for one in ids.split()) + "}"


VERSION_COLUMNS: Final = (
    text("kind"),
    text("id"),
    number("scope", "int2"),
    number("scope_until", "int2"),
    number("known_from"),
    number("known_until", nullable=True),
    number("since"),
    several("open_to"),
)
VERSION_KEY: Final = ("chain", "id", "kind", "scope", "known_from")
SLICE_OF: Final = Column("slice", IN_SLICE, generated=True)


def versions(
    name: str, *columns: Column, indexes: tuple[str, ...] = (), in_the_row: bool = False
) -> Table:
    """Return a table of versions; `since` is the position of the first record of the thing.

    `open_to` says whom all its confidential records concern. Where a row says from which day on it
    is valid, so does the index by which a list is walked along: what is not there yet on a day is
    passed over without a look at its row, and a slice of the chain with nothing else as a whole.
    """
    every = (*VERSION_COLUMNS, *columns)
    walked = [walks.index("chain, kind, since, id", walks.SINCE)]
    if any(column.name == "valid_from" for column in columns):
        every = (*every, SLICE_OF)
        walked = [
            walks.index("chain, kind, since, id, valid_from", walks.SINCE),
            walks.index("chain, kind, slice, valid_from", walks.SLICE),
        ]
    return Table(name, every, VERSION_KEY, (*walked, *indexes), in_the_row)


RECORDS: Final = Table(
    "read_records",
    (
        number("position"),
        moment("recorded_at"),
        moment("occurred_at"),
        text("type"),
        text("actor"),
        text("recorded_by"),
        number("scope", "int2"),
        several("concerns"),
        several("things"),
        several("under"),
    ),
    ("chain", "position"),
    (
        "(chain, recorded_at, position)",
        walks.index("chain, scope, position", walks.SCOPE),
        "(chain, type, position)",
        "(chain, actor, position)",
        "(chain, recorded_by, position) WHERE recorded_by <> ''",
    ),
)
LINKS: Final = Table(
    "read_links",
    (
        text("kind"),
        text("id"),
        number("position"),
        number("scope", "int2"),
        several("concerns"),
        moment("occurred_at"),
    ),
    ("chain", "kind", "id", "position"),
)
"""Which records are about a thing, and when each occurred."""
STATUSES: Final = Table(
    "read_statuses",
    (
        text("kind"),
        text("id"),
        moment("occurred_at"),
        number("position"),
        number("number", "int2"),
        number("scope", "int2"),
        several("concerns"),
        text("status"),
        document("entry"),
        moment("replaced_at"),
        number("replaced_from", nullable=True),
    ),
    # Without the moment: beside two ranges in one index, of moments and of positions, PostgreSQL 18
    # takes a walk past all things for cheaper than a look at the few statuses of one.
    ("chain", "id", "kind", "position", "number"),
    (
        walks.index("chain, kind, status, replaced_at", walks.STATUS),
        walks.index("chain, kind, status, replaced_from", walks.STATUS),
    ),
)
"""A status is `replaced_at` the moment of a later one, from position `replaced_from` on, where that
one is known to whoever knows this one; where it is not, this one may still be the last for some."""
TEXTS: Final = versions(
    "read_texts",
    text("title"),
    text("body"),
    document("imported"),
    text("plain"),
    Column(
        "found_by",
        "tsvector GENERATED ALWAYS AS ("
        f"setweight(to_tsvector('public.{SEARCH_CONFIGURATION}', title), 'A') || "
        f"to_tsvector('public.{SEARCH_CONFIGURATION}', body) || "
        "setweight(to_tsvector('simple', plain), 'D') || "
        f"{LEXEMES}) STORED",
        generated=True,
    ),
    # What came last is read whole by who looks for words: no more of it than 1 MB.
    indexes=("USING gin (found_by, plain gin_trgm_ops) WITH (gin_pending_list_limit = 1024)",),
    in_the_row=True,
)
DUE: Final = versions(
    "read_due",
    moment("due_at"),
    text("what"),
    text("owner"),
    document("summary"),
    indexes=("(chain, due_at, kind, id)",),
)


def create(connection: Connection[Any], table: Table, suffix: str = "") -> None:
    """Make a table, without its indexes, if it is not there."""
    columns = (text("chain"), *table.columns)
    connection.execute(
        CREATE.format(
            table=Identifier(table.name + suffix),
            columns=SQL(", ").join(map(_definition, columns)),
            key=_names(table.key),
            storage=STORAGE.format(more=IN_THE_ROW if table.in_the_row else SQL("")),
        )
    )


def _definition(column: Column) -> Composed:
    required = SQL("" if column.generated or column.nullable else "NOT NULL")
    return SQL("{} {} {}").format(Identifier(column.name), _constant(column.type), required)


def _constant(words: str) -> SQL:
    """Make SQL of words that stand in this package's own code, never of input."""
    return SQL(words)


def create_indexes(connection: Connection[Any], table: Table, suffix: str = "") -> None:
    """Make the indexes of a table; the database chooses their names."""
    for columns in table.indexes:
        name = Identifier(table.name + suffix)
        connection.execute(CREATE_INDEX.format(table=name, columns=_constant(columns)))


def drop(connection: Connection[Any], table: Table, suffix: str) -> None:
    """Remove a table that lies beside the live one."""
    connection.execute(DROP.format(table=Identifier(table.name + suffix)))


def rename(connection: Connection[Any], table: Table, before: str, after: str) -> None:
    """Give a table, or the one beside it, another suffix."""
    connection.execute(
        RENAME.format(table=Identifier(table.name + before), name=Identifier(table.name + after))
    )


def let_vacuum(connection: Connection[Any], table: Table, suffix: str, *, allowed: bool) -> None:
    """Tell PostgreSQL whether it may vacuum a table of itself: one being built gains nothing."""
    name, word = Identifier(table.name + suffix), SQL("true" if allowed else "false")
    connection.execute(VACUUM.format(table=name, allowed=word))


def analyse(connection: Connection[Any], table: Table, suffix: str = "") -> None:
    """Let the planner know how a table is filled."""
    connection.execute(ANALYSE.format(table=Identifier(table.name + suffix)))


def insert(cursor: Cursor[Any], table: Table, chain: str, rows: Iterable[list[Any]]) -> None:
    """Add a few rows to a live table; within a pipeline they go without waiting for each other."""
    statement = _inserting(table.name, column_names(table))
    converted = table.converted
    for row in rows:
        for place, written in converted:
            row[place] = written(row[place])
        # All as text, which the server reads as what the column is: one statement for any values.
        values = [chain, *(None if one is None else str(one) for one in row)]
        cursor.execute(statement, values, prepare=True)


def column_names(table: Table) -> tuple[str, ...]:
    """Name the columns that are written, the chain first."""
    return ("chain", *(column.name for column in table.columns if not column.generated))


@cache
def _inserting(name: str, columns: tuple[str, ...]) -> bytes:
    others = columns[1:]
    values = SQL(", ").join([Placeholder()] * len(others))
    own = {"table": Identifier(name), "columns": _names(others), "values": values}
    return INSERT.format(**own).as_bytes()


def close(
    cursor: Cursor[Any],
    table: Table,
    chain: str,
    closings: Sequence[tuple[str, str, int, int]],
    suffix: str = "",
) -> None:
    """End the open versions of (kind, id, scope) at a position, in one statement."""
    kinds, ids, scopes, untils = map(list, zip(*closings, strict=True))
    asked = {"chain": chain, "kinds": kinds, "ids": ids, "scopes": scopes, "untils": untils}
    cursor.execute(_closing(table.name + suffix), asked, prepare=True)


def replace(
    cursor: Cursor[Any],
    chain: str,
    replaced: Sequence[tuple[str, str, str, int, int, str, int]],
    suffix: str = "",
) -> None:
    """Note of statuses (kind, id, moment, position, number) since when they are replaced."""
    names = ("kinds", "ids", "moments", "positions", "numbers", "replaced_at", "replaced_from")
    given = zip(names, map(list, zip(*replaced, strict=True)), strict=True)
    asked = {"chain": chain, **dict(given)}
    cursor.execute(_replacing(STATUSES.name + suffix), asked, prepare=True)


@cache
def _replacing(name: str) -> bytes:
    return REPLACE.format(table=Identifier(name)).as_bytes()


@cache
def _closing(name: str) -> bytes:
    return CLOSE.format(table=Identifier(name)).as_bytes()


def _names(names: Iterable[str]) -> Composed:
    return SQL(", ").join(Identifier(name) for name in names)
