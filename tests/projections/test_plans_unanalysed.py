"""A long chain of which the planner knows nothing yet is read and kept as one that it knows.

Right after much was taken in, and for a new chain in a database with others, PostgreSQL has not
counted yet what is in the tables. It then reckons with one row for a chain and a kind, so that each
index that begins with those would be as good as the key.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from ledger.log.database_roles import duties
from projections import decisions, memory, tables
from projections.decisions import DECISION
from projections.progress import BATCH_SETTINGS
from projections.tables import STATUSES
from projections.views import Paging, look
from tests.bench.questions import EVERYTHING, QUESTIONS, Known
from tests.projections.test_plans import (
    CHAIN,
    EVENTS,
    LATER,
    TIMES,
    Explained,
    long_chain,
)

ASKED = 6
MOST_PAGES = 8_000
"""How much one question may touch, in pages of 8 kB: as much as going once through all texts or
statuses. Going through them once more for each thing or record is a hundred thousand and more."""
CHANGED = 200
PAGES_EACH = 30
"""How much may be touched for each row that is changed."""

COUNTED = "SELECT count(*) FROM pg_stats WHERE schemaname = 'public' AND tablename LIKE 'read\\_%'"
NAMES = "SELECT DISTINCT id FROM read_links WHERE kind = 'decision' ORDER BY id"
OPEN_VERSIONS = """
    SELECT kind, id, scope, known_from + 1 FROM read_decisions
    WHERE known_until IS NULL ORDER BY id LIMIT %(most)s
"""
REPLACED = """
    SELECT kind, id, occurred_at, position, number, occurred_at, position FROM read_statuses
    WHERE kind = 'decision' ORDER BY id LIMIT %(most)s
"""


@pytest.fixture(scope="module")
def unknown(server: str, template: str) -> Iterator[str]:
    """The URL of a database with one long chain that was never analysed."""
    with long_chain(server, template) as database:
        with psycopg.connect(database) as connection:
            assert connection.execute(COUNTED).fetchall() == [(0,)]
        yield database


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_of_the_core_finds_its_way(unknown: str, question: str) -> None:
    with psycopg.connect(unknown) as connection:
        names = [name for (name,) in connection.execute(NAMES)]
        [days] = connection.execute(
            "SELECT min(occurred_at)::date, max(occurred_at)::date FROM read_records"
        ).fetchall()
    known = Known(CHAIN, EVENTS * (TIMES + 1), names, *days)
    Explained.plans.clear()
    chance = random.Random(42)
    with psycopg.connect(
        duties(unknown).reading, autocommit=True, cursor_factory=Explained
    ) as reader:
        for _ in range(ASKED):
            with reader.transaction():
                QUESTIONS[question](reader, known, chance)
    _few_were_touched()


@pytest.mark.slow
@pytest.mark.parametrize("status", ["open", "in-force", "rejected", "none has this"])
def test_a_list_with_a_status_finds_its_way(unknown: str, status: str) -> None:
    with (
        psycopg.connect(
            duties(unknown).reading, autocommit=True, cursor_factory=Explained
        ) as reader,
        reader.transaction(),
    ):
        view = look(reader, CHAIN, reader=EVERYTHING)
        Explained.plans.clear()
        decisions.decisions(reader, view, Paging(), status=status)
        decisions.decisions(reader, view, Paging(), subject="nergens")
        assert not decisions.decisions(reader, view, Paging(), text="nergens").items
        memory.memory(reader, view, Paging())
    _few_were_touched()


def _few_were_touched() -> None:
    assert Explained.plans
    for one in Explained.plans:
        assert _touched(one["Plan"]) <= MOST_PAGES, one


def _touched(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@pytest.mark.slow
def test_rows_are_changed_by_their_key(unknown: str) -> None:
    given = {"most": CHANGED}
    with (
        psycopg.connect(unknown) as connection,
        connection.transaction(force_rollback=True),
    ):
        connection.execute(LATER)
        closings = connection.execute(OPEN_VERSIONS, given).fetchall()
        replaced = connection.execute(REPLACED, given).fetchall()
        connection.execute(BATCH_SETTINGS)
        Explained.plans.clear()
        cursor = Explained(connection)
        tables.close(cursor, DECISION.table, CHAIN, closings)
        tables.replace(cursor, CHAIN, replaced)
    assert len(closings) == len(replaced) == CHANGED
    assert [one["Plan"]["Relation Name"] for one in Explained.plans] == [
        DECISION.table.name,
        STATUSES.name,
    ]
    for one in Explained.plans:
        assert _touched(one["Plan"]) <= PAGES_EACH * CHANGED
