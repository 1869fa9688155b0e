"""Many rows as COPY reads them: made column by column, sent in one piece.

A value is written once for all rows that share it where it has a form of its own, and looked
through for what COPY would take for the end of it only where its column has any such thing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, Final

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from projections.tables import Column, Table, column_names

COPY = SQL("COPY {table} ({columns}) FROM STDIN")
NOTHING: Final = "\\N"
MARKS: Final = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
"""What ends a value, a row or everything, and how it is written within a value; itself first."""


def copy(
    cursor: Cursor[Any], table: Table, chain: str, rows: Sequence[list[Any]], suffix: str = ""
) -> None:
    """Add many rows, each with the values of `table.given` in order."""
    with cursor.copy(_copying(table.name + suffix, column_names(table))) as copying:
        copying.write(lines(table.given, chain, rows))


def lines(columns: Sequence[Column], chain: str, rows: Sequence[Sequence[Any]]) -> str:
    """Return a line for each row: its chain and values, with a tab between them."""
    values = zip(*rows, strict=True)
    written = [_written(column, own) for column, own in zip(columns, values, strict=True)]
    return "\n".join(map("\t".join, zip([chain] * len(rows), *written, strict=True))) + "\n"


def _written(column: Column, values: Collection[Any]) -> Iterable[str]:
    if column.written is not None:
        distinct = list(set(values))
        made = list(map(column.written, distinct))
        safe = _within(["" if one is None else one for one in made])
        ends = [NOTHING if one is None else text for one, text in zip(made, safe, strict=True)]
        return map(dict(zip(distinct, ends, strict=True)).__getitem__, values)
    if column.nullable or not column.is_text:
        return [NOTHING if value is None else str(value) for value in values]
    return _within(values)


def _within(values: Collection[str]) -> Collection[str]:
    """Write texts so that they end where they end."""
    whole = "".join(values)
    for mark, written in MARKS:
        if mark in whole:
            values = [value.replace(mark, written) for value in values]
    return values


@cache
def _copying(name: str, columns: tuple[str, ...]) -> bytes:
    names = SQL(", ").join(Identifier(column) for column in columns)
    return COPY.format(table=Identifier(name), columns=names).as_bytes()
