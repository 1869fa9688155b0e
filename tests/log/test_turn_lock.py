"""Turns in a chain: in the order of asking, and nobody who is gone or silent holds anybody up."""

from collections.abc import Iterator

import psycopg
import pytest

from ledger.log import turn_lock
from ledger.log.store import Store, StoreUnavailable
from ledger.log.turn_lock import TurnLock, key_of
from tests.log.scene import CHAIN, PATIENCE_SECONDS, until

HOLDERS = """
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
END = "SELECT pg_terminate_backend(%(pid)s)"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_lock, "WAIT_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(turn_lock, "SILENT_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def locks(store: Store) -> Iterator[list[TurnLock]]:
    three = [store.turn_lock() for _ in range(3)]
    yield three
    for lock in three:
        lock.close()


def taken(lock: TurnLock, chain: str = CHAIN) -> None:
    """Take a turn that is free, or about to be."""
    lock.ask(chain)
    assert lock.granted()


def test_turns_come_in_the_order_of_asking(locks: list[TurnLock]) -> None:
    first, second, third = locks
    taken(first)
    assert not first.others_wait()
    second.ask(CHAIN)
    until(first.others_wait)
    third.ask(CHAIN)
    assert (second.answered(), third.answered()) == (False, False)
    first.give_back()
    until(second.answered)
    assert second.granted()
    assert not third.answered()
    second.give_back()
    assert third.granted()


def test_another_chain_has_turns_of_its_own(locks: list[TurnLock]) -> None:
    first, second, _ = locks
    taken(first)
    taken(second, "andere")
    assert not first.others_wait()


def test_a_turn_ends_with_its_connection(locks: list[TurnLock], database: str) -> None:
    first, second, _ = locks
    taken(first)
    second.ask(CHAIN)
    with psycopg.connect(database, autocommit=True) as killer:
        [(pid,)] = killer.execute(HOLDERS).fetchall()
        killer.execute(END, {"pid": pid})
    assert second.granted()
    with pytest.raises(StoreUnavailable):
        first.give_back()
    second.give_back()
    taken(first)


def test_a_turn_is_taken_away_from_who_says_nothing(
    locks: list[TurnLock], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = locks
    with monkeypatch.context() as short:
        short.setattr(turn_lock, "SILENT_SECONDS", 0.05)
        taken(first)
    second.ask(CHAIN)
    assert second.granted()
    with pytest.raises(StoreUnavailable):
        first.others_wait()


def test_who_waited_too_long_is_out_of_the_queue(
    locks: list[TurnLock], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = locks
    taken(first)
    with monkeypatch.context() as short:
        short.setattr(turn_lock, "WAIT_SECONDS", 0.05)
        second.ask(CHAIN)
        assert not second.granted()
    assert not first.others_wait()
    first.give_back()
    taken(second)


def test_who_tells_of_its_writes_hears_of_turns(locks: list[TurnLock], store: Store) -> None:
    first, second, _ = locks
    assert store.notify({CHAIN: 1}) == frozenset()
    taken(first)
    taken(second, "andere")
    assert store.notify({"nog een": 1}) == {key_of(CHAIN), key_of("andere")}
    second.close()
    until(lambda: store.notify({CHAIN: 2}) == {key_of(CHAIN)})


def test_a_turn_of_another_database_is_none_of_ours(
    locks: list[TurnLock], store: Store, server: str
) -> None:
    elsewhere = TurnLock(server)
    taken(elsewhere)
    try:
        assert store.notify({CHAIN: 1}) == frozenset()
        taken(locks[0])
        assert not locks[0].others_wait()
    finally:
        elsewhere.close()
