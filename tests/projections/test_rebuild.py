"""A rebuilt read model equals the live one, and nobody waits for it."""

from __future__ import annotations

import threading

import psycopg
import pytest
from msgspec.structs import replace
from psycopg.sql import Identifier

from ledger.domain.values import NotFound
from ledger.log.store import MigrationRefused, Store
from projections import decisions, rebuild
from projections.models import MODELS
from projections.runner import Runner, migrate
from projections.tables import NEXT
from projections.views import Paging
from tests.log.scene import until_somebody_waits
from tests.projections.given import dump, keep, reading, row, seen, taken_in
from tests.projections.scenes import everything, mixed

AWAITED = """
    SELECT mode FROM pg_locks
    WHERE NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
VACUUMING = "ShareUpdateExclusiveLock"
NOT_VACUUMED = """
    SELECT relname FROM pg_class
    WHERE relname LIKE 'read\\_%' AND 'autovacuum_enabled=false' = ANY(reloptions)
"""


@pytest.mark.parametrize("name", [None, "records", "decisions", "search", "statuses", "bodies"])
def test_a_rebuilt_read_model_equals_the_live_one(database: str, name: str | None) -> None:
    taken_in(database, mixed())
    live = dump(database)
    with Runner(database) as runner:
        built = runner.rebuild(name)
    assert built == (list(MODELS) if name is None else [name])
    assert dump(database) == live


@pytest.mark.parametrize(("things", "batch"), [(1, 1), (2, 7), (3, 64)])
def test_a_build_finds_again_what_it_no_longer_has_at_hand(
    database: str, monkeypatch: pytest.MonkeyPatch, things: int, batch: int
) -> None:
    """Also where the rows of the batch before are still being written."""
    taken_in(database, mixed())
    live = dump(database)
    monkeypatch.setattr("projections.folding.MAX_THINGS", things)
    monkeypatch.setattr("projections.rebuild.BATCH", batch)
    with Runner(database) as runner:
        runner.rebuild()
    assert dump(database) == live


def test_a_read_model_that_was_damaged_is_whole_again(database: str) -> None:
    taken_in(database, everything())
    live = dump(database)
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM read_decisions WHERE known_until IS NULL")
    assert dump(database) != live
    rebuild.rebuild(database, "decisions")
    assert dump(database) == live


def test_a_rebuild_of_nothing_known_is_refused(database: str) -> None:
    with pytest.raises(NotFound):
        rebuild.rebuild(database, "onzin")


def test_a_rebuild_takes_in_no_more_than_the_live_tables_have(database: str) -> None:
    entries = everything()
    taken_in(database, entries[:100])
    with Store(database) as store:
        store.append([row(entry) for entry in entries[100:]])
    rebuild.rebuild(database)
    with Runner(database) as runner:
        assert runner.catch_up() == len(entries) - 100
    after = dump(database)
    rebuild.rebuild(database)
    assert dump(database) == after


def test_live_tables_are_kept_up_while_others_are_built(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = everything()
    keep(database, entries[:200])
    monkeypatch.setattr("projections.rebuild.BATCH", 20)
    with Runner(database) as runner, Store(database) as store:
        runner.catch_up()
        runner.start()

        def grow(done: int, _total: int) -> None:
            if done == 100:
                store.append([row(entry) for entry in entries[200:]])
                assert runner.wait(entries[0].header.chain, 200, timeout_seconds=30)

        rebuild.rebuild(database, report=grow)
        assert runner.wait(entries[0].header.chain, len(entries) - 1, timeout_seconds=30)
    after = dump(database)
    rebuild.rebuild(database)
    assert dump(database) == after


def test_a_reader_in_the_way_is_waited_for_and_answered(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_in(database, everything())
    monkeypatch.setattr("projections.rebuild.SWAP_WAITS_SECONDS", (0.02, 0.05))
    with reading(database) as connection, connection.transaction():
        before = decisions.decisions(connection, seen(connection), Paging())
        builder = threading.Thread(target=rebuild.rebuild, args=(database, "decisions"))
        builder.start()
        with reading(database) as another:
            assert decisions.decisions(another, seen(another), Paging()) == before
        assert decisions.decisions(connection, seen(connection), Paging()) == before
    builder.join(60)
    assert not builder.is_alive()
    with reading(database) as connection:
        assert decisions.decisions(connection, seen(connection), Paging()) == before


def test_a_try_to_change_names_ends_in_time_whichever_table_is_being_read(database: str) -> None:
    """Its limit is for all tables together: each by itself would make it as many times as long."""
    taken_in(database, everything()[:40])
    parts = [MODELS["chains"], MODELS["decisions"], MODELS["search"]]
    read = "SELECT 1 FROM read_texts, read_decisions LIMIT 1"
    with reading(database) as reader, reader.transaction(), reading(database) as builder:
        reader.execute(read)
        with pytest.raises(psycopg.errors.QueryCanceled), builder.transaction():
            rebuild._hold(builder, parts, 0.05)
        with reading(database) as another:
            assert another.execute(read).fetchall()
    with reading(database) as builder, builder.transaction():
        rebuild._hold(builder, parts, 30)


@pytest.mark.parametrize("vacuumed", ["read_decisions", "read_decisions_next"])
def test_nobody_waits_for_a_change_of_names_that_waits_for_a_vacuum(
    database: str, vacuumed: str
) -> None:
    taken_in(database, everything()[:40])
    models, live = [MODELS["decisions"]], dump(database)
    with reading(database) as vacuum, rebuild._builder(database) as builder:
        for table in models[0].tables:
            rebuild._make(builder, table)
        swap = threading.Thread(target=rebuild._swap, args=(builder, models, {}))
        with vacuum.transaction():
            vacuum.execute(rebuild.WITHOUT_VACUUM.format(tables=Identifier(vacuumed)))
            swap.start()
            until_somebody_waits(database)
            with reading(database) as another:
                assert set(another.execute(AWAITED)) == {(VACUUMING,)}
                another.execute("SET statement_timeout = '5s'")
                decisions.decisions(another, seen(another), Paging())
            assert swap.is_alive()
        swap.join(60)
        assert not swap.is_alive()
        for table in models[0].tables:
            assert not rebuild._there(builder, replace(table, name=table.name + NEXT))
    assert dump(database) == live


def test_what_was_built_is_vacuumed_as_any_table(database: str) -> None:
    taken_in(database, everything()[:40])
    rebuild.rebuild(database)
    with reading(database) as connection:
        assert connection.execute(NOT_VACUUMED).fetchall() == []


def test_a_build_that_breaks_off_leaves_the_live_tables(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_in(database, everything())
    live = dump(database)
    monkeypatch.setattr("projections.rebuild.BATCH", 50)

    def break_off(done: int, _total: int) -> None:
        if done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild.rebuild(database, report=break_off)
    assert dump(database) == live
    rebuild.rebuild(database)
    assert dump(database) == live


def test_what_the_database_lacks_is_said(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("DROP EXTENSION unaccent CASCADE")
    with pytest.raises(MigrationRefused, match="unaccent"):
        migrate(database)


def test_a_changed_version_is_built_anew_when_migrating(database: str) -> None:
    taken_in(database, everything())
    live = dump(database)
    assert migrate(database) == []
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE read_models SET version = 'older' WHERE name = 'search'")
        connection.execute("DELETE FROM read_texts")
    assert migrate(database) == ["search"]
    assert dump(database) == live
