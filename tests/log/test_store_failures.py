"""The store when the database is gone, full, slow or cut off: one error, no wait without an end."""

from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.log import database as connections
from ledger.log.database import BoundedConnection, Datastore, parameters
from ledger.log.recorder import Row
from ledger.log.store import PositionTaken, Store, StoreUnavailable
from tests.log.proxy import Proxy
from tests.ports import free_port

OTHERS = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
DISK_FULL = """
    CREATE FUNCTION fill_disk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device'
            USING ERRCODE = 'disk_full';
    END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION fill_disk();
"""
SETTINGS = """
    SELECT
        current_setting('statement_timeout') AS statement,
        current_setting('lock_timeout') AS lock,
        current_setting('idle_in_transaction_session_timeout') AS idle,
        current_setting('synchronous_commit') AS commit,
        current_setting('search_path') AS path,
        current_setting('TimeZone') AS zone
"""


@pytest.fixture
def proxy(database: str) -> Iterator[Proxy]:
    with Proxy(database) as proxy:
        yield proxy


def row(position: int) -> Row:
    return Row("keten", position, "Made.v1", b'{"n":%d}' % position)


def cut_all_connections(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(OTHERS)


def set_for_database(database: str, setting: LiteralString) -> None:
    with psycopg.connect(database, autocommit=True) as owner:
        name = sql.Identifier(owner.info.dbname)
        owner.execute(sql.SQL("ALTER DATABASE {} SET ").format(name) + sql.SQL(setting))


# The connection breaks


def test_a_lost_answer_is_told_and_the_write_is_not_repeated(database: str, proxy: Proxy) -> None:
    with Store(proxy.conninfo, pool_size=1) as store:
        store.append([row(0)])
        proxy.cut_next_answer()
        with pytest.raises(StoreUnavailable):
            store.append([row(1)])
        assert proxy.answers_cut == 1
        # It was kept after all: the writer finds it where it looks, and goes on behind it.
        assert store.read("keten") == [row(0), row(1)]
        with pytest.raises(PositionTaken):
            store.append([row(1)])
        store.append([row(2)])
    with Store(database) as other:
        assert other.read("keten") == [row(0), row(1), row(2)]


def test_a_lost_batch_is_told_as_well(proxy: Proxy) -> None:
    with Store(proxy.conninfo, pool_size=1) as store:
        store.append([row(0)])
        proxy.cut_next_answer()
        with pytest.raises(StoreUnavailable):
            store.append([row(1), row(2)])
        assert store.size("keten") == 3


def test_a_read_survives_connections_that_died_while_idle(database: str) -> None:
    with Store(database, pool_size=2) as store:
        store.append([row(0)])
        cut_all_connections(database)
        assert store.read("keten") == [row(0)]
        cut_all_connections(database)
        assert store.size("keten") == 1


def test_a_write_on_a_dead_connection_fails_once_and_the_next_is_kept(database: str) -> None:
    with Store(database, pool_size=3) as store:
        store.append([row(0)])
        cut_all_connections(database)
        with pytest.raises(StoreUnavailable, match="De database is niet beschikbaar"):
            store.append([row(1)])
        store.append([row(1)])
        assert store.size("keten") == 2


def test_a_transaction_of_somebody_else_is_not_repeated(database: str) -> None:
    runs: list[int] = []

    def make_a_table_and_lose_the_connection(store: Store) -> None:
        with store.connection() as conn:
            runs.append(1)
            conn.execute("CREATE TABLE made (n int)")
            cut_all_connections(database)
            conn.execute("SELECT 1")

    with Store(database, pool_size=1) as store:
        with pytest.raises(StoreUnavailable):
            make_a_table_and_lose_the_connection(store)
        assert runs == [1]
        with store.connection() as conn:
            assert conn.execute("SELECT to_regclass('made') AS made").fetchone() == {"made": None}


def test_listening_ends_with_the_connection_and_can_begin_again(database: str) -> None:
    with Store(database) as store:
        heard = store.listen(timeout_seconds=30)
        assert next(heard) == ""
        cut_all_connections(database)
        with pytest.raises(StoreUnavailable):
            next(heard)
        again = store.listen(timeout_seconds=30)
        assert next(again) == ""
        again.close()


# The database is gone, full or read-only


def test_a_database_that_is_gone_is_unavailable(
    server: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(database) as store:
        store.append([row(0)])
        name = conninfo_to_dict(database)["dbname"]
        with psycopg.connect(server, autocommit=True) as owner:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            owner.execute(drop.format(sql.Identifier(str(name))))
        monkeypatch.setattr(store.datastore.pool, "timeout", 0.5)
        for ask in (lambda: store.append([row(1)]), lambda: store.read("keten"), store.sizes):
            with pytest.raises(StoreUnavailable):
                ask()


def test_a_server_that_is_not_there_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "POOL_SECONDS", 0.5)
    nowhere = f"host=127.0.0.1 port={free_port()} user=nobody dbname=nothing"
    with Store(nowhere) as store:
        for ask in (
            lambda: store.append([row(0)]),
            lambda: store.read("keten"),
            lambda: store.notify({"keten": 1}),
            lambda: next(store.listen(timeout_seconds=1)),
            lambda: store.get_disclosures("keten", ["d1"]),
        ):
            with pytest.raises(StoreUnavailable):
                ask()


def test_a_full_disk_is_unavailable_and_keeps_nothing(database: str) -> None:
    with Store(database) as store:
        store.append([row(0)])
        with psycopg.connect(database) as owner:
            owner.execute(DISK_FULL)
        for batch in ([row(1)], [row(1), row(2)]):
            with pytest.raises(StoreUnavailable, match="No space left on device"):
                store.append(batch)
        assert store.read("keten") == [row(0)]
        with psycopg.connect(database) as owner:
            owner.execute("DROP TRIGGER full_disk ON records")
        store.append([row(1)])
        assert store.size("keten") == 2


def test_a_read_only_server_is_unavailable_for_writing_only(database: str) -> None:
    with Store(database) as store:
        store.append([row(0)])
    set_for_database(database, "default_transaction_read_only = on")
    with Store(database) as store:
        with pytest.raises(StoreUnavailable, match="read-only"):
            store.append([row(1)])
        assert store.read("keten") == [row(0)]


def test_a_closed_store_is_unavailable(database: str) -> None:
    store = Store(database)
    store.append([row(0)])
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable):
        store.read("keten")


# Every wait has an end


@pytest.mark.slow  # closing waits for the attempt to connect again
def test_a_server_that_never_answers_is_given_up(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(proxy.conninfo, pool_size=1) as store:
        store.append([row(0)])
        monkeypatch.setattr(BoundedConnection, "answer_seconds", 0.5)
        monkeypatch.setattr(store.datastore.pool, "timeout", 0.5)
        proxy.stall()
        with pytest.raises(StoreUnavailable):
            store.append([row(1)])
        with pytest.raises(StoreUnavailable):
            store.read("keten")


def test_nobody_waits_for_ever_for_a_free_connection(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(database, pool_size=1) as store, store.connection():
        monkeypatch.setattr(store.datastore.pool, "timeout", 0.1)
        with pytest.raises(StoreUnavailable):
            store.read("keten")


def test_a_statement_has_a_limit_and_may_be_given_another(database: str) -> None:
    with Store(database, pool_size=1) as store:
        with pytest.raises(StoreUnavailable), store.connection(statement_seconds=0.1) as conn:
            conn.execute("SELECT pg_sleep(60)")
        with store.connection(statement_seconds=3600) as conn:
            assert conn.execute("SHOW statement_timeout").fetchone() == {"statement_timeout": "1h"}
        with store.connection() as conn:
            assert conn.execute("SHOW statement_timeout").fetchone() == {"statement_timeout": "30s"}


def test_every_session_has_its_limits_and_commits_to_disk(database: str) -> None:
    set_for_database(database, "synchronous_commit = off")
    with Store(database) as store, store.connection() as conn:
        assert conn.execute(SETTINGS).fetchone() == {
            "statement": "30s",
            "lock": "10s",
            "idle": "1min",
            "commit": "on",
            "path": "public",
            "zone": "UTC",
        }


def test_a_stricter_commit_than_ours_is_left_alone(database: str) -> None:
    set_for_database(database, "synchronous_commit = remote_apply")
    with Store(database) as store, store.connection() as conn:
        settings = conn.execute(SETTINGS).fetchone()
    assert settings is not None
    assert settings["commit"] == "remote_apply"


# Where the database is


@pytest.mark.parametrize(
    "conninfo",
    [
        "postgresql://jan:ge%20heim@%2Frun%2Fpg/keten?port=5433",
        "host=/run/pg port=5433 user=jan password='ge heim' dbname=keten",
        "postgresql:///keten?host=/run/pg&port=5433&user=jan&password=ge%20heim",
    ],
)
def test_a_socket_folder_is_a_host_in_a_url_as_well(conninfo: str) -> None:
    found = parameters(conninfo)
    assert {name: found[name] for name in ("host", "port", "user", "password", "dbname")} == {
        "host": "/run/pg",
        "port": "5433",
        "user": "jan",
        "password": "ge heim",
        "dbname": "keten",
    }
    assert Datastore(conninfo, pool_size=1).pool.kwargs is not None


def test_what_the_caller_says_stands_and_the_rest_gets_a_limit() -> None:
    given = make_conninfo("", host="db", connect_timeout=2, sslmode="verify-full")
    found = parameters(given)
    assert (found["connect_timeout"], found["sslmode"]) == ("2", "verify-full")
    assert (found["keepalives"], found["client_encoding"]) == ("1", "UTF8")


def test_an_unreadable_address_is_refused_without_quoting_it() -> None:
    with pytest.raises(StoreUnavailable) as refusal:
        Store("postgresql://jan:geheim@[oops/keten")
    assert "geheim" not in str(refusal.value)
    assert refusal.value.__suppress_context__
