"""What readers see of random lives: rebuilt is live, and earlier is what was seen then.

The lives come in in batches of every size, as they do when a runner follows a busy chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from ledger import catalogue
from ledger.domain.events.actions import ActionAssigned, ActionCompleted
from ledger.domain.values import later
from ledger.log.store import Row, Store
from projections import due
from projections.items import find
from projections.listing import Wanted, everything
from projections.models import KINDS, MODELS
from projections.runner import Runner
from projections.tables import Table
from projections.views import Paging, View, look
from tests.domain.given import a_chain
from tests.properties.lives import Story, seeded

LIVES = 8
SIGNING = 23  # a life in which keys and signature rules are recorded as well
STEPS = 80
LOOKS = 4
"""At how many moments of a life somebody looks."""
READERS = (("public",), ("public", "chain"), ("public", "chain", "confidential"))

SAME: dict[str, Callable[[str], str]] = {
    "decision": lambda status: status,
    "meeting": lambda status: status,
    "escalation": lambda status: status if status in ("resolved", "closed") else "open",
    "action": lambda status: {"completed": "done", "assigned": "open", "delayed": "open"}.get(
        status, status
    ),
}
"""What a status that readers see is called where the rules keep it."""

pytestmark = pytest.mark.slow


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    """Return a connection to read with."""
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as opened:
        yield opened


def followed(database: str, story: Story, sizes: Sequence[int]) -> Iterator[int]:
    """Record a life and let the read models follow it, giving each of these sizes in turn."""
    with Store(database) as store, Runner(database) as runner:
        done = 0
        for size in sizes:
            store.append([_row(story, position) for position in range(done, size)])
            runner.catch_up(story.state.name)
            done = size
            yield size


def _row(story: Story, position: int) -> Row:
    entry = story.entries[position]
    topic = catalogue.type_name(type(entry.event))
    return Row(story.state.name, position, topic, entry.data)


def sizes_of(story: Story, pick: Random) -> list[int]:
    """Return growing sizes up to the whole life: some steps of one record, some of many."""
    whole = len(story.entries)
    return sorted({*(pick.randint(1, whole) for _ in range(LOOKS)), 1, 2, whole})


def rows(connection: psycopg.Connection[Any], table: Table) -> list[str]:
    """Return all rows of a table, each with every column, in order of their keys."""
    key = SQL(", ").join(map(Identifier, table.key))
    query = SQL("SELECT to_jsonb(t)::text AS line FROM {} AS t ORDER BY {}")
    found = connection.execute(query.format(Identifier(table.name), key)).fetchall()
    return [row["line"] for row in found]


def shown(connection: psycopg.Connection[Any], view: View) -> dict[str, Any]:
    """Return all lists of a view, each thing in full, and what waits."""
    told: dict[str, Any] = {}
    for name, kind in KINDS.items():
        told[name] = everything(connection, view, kind, Wanted())
        full = (find(connection, view, kind, one[name]).doc for one in told[name])
        told[f"{name} in full"] = list(full)
    told["due"] = due.due(connection, view, Paging(limit=200)).items
    return told


def test_rebuilt_read_models_are_the_live_ones_row_for_row(
    database: str, connection: psycopg.Connection[Any]
) -> None:
    for number in (*range(LIVES), SIGNING):
        story = seeded(number, steps=STEPS, name=f"keten-{number}")
        list(followed(database, story, sizes_of(story, Random(number))))
    parts = [table for model in MODELS.values() for table in model.tables]
    live = {table.name: rows(connection, table) for table in parts}
    assert all(live.values())
    with Runner(database) as runner:
        assert set(runner.rebuild()) == set(MODELS)
    for table in parts:
        assert rows(connection, table) == live[table.name]


@pytest.mark.parametrize("number", range(LIVES))
def test_as_known_at_an_earlier_position_is_what_was_seen_then(
    database: str, connection: psycopg.Connection[Any], number: int
) -> None:
    story = seeded(number, steps=STEPS)
    now = later(story.now, days=1)
    chain, seen = story.state.name, {}
    for size in followed(database, story, sizes_of(story, Random(number + 100))):
        for reader in READERS:
            view = look(connection, chain, reader=reader, now=now)
            assert view.known_at <= size - 1
            seen[size, reader] = shown(connection, view)
    for (size, reader), then in seen.items():
        view = look(connection, chain, reader=reader, known_at=size - 1, now=now)
        assert shown(connection, view) == then


@pytest.mark.parametrize("number", range(LIVES))
def test_nobody_sees_what_rests_on_records_they_may_not_read(
    database: str, connection: psycopg.Connection[Any], number: int
) -> None:
    story = seeded(number, steps=STEPS)
    list(followed(database, story, [len(story.entries)]))
    for reader in READERS:
        view = look(connection, story.state.name, reader=reader)
        for kind in KINDS.values():
            for item in everything(connection, view, kind, Wanted()):
                scopes = {story.entries[at].header.scope for at in item["positions"]}
                assert scopes <= set(reader)


@pytest.mark.parametrize("number", range(LIVES))
def test_readers_see_the_status_that_the_rules_go_by(
    database: str, connection: psycopg.Connection[Any], number: int
) -> None:
    story = seeded(number, steps=STEPS)
    list(followed(database, story, [len(story.entries)]))
    now = later(story.now, days=1)
    view = look(connection, story.state.name, reader=READERS[-1], now=now)
    for name, meant in SAME.items():
        seen = everything(connection, view, KINDS[name], Wanted())
        kept = getattr(story.state, f"{name}s").all
        assert {one[name]: meant(one["status"]) for one in seen} == {
            thing: kept[thing].status for thing in kept
        }


def test_an_action_done_in_time_and_told_late_is_not_overdue(
    database: str, connection: psycopg.Connection[Any]
) -> None:
    action = ActionAssigned(
        action="a-1", title="Regelen", organisation="bd", role="beheer", due_on="2024-01-10"
    )
    done = ActionCompleted(action="a-1", evidence="Geregeld.")
    late = a_chain().given(action).time_passes(20).life
    story = Story(late.state.name)
    story.entries = list(late.done(done, by="p-bd", on="2024-01-09").entries)
    whole, seen = len(story.entries), []
    for _ in followed(database, story, [whole - 1, whole]):
        view = look(connection, late.state.name, reader=READERS[-1], now=late.now)
        [item] = everything(connection, view, KINDS["action"], Wanted())
        seen.append((item["status"], len(due.due(connection, view, Paging()).items)))
    assert seen == [("overdue", 1), ("completed", 0)]
