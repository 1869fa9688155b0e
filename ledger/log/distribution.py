"""Spreading the tables over several machines, where the database is a Citus cluster.

    SELECT create_distributed_table('records', 'originator_id', ...)     and all others beside it

A chain is never divided: each table is distributed by the chain, the first column of its key, and
the rows of one chain stand together on one machine, those of its read models included. So every
statement that names its chain is answered by one machine as if it were alone. The few tables that
belong to no chain are small and copied to every machine.

Without the extension `citus` in the database nothing here does anything. With it, each migration
spreads what is not spread yet: all of it or nothing, in one transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

FIRST: Final = "records"
CHAIN_COLUMNS: Final = frozenset({"chain", "originator_id", "application_name"})
"""What a chain is called as the first column of a key; the last two are the library's words."""

SHARED: Final[dict[str, str]] = {
    "migrations": "which files this database has had says nothing of any chain",
    "database_roles": "roles belong to the database as a whole",
    "read_models": "one version of the code makes the read models of all chains",
}
"""The tables whose key does not begin with the chain, and why."""

CITUS_THERE = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"

# The first column of the primary key of every table of ours.
KEYS = """
    SELECT c.relname, a.attname
    FROM pg_class AS c
    JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
        AND NOT EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
        )
    ORDER BY c.relname
"""

SPREAD_ALREADY = """
    SELECT c.relname
    FROM pg_dist_partition AS p
    JOIN pg_class AS c ON c.oid = p.logicalrelid
    WHERE c.relnamespace = 'public'::regnamespace
"""

# The triggers that keep the record as it is look at nothing but the row in hand, which is what
# Citus asks of a trigger it calls unsafe. One connection to each machine, since what a trigger or
# a column needs is made there in the same transaction.
SETTINGS = """
    SELECT
        set_config('citus.enable_unsafe_triggers', 'on', true),
        set_config('citus.multi_shard_modify_mode', 'sequential', true)
"""

DISTRIBUTE = """
    SELECT create_distributed_table(
        %(table)s::text::regclass, %(column)s::text, colocate_with => %(beside)s::text
    )
"""
SHARE = "SELECT create_reference_table(%(table)s::text::regclass)"

# A reference to a table that is spread must come from one that is spread as well: so they are taken
# away while that is not yet so of both, and put back in the same transaction.
REFERENCES = """
    SELECT t.relname, r.relname, f.conname, pg_get_constraintdef(f.oid)
    FROM pg_constraint AS f
    JOIN pg_class AS t ON t.oid = f.conrelid
    JOIN pg_class AS r ON r.oid = f.confrelid
    WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace
"""
DROP_REFERENCE = SQL("ALTER TABLE public.{table} DROP CONSTRAINT {name}")
ADD_REFERENCE = SQL("ALTER TABLE public.{table} ADD CONSTRAINT {name} {definition}")


class NotOfAChain(Exception):
    """A table has no chain in its key and is not named as shared; says which, in Dutch."""


class Step(NamedTuple):
    """One table to spread: by which column and beside which table; no column: copied everywhere."""

    table: str
    column: str = ""
    beside: str = ""


class _Reference(NamedTuple):
    table: str
    to: str
    name: str
    definition: LiteralString


def spread(connection: Connection[Any]) -> list[str]:
    """Spread every table that is not spread yet over the cluster; return their names.

    Nothing where there is no Citus. The connection is in autocommit. Raises NotOfAChain.
    """
    if not is_cluster(connection):
        return []
    with connection.cursor(row_factory=tuple_row) as cursor:
        done = {name for (name,) in cursor.execute(SPREAD_ALREADY).fetchall()}
        keys: dict[str, str] = dict(cursor.execute(KEYS).fetchall())
        found = [_Reference(*row) for row in cursor.execute(REFERENCES).fetchall()]
    steps = plan(keys, done)
    new = {step.table for step in steps}
    if new:
        _carry_out(connection, steps, [one for one in found if new & {one.table, one.to}])
    return [step.table for step in steps]


def is_cluster(connection: Connection[Any]) -> bool:
    """Tell whether this database has Citus."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        [(there,)] = cursor.execute(CITUS_THERE).fetchall()
    return bool(there)


def plan(keys: Mapping[str, str], done: set[str]) -> list[Step]:
    """Return how to spread the tables of which the first column of the key is given, in order.

    The record comes first, since all others stand beside it. Raises NotOfAChain.
    """
    steps = []
    for table in sorted(set(keys) - done, key=lambda name: (name != FIRST, name)):
        if table in SHARED:
            steps.append(Step(table))
        elif keys[table] in CHAIN_COLUMNS:
            beside = "none" if table == FIRST else f"public.{FIRST}"
            steps.append(Step(table, keys[table], beside))
        else:
            raise NotOfAChain(
                f"Tabel {table} is niet te verdelen: haar sleutel begint met {keys[table]} en niet "
                "met de keten."
            )
    return steps


def _carry_out(
    connection: Connection[Any], steps: Sequence[Step], references: Sequence[_Reference]
) -> None:
    with connection.transaction():
        connection.execute(SETTINGS)
        for one in references:
            connection.execute(
                DROP_REFERENCE.format(table=Identifier(one.table), name=Identifier(one.name))
            )
        for step in steps:
            asked = {"table": f"public.{step.table}", "column": step.column, "beside": step.beside}
            connection.execute(DISTRIBUTE if step.column else SHARE, asked)
        for one in references:
            connection.execute(
                ADD_REFERENCE.format(
                    table=Identifier(one.table),
                    name=Identifier(one.name),
                    # As the database itself wrote it down; no input.
                    definition=SQL(one.definition),
                )
            )
