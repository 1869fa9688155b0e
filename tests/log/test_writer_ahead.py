"""Deciding ahead: what is built on a batch under way counts only when that batch is on disk."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import wait
from time import monotonic

import psycopg
import pytest

from ledger.bell import Bell, glance
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Refused
from ledger.flight import awake_seconds
from ledger.ledger import Ledger, Overloaded, Receipt, StoreUnavailable
from ledger.rounds import CHUNK
from tests.log.loops import in_a_loop
from tests.log.scene import (
    CHAIN,
    HOLD_BACK,
    PATIENCE_SECONDS,
    a_ledger,
    acts_of,
    found,
    imported,
    people_of,
    registering,
    until,
    until_decided_ahead,
    until_somebody_waits,
)


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with a_ledger(database) as ledger:
        found(ledger)
        yield ledger


def test_an_act_may_rest_on_one_that_is_still_under_way(ledger: Ledger, database: str) -> None:
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        ledger._writer.submit(CHAIN, imported(PersonRegistered(person="a", function="test")))
        until_somebody_waits(database)
        office = RoleAssigned(role="chain-office", person="a", valid_from="2020-01-01")
        role = ledger._writer.submit(CHAIN, imported(office))
        until_decided_ahead(ledger, 1)
        assert not role.done()
    assert isinstance(role.result(PATIENCE_SECONDS), Receipt)
    assert isinstance(ledger.submit(CHAIN, registering("b", by="a")), Receipt)


def test_what_was_decided_ahead_is_decided_anew_where_the_first_batch_fails(
    ledger: Ledger, database: str
) -> None:
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        first = ledger._writer.submit(CHAIN, registering("a", act="first"))
        until_somebody_waits(database)
        twice = ledger._writer.submit(CHAIN, registering("a", act="twice"))
        own = ledger._writer.submit(CHAIN, registering("b", act="own"))
        until_decided_ahead(ledger, 2)
        with psycopg.connect(database, autocommit=True) as killer:
            pid = until_somebody_waits(database)
            killer.execute("SELECT pg_terminate_backend(%(pid)s)", {"pid": pid})
    assert isinstance(first.result(PATIENCE_SECONDS), Receipt)
    assert isinstance(twice.exception(PATIENCE_SECONDS), Refused)
    assert isinstance(own.result(PATIENCE_SECONDS), Receipt)
    assert acts_of(ledger)[1:] == ["first", "own"]


def test_what_was_decided_ahead_is_on_its_way_before_the_first_are_told(
    ledger: Ledger, database: str
) -> None:
    on_their_way: list[bool] = []
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        first = ledger._writer.submit(CHAIN, registering("a"))
        first.add_done_callback(
            lambda _: on_their_way.append(ledger._writer._rounds.flight is not None)
        )
        until_somebody_waits(database)
        second = ledger._writer.submit(CHAIN, registering("b"))
        until_decided_ahead(ledger, 1)
    assert isinstance(second.result(PATIENCE_SECONDS), Receipt)
    assert on_their_way == [True]


def test_deciding_that_fails_costs_neither_what_is_under_way_nor_what_comes_later(
    ledger: Ledger, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as owner, psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        first = ledger._writer.submit(CHAIN, registering("a", act="first"))
        until_somebody_waits(database)
        owner.execute("ALTER TABLE snapshots RENAME TO out_of_reach")
        other = ledger._writer.submit("andere-keten", registering("b"))
        until(lambda: ledger._writer._rounds._failure is not None)
        assert not any(one.done() for one in (first, other))
        held.rollback()
        assert isinstance(first.result(PATIENCE_SECONDS), Receipt)
        assert isinstance(other.exception(PATIENCE_SECONDS), StoreUnavailable)
        with pytest.raises(StoreUnavailable):
            ledger.submit("andere-keten", registering("b"))
        owner.execute("ALTER TABLE out_of_reach RENAME TO snapshots")
    found(ledger, "andere-keten")
    assert acts_of(ledger)[1:] == ["first"]


def test_a_key_is_recognised_while_its_act_is_under_way(ledger: Ledger, database: str) -> None:
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        first = ledger._writer.submit(CHAIN, registering("a", act="key"))
        until_somebody_waits(database)
        again = ledger._writer.submit(CHAIN, registering("a", act="key"))
        wrong = ledger._writer.submit(CHAIN, registering("b", act="key"))
        until_decided_ahead(ledger, 2)
    receipt, repeat = first.result(PATIENCE_SECONDS), again.result(PATIENCE_SECONDS)
    assert isinstance(receipt, Receipt)
    assert isinstance(repeat, Receipt)
    assert (receipt.repeated, repeat.repeated) == (False, True)
    assert receipt.leaf_hashes == repeat.leaf_hashes
    refusal = wrong.exception(PATIENCE_SECONDS)
    assert isinstance(refusal, Refused)
    assert refusal.rule == "G6"
    assert people_of(ledger) == ["a"]


def test_who_withdraws_takes_with_it_what_was_decided_on_it(ledger: Ledger, database: str) -> None:
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        ledger._writer.submit(CHAIN, registering("first"))
        until_somebody_waits(database)
        withdrawn = ledger._writer.submit(CHAIN, registering("a", act="withdrawn"))
        same = ledger._writer.submit(CHAIN, registering("a", act="same"))
        until_decided_ahead(ledger, 2)
        assert withdrawn.cancel()
    assert isinstance(same.result(PATIENCE_SECONDS), Receipt)
    assert acts_of(ledger)[-1] == "same"
    assert people_of(ledger) == ["first", "a"]


def test_who_stops_waiting_in_an_event_loop_is_not_recorded(ledger: Ledger, database: str) -> None:
    async def give_up() -> None:
        asked = asyncio.create_task(ledger.submit_async(CHAIN, registering("b")))
        await asyncio.to_thread(until_decided_ahead, ledger, 1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        kept = ledger._writer.submit(CHAIN, registering("a"))
        until_somebody_waits(database)
        in_a_loop(give_up())
    kept.result(PATIENCE_SECONDS)
    assert people_of(ledger) == ["a"]


def test_what_is_decided_ahead_still_counts_as_waiting(ledger: Ledger, database: str) -> None:
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        kept = [ledger._writer.submit(CHAIN, registering("a"))]
        until_somebody_waits(database)
        ledger._writer._waiting._max_waiting = 2
        kept += [ledger._writer.submit(CHAIN, registering(f"p-{n}")) for n in range(2)]
        until_decided_ahead(ledger, 2)
        with pytest.raises(Overloaded):
            ledger._writer.submit(CHAIN, registering("too much"))
    assert wait(kept, PATIENCE_SECONDS).not_done == set()
    assert people_of(ledger) == ["a", "p-0", "p-1"]


def test_a_series_stopped_under_way_stays_stopped_in_what_follows(
    ledger: Ledger, database: str
) -> None:
    acts = [registering(f"p-{n}") for n in range(300)]
    acts[100] = registering("p-99")
    answers = ledger.submit_many(CHAIN, acts, stop_at_refusal=True)
    assert len(answers) == 101
    assert isinstance(answers[-1], Refused)
    assert people_of(ledger) == [f"p-{n}" for n in range(100)]


def test_of_callers_that_all_come_back_at_once_half_is_sent_while_the_rest_is_decided_on(
    ledger: Ledger,
) -> None:
    writer, rounds = ledger._writer, ledger._writer._rounds
    with writer._role:
        rounds._usual_seconds = 1000.0
        asked = [writer.submit(CHAIN, registering(f"p-{n}")) for n in range(2 * CHUNK)]
        rounds._decide_ahead(None)
        half = rounds.next
        assert half is not None
        assert not rounds._worth_sending(half)
        half.begun -= 600
        assert rounds._worth_sending(half)
        asked.append(writer.submit(CHAIN, registering("more")))
        assert not rounds._worth_sending(half)
    assert wait(asked, PATIENCE_SECONDS).not_done == set()
    assert people_of(ledger) == [*(f"p-{n}" for n in range(2 * CHUNK)), "more"]


# The bell


def test_a_bell_wakes_who_rests_and_one_rung_before_keeps_from_resting() -> None:
    bell, woke = Bell(), threading.Event()

    def rest() -> None:
        bell.rest(PATIENCE_SECONDS)
        woke.set()

    resting = threading.Thread(target=rest)
    resting.start()
    bell.ring()
    assert woke.wait(PATIENCE_SECONDS)
    resting.join(PATIENCE_SECONDS)
    bell.ring()
    assert not bell.rest(PATIENCE_SECONDS)  # returns at once, or the test would not end
    assert not bell.rest(0)
    bell.close()
    bell.ring()


def test_a_bell_tells_whether_the_other_thing_came() -> None:
    bell, other = Bell(), Bell()
    assert not bell.rest(0, also=other._ear.fileno())
    other._clapper.send(b"!")
    assert bell.rest(PATIENCE_SECONDS, also=other._ear.fileno())
    assert bell.rest(PATIENCE_SECONDS, also=other._ear.fileno(), heed=False)


def test_a_glance_ends_with_what_it_looks_for_or_without() -> None:
    other = Bell()
    number, long = other._ear.fileno(), monotonic() + PATIENCE_SECONDS
    assert not glance(number, until=monotonic())
    assert not glance(number, until=long, unless=["a job"])
    threading.Timer(0.05, other._clapper.send, [b"!"]).start()
    assert glance(number, until=long)
    assert glance(number, until=monotonic(), unless=["a job"])


# A caller that is alone


@pytest.mark.parametrize(
    ("usual_seconds", "cores", "awake"),
    [(0.0, 2, True), (0.0002, 2, True), (0.0002, 1, False), (0.0005, 2, False), (1.0, 64, False)],
)
def test_it_stays_awake_only_for_an_answer_that_comes_soon(
    usual_seconds: float, cores: int, awake: bool
) -> None:
    assert bool(awake_seconds(usual_seconds=usual_seconds, cores=cores)) is awake
    assert awake_seconds(usual_seconds=usual_seconds, cores=cores) < 0.001


def test_a_caller_that_is_alone_records_in_its_own_thread(ledger: Ledger) -> None:
    threads: list[str] = []
    sender = ledger._writer._rounds._sender
    landed = sender.landed

    def seen(*, seconds: float) -> None:
        threads.append(threading.current_thread().name)
        landed(seconds=seconds)

    sender.landed = seen  # type: ignore[method-assign]  # only to see who calls
    ledger.submit(CHAIN, registering("a"))
    assert threads == [threading.current_thread().name]
    assert isinstance(ledger._writer.submit(CHAIN, registering("b")).result(60), Receipt)
    assert threads[1:] == ["ketenledger-writer"]


def test_a_caller_that_is_alone_is_told_of_a_refusal(ledger: Ledger) -> None:
    ledger.submit(CHAIN, registering("a", act="key"))
    with pytest.raises(Refused, match="P1"):
        ledger.submit(CHAIN, registering("a"))
    with pytest.raises(Refused, match="G6"):
        ledger.submit(CHAIN, registering("b", act="key"))
    assert ledger.submit(CHAIN, registering("a", act="key")).repeated
    assert people_of(ledger) == ["a"]


def test_others_are_recorded_after_a_caller_that_was_alone(ledger: Ledger, database: str) -> None:
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        alone = threading.Thread(target=ledger.submit, args=(CHAIN, registering("a")))
        alone.start()
        until_somebody_waits(database)
        others = [ledger._writer.submit(CHAIN, registering(f"p-{n}")) for n in range(3)]
        assert not any(one.done() for one in others)
    assert wait(others, PATIENCE_SECONDS).not_done == set()
    alone.join(PATIENCE_SECONDS)
    assert people_of(ledger) == ["a", "p-0", "p-1", "p-2"]


def test_a_caller_that_is_alone_leaves_what_fails_to_the_writer(
    ledger: Ledger, database: str
) -> None:
    with psycopg.connect(database) as held, psycopg.connect(database) as killer:
        held.execute(HOLD_BACK)
        answers: list[Receipt] = []
        alone = threading.Thread(
            target=lambda: answers.append(ledger.submit(CHAIN, registering("a", act="key")))
        )
        alone.start()
        waiting = until_somebody_waits(database)
        killer.execute("SELECT pg_terminate_backend(%(pid)s)", {"pid": waiting})
        held.rollback()
        alone.join(PATIENCE_SECONDS)
    assert [one.repeated for one in answers] == [False]
    assert people_of(ledger) == ["a"]
