"""How far the read models are, and who may move them: positions, locks, versions.

The position of a chain is kept by the `eventsourcing` library's tracking recorder: one row per
chain, written in the same transaction as the rows it stands for, and only ever forward. Its
words: the upstream application is a chain, the notification id is how many records were taken in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from psycopg import Connection, Cursor
from psycopg.rows import dict_row, tuple_row
from psycopg.sql import SQL

from ledger.faults import BrokenLog
from ledger.log.database import Datastore, milliseconds, patience
from projections.models import Model

BATCH_SECONDS: Final = 60.0

# Advisory locks of this database: numbers nobody else uses, the ASCII bytes of "ketenrdm" and on.
_SWAP: Final = 7738719513699215469
_REBUILD: Final = 7738719513699215470

# A batch is many probes of an index, never a walk along a table, also before it was analysed. What
# a crash may take back is both rows and position, and is made again.
SETTINGS = SQL("""
    set_config('enable_seqscan', 'off', true),
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true),
    set_config('synchronous_commit', 'off', true)
""")
BATCH_SETTINGS = SQL("SELECT {settings}").format(settings=SETTINGS).as_bytes()

# A swap of tables waits for the batches under way, and new ones wait for it. What is read comes in
# later statements: this one sees the tables as they were before it had the locks.
OPEN = SQL("""
    SELECT
        {settings},
        set_config('statement_timeout', %(limit)s, true),
        pg_advisory_xact_lock_shared(%(swap)s),
        {take_chain}
""")
OPEN_WAITING = OPEN.format(
    settings=SETTINGS,
    take_chain=SQL(
        "pg_advisory_xact_lock(hashtextextended(%(chain)s, %(swap)s)) IS NOT NULL AS ours"
    ),
).as_bytes()
OPEN_TRYING = OPEN.format(
    settings=SETTINGS,
    take_chain=SQL("pg_try_advisory_xact_lock(hashtextextended(%(chain)s, %(swap)s)) AS ours"),
).as_bytes()
TAKE_TABLES = "SELECT pg_advisory_xact_lock(%(swap)s)"
TAKE_REBUILD = """
    SELECT set_config('lock_timeout', %(wait)s, false), pg_advisory_lock(%(rebuild)s)
"""

READ_ON = """
    SELECT originator_version - 1, state
    FROM records
    WHERE originator_id = %(chain)s
        AND originator_version BETWEEN %(first)s AND %(last)s
    ORDER BY originator_version
"""

# Across chains: one row for each.
REACHED = """
    SELECT application_name, notification_id
    FROM read_progress
    WHERE application_name <> '__migration__'
    ORDER BY application_name
"""

REACHED_BY_ONE = """
    SELECT notification_id
    FROM read_progress
    WHERE application_name = %(chain)s
"""

# How far a chain is, and of which versions all tables are, in the order of their names.
STANDING = """
    SELECT
        (
            SELECT p.notification_id
            FROM read_progress AS p
            WHERE p.application_name = %(chain)s
        ),
        (SELECT array_agg(m.name ORDER BY m.name) FROM read_models AS m),
        (SELECT array_agg(m.version ORDER BY m.name) FROM read_models AS m)
"""

VERSIONS_TABLE = """
    CREATE TABLE IF NOT EXISTS read_models (
        name text PRIMARY KEY,
        version text NOT NULL,
        built_at timestamptz NOT NULL DEFAULT now()
    )
"""
VERSIONS = "SELECT name, version FROM read_models"
REMEMBER = """
    INSERT INTO read_models (name, version, built_at)
    VALUES (%(name)s, %(version)s, now())
    ON CONFLICT (name) DO UPDATE SET version = excluded.version, built_at = excluded.built_at
"""


class ReadModelsDiffer(Exception):
    """The tables were made by another version of this code; says so in Dutch."""


class Turn(NamedTuple):
    """A batch under way: how many records of its chain are in, and what the tables are."""

    cursor: Cursor[Any]
    size: int
    names: Sequence[str]
    versions: Sequence[str]

    def require_same(self, models: Iterable[Model]) -> None:
        """Raise ReadModelsDiffer unless the tables are those of this code."""
        _require_same(dict(zip(self.names, self.versions, strict=True)), models)


class Progress(PostgresTrackingRecorder):
    """The positions of all chains, in the table `read_progress`."""

    def __init__(self, datastore: Datastore) -> None:
        super().__init__(datastore, tracking_table_name="read_progress")
        self._store = datastore

    @contextmanager
    def batch(self, chain: str, *, wait: bool) -> Iterator[Turn | None]:
        """Open a transaction in which this chain is ours alone; None if another process has it.

        With `wait` it is waited for, up to the lock time-out.
        """
        with (
            self._store.session() as connection,
            connection.transaction(),
            patience(connection, BATCH_SECONDS),
            connection.cursor(row_factory=tuple_row, binary=True) as cursor,
        ):
            asked = {"chain": chain, "swap": _SWAP, "limit": milliseconds(BATCH_SECONDS)}
            row = cursor.execute(OPEN_WAITING if wait else OPEN_TRYING, asked).fetchone()
            if row is None or not row[-1]:
                yield None
                return
            [(size, *versions)] = cursor.execute(STANDING, asked).fetchall()
            yield Turn(cursor, size or 0, *(found or () for found in versions))

    def keep(self, cursor: Cursor[Any], chain: str, size: int) -> None:
        """Say in this transaction how many were taken in; IntegrityError if that is no step on."""
        with cursor.connection.cursor(row_factory=dict_row) as writing:
            self._insert_tracking(writing, Tracking(chain, size))

    def all(self) -> dict[str, int]:
        """Return how many records of each chain were taken in."""
        with self._store.session() as connection:
            return reached_everywhere(connection)

    def one(self, chain: str) -> int:
        """Return how many records of a chain were taken in."""
        with self._store.session() as connection:
            return reached(connection, chain)


def reached_everywhere(connection: Connection[Any]) -> dict[str, int]:
    """Return how many records of each chain were taken in, as this transaction sees it."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute(REACHED).fetchall())


def reached(connection: Connection[Any], chain: str) -> int:
    """Return how many records of a chain were taken in, as this connection sees it."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(REACHED_BY_ONE, {"chain": chain}).fetchone()
    return 0 if row is None else int(row[0])


def read_on(cursor: Cursor[Any], chain: str, size: int, limit: int) -> list[tuple[int, bytes]]:
    """Return the records of a chain that follow the first `size`, at most `limit`.

    They end where one is missing; BrokenLog where that is the first.
    """
    asked = {"chain": chain, "first": size + 1, "last": size + limit}
    rows = cursor.execute(READ_ON, asked).fetchall()
    if rows and rows[0][0] != size:
        raise BrokenLog(chain, size, "de gebeurtenis ontbreekt")
    return [row for expected, row in enumerate(rows, start=size) if row[0] == expected]


def require_same(cursor: Cursor[Any], models: Iterable[Model]) -> None:
    """Raise ReadModelsDiffer unless the tables are those of this code."""
    _require_same(dict(cursor.execute(VERSIONS).fetchall()), models)


def _require_same(found: dict[str, str], models: Iterable[Model]) -> None:
    for model in models:
        if found.get(model.name) != model.version:
            raise ReadModelsDiffer(
                f"Leesmodel {model.name} is van versie {found.get(model.name, 'geen')}; "
                f"deze code verwacht {model.version}. Voer een migratie uit."
            )


def outdated(connection: Connection[Any], models: Iterable[Model]) -> list[Model]:
    """Return the models whose tables are of another version, or not there at all."""
    connection.execute(VERSIONS_TABLE)
    with connection.cursor(row_factory=tuple_row) as cursor:
        found: dict[str, str] = dict(cursor.execute(VERSIONS).fetchall())
    return [model for model in models if found.get(model.name) != model.version]


def remember(connection: Connection[Any], model: Model) -> None:
    """Say that the tables of a model are now those of this code."""
    connection.execute(REMEMBER, {"name": model.name, "version": model.version})


def take_tables(connection: Connection[Any]) -> None:
    """Hold all batches until the end of this transaction; the batches under way finish first."""
    connection.execute(TAKE_TABLES, {"swap": _SWAP})


def take_rebuild(connection: Connection[Any], wait: str) -> None:
    """Become the one process that builds read models anew, until this connection closes."""
    connection.execute(TAKE_REBUILD, {"rebuild": _REBUILD, "wait": wait})


def settle(cursor: Cursor[Any]) -> None:
    """Give this transaction the settings of a batch."""
    cursor.execute(BATCH_SETTINGS)
