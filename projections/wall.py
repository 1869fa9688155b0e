"""The second wall: a query that forgets the filter finds nothing, or what its reader may see.

    walled.read_decisions   the rows of public.read_decisions that are open to who reads now
    walled.records          the records whose row in walled.read_records is there

For each table of the read models, and for the record itself, there is a view of the same name in a
schema of its own. Its condition is that of `scopes.py`, asked of settings instead of parameters.
Before a view of a chain is used, `stand` puts those settings in place for this transaction and the
schema in front, so that the very same queries go through it. A setting that is missing is unknown,
and nothing passes a comparison with what is unknown.

Views and not policies of row-level security: a policy keeps PostgreSQL from using an index for
words (its operators are not leakproof) and from COPY, with which the runner writes. A view has
neither cost, and works also where the tables are read by the role that owns them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from ledger.log.distribution import is_cluster
from projections import scopes
from projections.models import MODELS
from projections.tables import Table
from projections.views import Conn, View, fetch

SCHEMA: Final = "walled"
WORDS: Final = frozenset({"chain"})
LISTS: Final = frozenset({"places"})
"""The settings that are not a whole number."""

STAND = SQL("""
    SELECT
        set_config('search_path', 'walled, public', true),
        set_config('ketenledger.chain', %(chain)s, true),
        set_config('ketenledger.known_at', %(known_at)s::int8::text, true),
        set_config('ketenledger.floor', %(floor)s::int8::text, true),
        set_config('ketenledger.rank', %(rank)s::int8::text, true),
        set_config('ketenledger.near_rank', %(near_rank)s::int8::text, true),
        set_config('ketenledger.places', %(places)s::text[]::text, true),
        set_config('ketenledger.from_position', %(from_position)s::int8::text, true)
""")

STANDS = "SELECT obj_description(to_regnamespace('walled'), 'pg_namespace') AS digest"
PULL_DOWN = "DROP SCHEMA IF EXISTS walled CASCADE"
SITE = "CREATE SCHEMA walled"
# The queries that come by here have the same filter and tell what they look for. To the planner
# this one is a coin that is tossed (`coalesce` makes it so): comparisons with settings it would
# take to let through one row in a hundred, and then sort what an index gives in order.
MAKE = SQL(
    "CREATE VIEW walled.{table} AS SELECT {columns} FROM public.{table} AS t "
    "WHERE t.chain = {chain} AND coalesce({open}, false)"
)
# A question per record, asked of what was found: never a walk through all that is open.
MAKE_RECORDS = """
    CREATE VIEW walled.records AS
    SELECT r.originator_id, r.originator_version, r.topic, r.state, r.leaf_hash
    FROM public.records AS r
    WHERE coalesce(
        (
            SELECT true FROM walled.read_records AS t
            WHERE t.chain = r.originator_id AND t.position = r.originator_version - 1
        ),
        false
    )
"""
SIGN = SQL("COMMENT ON SCHEMA walled IS {digest}")

READING_ROLE = """
    SELECT r.role::text AS role
    FROM database_roles AS r JOIN pg_roles AS p ON p.rolname = r.role
    WHERE r.duty = 'reading'
"""
LET_IN = SQL("GRANT USAGE ON SCHEMA walled TO {role}")
LET_READ = SQL("GRANT SELECT ON ALL TABLES IN SCHEMA walled TO {role}")


def stand(connection: Conn, view: View) -> None:
    """Let the rest of this transaction see nothing but what this view shows."""
    own = {"chain": view.chain, "known_at": view.known_at, **view.access.parameters()}
    fetch(connection, STAND, own)


def stands(connection: Connection[Any]) -> bool:
    """Tell whether the wall is there as this code makes it."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        [(found,)] = cursor.execute(STANDS).fetchall()
    return bool(found == _digest(connection))


def pull_down(connection: Connection[Any]) -> None:
    """Take the wall away, as before tables change their names."""
    connection.execute(PULL_DOWN)


def build(connection: Connection[Any]) -> None:
    """Make the wall around the tables as they are now, for the role that reads.

    In a cluster there is none: the settings of a transaction are not known on its other machines.
    """
    pull_down(connection)
    if is_cluster(connection):
        return
    connection.execute(SITE)
    for table in _tables():
        connection.execute(_view(connection, table))
    connection.execute(MAKE_RECORDS)
    connection.execute(SIGN.format(digest=_digest(connection)))
    with connection.cursor(row_factory=tuple_row) as cursor:
        roles = [role for (role,) in cursor.execute(READING_ROLE).fetchall()]
    for role in roles:
        connection.execute(LET_IN.format(role=Identifier(role)))
        connection.execute(LET_READ.format(role=Identifier(role)))


def _tables() -> Iterable[Table]:
    return [table for model in MODELS.values() for table in model.tables]


def _view(connection: Connection[Any], table: Table) -> Composed:
    names = ["chain", *(column.name for column in table.columns)]
    versions = {"known_from", "open_to"} <= set(names)
    condition = scopes.version("t") if versions else scopes.entry("t")
    return MAKE.format(
        table=Identifier(table.name),
        columns=SQL(", ").join(Identifier("t", name) for name in names),
        chain=SQL(_setting("chain")),
        open=SQL(_of_settings(condition.as_string(connection))),
    )


def _of_settings(condition: str) -> str:
    """Return a condition that asks settings, looked up once, where it asked parameters."""
    return re.sub(r"%\((\w+)\)s", lambda found: _setting(found[1]), condition)


def _setting(name: str) -> str:
    kind = "text" if name in WORDS else "text[]" if name in LISTS else "int8"
    return f"(SELECT nullif(current_setting('ketenledger.{name}', true), '')::{kind})"


def _digest(connection: Connection[Any]) -> str:
    """Return a short name of the wall as this code makes it, which changes when a view does."""
    parts = [_view(connection, table).as_string(connection) for table in _tables()]
    return hashlib.sha256("".join([*parts, MAKE_RECORDS]).encode()).hexdigest()[:16]
