"""Building read models anew: beside the live ones, then in their place.

The new tables are filled from the record while the live ones go on being read and kept up. When
they are level, batches are held for a moment, the last records are taken in, and the names change
in one transaction. A build that breaks off leaves the live tables as they were; the next one
starts over.

Three connections share the work, each in a thread: one reads and folds, the others write what came
of the batch before (`aside.py`), one of them the texts, which cost the database more than the rest.

`migrate` makes the tables the first time, and builds a model anew when its version has changed.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, repeat
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import Connection, Cursor
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from ledger.domain.values import NotFound
from ledger.faults import BrokenLog
from ledger.log import distribution
from ledger.log.database import Datastore, connect, milliseconds, unavailable_is_ours
from ledger.log.database_roles import Duty, grant, roles
from ledger.log.migrations import MigrationRefused, may_migrate
from projections import progress, tables, wall
from projections.aside import Aside
from projections.folding import Folding, Write
from projections.models import MODELS, Model
from projections.tables import NEXT, OLD, RECORDS, SEARCH_CONFIGURATION, TEXTS, Table

Report = Callable[[int, int], None]

BATCH: Final = 2000
STATEMENT_SECONDS: Final = 600.0
OTHER_BUILD_WAIT: Final = "120s"
SWAP_WAITS_SECONDS: Final = (0.02, 0.05, 0.1, 0.2)
"""How long readers may queue behind a change of names before it is tried again, try after try."""
SWAP_SECONDS: Final = 120.0
SWAP_PAUSE_SECONDS: Final = 0.2
COLLECT_AFTER: Final = 100_000
"""So many new objects are made before any is looked at: what a build drops is free at once, and
what it holds on to is of no use to look through again and again."""
TURN_SECONDS: Final = 0.0005
"""How long who folds may keep who writes waiting: that one has little to do between two waits for
the database, and does it many times for each batch."""

MAY: Final[Mapping[Duty, tuple[str, ...]]] = {
    "keeping": ("INSERT", "UPDATE", "DELETE"),
}
"""What each duty may do with the tables of the read models besides reading them."""
SEEING: Final[tuple[Duty, ...]] = ("keeping", "reading")

EXTENSIONS: Final = ("pg_trgm", "unaccent")
EXTENSIONS_THERE = "SELECT extname FROM pg_extension WHERE extname = ANY(%(names)s)"

CONFIGURATION_THERE = """
    SELECT 1 FROM pg_ts_config
    WHERE cfgname = %(name)s AND cfgnamespace = 'public'::regnamespace
"""
# Accents off first, then the Dutch stem: both for what is indexed and for what is asked.
MAKE_CONFIGURATION = SQL("CREATE TEXT SEARCH CONFIGURATION public.{name} (COPY = pg_catalog.dutch)")
MAP_CONFIGURATION = SQL("""
    ALTER TEXT SEARCH CONFIGURATION public.{name}
    ALTER MAPPING FOR hword, hword_part, word WITH public.unaccent, pg_catalog.dutch_stem
""")

# For the indexes of what was built; a server gives it to nobody else.
MEMORY = "SET maintenance_work_mem = '256MB'"
# Across chains: the whole of a table that was just filled.
READ_THROUGH = SQL("SELECT count(*) FROM {table}")
STATEMENT_LIMIT = "SELECT set_config('statement_timeout', %(limit)s, true)"
# All at once: a limit for each table by itself would let readers wait for as many times as long.
HOLD = SQL("LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
# As a vacuum does, which no reader notices; PostgreSQL gives up its own for who waits a second.
WITHOUT_VACUUM = SQL("LOCK TABLE {tables} IN SHARE UPDATE EXCLUSIVE MODE")
TABLE_THERE = "SELECT to_regclass(%(name)s) IS NOT NULL"


class Hand(NamedTuple):
    """Who writes beside the folding, and which tables."""

    aside: Aside
    tables: frozenset[str]


def migrate(conninfo: str, report: Report | None = None) -> list[str]:
    """Bring the tables of the read models up to this code; return the names of those built anew.

    The tables of the record must be there. A second time changes nothing.
    """
    with Datastore(conninfo, pool_size=1) as datastore, _builder(conninfo) as connection:
        progress.Progress(datastore).create_table()
        _make_configuration(connection)
        old = progress.outdated(connection, MODELS.values())
        distribution.spread(connection)
        if old:
            _build(conninfo, connection, old, report)
        if not wall.stands(connection):
            with connection.transaction():
                wall.build(connection)
        # How far the read models are tells nothing of what is in them.
        grant(connection, dict.fromkeys(("read_models", "read_progress"), MAY))
        _let_use(connection, _names(MODELS.values()))
        return [model.name for model in old]


def rebuild(conninfo: str, name: str | None = None, report: Report | None = None) -> list[str]:
    """Build one read model (None: all) anew; return the names. NotFound for a name that is none.

    It is for the owner of the tables; raises MigrationRefused for anybody else.
    """
    if name is not None and name not in MODELS:
        raise NotFound(f"Er is geen leesmodel {name}; wel: {', '.join(MODELS)}.")
    if not may_migrate(conninfo):
        raise MigrationRefused("Leesmodellen opnieuw bouwen is voor de eigenaar van de tabellen.")
    chosen = [model for model in MODELS.values() if name in (None, model.name)]
    with _builder(conninfo) as connection:
        _build(conninfo, connection, chosen, report)
    return [model.name for model in chosen]


def require_current(conninfo: str) -> None:
    """Raise ReadModelsDiffer unless the tables of the read models are those of this code."""
    with (
        unavailable_is_ours(),
        connect(conninfo) as connection,
        connection.cursor(row_factory=tuple_row) as cursor,
    ):
        progress.require_same(cursor, MODELS.values())


def _builder(conninfo: str) -> Connection[Any]:
    """Return the connection that builds: there is one at a time, until it is closed."""
    connection = connect(conninfo, statement_seconds=STATEMENT_SECONDS)
    try:
        with unavailable_is_ours():
            progress.take_rebuild(connection, OTHER_BUILD_WAIT)
    except BaseException:
        connection.close()
        raise
    return connection


def _build(
    conninfo: str, connection: Connection[Any], models: Sequence[Model], report: Report | None
) -> None:
    parts = [table for model in models for table in model.tables]
    with unavailable_is_ours():
        for table in parts:
            tables.drop(connection, table, NEXT)
            tables.drop(connection, table, OLD)
            _make(connection, table)
        distribution.spread(connection)
        texts = [table for table in parts if table == TEXTS]
        others = [table for table in parts if table != TEXTS]
        with _at_work(), _hand(conninfo, texts) as one, _hand(conninfo, others) as other:
            done = _fill_level(connection, models, report, (one, other))
            one.aside.do(partial(_finish, parts=texts))
            _finish(connection, others)
            one.aside.settle()
        _let_use(connection, _names(models, NEXT))
        _swap(connection, models, done)
        for table in parts:
            tables.drop(connection, table, OLD)


@contextmanager
def _hand(conninfo: str, parts: Iterable[Table]) -> Iterator[Hand]:
    with Aside(connect(conninfo, statement_seconds=STATEMENT_SECONDS)) as aside:
        yield Hand(aside, frozenset(table.name for table in parts))


def _finish(connection: Connection[Any], parts: Iterable[Table]) -> None:
    """Make the indexes of tables that were filled, and have their pages at hand for who reads."""
    connection.execute(MEMORY)
    for table in parts:
        tables.create_indexes(connection, table, NEXT)
        if not table.indexes:
            # What is copied in is not held at hand; making an index would have read it again.
            connection.execute(READ_THROUGH.format(table=Identifier(table.name + NEXT)))
        tables.analyse(connection, table, NEXT)


@contextmanager
def _at_work() -> Iterator[None]:
    """Let this process collect seldom and take turns often, as suits a build."""
    before, turn = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(COLLECT_AFTER, *before[1:])
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(turn)
        gc.set_threshold(*before)


def _make(connection: Connection[Any], table: Table) -> None:
    """Make a table beside the live one, at no time without the policy for who reads it."""
    with connection.transaction():
        tables.create(connection, table, NEXT)
        tables.let_vacuum(connection, table, NEXT, allowed=False)
        wall.enclose(connection, table, NEXT)


def _names(models: Iterable[Model], suffix: str = "") -> list[str]:
    return [table.name + suffix for model in models for table in model.tables]


def _let_use(connection: Connection[Any], names: Iterable[str]) -> None:
    """Give each database role its rights on these tables."""
    grant(connection, dict.fromkeys(names, MAY), seeing=SEEING)


def _fill_level(
    connection: Connection[Any],
    models: Sequence[Model],
    report: Report | None,
    hands: Sequence[Hand],
) -> dict[str, int]:
    """Fill the new tables until the live ones are at most a batch ahead; return the sizes."""
    done: dict[str, int] = {}
    while True:
        goal = progress.reached_everywhere(connection)
        if sum(goal.values()) - sum(done.values()) <= BATCH:
            return done
        done = _fill(connection, models, done, goal, report, hands)


def _fill(
    connection: Connection[Any],
    models: Sequence[Model],
    done: dict[str, int],
    goal: dict[str, int],
    report: Report | None = None,
    hands: Sequence[Hand] = (),
) -> dict[str, int]:
    """Take records into the new tables up to the sizes in `goal`; return those sizes."""
    for name, end in goal.items():
        folding = Folding(name, models, NEXT)
        size = done.get(name, 0)
        while size < end:
            size = _step(connection, folding, size, min(BATCH, end - size), hands)
            done = {**done, name: size}
            if report is not None:
                report(sum(done.values()), sum(goal.values()))
    for hand in hands:
        hand.aside.settle()
    return done


def _step(
    connection: Connection[Any], folding: Folding, size: int, limit: int, hands: Sequence[Hand]
) -> int:
    later = partial(_write_aside, hands) if hands else None
    with _batch(connection) as cursor:
        rows = progress.read_on(cursor, folding.chain, size, limit)
        if not rows:
            raise BrokenLog(folding.chain, size, "de gebeurtenis ontbreekt")
        return size + folding.take(cursor, rows, later)


def _write_aside(hands: Sequence[Hand], write: Write) -> None:
    for hand in hands:
        hand.aside.do(partial(_written, write=write, names=hand.tables))


def _written(connection: Connection[Any], write: Write, names: frozenset[str]) -> None:
    with _batch(connection) as cursor:
        write(cursor, names)


@contextmanager
def _batch(connection: Connection[Any]) -> Iterator[Cursor[Any]]:
    """Open a transaction with the settings of a batch."""
    with (
        connection.transaction(),
        connection.cursor(row_factory=tuple_row, binary=True) as cursor,
    ):
        progress.settle(cursor)
        yield cursor


def _swap(connection: Connection[Any], models: Sequence[Model], done: dict[str, int]) -> None:
    """Put the new tables in place; a reader in the way is not pushed aside, it is tried again.

    Whoever comes while it is tried, waits until the try is over.
    """
    end = time.monotonic() + SWAP_SECONDS
    waits = chain(SWAP_WAITS_SECONDS, repeat(SWAP_WAITS_SECONDS[-1]))
    while True:
        try:
            with connection.transaction():
                _keep_vacuum_out(connection, models)
                progress.take_tables(connection)
                _fill(connection, models, done, progress.reached_everywhere(connection))
                _hold(connection, models, next(waits))
                _change_names(connection, models)
            return
        except (psycopg.errors.QueryCanceled, psycopg.errors.DeadlockDetected):
            if time.monotonic() > end:
                raise
            time.sleep(SWAP_PAUSE_SECONDS)


def _keep_vacuum_out(connection: Connection[Any], models: Iterable[Model]) -> None:
    """Wait until no table, old or new, is being vacuumed, while nobody waits for this."""
    parts = [table for model in models for table in model.tables]
    both = [*_live(connection, parts), *(Identifier(table.name + NEXT) for table in parts)]
    connection.execute(WITHOUT_VACUUM.format(tables=SQL(", ").join(both)))


def _hold(connection: Connection[Any], models: Iterable[Model], seconds: float) -> None:
    """Keep readers out of these tables; QueryCanceled where some are still in them after a time.

    Out of the record as well, for a moment, where its policy asks one of them.
    """
    parts = [table for model in models for table in model.tables]
    live = _live(connection, parts)
    live += [Identifier("records")] * (RECORDS in parts and bool(roles(connection)))
    connection.execute(STATEMENT_LIMIT, {"limit": milliseconds(seconds)})
    wall.pull_down(connection)
    if live:
        connection.execute(HOLD.format(tables=SQL(", ").join(live)))
    connection.execute(STATEMENT_LIMIT, {"limit": milliseconds(STATEMENT_SECONDS)})


def _change_names(connection: Connection[Any], models: Iterable[Model]) -> None:
    for model in models:
        for table in model.tables:
            if _there(connection, table):
                tables.rename(connection, table, "", OLD)
            tables.let_vacuum(connection, table, NEXT, allowed=True)
            tables.rename(connection, table, NEXT, "")
        progress.remember(connection, model)
    wall.finish(connection, records=any(RECORDS in model.tables for model in models))


def _live(connection: Connection[Any], parts: Iterable[Table]) -> list[Identifier]:
    return [Identifier(table.name) for table in parts if _there(connection, table)]


def _there(connection: Connection[Any], table: Table) -> bool:
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(TABLE_THERE, {"name": f"public.{table.name}"}).fetchone()
    return row is not None and bool(row[0])


def _make_configuration(connection: Connection[Any]) -> None:
    with connection.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute(EXTENSIONS_THERE, {"names": list(EXTENSIONS)}).fetchall()
        missing = sorted(set(EXTENSIONS) - {name for (name,) in found})
        if missing:
            raise MigrationRefused(
                f"De leesmodellen vragen de uitbreiding {', '.join(missing)} (postgresql-contrib)."
            )
        if cursor.execute(CONFIGURATION_THERE, {"name": SEARCH_CONFIGURATION}).fetchone():
            return
    name = Identifier(SEARCH_CONFIGURATION)
    with connection.transaction():
        connection.execute(MAKE_CONFIGURATION.format(name=name))
        connection.execute(MAP_CONFIGURATION.format(name=name))
