"""Walks: indexes along which many things are passed, for a question that says it walks.

Until PostgreSQL has counted a table, and for a new chain in a database with others, it reckons with
one row for a chain and a kind. Then each index that begins with those is as good to it as the key
of one thing, and which it takes is a matter of their heights: to find one thing it passed all of
its kind. So these indexes are there only for who asks with their condition. It is true of every
row, and says no more than: along this one.

Keys are no walks either: in them the id comes before the kind.
"""

from __future__ import annotations

from typing import Final

from psycopg.sql import SQL, Composed, Identifier

SINCE: Final = SQL("{alias}.since >= 0")
"""Along things in the order in which they were first recorded."""
SLICE: Final = SQL("{alias}.slice >= 0")
"""Along what began in one slice of a chain, by the day from which it is valid."""
STATUS: Final = SQL("{alias}.status <> ''")
"""Along what has a status."""
SCOPE: Final = SQL("{alias}.scope >= 0")
"""Along the records of one scope."""


def along(walk: SQL, alias: str) -> Composed:
    """Return the condition with which a question under this alias says that it walks."""
    return walk.format(alias=Identifier(alias))


def index(columns: str, walk: SQL) -> str:
    """Return an index of these columns, written as in `Table.indexes`, for such questions alone."""
    return f"({columns}) WHERE {walk.as_string().removeprefix('{alias}.')}"
