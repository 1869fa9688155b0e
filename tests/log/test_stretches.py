"""An audit by several processes says what one process says, whatever is wrong and wherever."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import psycopg
import pytest

from api import made_up_chain
from ledger.findings import Findings
from ledger.ledger import Ledger
from ledger.log.store import Store
from ledger.stretches import FOLDING, _shares, audit_stored

CHAIN = "verzonnen"
EVENTS = 900


@pytest.fixture(scope="module")
def store(shared_database: str) -> Iterator[Store]:
    with Store(shared_database, pool_size=4) as store:
        with Ledger(store) as ledger:
            ledger.submit_many(CHAIN, made_up_chain.acts(EVENTS, 7), stop_at_refusal=True)
        yield store


def by_many(store: Store) -> Findings:
    return audit_stored(store, CHAIN, processes=3, long=100)


def by_one(store: Store) -> Findings:
    return audit_stored(store, CHAIN, processes=1)


def test_a_sound_chain_is_sound_by_many_as_by_one(store: Store) -> None:
    found = by_many(store)
    assert found == by_one(store)
    assert found.sound
    assert found.records == EVENTS


@pytest.mark.parametrize(("was", "becomes"), [("scope", "range"), ('Z"', 'Y"')])
@pytest.mark.parametrize("position", [3, EVENTS // 2, EVENTS - 2])
def test_a_break_is_named_as_one_process_names_it(
    store: Store, shared_database: str, *, position: int, was: str, becomes: str
) -> None:
    """In the first stretch, in the middle one, and just before the end.

    A field that nobody knows, and moments that are none: who folds looks at neither as a judge.
    """
    forced = """
        BEGIN;
        ALTER TABLE records DISABLE TRIGGER USER;
        UPDATE records SET state = {to} WHERE originator_id = 'verzonnen'
            AND originator_version = {version};
        ALTER TABLE records ENABLE TRIGGER USER;
        COMMIT;
    """
    with psycopg.connect(shared_database, autocommit=True) as conn:
        asked = {"chain": CHAIN, "version": position + 1}
        row = conn.execute(
            "SELECT encode(state, 'hex') FROM records"
            " WHERE originator_id = %(chain)s AND originator_version = %(version)s",
            asked,
        ).fetchone()
        assert row is not None
        changed = f"replace(encode(state, 'escape'), '{was}', '{becomes}')::bytea"
        conn.execute(forced.format(to=changed, version=position + 1))
        try:
            found = by_many(store)
            assert found == by_one(store)
            assert not found.sound
        finally:
            kept = f"decode('{row[0]}', 'hex')"
            conn.execute(forced.format(to=kept, version=position + 1))


def test_the_shares_take_equally_long() -> None:
    for processes in (2, 3, 4):
        bounds = [0, *_shares(1_000_000, processes), 1_000_000]
        times = [b * FOLDING + (c - b) for b, c in pairwise(bounds)]
        assert max(times) - min(times) < 10
