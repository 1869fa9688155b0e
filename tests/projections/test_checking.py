"""Read models are held against the record: how far they are, and whether their rows are right."""

from __future__ import annotations

import psycopg
import pytest

from ledger.log.flaws import Flaw, Flaws
from ledger.log.snapshot import Snapshot
from ledger.log.store import Store
from projections import checking
from tests.projections.given import CHAIN, dump, keep, row, taken_in
from tests.projections.scenes import everything


@pytest.fixture
def filled(database: str) -> str:
    """A database whose read models have everything that was recorded, and a second chain."""
    taken_in(database, everything())
    taken_in(database, everything()[:40], chain="tweede")
    return database


def look(database: str, *, contents: bool = True) -> tuple[tuple[Flaw, ...], tuple[Flaw, ...]]:
    flaws, remarks = Flaws(), Flaws()
    with Store(database) as store, store.snapshot(statement_seconds=60) as conn:
        snapshot = Snapshot(conn, CHAIN)
        checking.position(snapshot, flaws, remarks)
        if contents:
            checking.Contents(database)(snapshot, flaws, remarks)
    return flaws.all(), remarks.all()


def change(database: str, statement: str) -> None:
    with psycopg.connect(database) as owner:
        owner.execute(statement.encode())


def test_sound_read_models_agree_and_nothing_of_the_check_stays(filled: str) -> None:
    before = dump(filled)
    assert look(filled) == ((), ())
    assert dump(filled) == before
    with psycopg.connect(filled) as reader:
        left = reader.execute("SELECT relname FROM pg_class WHERE relname LIKE '%\\_next'")
        assert left.fetchall() == []


@pytest.mark.parametrize(
    ("damage", "model"),
    [
        ("DELETE FROM read_decisions WHERE chain = 'testketen'", "decisions"),
        ("UPDATE read_records SET actor = 'iemand' WHERE position = 3", "records"),
        ("UPDATE read_texts SET title = title || '!' WHERE chain = 'testketen'", "search"),
        (
            "INSERT INTO read_statuses (chain, kind, id, occurred_at, position, number, scope,"
            " concerns, status, entry, replaced_at) SELECT chain, kind, id || '-', occurred_at,"
            " position, number, scope, concerns, status, entry, replaced_at FROM read_statuses"
            " WHERE chain = 'testketen' LIMIT 1",
            "statuses",
        ),
    ],
)
def test_a_row_that_was_changed_removed_or_added_is_found(
    filled: str, damage: str, model: str
) -> None:
    change(filled, damage)
    [flaw] = look(filled)[0]
    assert (flaw.kind, model in flaw.sentence) == ("read-model", True)
    assert look(filled, contents=False) == ((), ())


def test_damage_to_another_chain_is_not_held_against_this_one(filled: str) -> None:
    change(filled, "DELETE FROM read_decisions WHERE chain = 'tweede'")
    change(filled, "DELETE FROM read_records WHERE chain = 'tweede'")
    assert look(filled) == ((), ())


def test_read_models_that_are_behind_are_told_and_no_break(database: str) -> None:
    entries = everything()
    taken_in(database, entries[:100])
    with Store(database) as store:
        store.append([row(entry) for entry in entries[100:]])
    flaws, [remark] = look(database)
    assert flaws == ()
    assert (remark.kind, remark.at, remark.count) == ("behind", 100, len(entries) - 100)


def test_read_models_ahead_of_the_record_are_a_break(database: str) -> None:
    keep(database, everything()[:10])
    with psycopg.connect(database) as owner:
        owner.execute("INSERT INTO read_progress VALUES (%s, 999)", (CHAIN,))
    [flaw] = look(database, contents=False)[0]
    assert (flaw.kind, flaw.at) == ("read-model", 10)
    [flaw] = look(database)[0]
    assert flaw.count == 2
