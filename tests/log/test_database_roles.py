"""Database roles: what each may do and may not, and what happens where there are none."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import InsufficientPrivilege

from ledger.log import database_roles
from ledger.log.database_roles import (
    MAX_NAME_BYTES,
    RIGHTS,
    SUFFIXES,
    UNSEEN,
    Duties,
    RoleRefused,
    admit,
    as_one,
    duties,
    taking_on,
)
from ledger.log.migrations import MigrationRefused, may_migrate, require_current
from ledger.log.store import Disclosure, Row, Store, connect, migrate
from projections.rebuild import rebuild
from projections.rebuild import require_current as require_read_models
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url, logging_in

ROW = Row("keten", 0, "Made.v1", b"{}")
SEALED = Disclosure("keten", "digest", "p-1", b"encrypted", bytes(12))

CHANGES = [
    "UPDATE records SET topic = 'Forged.v1'",
    "DELETE FROM records",
    "TRUNCATE records",
    "DROP TABLE records",
    "ALTER TABLE records DISABLE TRIGGER ALL",
    "ALTER TABLE records DISABLE TRIGGER records_never_change",
    "DROP TRIGGER records_never_change ON records",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger AS 'BEGIN RETURN NEW; END' "
    "LANGUAGE plpgsql",
    "UPDATE checkpoints SET root = sha256('')",
    "DELETE FROM checkpoints",
    "DELETE FROM cosignatures",
    "DELETE FROM bundles",
    "UPDATE checks SET outcome = 'whole'",
    "UPDATE database_roles SET role = 'postgres'",
    "DELETE FROM migrations",
    "CREATE TABLE mine (n int)",
]
TABLES = """
    SELECT c.relname AS name
    FROM pg_class AS c
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""
PRIVILEGES = """
    SELECT c.relname AS name,
        has_table_privilege(%(writing)s, c.oid, 'SELECT') AS writing,
        has_table_privilege(%(keeping)s, c.oid, 'SELECT') AS keeping,
        has_table_privilege(%(reading)s, c.oid, 'SELECT') AS reading,
        has_table_privilege(%(reading)s, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') AS too_much
    FROM pg_class AS c
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""


@pytest.fixture(scope="module")
def shared(server: str, template: str) -> Iterator[str]:
    """The conninfo of a database with one record, which these tests cannot change."""
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        with Store(_url(server, name)) as store:
            store.append([ROW])
            store.put_disclosures([SEALED])
        yield _url(server, name)
    finally:
        _run(server, DROP, name=name)


@pytest.fixture(scope="module")
def ways(shared: str) -> Duties:
    return duties(shared)


def run(conninfo: str, statement: str) -> list[dict[str, Any]]:
    with connect(conninfo) as conn:
        cursor = conn.execute(sql.SQL(statement))  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def test_the_roles_are_apart(ways: Duties) -> None:
    assert ways.apart
    found = {run(way, "SELECT current_user AS me")[0]["me"] for way in ways[:5]}
    assert len(found) == 5


def test_the_writing_role_records_and_reads(ways: Duties, database: str) -> None:
    with Store(duties(database).writing) as store:
        store.append([ROW])
        assert store.read("keten") == [ROW]


@pytest.mark.parametrize("statement", CHANGES)
def test_the_writing_role_cannot_change_or_remove_what_is_kept(
    ways: Duties, statement: str
) -> None:
    with pytest.raises(InsufficientPrivilege):
        run(ways.writing, statement)


@pytest.mark.parametrize("duty", ["reading", "proving"])
@pytest.mark.parametrize(
    "statement",
    [
        *CHANGES,
        "INSERT INTO records VALUES ('keten', 2, 'Made.v1', '{}')",
        "UPDATE disclosures SET position = 1",
        "INSERT INTO read_models VALUES ('mine', '1')",
    ],
)
def test_the_roles_that_read_write_nothing(ways: Duties, statement: str, duty: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        run(getattr(ways, duty), statement)


@pytest.mark.parametrize(
    "statement", [*CHANGES, "INSERT INTO records VALUES ('keten', 2, 'Made.v1', '{}')"]
)
def test_the_role_that_keeps_the_read_models_changes_nothing_of_the_record(
    ways: Duties, statement: str
) -> None:
    with pytest.raises(InsufficientPrivilege):
        run(ways.keeping, statement)


def test_the_proving_role_reads_the_record_and_the_reading_role_what_is_open(ways: Duties) -> None:
    with Store(ways.proving) as store:
        assert store.read("keten") == [ROW]
    with Store(ways.reading) as store:
        assert store.read("keten") == [], "nobody said who reads (see projections/wall.py)"
    assert run(ways.reading, "SELECT chain, digest, position FROM disclosures") == [
        {"chain": "keten", "digest": "digest", "position": None}
    ]
    assert run(ways.reading, "SELECT chain, digest, ground FROM erasures") == []


@pytest.mark.parametrize(
    ("duty", "table"), [(duty, table) for table, duties in UNSEEN.items() for duty in duties]
)
def test_what_a_duty_has_no_need_of_it_cannot_read(ways: Duties, duty: str, table: str) -> None:
    """Of some it finds a column or two, of none all there is in it."""
    with pytest.raises(InsufficientPrivilege):
        run(getattr(ways, duty), f"SELECT * FROM {table}")
    assert isinstance(run(ways.writing, f"SELECT * FROM {table}"), list)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM disclosures",
        "DELETE FROM subject_keys",
        "UPDATE disclosures SET ciphertext = 'gone'",
        "UPDATE subject_keys SET wrapped_key = 'gone'",
        "TRUNCATE disclosures",
    ],
)
def test_only_the_erasing_role_takes_a_sealed_value_away(ways: Duties, statement: str) -> None:
    for way in (ways.writing, ways.reading):
        with pytest.raises(InsufficientPrivilege):
            run(way, statement)


def test_the_erasing_role_erases_and_leaves_the_record(database: str) -> None:
    ways = duties(database)
    with Store(ways.writing) as store:
        store.append([ROW])
        store.put_disclosures([SEALED])
    run(ways.erasing, "DELETE FROM disclosures WHERE subject = 'p-1'")
    assert run(ways.writing, "SELECT digest FROM disclosures") == []
    for statement in (*CHANGES, "INSERT INTO records VALUES ('keten', 2, 'Made.v1', '{}')"):
        with pytest.raises(InsufficientPrivilege):
            run(ways.erasing, statement)


def test_every_table_says_who_may_do_what_with_it(shared: str) -> None:
    with connect(shared) as conn:
        roles = {row["duty"]: row["role"] for row in conn.execute(database_roles.KNOWN)}
        rows = conn.execute(PRIVILEGES, roles).fetchall()
    forgotten = [
        row["name"]
        for row in rows
        for duty in ("keeping", "reading")
        if row[duty] == (duty in UNSEEN.get(row["name"], ()))
    ]
    assert forgotten == [], "name them in RIGHTS of ledger/log/database_roles.py"
    assert [row["name"] for row in rows if row["too_much"]] == []
    assert {row["name"] for row in rows if row["writing"]} == {
        *RIGHTS,
        "read_models",
        "read_progress",
    }
    assert RIGHTS.keys() <= {row["name"] for row in rows}


@pytest.mark.parametrize("duty", ["keeping", "reading", "proving"])
def test_the_state_of_a_whole_chain_is_for_who_decides(ways: Duties, duty: str) -> None:
    assert run(ways.writing, "SELECT state FROM snapshots") == []
    with pytest.raises(InsufficientPrivilege):
        run(getattr(ways, duty), "SELECT state FROM snapshots")


def test_a_right_that_was_given_beside_the_rule_is_taken_back(database: str) -> None:
    ways = duties(database)
    way = ways.writing
    writer, reader = (
        sql.Identifier(run(one, "SELECT current_user AS me")[0]["me"])
        for one in (way, ways.reading)
    )
    with connect(database) as conn:
        conn.execute(sql.SQL("GRANT UPDATE, DELETE ON records TO {}").format(writer))
        conn.execute(sql.SQL("GRANT UPDATE (nonce) ON disclosures TO {}").format(writer))
        conn.execute(sql.SQL("REVOKE INSERT ON records FROM {}").format(writer))
        conn.execute(sql.SQL("GRANT SELECT ON disclosures TO {}").format(reader))
    migrate(database)
    assert run(ways.reading, "SELECT digest FROM disclosures") == []
    with pytest.raises(InsufficientPrivilege):
        run(ways.reading, "SELECT ciphertext FROM disclosures")
    for statement in ("DELETE FROM records", "UPDATE disclosures SET nonce = 'other'"):
        with pytest.raises(InsufficientPrivilege):
            run(way, statement)
    with Store(way) as store:
        store.append([ROW])


def test_a_role_that_logs_in_is_nobody_until_it_takes_on_a_duty(database: str, login: str) -> None:
    admit(database, login)
    mine = logging_in(database, login)
    ways = duties(mine)
    assert ways.apart
    with Store(ways.writing) as store:
        store.append([ROW])
    for statement in ("SELECT state FROM records", "DELETE FROM disclosures"):
        with pytest.raises(InsufficientPrivilege):
            run(mine, statement)
    run(ways.erasing, "DELETE FROM disclosures")


def test_a_role_that_was_not_let_in_takes_on_nothing(database: str, login: str) -> None:
    mine = logging_in(database, login)
    assert not duties(mine).apart
    assert duties(mine).writing == mine
    role = run(duties(database).writing, "SELECT current_user AS me")[0]["me"]
    with pytest.raises(psycopg.Error):
        psycopg.connect(taking_on(mine, role))


def test_an_unknown_role_is_not_let_in(database: str) -> None:
    with pytest.raises(RoleRefused, match="bestaat niet"):
        admit(database, "nobody_of_this_name")


def test_who_may_not_migrate_is_told_what_is_behind(database: str, login: str) -> None:
    admit(database, login)
    mine = logging_in(database, login)
    assert may_migrate(database)
    assert not may_migrate(mine)
    require_current(mine)
    require_read_models(duties(mine).reading)
    for change in (rebuild, migrate):
        with pytest.raises(MigrationRefused, match="eigenaar"):
            change(mine)
    run(database, "DELETE FROM migrations WHERE name > '0025'")
    run(database, "DELETE FROM migrations WHERE name LIKE '0025%'")
    with pytest.raises(MigrationRefused, match="0025_database_roles"):
        require_current(mine)


@pytest.mark.parametrize("may", ["NOCREATEROLE", "CREATEROLE"])
def test_an_ordinary_owner_has_roles_apart_where_it_may_make_them_and_works_where_not(
    server: str, login: str, may: str
) -> None:
    name = f"test_ordinary_{uuid4().hex[:12]}"
    owner = sql.Identifier(login)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
        conn.execute(sql.SQL("ALTER ROLE {} INHERIT {}").format(owner, sql.SQL(may)))
        make = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' OWNER {}")
        conn.execute(make.format(sql.Identifier(name), owner))
    try:
        mine = logging_in(_url(server, name), login)
        migrate(mine)
        migrate(mine)
        ways = duties(mine)
        assert ways.apart == (may == "CREATEROLE")
        with Store(ways.writing) as store:
            store.append([ROW])
        assert ways.apart or ways == as_one(mine)
    finally:
        _run(server, DROP, name=name)


def test_a_role_of_that_name_that_can_log_in_is_not_taken(server: str) -> None:
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(f"{name}_writer")))
        make = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
        conn.execute(make.format(sql.Identifier(name)))
    try:
        migrate(_url(server, name))
        assert not duties(_url(server, name)).apart
    finally:
        _run(server, DROP, name=name)


@pytest.mark.parametrize("database_name", ["keten", "k" * 63, "é" * 31, "met spatie"])
def test_a_role_is_named_after_its_database_within_what_a_name_may_be_long(
    database_name: str,
) -> None:
    names = {database_roles._name(database_name, duty) for duty in SUFFIXES}
    assert len(names) == len(SUFFIXES)
    assert all(len(name.encode()) <= MAX_NAME_BYTES for name in names)
    assert database_roles._name(database_name, "writing").startswith(database_name[:20])


def test_a_role_is_taken_on_beside_other_options() -> None:
    way = taking_on("dbname=a options='-c geqo=off'", "met spatie\\_writer")
    assert conninfo_to_dict(way)["options"] == "-c geqo=off -c role=met\\ spatie\\\\_writer"
