"""On a long chain the questions of the core find their way through indexes, past no whole table.

The chain is a short one that was taken in, with its rows multiplied in the tables themselves: what
matters is what the planner chooses when they are long.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from msgspec.structs import replace
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from api import made_up_chain
from api.made_up_cases import FIRST_DAY
from api.record_lines import Recorder
from ledger.ledger import Ledger
from ledger.log.database_roles import duties
from ledger.log.store import Store
from projections import decision_page, decisions, search
from projections.runner import Runner
from projections.slices import SLICE
from projections.tables import Column, Table
from projections.timeline import Chosen, timeline
from projections.views import Conn, Paging, View, look
from tests.bench.questions import EVERYTHING, QUESTIONS, Known, Question
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.projections.given import TABLES

CHAIN = "groot"
EVENTS = 600
TIMES = 30
ASKED = 6
LONG = 3_000
"""A table with fewer rows is sooner read whole."""
MOST_PAGES = 4_000
"""How much of the database one question may touch, in pages of 8 kB: the tables have more."""
MANY_HAVE = "keten"
"""A word that more things have than are ranked."""

UNANALYSED = SQL("ALTER TABLE {table} SET (autovacuum_enabled = false)")
MULTIPLY = SQL("""
    INSERT INTO {table} ({columns})
    SELECT {values}
    FROM {table} AS t CROSS JOIN generate_series(1, {times}) AS n (n)
    WHERE {chain} = 'groot'
""")
PLACES = ("position", "known_from", "known_until", "since", "replaced_from")
TIMES_OF = ("date", "timestamptz")
DAYS = 5
"""How much later than its original each copy is: no less than the chain is long."""
MANY, EARLY = 100_000, 9_000
# The first of them occurred early, all others long after.
LATER = SQL("""
    INSERT INTO read_decisions (
        chain, kind, id, scope, scope_until, known_from, since, open_to, valid_from, body, subject,
        summary
    )
    SELECT 'groot', 'decision', 'later-' || n.n, 1, 4, r.last + n.n, r.last + n.n, '{{}}',
        CASE WHEN n.n <= {early} THEN '2006-01-01'::date ELSE '2020-01-01'::date END, '', '',
        jsonb_build_object('decision', 'later-' || n.n)
    FROM (SELECT max(position) AS last FROM read_records) AS r
    CROSS JOIN generate_series(1, {many}) AS n (n)
""").format(many=Literal(MANY), early=Literal(EARLY))
ROWS = """
    SELECT relname, reltuples FROM pg_class
    WHERE relkind = 'r' AND (relname LIKE 'read\\_%' OR relname = 'records')
"""
Plan = dict[str, Any]


def _timeline(**chosen: str) -> Question:
    """Return the question for the timeline of this choice, as far as some day."""

    def ask(connection: Conn, known: Known, chance: random.Random) -> Any:
        day = chance.choice(("", known.day(chance)))
        wanted = Chosen(until=day, **chosen)  # type: ignore[arg-type]  # fields by name, for tests
        view = look(connection, known.chain, reader=EVERYTHING)
        return timeline(connection, view, Paging(), wanted)

    return ask


def _early(conn: Conn, known: Known, chance: random.Random) -> Any:
    """Ask for a list as it was when nearly nothing had happened yet."""
    day = (known.first + timedelta(chance.randrange(5))).isoformat()
    view = look(conn, known.chain, reader=EVERYTHING, valid_on=day)
    return decisions.decisions(conn, view, Paging(), status="in-force")


ALL_QUESTIONS = {
    **QUESTIONS,
    "as-of an early day": _early,
    "timeline of a partner": _timeline(partner="dienst-noord"),
    "timeline of a role": _timeline(role="chain-manager"),
    "timeline of a role for a partner": _timeline(partner="dienst-noord", role="representative"),
}


@pytest.fixture(scope="module")
def long(server: str, template: str) -> Iterator[str]:
    """The URL of a database with one long chain, of which the planner knows how it is filled."""
    with long_chain(server, template) as database:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("ANALYZE")
        yield database


@contextmanager
def long_chain(server: str, template: str) -> Iterator[str]:
    """Give the URL of a database with one long chain, of which the planner knows nothing yet."""
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=template)
    database = _url(server, name)
    try:
        with Store(database) as store, Ledger(store) as ledger:
            lines = map(made_up_chain.line, made_up_chain.acts(EVENTS, 7))
            assert all(one.outcome for one in Recorder(ledger, CHAIN).run(enumerate(lines, 1)))
        with psycopg.connect(database, autocommit=True) as connection:
            for table in TABLES:
                connection.execute(UNANALYSED.format(table=Identifier(table.name)))
        with Runner(database) as runner:
            assert runner.catch_up() == EVENTS
        with psycopg.connect(database, autocommit=True) as connection:
            for table in TABLES:
                connection.execute(_multiply(table))
            connection.execute(_records())
        yield database
    finally:
        _run(server, DROP, name=name)


def _multiply(table: Table) -> Composed:
    columns = ["chain", *(one.name for one in table.given)]
    return MULTIPLY.format(
        table=Identifier(table.name),
        columns=SQL(", ").join(map(Identifier, columns)),
        values=SQL(", ").join(map(_moved, (Column("chain", "text"), *table.given))),
        times=Literal(TIMES),
        chain=Identifier("chain"),
    )


def _moved(column: Column) -> Composable:
    own = Identifier("t", column.name)
    if column.name in PLACES:
        return SQL("{} + n.n * {}").format(own, Literal(EVENTS))
    if column.type in TIMES_OF:
        days = SQL("make_interval(days => n.n * {})").format(Literal(DAYS))
        return SQL("({} + {})::{}").format(own, days, SQL(column.type))
    return SQL("{} || '-' || n.n").format(own) if column.name == "id" else own


def _records() -> Composed:
    names = ("originator_id", "originator_version", "topic", "state")
    version = SQL("t.originator_version + n.n * {}").format(Literal(EVENTS))
    own = [version if name == "originator_version" else Identifier("t", name) for name in names]
    return MULTIPLY.format(
        table=Identifier("records"),
        columns=SQL(", ").join(map(Identifier, names)),
        values=SQL(", ").join(own),
        times=Literal(TIMES),
        chain=Identifier("originator_id"),
    )


class Explained(psycopg.Cursor[Any]):
    """A cursor that keeps the plan of all it is asked."""

    plans: list[Plan] = []  # noqa: RUF012  # of all cursors together, that is the point

    def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else query
        words = text if isinstance(text, Composable) else SQL(text)
        with psycopg.Cursor(self.connection) as asking:
            told = SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}").format(words)
            row = asking.execute(told, params).fetchone()
            assert row is not None
            Explained.plans.append(next(iter(row.values() if isinstance(row, dict) else row))[0])
        return super().execute(query, params, **more)


def read_whole(plan: Plan, tables: set[str]) -> list[str]:
    """Return which of these tables a plan reads from beginning to end."""
    found = [one for one in nodes(plan) if one["Node Type"] == "Seq Scan"]
    return [one["Relation Name"] for one in found if one["Relation Name"] in tables]


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def rows_of(table: str) -> float:
    """Return how many rows of a table all plans together came upon."""
    return sum(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        for one in Explained.plans
        for node in nodes(one["Plan"])
        if node.get("Relation Name") == table
    )


@pytest.mark.slow
@pytest.mark.parametrize("question", ALL_QUESTIONS)
def test_a_question_of_the_core_reads_no_long_table_whole(long: str, question: str) -> None:
    with psycopg.connect(long, autocommit=True) as connection:
        sizes: dict[str, float] = dict(connection.execute(ROWS).fetchall())
        names = [
            name
            for (name,) in connection.execute(
                "SELECT DISTINCT id FROM read_links WHERE kind = 'decision' ORDER BY id"
            )
        ]
        [days] = connection.execute(
            "SELECT min(occurred_at)::date, max(occurred_at)::date FROM read_records"
        ).fetchall()
        known = Known(CHAIN, EVENTS * (TIMES + 1), names, *days)
        long_ones = {name for name, rows in sizes.items() if rows > LONG}
        assert {"records", "read_decisions", "read_statuses", "read_links"} <= long_ones
        connection.cursor_factory = Explained
        Explained.plans.clear()
        connection.execute("SELECT 1 FROM read_decisions WHERE summary ? 'nothing has this'")
        assert read_whole(Explained.plans.pop()["Plan"], long_ones) == ["read_decisions"]
    # As the role that reads, whose conditions come on top of those of the question.
    with psycopg.connect(duties(long).reading, autocommit=True, cursor_factory=Explained) as reader:
        chance = random.Random(42)
        for _ in range(ASKED):
            with reader.transaction():
                ALL_QUESTIONS[question](reader, known, chance)
    assert len(Explained.plans) > ASKED
    for one in Explained.plans:
        assert read_whole(one["Plan"], long_ones) == [], one
        touched = one["Plan"]["Shared Hit Blocks"] + one["Plan"]["Shared Read Blocks"]
        assert touched <= MOST_PAGES, (touched, one)


@pytest.mark.slow
def test_a_list_of_a_day_reads_no_record_of_what_was_recorded_as_it_occurred(long: str) -> None:
    with psycopg.connect(duties(long).reading, autocommit=True, cursor_factory=Explained) as reader:
        for days in (0, 1, TIMES * DAYS):
            day = (FIRST_DAY + timedelta(days=days)).date().isoformat()
            with reader.transaction():
                view = look(reader, CHAIN, reader=EVERYTHING, valid_on=day)
                Explained.plans.clear()
                found = decisions.decisions(reader, view, Paging(), status="in-force")
            assert found.items
            assert rows_of("read_decisions") > len(found.items)
            assert rows_of("records") == 0
            # Nor is it looked for among all once more where the list was walked to its end.
            assert "standing" not in str(Explained.plans)


@pytest.mark.slow
def test_a_list_of_an_early_day_passes_over_what_began_long_after_it(long: str) -> None:
    with (
        psycopg.connect(long, autocommit=True, cursor_factory=Explained) as connection,
        connection.transaction(force_rollback=True),
    ):
        now = look(connection, CHAIN, reader=EVERYTHING, valid_on="2006-01-01")
        connection.cursor_factory = psycopg.Cursor
        connection.execute(LATER)
        connection.execute("ANALYZE read_decisions")
        connection.cursor_factory = Explained
        Explained.plans.clear()
        view = replace(now, known_at=now.known_at + MANY)
        found = decisions.decisions(connection, view, Paging()).items
        [walk, *_] = Explained.plans
    assert [one["decision"] for one in found] == [f"later-{EARLY - n}" for n in range(len(found))]
    assert len(found) == Paging().size
    assert walk["Plan"]["Shared Hit Blocks"] < MANY / 200


@pytest.mark.slow
def test_up_to_where_a_chain_is_known_is_one_look_for_each_scope(long: str) -> None:
    with (
        psycopg.connect(duties(long).reading, autocommit=True, cursor_factory=Explained) as reader,
        reader.transaction(),
    ):
        Explained.plans.clear()
        assert look(reader, CHAIN, reader=EVERYTHING).known_at
        assert rows_of("read_records") <= len(EVERYTHING)


@pytest.mark.slow
def test_all_names_that_a_decision_tells_of_are_asked_for_at_once(long: str) -> None:
    with (
        psycopg.connect(duties(long).reading, autocommit=True, cursor_factory=Explained) as reader,
        reader.transaction(),
    ):
        view = look(reader, CHAIN, reader=EVERYTHING)
        listed = decisions.decisions(reader, view, Paging()).items
        for name in [one["decision"] for one in listed[:ASKED]]:
            Explained.plans.clear()
            found = decision_page.decision(reader, view, name)
            assert found["proposed"]["capacities"]
            assert found["history"]
            assert len(Explained.plans) == 4
            assert len([one for one in Explained.plans if "read_texts" in str(one)]) == 1


@pytest.mark.slow
def test_what_many_things_have_is_paged_through_slice_by_slice_without_gap_or_double(
    long: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(duties(long).reading, autocommit=True, cursor_factory=Explained) as reader:
        with reader.transaction():
            view = look(reader, CHAIN, reader=EVERYTHING)
            assert view.known_at > 2 * SLICE
            Explained.plans.clear()
            [first, *rest], most = list(_pages(reader, view, MANY_HAVE)), search.MOST
            shown = [(-one["positions"][0], _name(one)) for page in (first, *rest) for one in page]
            touched = max(one["Plan"]["Shared Hit Blocks"] for one in Explained.plans)
        assert most < len(shown) == len(set(shown))
        assert shown == sorted(shown)
        assert touched <= MOST_PAGES
        monkeypatch.setattr("projections.search.MOST", 10 * len(shown))
        with reader.transaction():
            look(reader, CHAIN, reader=EVERYTHING)
            ranked = [_name(one) for page in _pages(reader, view, MANY_HAVE) for one in page]
    assert sorted(ranked) == sorted(name for _, name in shown)


@pytest.mark.slow
def test_the_newest_are_shown_of_what_was_counted_already_where_that_is_a_page(
    long: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        psycopg.connect(duties(long).reading, autocommit=True, cursor_factory=Explained) as reader,
        reader.transaction(),
    ):
        # This chain has no more slices than are looked through first.
        monkeypatch.setattr("projections.search.FIRST_SLICES", 1)
        view = look(reader, CHAIN, reader=EVERYTHING)
        found, asked = [], []
        for most in (50, 400):
            monkeypatch.setattr("projections.search.MOST", most)
            Explained.plans.clear()
            page = search.search(reader, view, Paging("", 40), MANY_HAVE)
            assert page.more_than == most
            found.append((page.items, page.next))
            asked.append(len(Explained.plans))
    assert found[0] == found[1]
    assert asked == [4, 3]


def _pages(connection: Conn, view: View, text: str) -> Iterator[list[dict[str, Any]]]:
    cursor = ""
    while True:
        page = search.search(connection, view, Paging(cursor, 200), text)
        yield page.items
        cursor = page.next
        if not cursor:
            return


def _name(one: dict[str, Any]) -> tuple[str, str]:
    return one["kind"], one[one["kind"]]
