"""Migrations: the numbered SQL files that make the tables, each applied once, in one transaction.

The database remembers each file with its SHA-256. So an applied file that was changed afterwards
is refused, and so is a database that was made by newer code. Two processes that start together
apply nothing twice: one waits for the other, with a time-out.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import DictRow

from ledger.log import database_roles, distribution
from ledger.log.database import connect, unavailable_is_ours

OLDEST_POSTGRESQL: Final = 15
MIGRATION_SECONDS: Final = 600.0
LOCK_WAIT: Final = "120s"

RECORD_PART: Final = "record"
RECORD_FOLDER: Final = files("ledger.log") / "schema"

SERVER = """
    SELECT current_setting('server_encoding') AS encoding,
        current_setting('server_version_num')::int / 10000 AS version
"""

# One lock per database, under a number nobody else uses: the ASCII bytes of "ketenled".
LOCK = """
    SELECT
        set_config('lock_timeout', %(wait)s, false),
        pg_advisory_lock(7738719513699181924)
"""

MIGRATIONS_TABLE = """
    CREATE TABLE IF NOT EXISTS migrations (
        part text NOT NULL,
        name text NOT NULL,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT migrations_key PRIMARY KEY (part, name)
    )
"""

APPLIED = """
    SELECT name, sha256
    FROM migrations
    WHERE part = %(part)s
    ORDER BY name COLLATE "C"
"""

# A database without the record yet is for who connects first.
MAY_MIGRATE = """
    SELECT coalesce(pg_has_role(current_user, c.relowner, 'USAGE'), true) AS may
    FROM (SELECT to_regclass('public.records') AS oid) AS wanted
        LEFT JOIN pg_class AS c USING (oid)
"""

REMEMBER = """
    INSERT INTO migrations (part, name, sha256)
    VALUES (%(part)s, %(name)s, %(sha256)s)
"""


class MigrationRefused(Exception):
    """The database and the migrations of this code do not belong together; says why, in Dutch."""


class Migration(NamedTuple):
    """One SQL file: its name orders it, its SHA-256 says whether it is still the same."""

    name: str
    sql: bytes
    sha256: str


def migrate(conninfo: str) -> None:
    """Bring the tables of the record up to this code; a second time changes nothing.

    The database roles are made as well, where the role that connects may do so. In a cluster the
    tables are spread over it, and there are no such roles: its machines log in to each other as
    whoever asks, and nobody can log in as one of these.
    """
    with _alone(conninfo) as conn:
        _catch_up(conn, RECORD_PART, RECORD_FOLDER)
        if distribution.is_cluster(conn):
            distribution.spread(conn)
        else:
            database_roles.establish(conn)


def migrate_folder(conninfo: str, *, part: str, folder: Traversable) -> list[str]:
    """Apply the files of a folder that this database does not have yet; return their names.

    A part is a set of files with an order of its own, such as the tables of the read models.
    Raises MigrationRefused, or StoreUnavailable where the database or the lock cannot be had.
    """
    with _alone(conninfo) as conn:
        return _catch_up(conn, part, folder)


def may_migrate(conninfo: str) -> bool:
    """Tell whether the role that connects owns the tables, or may make the first."""
    with unavailable_is_ours(), connect(conninfo) as conn:
        [row] = conn.execute(MAY_MIGRATE).fetchall()
        return bool(row["may"])


def require_current(conninfo: str) -> None:
    """Raise MigrationRefused unless the tables of the record are those of this code."""
    with unavailable_is_ours(), connect(conninfo) as conn:
        try:
            applied = conn.execute(APPLIED, {"part": RECORD_PART}).fetchall()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            applied = []
    known = {row["name"]: row["sha256"] for row in applied}
    pending = _pending(_migrations(RECORD_FOLDER), known)
    if pending:
        raise MigrationRefused(
            f"De tabellen lopen achter ({pending[0].name} ontbreekt) en deze databaserol mag ze "
            "niet wijzigen: voer eerst 'ketenledger migrate' uit als de eigenaar."
        )


@contextmanager
def _alone(conninfo: str) -> Iterator[psycopg.Connection[DictRow]]:
    """Lend a connection to a fit server, while no other process migrates this database."""
    with unavailable_is_ours(), connect(conninfo, statement_seconds=MIGRATION_SECONDS) as conn:
        _require_server(conn)
        conn.execute(LOCK, {"wait": LOCK_WAIT})
        yield conn


def _catch_up(conn: psycopg.Connection[DictRow], part: str, folder: Traversable) -> list[str]:
    migrations = _migrations(folder)
    try:
        conn.execute(MIGRATIONS_TABLE)
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationRefused(
            "Deze databaserol mag geen tabellen maken: doe dit als de eigenaar van de database."
        ) from error
    applied = conn.execute(APPLIED, {"part": part}).fetchall()
    pending = _pending(migrations, {row["name"]: row["sha256"] for row in applied})
    for migration in pending:
        _apply(conn, part, migration)
    return [migration.name for migration in pending]


def _migrations(folder: Traversable) -> list[Migration]:
    found = [
        Migration(file.name, sql := file.read_bytes(), hashlib.sha256(sql).hexdigest())
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found)


def _pending(migrations: Sequence[Migration], applied: dict[str, str]) -> Sequence[Migration]:
    """Return what is still to be applied, where the applied ones are the first ones, unchanged."""
    known = {migration.name: migration.sha256 for migration in migrations}
    for name, sha256 in applied.items():
        if name not in known:
            raise MigrationRefused(
                f"De database is van een nieuwere versie: migratie {name} is hier niet bekend."
            )
        if known[name] != sha256:
            raise MigrationRefused(f"Migratie {name} is gewijzigd nadat zij is uitgevoerd.")
    pending = [migration for migration in migrations if migration.name not in applied]
    last = max(applied, default="")
    if pending and pending[0].name < last:
        raise MigrationRefused(f"Migratie {pending[0].name} hoort vóór {last}, die al is gedaan.")
    return pending


def _apply(conn: psycopg.Connection[DictRow], part: str, migration: Migration) -> None:
    try:
        with conn.transaction():
            conn.execute(migration.sql)
            conn.execute(
                REMEMBER, {"part": part, "name": migration.name, "sha256": migration.sha256}
            )
    except (psycopg.ProgrammingError, psycopg.IntegrityError, psycopg.DataError) as error:
        raise MigrationRefused(f"Migratie {migration.name} is mislukt: {error}") from error


def _require_server(conn: psycopg.Connection[DictRow]) -> None:
    row = conn.execute(SERVER).fetchone()
    if row is None or row["version"] < OLDEST_POSTGRESQL:
        raise MigrationRefused(f"PostgreSQL {OLDEST_POSTGRESQL} of nieuwer is nodig.")
    if row["encoding"] != "UTF8":
        raise MigrationRefused(f"De database moet UTF8 zijn; deze is {row['encoding']}.")
