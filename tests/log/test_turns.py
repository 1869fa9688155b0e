"""Taking turns: who writes much in a chain makes room, other chains go on, nothing rests on it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.domain.values import Refused
from ledger.ledger import Ledger, Receipt
from ledger.log import turn_lock
from ledger.log.store import Store
from ledger.log.turn_lock import TurnLock
from ledger.waiting import Series
from tests.log.scene import (
    CHAIN,
    PATIENCE_SECONDS,
    a_ledger,
    acts_of,
    found,
    people_of,
    registering,
    until,
)

OTHER = "andere-keten"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_lock, "WAIT_SECONDS", 2 * PATIENCE_SECONDS)
    monkeypatch.setattr(turn_lock, "SILENT_SECONDS", 2 * PATIENCE_SECONDS)


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with a_ledger(database) as ledger:
        found(ledger, CHAIN, OTHER)
        yield ledger


@pytest.fixture
def elsewhere(store: Store) -> Iterator[TurnLock]:
    """What another process has its turns with."""
    lock = store.turn_lock()
    yield lock
    lock.close()


def has_its_turn(lock: TurnLock) -> None:
    lock.ask(CHAIN)
    assert lock.granted()


def asks(ledger: Ledger) -> None:
    """Let a ledger hear that others have a turn, and wait until it asks for one of its own."""
    ledger.submit(CHAIN, registering("wie-het-hoort"))
    until(lambda: _asked(ledger))


def _asked(ledger: Ledger) -> bool:
    """Tell whether it asked; it looks when there is something to record."""
    ledger.submit(OTHER, registering(""))
    return ledger._writer._rounds.turns.answer is not None


def test_who_never_lost_hears_of_a_turn_and_makes_room(ledger: Ledger, elsewhere: TurnLock) -> None:
    has_its_turn(elsewhere)
    asks(ledger)
    until(elsewhere.others_wait)
    waiting = ledger._writer.submit(CHAIN, registering("wie-wacht"))
    assert isinstance(ledger.submit(OTHER, registering("wie-niet-wacht")), Receipt)
    assert not waiting.done()
    elsewhere.give_back()
    assert isinstance(waiting.result(PATIENCE_SECONDS), Receipt)
    assert people_of(ledger) == ["wie-het-hoort", "wie-wacht"]


def test_who_has_much_to_record_gives_the_turn_back_when_others_ask(
    ledger: Ledger, elsewhere: TurnLock
) -> None:
    has_its_turn(elsewhere)
    asks(ledger)
    over = threading.Event()

    def write(name: str) -> int:
        done = 0
        while not over.is_set():
            ledger.submit(CHAIN, registering(f"{name}-{done}"))
            done += 1
        return done

    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(write, f"p{number}") for number in range(4)]
        for _ in range(5):
            elsewhere.give_back()
            has_its_turn(elsewhere)
        elsewhere.give_back()
        over.set()
        done = sum(each.result(PATIENCE_SECONDS) for each in writing)
    assert len(people_of(ledger)) == done + 1


def test_a_lost_position_is_no_loss_and_the_turn_ends_with_the_work(
    ledger: Ledger, database: str, elsewhere: TurnLock
) -> None:
    with a_ledger(database) as other:
        for number in range(20):
            one, its = (ledger, other) if number % 2 else (other, ledger)
            assert isinstance(one.submit(CHAIN, registering(f"a-{number}")), Receipt)
            assert isinstance(its.submit(CHAIN, registering(f"b-{number}")), Receipt)
        until(lambda: not (ledger._writer._rounds.turns.busy or other._writer._rounds.turns.busy))
    has_its_turn(elsewhere)
    assert len(people_of(ledger)) == 40


def test_acts_that_waited_for_a_turn_are_recorded_in_order(
    ledger: Ledger, elsewhere: TurnLock
) -> None:
    has_its_turn(elsewhere)
    asks(ledger)
    series = Series()
    names = [f"p-{number}" for number in range(300)]
    in_order = [ledger._writer.submit(CHAIN, registering(name), series=series) for name in names]
    twice = ledger._writer.submit(CHAIN, registering("p-0"), series=series)
    never = ledger._writer.submit(CHAIN, registering("p-later"), series=series)
    ledger.submit(OTHER, registering("wie-niet-wacht"))
    elsewhere.give_back()
    assert isinstance(twice.exception(PATIENCE_SECONDS), Refused)
    assert never.result(PATIENCE_SECONDS) is None
    assert all(isinstance(each.result(0), Receipt) for each in in_order)
    assert people_of(ledger) == ["wie-het-hoort", *names]


def test_an_act_that_waits_for_a_turn_can_be_withdrawn(ledger: Ledger, elsewhere: TurnLock) -> None:
    has_its_turn(elsewhere)
    asks(ledger)
    given_up = ledger._writer.submit(CHAIN, registering("wie-opgeeft"))
    stays = ledger._writer.submit(CHAIN, registering("wie-blijft"))
    ledger.submit(OTHER, registering("wie-niet-wacht"))
    assert given_up.cancel()
    elsewhere.give_back()
    assert isinstance(stays.result(PATIENCE_SECONDS), Receipt)
    assert people_of(ledger) == ["wie-het-hoort", "wie-blijft"]


def test_where_a_turn_does_not_come_acts_are_recorded_without(
    ledger: Ledger, elsewhere: TurnLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_its_turn(elsewhere)
    monkeypatch.setattr(turn_lock, "WAIT_SECONDS", 0.05)
    for number in range(20):
        assert isinstance(ledger.submit(CHAIN, registering(f"p-{number}")), Receipt)
    assert len(acts_of(ledger)) == 21
    elsewhere.give_back()


def test_a_ledger_that_closes_records_what_waits_for_a_turn(
    database: str, ledger: Ledger, elsewhere: TurnLock
) -> None:
    with a_ledger(database) as closing:
        has_its_turn(elsewhere)
        asks(closing)
        waiting = closing._writer.submit(CHAIN, registering("wie-wacht"))
        thread = threading.Thread(target=closing.close)
        thread.start()
        elsewhere.give_back()
        thread.join(PATIENCE_SECONDS)
    assert isinstance(waiting.result(0), Receipt)
    assert people_of(ledger)[-1] == "wie-wacht"


def test_two_that_write_much_both_come_to_their_turns(database: str, ledger: Ledger) -> None:
    with a_ledger(database) as other, ThreadPoolExecutor(16) as threads:
        asked = [
            threads.submit(one.submit, CHAIN, registering(f"{name}-{number}"))
            for number in range(200)
            for name, one in (("a", ledger), ("b", other))
        ]
        places = [each.result(PATIENCE_SECONDS).position for each in asked]
    assert len(set(places)) == 400
    assert len(people_of(ledger)) == 400
