"""The second wall: what a query that forgets the filter finds is what its reader may see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Composed, Identifier

from ledger.domain.values import NotFound
from ledger.log.database_roles import duties
from ledger.log.store import Store
from projections import scopes, selection, wall
from projections.models import MODELS
from projections.rebuild import rebuild
from projections.scopes import Access
from projections.views import Conn, View, look
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.projections.answers import ITEMS, LISTS, whole
from tests.projections.given import CHAIN, NOW, TABLES, reading, taken_in, words_in
from tests.projections.scenes import mixed

READERS = {
    "nobody": Access(),
    "public": scopes.of_scopes({"public"}),
    "chain": scopes.of_scopes({"public", "chain"}),
    "participant": Access(rank=2, floor=2, near_rank=3, places=("body:ketenbestuur",)),
    "reviewer": Access(rank=2, floor=1, first=100, last=200),
    "office": scopes.of_scopes({"public", "chain", "confidential"}),
}
ALL = READERS["office"]
THINGS = {"chain": CHAIN, "decision": "B-2008-01"}


@pytest.fixture(scope="module")
def filled(server: str, template: str) -> Iterator[str]:
    """The URL of a database with the mixed life, and a chain that nobody asks about, to read."""
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        taken_in(_url(server, name), mixed())
        taken_in(_url(server, name), mixed()[:40], chain="andere")
        yield _url(server, name)
    finally:
        _run(server, DROP, name=name)


@contextmanager
def behind(connection: Conn, access: Access, known_at: int = scopes.NO_END) -> Iterator[View]:
    """Give a view of the test chain in a transaction in which the wall stands."""
    view = View(chain=CHAIN, access=access, known_at=min(known_at, access.end), now=NOW)
    with connection.transaction():
        wall.stand(connection, view)
        yield view


def rows(connection: Conn, table: str) -> int:
    [(found,)] = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(found)


def visible(connection: Conn, view: View) -> set[int]:
    return selection.visible(connection, view, range(len(mixed())))


@pytest.mark.parametrize("name", READERS)
def test_a_query_without_a_filter_finds_what_its_reader_may_see(filled: str, name: str) -> None:
    access = READERS[name]
    with reading(filled) as connection:
        with behind(connection, access) as view:
            bare = connection.execute("SELECT chain, position FROM read_records").fetchall()
            stored = connection.execute(
                "SELECT originator_id, originator_version - 1 FROM records"
            ).fetchall()
        seen = {(CHAIN, position) for position in visible(connection, view)}
        assert set(bare) == set(stored) == seen
        assert len(bare) == len(stored)
        assert bool(seen) is (name != "nobody")


def test_a_row_of_any_table_is_there_for_who_may_see_it_alone(filled: str) -> None:
    with reading(filled) as connection:
        for table in TABLES:
            everywhere = rows(connection, table.name)
            found = {}
            for name, access in READERS.items():
                with behind(connection, access):
                    found[name] = rows(connection, table.name)
            assert found["nobody"] == 0, table.name
            assert found["office"] <= everywhere, table.name
            own = connection.execute(
                SQL("SELECT count(*) FROM {} WHERE chain = %s AND scope <= 3").format(
                    Identifier(table.name)
                ),
                (CHAIN,),
            ).fetchone()
            assert own is not None
            assert found["office"] <= own[0], "the other chain is not there"


def test_every_answer_is_the_same_with_the_wall_as_without_it(filled: str) -> None:
    with reading(filled) as connection:
        for access in READERS.values():
            if access == Access():
                continue
            view = look(connection, CHAIN, reader=access, now=NOW)
            before = _answers(connection, view)
            with connection.transaction():
                wall.stand(connection, view)
                assert _answers(connection, view) == before


def test_the_planner_expects_behind_the_wall_about_as_many_rows_as_without_it(
    filled: str,
) -> None:
    with reading(filled) as connection:
        connection.execute("ANALYZE")
        view = look(connection, CHAIN, reader=ALL, now=NOW)
        for table, condition in (("read_texts", scopes.version), ("read_links", scopes.entry)):
            query = SQL("EXPLAIN (FORMAT JSON) SELECT 1 FROM {} AS t WHERE {}").format(
                Identifier(table), condition("t")
            )
            with connection.transaction():
                without = _expected_rows(connection, query, view)
                wall.stand(connection, view)
                assert _expected_rows(connection, query, view) >= without / 4, table


def _expected_rows(connection: Conn, query: Composed, view: View) -> int:
    row = connection.execute(query, view.parameters()).fetchone()
    assert row is not None
    return int(row[0][0]["Plan"]["Plan Rows"])


def _answers(connection: Conn, view: View) -> dict[str, str]:
    told = {name: words_in(whole(query, connection, view)) for name, query in LISTS.items()}
    for name in ("chain", "decision"):
        try:
            told[f"one {name}"] = words_in(ITEMS[name](connection, view, THINGS[name]))
        except NotFound as error:
            told[f"one {name}"] = str(error)
    return told


def test_without_settings_nothing_is_there_and_nothing_is_wrong(filled: str) -> None:
    with reading(filled) as connection:
        with behind(connection, ALL):
            assert rows(connection, "read_records")
        for schema in ("walled.", "public."):
            found = rows(connection, f"{schema}read_records")
            assert bool(found) is (schema == "public."), "a setting ends with its transaction"
        with connection.transaction():
            connection.execute("SET LOCAL search_path = walled, public")
            assert [rows(connection, one.name) for one in TABLES] == [0] * len(TABLES)
            assert rows(connection, "records") == 0


def test_one_missing_setting_is_enough_to_see_nothing_more(filled: str) -> None:
    with reading(filled) as connection:
        for name in ("chain", "known_at", "rank", "near_rank", "floor", "places"):
            with behind(connection, READERS["participant"]) as view:
                connection.execute("SELECT set_config(%s, '', true)", (f"ketenledger.{name}",))
                bare = connection.execute("SELECT position FROM read_records").fetchall()
            assert {position for (position,) in bare} <= visible(connection, view), name
            assert name not in ("chain", "known_at") or bare == []


def test_the_role_that_reads_goes_through_the_wall_and_cannot_build_it(filled: str) -> None:
    ways = duties(filled)
    if not ways.apart:
        pytest.skip("this server may not make roles")
    with Store(ways.reading) as store, store.connection() as lent:
        view = look(lent, CHAIN, reader=READERS["chain"], now=NOW)
        wall.stand(lent, view)
        found = lent.execute("SELECT position FROM read_records").fetchall()
        assert {one["position"] for one in found} == visible(lent, view)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            lent.execute("DROP VIEW walled.records")


def test_the_wall_stands_around_the_new_tables_after_a_rebuild(database: str) -> None:
    taken_in(database, mixed()[:60])
    with reading(database) as connection:
        assert wall.stands(connection)
        before = _seen(connection)
        rebuild(database, "decisions")
        assert wall.stands(connection)
        assert _seen(connection) == before
        wall.pull_down(connection)
        assert not wall.stands(connection)


def _seen(connection: Conn) -> dict[str, Any]:
    with behind(connection, READERS["public"]):
        return {table.name: rows(connection, table.name) for table in TABLES}


def test_there_is_a_view_for_each_table_and_for_the_record(filled: str) -> None:
    with reading(filled) as connection:
        there = connection.execute(
            "SELECT viewname FROM pg_views WHERE schemaname = 'walled'"
        ).fetchall()
        own = {table.name for model in MODELS.values() for table in model.tables}
        assert {name for (name,) in there} == own | {"records"}
