"""Checking read models against the record: how far they are, and whether their rows are right.

The position is looked up in the moment of the check. The contents are compared with tables that are
made anew for one chain, out of the record, in a transaction that is undone at the end: nothing of
it stays, and neither readers nor the runner notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import psycopg
from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from ledger.faults import BrokenLog
from ledger.log.database import connect, unavailable_is_ours
from ledger.log.flaws import Flaws
from ledger.log.snapshot import Snapshot
from projections import folding, progress, tables
from projections.models import MODELS
from projections.tables import NEXT, Table

Look = Callable[[Snapshot, Flaws, Flaws], None]

BATCH: Final = 1000
STATEMENT_SECONDS: Final = 600.0

# What is made now is temporary, whatever it is called; everything else is found as ever.
TEMPORARY_FIRST = "SELECT set_config('search_path', 'pg_temp, public', true)"

DIFFERENT = SQL("""
    SELECT count(*) FROM (
        (
            SELECT {columns} FROM public.{live} WHERE chain = %(chain)s
            EXCEPT ALL
            SELECT {columns} FROM pg_temp.{made}
        ) UNION ALL (
            SELECT {columns} FROM pg_temp.{made}
            EXCEPT ALL
            SELECT {columns} FROM public.{live} WHERE chain = %(chain)s
        )
    ) AS different
""")


def position(snapshot: Snapshot, flaws: Flaws, remarks: Flaws) -> None:
    """Look how far the read models of a chain are: never further than its record."""
    done = progress.reached_everywhere(snapshot.conn).get(snapshot.chain, 0)
    if done > snapshot.size:
        what = f"De leesmodellen hebben {done} gebeurtenissen, het register {snapshot.size}."
        flaws.add("read-model", snapshot.size, what)
    elif done < snapshot.size:
        behind = snapshot.size - done
        what = f"De leesmodellen lopen {behind} gebeurtenissen achter."
        remarks.add("behind", done, what, count=behind)


class Contents:
    """Compares every row of the read models of a chain with what its records make."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo

    def __call__(self, snapshot: Snapshot, flaws: Flaws, _remarks: Flaws) -> None:
        """Add a break for the read models that differ, or cannot be made at all."""
        with (
            unavailable_is_ours(),
            connect(self._conninfo, statement_seconds=STATEMENT_SECONDS) as connection,
        ):
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            with connection.transaction(force_rollback=True):
                self._compare(connection, snapshot.chain, flaws)

    def _compare(self, connection: Connection[Any], chain: str, flaws: Flaws) -> None:
        size = progress.reached_everywhere(connection).get(chain, 0)
        try:
            _make(connection, chain, size)
        except BrokenLog as error:
            what = "De leesmodellen zijn uit de gebeurtenissen niet opnieuw te maken"
            flaws.add("read-model", error.position, f"{what} (vanaf {error.position}).")
            return
        for model in MODELS.values():
            for table in model.tables:
                rows = _different(connection, chain, table)
                if rows:
                    what = f"Leesmodel {model.name} is niet wat de gebeurtenissen maken"
                    flaws.add("read-model", size, f"{what} ({rows} rijen).", count=rows)


def _make(connection: Connection[Any], chain: str, size: int) -> None:
    """Make all tables of a chain anew as temporary ones, up to a size."""
    connection.execute(TEMPORARY_FIRST)
    for model in MODELS.values():
        for table in model.tables:
            tables.create(connection, table, NEXT)
    made = folding.everything(chain, NEXT)
    done = 0
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        progress.settle(cursor)
        while done < size:
            rows = progress.read_on(cursor, chain, done, min(BATCH, size - done))
            if not rows:
                raise BrokenLog(chain, done, "de gebeurtenis ontbreekt")
            done += made.take(cursor, rows)


def _different(connection: Connection[Any], chain: str, table: Table) -> int:
    """Return how many rows stand in only one of the two tables."""
    names = ["chain", *(column.name for column in table.given)]
    query = DIFFERENT.format(
        columns=SQL(", ").join(map(Identifier, names)),
        live=Identifier(table.name),
        made=Identifier(table.name + NEXT),
    )
    with connection.cursor(row_factory=tuple_row) as cursor:
        [(rows,)] = cursor.execute(query, {"chain": chain}).fetchall()
    return int(rows)
