"""The follower: signs what grows, minds refusals and a database that is away, and stops cleanly."""

import logging
import threading
from time import monotonic

import psycopg
import pytest

from ledger.log.checkpoint import Head
from ledger.log.follower import REST_SECONDS, Follower
from ledger.log.integrate import Integrator
from ledger.log.log_key import LogKey
from ledger.log.store import Store
from tests.log.scene import until
from tests.log.signing import CHAIN, OneKey, fill, grow, head_of, integrator_on, sizes_signed

PATIENCE_SECONDS = 60
LISTENING = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN %'
"""
CUT = "SELECT pg_terminate_backend(%s, 10000)"


class Heads:
    """Collects the heads that a follower tells, and waits for one of them."""

    def __init__(self) -> None:
        self._told: list[tuple[str, Head]] = []
        self._more = threading.Condition()

    def __call__(self, chain: str, head: Head) -> None:
        with self._more:
            self._told.append((chain, head))
            self._more.notify_all()

    def wait(self, chain: str, size: int) -> None:
        with self._more:
            assert self._more.wait_for(
                lambda: (chain, head_of(size)) in self._told, timeout=PATIENCE_SECONDS
            )

    @property
    def told(self) -> list[tuple[str, int]]:
        return [(chain, head.size) for chain, head in self._told]


def test_what_was_there_and_what_comes_is_signed(store: Store, database: str) -> None:
    heads = Heads()
    grow(store, 3)
    grow(store, 300, chain="other")
    with Follower(store, integrator_on(store), signed=heads) as follower:
        heads.wait(CHAIN, 3)
        heads.wait("other", 300)
        for size in (4, 260):
            grow(store, size)
            store.notify({CHAIN: size})
            heads.wait(CHAIN, size)
        assert follower.running
    until(lambda: not follower.running)
    assert follower.failure is None
    assert sizes_signed(database) == [3, 4, 260]


def test_a_wake_up_that_was_missed_is_made_up_for(store: Store) -> None:
    heads = Heads()
    with Follower(store, integrator_on(store), signed=heads, poll_seconds=0.01):
        for size in (1, 2, 3):
            grow(store, size)
            heads.wait(CHAIN, size)
    assert heads.told == [(CHAIN, 1), (CHAIN, 2), (CHAIN, 3)]


def test_each_head_is_told_once(store: Store) -> None:
    heads = Heads()
    with Follower(store, integrator_on(store), signed=heads, poll_seconds=0.01):
        grow(store, 1)
        heads.wait(CHAIN, 1)
        for _ in range(20):
            store.notify({CHAIN: 1})
        grow(store, 1, chain="other")
        heads.wait("other", 1)
    assert heads.told == [(CHAIN, 1), ("other", 1)]


def test_a_chain_that_keeps_growing_is_signed_so_many_times_a_second(store: Store) -> None:
    heads, began = Heads(), monotonic()
    with Follower(store, integrator_on(store), signed=heads):
        for size in range(1, 201):
            grow(store, size)
            store.notify({CHAIN: size})
        heads.wait(CHAIN, 200)
    assert len(heads.told) <= 2 + (monotonic() - began) / REST_SECONDS


def test_chains_that_keep_growing_are_signed_beside_each_other(store: Store, database: str) -> None:
    heads = Heads()
    with Follower(store, integrator_on(store), signed=heads):
        for size in range(1, 11):
            for chain in (CHAIN, "other"):
                grow(store, size, chain=chain)
                store.notify({chain: size})
        heads.wait(CHAIN, 10)
        heads.wait("other", 10)
    assert sizes_signed(database)[-1] == 10


class NoKeyYet(OneKey):
    """Has the key of one chain only when it is allowed."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed = threading.Event()

    def key(self, chain: str) -> LogKey:
        if chain == CHAIN and not self.allowed.is_set():
            return OneKey(None).key(chain)
        return super().key(chain)


def test_a_chain_that_is_refused_holds_up_no_other_and_is_told_once(
    store: Store, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    heads = Heads()

    keys = NoKeyYet()
    integrator = Integrator(store, keys)
    grow(store, 3)
    with (
        caplog.at_level(logging.WARNING),
        Follower(store, integrator, signed=heads, poll_seconds=0.01),
    ):
        until(lambda: CHAIN in integrator.refusals)
        for size in (1, 2, 3):
            grow(store, size, chain="other")
            heads.wait("other", size)
        told = [one for one in caplog.messages if "wordt niet getekend" in one]
        assert len(told) == 1
        keys.allowed.set()
        heads.wait(CHAIN, 3)
        assert integrator.refusals == {}
    assert sizes_signed(database) == [3]


def test_a_lost_connection_is_made_anew(store: Store, database: str) -> None:
    heads = Heads()
    with (
        psycopg.connect(database, autocommit=True) as owner,
        Follower(store, integrator_on(store), signed=heads, poll_seconds=0.05) as follower,
    ):
        grow(store, 1)
        heads.wait(CHAIN, 1)
        until(lambda: owner.execute(LISTENING).fetchone() is not None)
        for (pid,) in owner.execute(LISTENING).fetchall():
            owner.execute(CUT, (pid,))
        fill(database, 1, 5)
        heads.wait(CHAIN, 5)
        assert follower.running
    assert sizes_signed(database)[-1] == 5


def test_two_followers_share_the_work(store: Store, database: str) -> None:
    heads = Heads()
    with (
        Store(database, pool_size=4) as elsewhere,
        Follower(store, integrator_on(store), signed=heads, poll_seconds=0.01),
        Follower(elsewhere, integrator_on(elsewhere), signed=heads, poll_seconds=0.01),
    ):
        for size in range(20, 401, 20):
            grow(store, size)
            store.notify({CHAIN: size})
        heads.wait(CHAIN, 400)
    assert sizes_signed(database)[-1] == 400


def test_a_fault_of_our_own_ends_the_thread_and_is_kept(
    store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def fail(chain: str, head: Head) -> None:
        raise LookupError("a fault of our own")

    grow(store, 1)
    with Follower(store, integrator_on(store), signed=fail) as follower:
        until(lambda: not follower.running)
    assert isinstance(follower.failure, LookupError)
    assert "gestopt" in caplog.text
