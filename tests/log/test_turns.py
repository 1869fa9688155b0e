"""Turns: writers of one chain that took positions from each other wait for one another."""

import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from ledger.contest import CALM, Contest
from ledger.log.store import Store
from ledger.log.turns import Turns
from tests.log.scene import (
    CHAIN,
    PATIENCE_SECONDS,
    a_ledger,
    acts_of,
    found,
    registering,
    until_somebody_waits,
)

LONG_SECONDS = 2 * PATIENCE_SECONDS


@pytest.fixture
def held(database: str) -> Iterator[Turns]:
    """Somebody who has the turn in the chain."""
    with closing(Turns(database)) as turns:
        assert turns.take([CHAIN])
        yield turns


def test_of_two_that_ask_one_waits_until_the_other_is_ready(database: str, held: Turns) -> None:
    with closing(Turns(database, wait_seconds=LONG_SECONDS)) as other:
        got: list[bool] = []
        asking = threading.Thread(target=lambda: got.append(other.take(["another", CHAIN])))
        asking.start()
        until_somebody_waits(database)
        assert not got
        held.give_back()
        asking.join(PATIENCE_SECONDS)
        assert got == [True]


def test_who_waits_too_long_goes_on_without(database: str, held: Turns) -> None:
    with closing(Turns(database, wait_seconds=0.01)) as other:
        assert not other.take([CHAIN])
        held.give_back()
        assert other.take([CHAIN])


def test_a_turn_in_another_chain_is_not_waited_for(database: str, held: Turns) -> None:
    with closing(Turns(database, wait_seconds=0.01)) as other:
        assert other.take(["another"])


def test_without_a_database_there_is_no_turn_and_no_error() -> None:
    with closing(Turns("host=127.0.0.1 port=1 dbname=none")) as turns:
        assert not turns.take([CHAIN])
        turns.give_back()


def test_a_turn_that_breaks_off_ends_with_its_connection(database: str, held: Turns) -> None:
    with psycopg.connect(database, autocommit=True) as killer:
        killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
    held.give_back()
    assert held.take([CHAIN])


def test_a_writer_that_lost_a_position_waits_for_its_turn(database: str) -> None:
    with a_ledger(database) as first, a_ledger(database) as second:
        found(first)
        second._writer._contest = Contest(second._store, wait_seconds=LONG_SECONDS)
        assert second.state(CHAIN).size
        first.submit(CHAIN, registering("a-1", act="a-1"))
        second.submit(CHAIN, registering("b-1", act="b-1"))
        with closing(Turns(database)) as turns:
            assert turns.take([CHAIN])
            asked = second._writer.submit(CHAIN, registering("b-2", act="b-2"))
            until_somebody_waits(database)
            assert not asked.done()
        asked.result(PATIENCE_SECONDS)
        assert acts_of(first)[1:] == ["a-1", "b-1", "b-2"]


def test_a_writer_that_has_the_chain_to_itself_waits_for_nobody(database: str, held: Turns) -> None:
    with a_ledger(database) as alone:
        found(alone)
        for number in range(3):
            alone.submit(CHAIN, registering(f"a-{number}", act=f"a-{number}"))
        assert len(acts_of(alone)) == 4


def test_a_contest_is_over_when_the_others_were_silent_for_a_while(database: str) -> None:
    with Store(database) as store, closing(Contest(store)) as contest:
        contest.lost([CHAIN])
        for _ in range(CALM - 1):
            contest.saw(others=False)
        contest.saw(others=True)
        for _ in range(CALM - 1):
            contest.saw(others=False)
        assert contest.going
        contest.saw(others=False)
        assert not contest.going
