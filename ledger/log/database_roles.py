"""Database roles: each connection may do what its duty asks for, so that a mistake does no more.

    the owner   makes and changes the tables (`migrate`), and nothing else needs it
    writing     adds to the record; it can neither change nor remove what is there
    keeping     keeps up the read models, of which it owns the tables; the record it reads
    reading     answers readers; it finds what the policies of row-level security let through
    proving     reads the record for the log, its proofs and bundles, whoever may read of it
    erasing     removes disclosures and the keys of persons, and says that it did

The roles belong to one database and are named after it. Nobody logs in as one: whoever connects
takes its role on while connecting, which costs no question. The connecting role may be the owner,
or one that may do nothing by itself and is only let in (`admit`). Where no roles can be made, at a
hosting party say, all is done by the role that connects, and `Duties.apart` says so.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, cast

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import tuple_row

from ledger.log import distribution
from ledger.log.database import connect, unavailable_is_ours

Duty = Literal["writing", "keeping", "reading", "proving", "erasing"]
Rights = Mapping[str, Mapping[Duty, tuple[str, ...]]]
"""Per table what each duty may do besides reading it; a column in brackets limits a right.

Of a table that a duty does not see (`UNSEEN`) it may read the columns that are named here.
"""

SUFFIXES: Final[Mapping[Duty, str]] = {
    "writing": "_writer",
    "keeping": "_keeper",
    "reading": "_reader",
    "proving": "_prover",
    "erasing": "_eraser",
}
MAX_NAME_BYTES: Final = 63
SET_SINCE: Final = 160_000
"""Since this version a membership says apart whether it inherits and whether it may be taken on."""

ADDED: Final[Mapping[Duty, tuple[str, ...]]] = {"writing": ("INSERT",)}
KEPT_UP: Final[Mapping[Duty, tuple[str, ...]]] = {"writing": ("INSERT", "UPDATE", "DELETE")}
RIGHTS: Final[Rights] = {
    "records": ADDED,
    # A disclosure is only told where it stands; to change what it says would be to erase it.
    "disclosures": {
        "reading": ("SELECT (chain)", "SELECT (digest)", "SELECT (position)"),
        "writing": ("INSERT", "UPDATE (position)"),
        "erasing": ("DELETE", "UPDATE (ciphertext)", "UPDATE (nonce)"),
    },
    # What stays of somebody is encrypted under a new key.
    "subject_keys": {
        "writing": ("INSERT",),
        "erasing": ("DELETE", "UPDATE (wrapped_key)", "UPDATE (owner)", "UPDATE (version)"),
    },
    "subject_links": ADDED,
    "erasures": {
        "reading": ("SELECT (chain)", "SELECT (digest)", "SELECT (ground)"),
        "erasing": ("INSERT", "UPDATE"),
    },
    "snapshots": {**KEPT_UP, "erasing": ("DELETE",)},
    "tiles": ADDED,
    "checkpoints": ADDED,
    "cosignatures": {"writing": ("INSERT", "UPDATE")},
    "feeds": KEPT_UP,
    "feed_targets": KEPT_UP,
    "witness_refusals": ADDED,
    "checks": ADDED,
    "anchors": ADDED,
    "anchor_attempts": KEPT_UP,
    "bundles": ADDED,
    "reads": ADDED,
    "database_roles": {},
    "migrations": {},
}
"""The tables of the record; a table that is not named here can be reached by its owner alone."""
EVIDENCE: Final = (
    "tiles", "checkpoints", "cosignatures", "feeds", "feed_targets", "witness_refusals",
    "anchor_attempts", "bundles", "reads",
)  # fmt: skip
UNSEEN: Final[Mapping[str, tuple[Duty, ...]]] = {
    "disclosures": ("reading", "proving"),
    "subject_keys": ("reading", "proving"),
    "subject_links": ("keeping", "reading", "proving", "erasing"),
    "erasures": ("reading",),
    # A state tells all there is in a chain; no policy could let a reader see a part of it.
    "snapshots": ("keeping", "reading", "proving"),
    **dict.fromkeys(EVIDENCE, ("reading",)),
}
"""What a duty has no need to read: who answers readers or proves never opens a sealed value, and
who answers readers finds nothing that no policy of row-level security closes to them."""

KNOWN = """
    SELECT r.duty, r.role::text AS role
    FROM database_roles AS r JOIN pg_roles AS p ON p.rolname = r.role
"""

HERE = "SELECT current_database() AS name"

ROLE = """
    SELECT rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole AS unfit
    FROM pg_roles
    WHERE rolname = %(role)s
"""

REMEMBER = """
    INSERT INTO database_roles (duty, role)
    VALUES (%(duty)s, %(role)s)
    ON CONFLICT (duty) DO UPDATE SET role = excluded.role
"""

# Both SET and MEMBER say yes to a superuser.
MAY_TAKE_ON = "SELECT pg_has_role(session_user, %(role)s, %(how)s) AS may"

GIVEN = """
    SELECT c.relname::text AS relation, '' AS part, r.rolname::text AS role,
        a.privilege_type AS privilege
    FROM pg_class AS c
        CROSS JOIN LATERAL aclexplode(c.relacl) AS a
        JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%(tables)s)
        AND r.rolname = ANY(%(roles)s)
    UNION ALL
    SELECT c.relname::text, t.attname::text, r.rolname::text, a.privilege_type
    FROM pg_class AS c
        JOIN pg_attribute AS t ON t.attrelid = c.oid
        CROSS JOIN LATERAL aclexplode(t.attacl) AS a
        JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%(tables)s)
        AND r.rolname = ANY(%(roles)s)
"""

# Who migrates goes on having the rights of an owner over what it gives away, and it can only give a
# table to a role that may make one there: that right it lends for a moment (`lent`).
MAY_GIVE = """
    SELECT pg_has_role(current_user, %(role)s, 'USAGE')
        AND (
            has_schema_privilege(current_user, 'public', 'CREATE WITH GRANT OPTION')
            OR has_schema_privilege(%(role)s, 'public', 'CREATE')
        ) AS may
"""

MAKE_ROLE = sql.SQL("CREATE ROLE {role} NOLOGIN")
TAKE = sql.SQL("GRANT {role} TO CURRENT_USER")
TAKE_SINCE_16 = sql.SQL("GRANT {role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE")
LET_IN = sql.SQL("GRANT {role} TO {login}")
LET_IN_SINCE_16 = sql.SQL("GRANT {role} TO {login} WITH INHERIT FALSE, SET TRUE")
GRANT = sql.SQL("GRANT {privilege} ON {tables} TO {role}")
REVOKE = sql.SQL("REVOKE {privilege} ON {tables} FROM {role}")
LEND = sql.SQL("GRANT CREATE ON SCHEMA {schema} TO {role}")
END_LOAN = sql.SQL("REVOKE CREATE ON SCHEMA {schema} FROM {role}")


class Duties(NamedTuple):
    """How to connect for each duty; `apart` tells whether those are different roles."""

    writing: str
    keeping: str
    reading: str
    proving: str
    erasing: str
    apart: bool


class RoleRefused(Exception):
    """A role cannot be let in; the message is one Dutch line that says why."""


class _Right(NamedTuple):
    """One thing that one role may do with a table; `part` is the column, empty for all of it."""

    relation: str
    part: str
    role: str
    privilege: str

    @property
    def words(self) -> str:
        return f"{self.privilege} ({self.part})" if self.part else self.privilege


def duties(conninfo: str) -> Duties:
    """Return how to connect for each duty; as whoever connects where there is no role to take on.

    The tables have been migrated. Raises StoreUnavailable.
    """
    with unavailable_is_ours(), connect(conninfo) as conn:
        known = {} if distribution.is_cluster(conn) else _known(conn)
        how = "SET" if conn.info.server_version >= SET_SINCE else "MEMBER"
        apart = len(known) == len(SUFFIXES) and all(
            _one(conn, MAY_TAKE_ON, role=role, how=how)["may"] for role in known.values()
        )
    if not apart:
        return as_one(conninfo)
    ways = {duty: taking_on(conninfo, role) for duty, role in known.items()}
    return Duties(**ways, apart=True)


def as_one(conninfo: str) -> Duties:
    """Return how to connect where everything is done by the role that connects."""
    return Duties(**dict.fromkeys(SUFFIXES, conninfo), apart=False)


def taking_on(conninfo: str, role: str) -> str:
    """Return the conninfo that takes on this role while it connects."""
    given = conninfo_to_dict(conninfo).get("options") or os.environ.get("PGOPTIONS", "")
    escaped = role.replace("\\", "\\\\").replace(" ", "\\ ")
    return make_conninfo(conninfo, options=f"{given} -c role={escaped}".strip())


def establish(conn: Connection[Any]) -> None:
    """Make the roles of this database where they are missing, and give each exactly its rights.

    Where no roles can be made nothing changes. The connection is the owner's, and no other process
    does this meanwhile.
    """
    known = _known(conn)
    here = _one(conn, HERE)
    wanted = {duty: known.get(duty) or _name(here["name"], duty) for duty in SUFFIXES}
    fit = all(_there(conn, role) for role in wanted.values())
    if fit and _may_give(conn, wanted["keeping"]):
        for duty, role in wanted.items():
            conn.execute(REMEMBER, {"duty": duty, "role": role})
    grant(conn, RIGHTS, unseen=UNSEEN)


def roles(conn: Connection[Any]) -> dict[Duty, str]:
    """Return the role of each duty; nothing where they are not all there, as in a cluster."""
    known = {} if distribution.is_cluster(conn) else _known(conn)
    return known if len(known) == len(SUFFIXES) else {}


def grant(
    conn: Connection[Any],
    rights: Rights,
    *,
    seeing: Collection[Duty] = tuple(SUFFIXES),
    unseen: Mapping[str, Collection[Duty]] = MappingProxyType({}),
) -> None:
    """Let each role do with these tables what its duty asks for, and nothing else.

    The duties `seeing` may read them, but for what is `unseen` by a duty.
    """
    known = _known(conn)
    asked = {"tables": list(rights), "roles": list(known.values())}
    wanted = {
        _Right(table, part.removesuffix(")"), role, privilege)
        for table, allowed in rights.items()
        for duty, role in known.items()
        for words in (
            *["SELECT"] * (duty in seeing and duty not in unseen.get(table, ())),
            *allowed.get(duty, ()),
        )
        for privilege, _, part in [words.partition(" (")]
    }
    _change(conn, REVOKE, _given(conn, asked) - wanted)
    # Asked anew: a right on a whole table takes those on its columns along when it goes.
    _change(conn, GRANT, wanted - _given(conn, asked))


def _given(conn: Connection[Any], asked: Mapping[str, list[str]]) -> set[_Right]:
    return {_Right(**row) for row in conn.execute(GIVEN, asked).fetchall()}


@contextmanager
def lent(conn: Connection[Any], role: str, schema: str = "public") -> Iterator[None]:
    """Let a role make things in a schema for as long as it takes to give it some to own."""
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
    with conn.transaction():
        conn.execute(LEND.format(**names))
        yield
        conn.execute(END_LOAN.format(**names))


def admit(conninfo: str, login: str) -> None:
    """Let a role that logs in take on the duties, as the server does; RoleRefused where it cannot.

    By itself it has no right on any table.
    """
    with unavailable_is_ours(), connect(conninfo) as conn:
        known = _known(conn)
        if len(known) < len(SUFFIXES):
            raise RoleRefused("Er zijn geen aparte databaserollen om toe te kennen.")
        statement = LET_IN_SINCE_16 if conn.info.server_version >= SET_SINCE else LET_IN
        try:
            for role in known.values():
                conn.execute(
                    statement.format(role=sql.Identifier(role), login=sql.Identifier(login))
                )
        except psycopg.errors.UndefinedObject as error:
            raise RoleRefused(f"De databaserol {login} bestaat niet: maak haar eerst.") from error


def _there(conn: Connection[Any], role: str) -> bool:
    """Make a role if it is not there; tell whether there is one that is fit for a duty."""
    found = conn.execute(ROLE, {"role": role}).fetchone()
    try:
        with conn.transaction():
            if found is None:
                take = TAKE_SINCE_16 if conn.info.server_version >= SET_SINCE else TAKE
                conn.execute(MAKE_ROLE.format(role=sql.Identifier(role)))
                conn.execute(take.format(role=sql.Identifier(role)))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return found is None or not found["unfit"]


def _may_give(conn: Connection[Any], role: str) -> bool:
    """Tell whether who migrates can make this role the owner of tables and still change them."""
    return bool(_one(conn, MAY_GIVE, role=role)["may"])


def _change(conn: Connection[Any], statement: sql.SQL, rights: set[_Right]) -> None:
    """Give or take rights, those of one kind and role in one statement."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for right in sorted(rights):
        alike[right.role, right.words].append(right.relation)
    for (role, words), tables in alike.items():
        conn.execute(
            statement.format(
                # The words are those of RIGHTS, or what the database itself calls a right.
                privilege=sql.SQL(cast(Any, words)),
                tables=sql.SQL(", ").join(map(sql.Identifier, tables)),
                role=sql.Identifier(role),
            )
        )


def _name(database: str, duty: Duty) -> str:
    """Name the role of a duty after the database, within what a name may be long."""
    suffix = SUFFIXES[duty]
    if len(f"{database}{suffix}".encode()) > MAX_NAME_BYTES:
        digest = hashlib.sha256(database.encode()).hexdigest()[:8]
        kept = database.encode()[: MAX_NAME_BYTES - len(suffix) - len(digest) - 1]
        return f"{kept.decode(errors='ignore')}_{digest}{suffix}"
    return f"{database}{suffix}"


def _known(conn: Connection[Any]) -> dict[Duty, str]:
    """Return the role of each duty that has one which still exists."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute(KNOWN).fetchall())


def _one(conn: Connection[Any], query: str, **asked: str) -> dict[str, Any]:
    [row] = conn.execute(cast(Any, query), asked).fetchall()
    return cast(dict[str, Any], row)
