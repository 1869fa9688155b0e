"""Integration that breaks before or after any statement leaves nothing half done."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from ledger.log.store import Store, StoreUnavailable
from ledger.log.tree_tables import TreeTables
from tests.log.proxy import Proxy
from tests.log.signing import (
    CHAIN,
    an_integrator,
    grow,
    head_of,
    integrator_on,
    require_served,
    sizes_signed,
)
from tests.log.signing_process import DIED, STATEMENTS, Dying

BEFORE, AFTER = 300, 700
MOMENTS = [(moment, one) for one in STATEMENTS for moment in ("before", "after")]
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
    CREATE TRIGGER full_disk BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION fill_disk();
"""


class Broken(Exception):
    """What breaks in the middle."""


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """A log signed at one size, that has grown past a tile since."""
    with Store(database) as store:
        grow(store, BEFORE)
        integrator_on(store).integrate(CHAIN)
        grow(store, AFTER)
        yield store


def require_whole(database: str, sizes: list[int]) -> None:
    """After a restart the log is signed as if nothing had happened, and served whole."""
    with an_integrator(database) as restarted:
        assert restarted.integrate(CHAIN) == head_of(AFTER)
        require_served(restarted, AFTER)
    assert sizes_signed(database) == sizes


@pytest.mark.parametrize(("moment", "statement"), MOMENTS)
def test_what_breaks_at_a_statement_leaves_nothing_half_done(
    store: Store, database: str, moment: str, statement: str
) -> None:
    tables = Dying(store, moment, statement, Broken())
    integrator = integrator_on(store, tables=tables)
    with pytest.raises(Broken):
        integrator.integrate(CHAIN)
    assert sizes_signed(database) == [BEFORE]
    integrator.tables = TreeTables(store)
    assert integrator.integrate(CHAIN) == head_of(AFTER)
    require_whole(database, [BEFORE, AFTER])


@pytest.mark.slow
@pytest.mark.parametrize(("moment", "statement"), [*MOMENTS, ("after", "commit")])
def test_a_process_that_dies_at_a_statement_leaves_nothing_half_done(
    store: Store, database: str, moment: str, statement: str
) -> None:
    command = [sys.executable, "-m", "tests.log.signing_process", database, moment, statement]
    assert subprocess.run(command, timeout=120, check=False).returncode == DIED
    done = statement == "commit"
    assert sizes_signed(database) == ([BEFORE, AFTER] if done else [BEFORE])
    require_whole(database, [BEFORE, AFTER])


class Cutting(TreeTables):
    """Drops the answer to the statement behind the last one, which is the commit."""

    def __init__(self, store: Store, proxy: Proxy) -> None:
        super().__init__(store)
        self._proxy = proxy

    def put_checkpoint(self, *args: Any) -> None:
        super().put_checkpoint(*args)
        self._proxy.cut_next_answer()


def test_a_lost_answer_to_the_commit_is_found_out(store: Store, database: str) -> None:
    with Proxy(database) as proxy, Store(proxy.conninfo, pool_size=1) as through:
        integrator = integrator_on(through, tables=Cutting(through, proxy))
        with pytest.raises(StoreUnavailable):
            integrator.integrate(CHAIN)
        assert proxy.answers_cut == 1
        # It was committed all the same, and the same process goes on from it.
        assert sizes_signed(database) == [BEFORE, AFTER]
        assert integrator.integrate(CHAIN) == head_of(AFTER)
    require_whole(database, [BEFORE, AFTER])


def test_connections_that_break_are_made_anew(store: Store, database: str) -> None:
    integrator = integrator_on(store)
    for size in (AFTER, AFTER + 1):
        grow(store, size)
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute(OTHERS)
        assert integrator.integrate(CHAIN) == head_of(size)
    assert sizes_signed(database) == [BEFORE, AFTER, AFTER + 1]


@pytest.mark.parametrize("table", ["tiles", "checkpoints"])
def test_a_full_disk_is_told_and_nothing_is_signed(store: Store, database: str, table: str) -> None:
    with psycopg.connect(database) as owner:
        owner.execute(DISK_FULL.format(table).encode())
    integrator = integrator_on(store)
    with pytest.raises(StoreUnavailable, match="No space left"):
        integrator.integrate(CHAIN)
    assert sizes_signed(database) == [BEFORE]
    assert integrator.refusals == {}
    with psycopg.connect(database) as owner:
        owner.execute(f"DROP TRIGGER full_disk ON {table}".encode())
    assert integrator.integrate(CHAIN) == head_of(AFTER)
    require_whole(database, [BEFORE, AFTER])
