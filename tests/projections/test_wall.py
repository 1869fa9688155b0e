"""The second wall: what a query that forgets the filter finds is what its reader may see.

Asked as the role that reads, which is held to the policies; the owner of the tables is not, and
tells what there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Composed, Identifier

from ledger.domain.values import NotFound
from ledger.log.database_roles import SUFFIXES, Duties, duties, roles
from ledger.log.store import Store
from ledger.log.store import migrate as migrate_record
from projections import scopes, search, selection, wall
from projections.decisions import decisions
from projections.items import seen_at
from projections.models import MODELS
from projections.rebuild import migrate, rebuild
from projections.runner import Runner
from projections.scopes import Access
from projections.standing import stand
from projections.views import Conn, Paging, View, look
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url, logging_in
from tests.projections.answers import ITEMS, LISTS, whole
from tests.projections.given import CHAIN, NOW, TABLES, reading, row, taken_in, words_in
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


@pytest.fixture(scope="module")
def ways(filled: str) -> Duties:
    found = duties(filled)
    assert found.apart, "the server of the tests has to let its user make roles"
    return found


@contextmanager
def standing(connection: Conn, access: Access, known_at: int = scopes.NO_END) -> Iterator[View]:
    """Give a view of the test chain in a transaction that sees no more than it."""
    view = View(chain=CHAIN, access=access, known_at=min(known_at, access.end), now=NOW)
    with connection.transaction():
        stand(connection, CHAIN, access, view.known_at)
        yield view


def rows(connection: Conn, table: str) -> int:
    [(found,)] = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table)))
    return int(found)


def visible(connection: Conn, view: View) -> set[int]:
    return selection.visible(connection, view, range(len(mixed())))


@pytest.mark.parametrize("name", READERS)
def test_a_query_without_a_filter_finds_what_its_reader_may_see(
    filled: str, ways: Duties, name: str
) -> None:
    with reading(ways.reading) as connection, reading(filled) as owner:
        with standing(connection, READERS[name]) as view:
            bare = connection.execute("SELECT chain, position FROM read_records").fetchall()
            stored = connection.execute(
                "SELECT originator_id, originator_version - 1 FROM records"
            ).fetchall()
        seen = {(CHAIN, position) for position in visible(owner, view)}
        assert set(bare) == set(stored) == seen
        assert len(bare) == len(stored)
        assert bool(seen) is (name != "nobody")


def test_a_row_of_any_table_is_there_for_who_may_see_it_alone(filled: str, ways: Duties) -> None:
    with reading(ways.reading) as connection, reading(filled) as owner:
        for table in TABLES:
            found = {}
            for name, access in READERS.items():
                with standing(connection, access):
                    found[name] = rows(connection, table.name)
            own = SQL("SELECT count(*) FROM {} WHERE chain = %s").format(Identifier(table.name))
            [(of_chain,)] = owner.execute(own, (CHAIN,)).fetchall()
            assert found["nobody"] == 0, table.name
            assert max(found.values()) <= of_chain, table.name


def test_every_answer_is_the_same_with_the_wall_as_without_it(filled: str, ways: Duties) -> None:
    with reading(ways.reading) as connection, reading(filled) as owner:
        for access in READERS.values():
            if access == Access():
                continue
            before = _answers(owner, look(owner, CHAIN, reader=access, now=NOW))
            with connection.transaction():
                view = look(connection, CHAIN, reader=access, now=NOW)
                assert _answers(connection, view) == before


def test_an_earlier_state_is_the_same_with_the_wall_as_without_it(
    filled: str, ways: Duties
) -> None:
    with reading(ways.reading) as connection, reading(filled) as owner:
        for name in ("participant", "office"):
            then = {"reader": READERS[name], "known_at": 150, "now": NOW}
            before = _answers(owner, look(owner, CHAIN, **then))
            with connection.transaction():
                assert _answers(connection, look(connection, CHAIN, **then)) == before


def test_the_planner_expects_behind_the_wall_about_as_many_rows_as_without_it(
    filled: str, ways: Duties
) -> None:
    with reading(filled) as owner, reading(ways.reading) as connection:
        owner.execute("ANALYZE")
        for table, condition in (("read_texts", scopes.version), ("read_links", scopes.entry)):
            query = SQL("EXPLAIN (FORMAT JSON) SELECT 1 FROM {} AS t WHERE {}").format(
                Identifier(table), condition("t")
            )
            with standing(connection, ALL) as view:
                without = _expected_rows(owner, query, view)
                assert _expected_rows(connection, query, view) >= without / 4, table


WORDS_BY = ("found_by @@", "plain ~~")
ASKED = {
    "a search": (
        lambda connection, view: search.hits(connection, view, Paging(), "zonnebloem"),
        WORDS_BY,
    ),
    "a list of what has a word": (
        lambda connection, view: decisions(connection, view, Paging(), text="zonnebloem"),
        WORDS_BY,
    ),
    "records by their position": (
        lambda connection, view: seen_at(connection, view, [3, 5]),
        ("originator_version =",),
    ),
    "the records of a thing": (
        lambda connection, view: ITEMS["decision"](connection, view, THINGS["decision"]),
        ("originator_version =",),
    ),
}
# Of fewer the planner would rather read them all.
MANY_TEXTS = """
    INSERT INTO read_texts
        (chain, kind, id, scope, scope_until, known_from, since, open_to, title, body, imported,
        plain)
    SELECT %(chain)s, 'decision', 'made-' || n, 1, 4, 1, 1, '{}', 'titel', repeat('woord ', 50),
        '{}', 'titel woord'
    FROM generate_series(1, 12000) AS made (n)
"""


def test_the_wall_keeps_no_question_from_its_index(database: str) -> None:
    """Where a policy goes before, a condition whose operator is not leakproof is asked last."""
    taken_in(database, mixed())
    with reading(database) as owner:
        owner.execute(MANY_TEXTS, {"chain": CHAIN})
        owner.execute("ANALYZE")
    for name, (ask, conditions) in ASKED.items():
        with _explaining(duties(database).reading) as (connection, plans), connection.transaction():
            connection.execute("SET LOCAL enable_seqscan = off")
            ask(connection, look(connection, CHAIN, reader=ALL, now=NOW))
        found = [line for plan in plans for line in plan.splitlines() if "Index Cond" in line]
        for condition in conditions:
            assert any(condition in line for line in found), (name, condition)


@contextmanager
def _explaining(conninfo: str) -> Iterator[tuple[Conn, list[str]]]:
    """Give a connection that writes down the plan of each question that it is asked."""
    plans: list[str] = []

    class Explaining(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
            text = query.as_string(self.connection) if hasattr(query, "as_string") else query
            if "read_" in text or "behind." in text:
                with psycopg.ClientCursor(self.connection) as beside:
                    told = beside.execute(f"EXPLAIN {text}", params).fetchall()
                plans.append("\n".join(line for (line,) in told))
            return super().execute(query, params, **how)

    with psycopg.connect(conninfo, autocommit=True, cursor_factory=Explaining) as connection:
        yield connection, plans


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


def test_without_settings_nothing_is_there_and_nothing_is_wrong(ways: Duties) -> None:
    names = [*(one.name for one in TABLES), "records"]
    with reading(ways.reading) as connection:
        assert [rows(connection, name) for name in names] == [0] * len(names)
        with standing(connection, ALL):
            assert rows(connection, "read_records")
            assert rows(connection, "records")
        assert [rows(connection, name) for name in names] == [0] * len(names), "settings end"


def test_one_missing_setting_is_enough_to_see_nothing_more(filled: str, ways: Duties) -> None:
    with reading(ways.reading) as connection, reading(filled) as owner:
        for name in ("chain", "known_at", "rank", "near_rank", "floor", "places"):
            with standing(connection, READERS["participant"]) as view:
                connection.execute("SELECT set_config(%s, '', true)", (f"ketenledger.{name}",))
                bare = connection.execute("SELECT position FROM read_records").fetchall()
            assert {position for (position,) in bare} <= visible(owner, view), name
            assert name not in ("chain", "known_at") or bare == []


@pytest.mark.parametrize(
    "statement",
    [
        "SET row_security = off; SELECT FROM read_records",
        "ALTER TABLE read_records DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE records NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY readers ON read_records",
        "ALTER POLICY readers ON records USING (true)",
        "CREATE POLICY mine ON read_texts USING (true)",
        "ALTER TABLE read_texts OWNER TO CURRENT_USER",
        "DROP TABLE read_texts",
        "DROP VIEW behind.texts",
        "CREATE OR REPLACE VIEW behind.moments AS SELECT * FROM records",
        "CREATE VIEW behind.mine AS SELECT * FROM read_texts",
    ],
)
def test_the_role_that_reads_cannot_take_the_wall_down(ways: Duties, statement: str) -> None:
    with reading(ways.reading) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
        assert wall.holds(connection)


def test_every_table_of_the_read_models_and_the_record_has_row_level_security(filled: str) -> None:
    query = """
        SELECT c.relname, pg_get_userbyid(c.relowner), c.relrowsecurity,
            array_agg(p.polname::text ORDER BY p.polname)
        FROM pg_class AS c LEFT JOIN pg_policy AS p ON p.polrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND (starts_with(c.relname, 'read_') OR c.relname = 'records')
        GROUP BY c.oid
    """
    with reading(filled) as connection:
        found = {name: rest for name, *rest in connection.execute(query).fetchall()}
        keeper = roles(connection)["keeping"]
        for model in MODELS.values():
            for table in model.tables:
                assert found.pop(table.name) == [keeper, True, ["readers"]]
    owner, *walled = found.pop("records")
    assert owner != keeper
    assert walled == [True, ["others", "readers"]]
    # How far the read models are, and of which version: of no reader's concern, and no content.
    assert set(found) == {"read_models", "read_progress"}


def test_each_duty_finds_what_is_its_own(filled: str, ways: Duties) -> None:
    with reading(filled) as owner:
        stored, kept = rows(owner, "records"), rows(owner, "read_records")
    for duty in set(SUFFIXES) - {"reading"}:
        with reading(getattr(ways, duty)) as connection:
            assert rows(connection, "records") == stored
            if duty == "keeping":
                assert rows(connection, "read_records") == kept
                continue
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                rows(connection, "read_records")


def test_who_keeps_the_read_models_copies_into_them_and_records_nothing(database: str) -> None:
    ways = duties(database)
    with Store(ways.writing) as store:
        store.append([row(one) for one in mixed()[:40]])
    with Runner(ways.keeping) as runner:
        assert runner.catch_up() == 40
    with reading(database) as owner:
        assert rows(owner, "read_records") == 40
    insert = "INSERT INTO records VALUES ('keten', 41, 'Made.v1', '{}')"
    with reading(ways.keeping) as keeper, pytest.raises(psycopg.errors.InsufficientPrivilege):
        keeper.execute(insert)


def test_who_owns_the_record_and_may_make_roles_has_the_wall_as_well(
    server: str, login: str
) -> None:
    """Whoever migrates need not be a superuser, nor the server that reads be the owner."""
    with _database_of(server, login, "CREATEROLE") as mine:
        ways = duties(mine)
        assert ways.apart
        with Store(ways.writing) as store, Runner(ways.keeping) as runner:
            store.append([row(one) for one in mixed()[:40]])
            runner.catch_up()
        rebuild(mine)
        with reading(ways.reading) as connection, reading(mine) as owner:
            assert wall.holds(connection)
            assert not wall.holds(owner)
            assert rows(owner, "read_records") == 40
            assert rows(connection, "read_records") == 0
            with standing(connection, ALL):
                assert rows(connection, "records") == 40


def test_where_no_roles_can_be_made_there_is_no_wall_and_all_works(server: str, login: str) -> None:
    with _database_of(server, login, "NOCREATEROLE") as mine:
        ways = duties(mine)
        assert not ways.apart
        taken_in(ways.writing, mixed()[:40])
        with reading(ways.reading) as connection:
            assert wall.stands(connection), "as it is where there are no roles"
            assert not wall.holds(connection)
            view = look(connection, CHAIN, reader=READERS["public"], now=NOW)
            assert 0 < len(visible(connection, view)) < 40
            assert _answers(connection, view)


@contextmanager
def _database_of(server: str, login: str, may: str) -> Iterator[str]:
    """Give the conninfo of a migrated database of an ordinary owner."""
    name = f"test_{uuid4().hex[:12]}"
    owner = Identifier(login)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(SQL("GRANT {} TO CURRENT_USER").format(owner))
        conn.execute(SQL("ALTER ROLE {} INHERIT {}").format(owner, SQL(may)))
        make = SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' OWNER {}")
        conn.execute(make.format(Identifier(name), owner))
    try:
        mine = logging_in(_url(server, name), login)
        for _ in range(2):
            migrate_record(mine)
            migrate(mine)
        yield mine
    finally:
        _run(server, DROP, name=name)


def test_the_wall_stands_around_the_new_tables_after_a_rebuild(database: str) -> None:
    taken_in(database, mixed()[:60])
    ways = duties(database)
    with reading(database) as owner, reading(ways.reading) as connection:
        assert wall.stands(owner)
        before = _seen(connection)
        for model in ("decisions", "records"):
            rebuild(database, model)
            assert wall.stands(owner)
            assert wall.holds(connection)
            assert _seen(connection) == before
        owner.execute("DROP POLICY readers ON read_texts")
        assert not wall.stands(owner)
        migrate(database)
        assert wall.stands(owner)
        assert _seen(connection) == before


def _seen(connection: Conn) -> dict[str, Any]:
    with standing(connection, READERS["public"]):
        return {table.name: rows(connection, table.name) for table in TABLES}


@pytest.mark.parametrize("part", ["SCHEMA behind", "POLICY readers ON read_decisions"])
def test_a_part_of_the_wall_of_another_making_is_made_anew(database: str, part: str) -> None:
    with reading(database) as owner:
        owner.execute(f"COMMENT ON {part} IS 'of another version'")
        rebuild(database, "statuses")
        assert wall.stands(owner) is (part == "SCHEMA behind"), "what was built is of this version"
        migrate(database)
        assert wall.stands(owner)
