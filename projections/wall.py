"""The second wall: row-level security on what readers read, for the role that reads.

    read_decisions    POLICY readers: the rows that are open to who stands there (`standing.py`)
    records           POLICY readers: the records whose row in read_records is there for them

A query that forgets the filter of `scopes.py` finds what its reader may see; one asked before it
was said who reads finds nothing. The condition is that very filter, asked of settings. The role
that keeps the read models owns their tables and is not held up by a policy; that of the record's
owner neither; the other roles read every record, and nothing of the read models.

What the ledger has to know before it knows who reads, it looks up behind the wall: in the schema
`behind`, in views with just the columns which that question needs. There too words are
looked for, with the condition of the wall in the view: with a policy PostgreSQL does not use an
index for words, since its operators are not leakproof (ADR 36 has the figures).

Where no roles can be made, and in a cluster, there is no wall: the views are there, and open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composable, Composed, Identifier

from ledger.log.database_roles import Duty, lent, roles
from projections import scopes
from projections.models import MODELS
from projections.standing import of_settings
from projections.tables import TEXTS, Table

BEHIND: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "chains": (
        "read_chains",
        ("chain", "kind", "id", "scope", "scope_until", "known_from", "known_until", "since",
         "summary"),
    ),
    "roles": (
        "read_roles",
        ("chain", "kind", "scope_until", "known_until", "person", "role", "organisation",
         "valid_from", "valid_until"),
    ),
    "bodies": (
        "read_bodies",
        ("chain", "kind", "id", "scope_until", "known_until", "persons", "body", "summary",
         "valid_from", "valid_until"),
    ),
    "mandates": (
        "read_mandates",
        ("chain", "kind", "scope_until", "known_until", "holder", "summary", "valid_from",
         "valid_until"),
    ),
    "reviews": (
        "read_reviews",
        ("chain", "kind", "id", "scope_until", "known_until", "since", "reviewer", "state", "rank",
         "record_from", "record_until", "as_of", "summary", "valid_from", "valid_until"),
    ),
    "moments": ("read_records", ("chain", "position", "recorded_at")),
    "titles": ("read_texts", ("chain", "kind", "id", "scope", "title")),
}  # fmt: skip
"""What is asked behind the wall, by view: of which table, which columns."""
SEARCHED: Final = (
    "chain", "kind", "id", "scope", "scope_until", "known_from", "known_until", "since", "open_to",
    "plain", "found_by",
)  # fmt: skip

SIGNATURE = "SELECT obj_description(to_regnamespace('behind'), 'pg_namespace') AS digest"
GUARDED = """
    SELECT c.relname, obj_description(p.oid, 'pg_policy') AS digest
    FROM pg_class AS c JOIN pg_policy AS p ON p.polrelid = c.oid AND p.polname = 'readers'
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%(tables)s)
        AND c.relrowsecurity
"""
# Whether policies hold for whoever asks: not for a superuser, nor for who owns the table.
HELD = """
    SELECT bool_and(row_security_active(c.oid))
    FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%(tables)s)
"""

PULL_DOWN = "DROP SCHEMA IF EXISTS behind CASCADE"
SITE = "CREATE SCHEMA behind"
VIEW = SQL("CREATE VIEW behind.{view} AS SELECT {columns} FROM public.{table} AS t WHERE {open}")
OWN_VIEW = SQL("ALTER VIEW behind.{view} OWNER TO {role}")
OWN = SQL("ALTER TABLE public.{table} OWNER TO {role}")
SIGN = SQL("COMMENT ON SCHEMA behind IS {digest}")
LET_IN = SQL("GRANT USAGE ON SCHEMA behind TO {role}")
LET_READ = SQL("GRANT SELECT ON ALL TABLES IN SCHEMA behind TO {role}")

# For whom the policy of the table holds, and for nobody else.
FOR_READERS = """
    (SELECT NOT row_security_active('public.read_texts')) OR ({open})
"""
ENABLE = SQL("ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY")
NO_POLICY = SQL("DROP POLICY IF EXISTS {name} ON public.{table}")
READERS = SQL("CREATE POLICY readers ON public.{table} FOR SELECT TO {role} USING ({open})")
SIGN_POLICY = SQL("COMMENT ON POLICY readers ON public.{table} IS {digest}")
OTHERS = SQL("CREATE POLICY others ON public.records TO {roles} USING (true) WITH CHECK (true)")
# A question per record, asked of what was found: never a walk through all that is open. The row of
# the record that it asks for is there by the policy of read_records.
OPEN_RECORD = """
    coalesce(
        (
            SELECT true FROM public.read_records AS t
            WHERE t.chain = records.originator_id
                AND t.position = records.originator_version - 1
        ),
        false
    )
"""


def holds(connection: Connection[Any]) -> bool:
    """Tell whether the wall stands around every table for the role of this connection."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        [(held,)] = cursor.execute(HELD, {"tables": [*_names(), "records"]}).fetchall()
    return bool(held)


def stands(connection: Connection[Any]) -> bool:
    """Tell whether the wall, and what is behind it, is there as this code makes it."""
    own = roles(connection)
    wanted: dict[str, str] = {table.name: _open(connection, table) for table in _tables()}
    wanted = wanted | {"records": OPEN_RECORD} if own else {}
    with connection.cursor(row_factory=tuple_row) as cursor:
        [(signed,)] = cursor.execute(SIGNATURE).fetchall()
        asked = {"tables": [*_names(), "records"]}
        guarded: dict[str, str] = dict(cursor.execute(GUARDED, asked).fetchall()) if own else {}
    return bool(signed == _digest(*_said(connection, own))) and guarded == {
        name: _digest(condition, own["reading"]) for name, condition in wanted.items()
    }


def pull_down(connection: Connection[Any]) -> None:
    """Take away what names the tables, as before they change their names."""
    connection.execute(PULL_DOWN)


def build(connection: Connection[Any]) -> None:
    """Make the wall around all tables as they are now, and what is behind it."""
    for table in _tables():
        enclose(connection, table)
    finish(connection, records=True)


def enclose(connection: Connection[Any], table: Table, suffix: str = "") -> None:
    """Give a table to who keeps it, and let the role that reads see no row but by the policy."""
    own = roles(connection)
    if not own:
        return
    named = Identifier(table.name + suffix)
    with lent(connection, own["keeping"]):
        connection.execute(OWN.format(table=named, role=Identifier(own["keeping"])))
        _guard(connection, named, _open(connection, table), own)


def finish(connection: Connection[Any], *, records: bool) -> None:
    """Make what names the tables: the views behind the wall, and the policy of `records` if asked.

    That one takes the table of the record for a moment, so that nobody writes meanwhile.
    """
    own = roles(connection)
    pull_down(connection)
    connection.execute(SITE)
    for view in _views(connection, own).values():
        connection.execute(view)
    connection.execute(SIGN.format(digest=_digest(*_said(connection, own))))
    if not own:
        return
    with lent(connection, own["keeping"], "behind"):
        for name in _views(connection, own):
            role = Identifier(own["keeping"])
            connection.execute(OWN_VIEW.format(view=Identifier(name), role=role))
    connection.execute(LET_IN.format(role=Identifier(own["reading"])))
    connection.execute(LET_READ.format(role=Identifier(own["reading"])))
    if records:
        _guard(connection, Identifier("records"), OPEN_RECORD, own)
        others = [Identifier(role) for duty, role in own.items() if duty != "reading"]
        connection.execute(NO_POLICY.format(name=Identifier("others"), table=Identifier("records")))
        connection.execute(OTHERS.format(roles=SQL(", ").join(others)))


def _guard(
    connection: Connection[Any], table: Identifier, condition: str, own: Mapping[Duty, str]
) -> None:
    connection.execute(ENABLE.format(table=table))
    connection.execute(NO_POLICY.format(name=Identifier("readers"), table=table))
    reader = Identifier(own["reading"])
    connection.execute(READERS.format(table=table, role=reader, open=_words(condition)))
    digest = _digest(condition, own["reading"])
    connection.execute(SIGN_POLICY.format(table=table, digest=digest))


def _tables() -> Iterable[Table]:
    return [table for model in MODELS.values() for table in model.tables]


def _names() -> list[str]:
    return [table.name for table in _tables()]


def _open(connection: Connection[Any], table: Table) -> str:
    """Return the condition under which a row of a table is there for who stands before it.

    The queries that come by have the same filter and tell what they look for. To the planner this
    one is a coin that is tossed (`coalesce` makes it so): comparisons with settings it would take
    to let through one row in a hundred, and then sort what an index gives in order.
    """
    own = {"known_from", "open_to"} <= {column.name for column in table.columns}
    condition = (scopes.version("t") if own else scopes.entry("t")).as_string(connection)
    whole = f"chain = %(chain)s AND coalesce({condition}, false)"
    return of_settings(whole).replace('"t".', "")


def _views(connection: Connection[Any], own: Mapping[Duty, str]) -> dict[str, Composed]:
    condition = FOR_READERS.format(open=_open(connection, TEXTS)) if own else "true"
    views = {name: _view(name, *said) for name, said in BEHIND.items()}
    return views | {"texts": _view("texts", TEXTS.name, SEARCHED, condition)}


def _view(name: str, table: str, columns: Iterable[str], condition: str = "true") -> Composed:
    return VIEW.format(
        view=Identifier(name),
        table=Identifier(table),
        columns=SQL(", ").join(Identifier("t", column) for column in columns),
        open=_words(condition),
    )


def _words(condition: str) -> Composable:
    """Make SQL of a condition that stands in this package's own code, never of input."""
    return SQL(condition)


def _said(connection: Connection[Any], own: Mapping[Duty, str]) -> list[str]:
    """Return all that makes the views what they are."""
    views = [view.as_string(connection) for view in _views(connection, own).values()]
    return [*views, *sorted(own.values())]


def _digest(*parts: str) -> str:
    """Return a short name of a part of the wall as this code makes it."""
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]
