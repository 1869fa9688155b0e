"""The states of the chains in memory: of the log, caught up by position, read by one at a time."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg

from ledger.log.store import Row, Store
from ledger.states import States
from tests.log.scene import (
    CHAIN,
    PATIENCE_SECONDS,
    a_ledger,
    found,
    registering,
    until_somebody_waits,
)

READERS = 3
KEEP_OUT = "LOCK TABLE records IN ACCESS EXCLUSIVE MODE"
CUT = """
    ALTER TABLE records DISABLE TRIGGER records_never_change;
    DELETE FROM records
    WHERE originator_version = (SELECT max(originator_version) FROM records)
"""


def cut_short(database: str) -> None:
    """Take the last record away by force, as a restored copy would lack it."""
    with psycopg.connect(database) as owner:
        owner.execute(CUT)


class Counting(Store):
    """A store that tells how often a chain was read on to its end."""

    def __init__(self, conninfo: str) -> None:
        super().__init__(conninfo, pool_size=READERS + 1)
        self.tails = 0

    def tail(self, chain: str, start: int, page: int) -> Iterator[Row]:
        self.tails += 1
        return super().tail(chain, start, page)


def test_of_all_who_want_a_chain_that_is_not_at_hand_one_reads_it(database: str) -> None:
    with a_ledger(database) as ledger, Counting(database) as store:
        size = len(found(ledger).positions)
        states, asked = States(store), threading.Barrier(READERS + 1)

        def known() -> int:
            asked.wait(PATIENCE_SECONDS)
            return states.known(CHAIN).size

        with ThreadPoolExecutor(READERS) as threads:
            with psycopg.connect(database) as held:
                held.execute(KEEP_OUT)
                readers = [threads.submit(known) for _ in range(READERS)]
                asked.wait(PATIENCE_SECONDS)
                until_somebody_waits(database)
            sizes = {reader.result(PATIENCE_SECONDS) for reader in readers}
        assert sizes == {size}
        assert store.tails == 1


def test_who_reads_on_gets_all_there_is_whoever_else_reads(database: str) -> None:
    with a_ledger(database) as ledger, Store(database, pool_size=READERS) as store:
        found(ledger)
        states = States(store)
        for number in range(READERS):
            receipt = ledger.submit(CHAIN, registering(f"p-{number}"))
            with ThreadPoolExecutor(READERS) as threads:
                read = [threads.submit(states.caught_up, CHAIN) for _ in range(READERS)]
                sizes = {one.result(PATIENCE_SECONDS).size for one in read}
            assert sizes == {receipt.position + 1}


def test_a_state_that_is_not_of_the_log_is_made_anew_by_who_reads_on(database: str) -> None:
    with a_ledger(database) as ledger, Store(database) as store:
        found(ledger)
        ledger.submit(CHAIN, registering("a"))
        states = States(store)
        size = states.known(CHAIN).size
        cut_short(database)
        with a_ledger(database) as other:
            other.submit(CHAIN, registering("b"))
        assert "a" in states.known(CHAIN).people.registered
        state = states.caught_up(CHAIN)
        assert state.size == size
        assert {"a", "b"} & set(state.people.registered) == {"b"}


def test_states_in_doubt_are_held_against_the_log(database: str) -> None:
    with a_ledger(database) as ledger, Store(database) as store:
        found(ledger)
        ledger.submit(CHAIN, registering("a"))
        states = States(store)
        size = states.known(CHAIN).size
        cut_short(database)
        assert states.known(CHAIN).size == size
        states.doubt()
        assert states.known(CHAIN).size == size - 1
        assert "a" not in states.known(CHAIN).people.registered


def test_a_bounded_number_of_chains_is_kept(database: str) -> None:
    names = [f"keten-{number}" for number in range(10)]
    with a_ledger(database) as ledger, Store(database) as store:
        found(ledger, *names)
        states = States(store, max_chains=3)
        sizes = {states.known(name).size for name in names}
        assert len(sizes) == 1
        assert list(states._kept) == names[-3:]
        assert states.known(names[0]).size in sizes
        assert list(states._kept) == [*names[-2:], names[0]]
        assert states.known("onbekend").size == 0
        assert "onbekend" not in states._kept
