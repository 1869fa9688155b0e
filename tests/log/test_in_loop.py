"""Recording in an event loop: its own thread goes the rounds, and never waits for anything."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextvars import ContextVar

import psycopg
import pytest

from ledger.domain.values import Refused
from ledger.ledger import Act, Ledger, Overloaded, Receipt, StoreUnavailable
from tests.log.loops import in_a_loop
from tests.log.scene import (
    CHAIN,
    HOLD_BACK,
    PATIENCE_SECONDS,
    a_ledger,
    acts_of,
    found,
    people_of,
    registering,
    until,
    until_somebody_waits,
)

THREAD = "ketenledger-writer"


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with a_ledger(database) as ledger:
        found(ledger)
        ledger.submit(CHAIN, registering("eerst"))  # the connection that writes is there now
        yield ledger


def who_sends(ledger: Ledger) -> list[str]:
    """Return the list of threads, by name, that send from now on."""
    threads: list[str] = []
    sender = ledger._writer._rounds._sender
    send = sender.send

    def seen(rows: object) -> int:
        threads.append(threading.current_thread().name)
        return send(rows)  # type: ignore[arg-type]  # what it was called with

    sender.send = seen  # type: ignore[method-assign]  # only to see who calls
    return threads


def has_role(ledger: Ledger) -> bool:
    """Tell whether an event loop has the role of the writer."""
    return ledger._writer._in_loop._loop is not None


async def until_in_loop(ledger: Ledger) -> None:
    """Wait, in the loop, until it has a batch under way."""
    for _ in range(PATIENCE_SECONDS * 100):
        if has_role(ledger) and ledger._writer._rounds.flight is not None:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the loop never had a batch under way")


async def all_of(ledger: Ledger, *acts: Act) -> list[Receipt | BaseException]:
    """Record these acts at once, each by a caller of its own; return what each was told."""
    asked = (ledger.submit_async(CHAIN, act) for act in acts)
    return await asyncio.gather(*asked, return_exceptions=True)


def test_a_loop_records_the_acts_of_its_callers_itself(ledger: Ledger) -> None:
    threads = who_sends(ledger)
    names = [f"p-{n}" for n in range(300)]
    told = in_a_loop(all_of(ledger, *map(registering, names)))
    assert all(isinstance(one, Receipt) for one in told)
    assert people_of(ledger)[1:] == names
    assert threads
    assert THREAD not in threads
    assert not has_role(ledger)


def test_what_a_loop_does_for_all_is_of_no_one_s_request(ledger: Ledger) -> None:
    of_request: ContextVar[str] = ContextVar("of_request", default="")
    seen: list[str] = []
    sender = ledger._writer._rounds._sender
    send, landed = sender.send, sender.landed

    def sending(rows: object) -> int:
        seen.append(of_request.get())
        return send(rows)  # type: ignore[arg-type]  # what it was called with

    def landing(*, seconds: float) -> None:
        seen.append(of_request.get())
        landed(seconds=seconds)

    sender.send = sending  # type: ignore[method-assign]  # only to see in which context
    sender.landed = landing  # type: ignore[method-assign]  # likewise

    async def asked() -> str:
        of_request.set("mine")
        await all_of(ledger, *(registering("") for _ in range(100)))
        return of_request.get()

    assert in_a_loop(asked()) == "mine"
    assert seen
    assert set(seen) == {""}


def test_in_a_loop_many_acts_go_in_one_batch(ledger: Ledger) -> None:
    threads = who_sends(ledger)
    in_a_loop(all_of(ledger, *(registering(f"p-{n}") for n in range(64))))
    assert len(threads) < 32


def test_a_refusal_in_a_loop_costs_only_its_own_act(ledger: Ledger) -> None:
    acts = [registering("a"), registering("b", by="onbekend"), registering("c"), registering("a")]
    told = in_a_loop(all_of(ledger, *acts))
    assert [type(one) for one in told] == [Receipt, Refused, Receipt, Refused]
    assert people_of(ledger)[1:] == ["a", "c"]


def test_an_act_recorded_before_gets_its_first_receipt_in_a_loop(ledger: Ledger) -> None:
    act = registering("a", act="sleutel")
    [first, twice] = in_a_loop(all_of(ledger, act, act))
    [again] = in_a_loop(all_of(ledger, act))
    assert isinstance(first, Receipt)
    assert isinstance(twice, Receipt)
    assert isinstance(again, Receipt)
    assert {first.position} == {twice.position, again.position}
    assert again.repeated
    assert people_of(ledger)[1:] == ["a"]


def test_a_chain_that_has_to_be_read_is_left_to_the_thread(database: str, ledger: Ledger) -> None:
    with a_ledger(database) as other:
        found(other, "andere")  # so its connection is there, and CHAIN is not known to it
        threads = who_sends(other)
        told = in_a_loop(all_of(other, registering("a"), registering("b")))
    assert [type(one) for one in told] == [Receipt, Receipt]
    assert threads[0] == THREAD
    assert people_of(ledger)[1:] == ["a", "b"]


def test_who_is_not_of_the_loop_gets_an_answer_while_the_loop_records(ledger: Ledger) -> None:
    over = threading.Event()

    async def many() -> int:
        count = 0
        while not over.is_set():
            count += len(await all_of(ledger, *(registering("") for _ in range(20))))
        return count

    loop_thread: Future[int] = Future()
    worker = threading.Thread(target=lambda: loop_thread.set_result(asyncio.run(many())))
    worker.start()
    try:
        for number in range(20):
            assert isinstance(ledger.submit(CHAIN, registering(f"p-{number}")), Receipt)
        assert isinstance(ledger._writer.submit(CHAIN, registering("q")).result(60), Receipt)
    finally:
        over.set()
        worker.join(PATIENCE_SECONDS)
    assert len(people_of(ledger)) == 1 + 20 + 1 + loop_thread.result(PATIENCE_SECONDS)


def test_a_loop_is_given_the_role_again_after_the_thread_had_it(ledger: Ledger) -> None:
    threads = who_sends(ledger)

    async def until_both_sent() -> None:
        await all_of(ledger, registering("x", by="onbekend"), registering("y"))
        while not threads or threads[-1] == THREAD:
            await all_of(ledger, *(registering("") for _ in range(64)))

    in_a_loop(asyncio.wait_for(until_both_sent(), PATIENCE_SECONDS))


def test_a_connection_lost_under_a_loop_loses_and_doubles_nothing(
    ledger: Ledger, database: str
) -> None:
    async def lost() -> list[Receipt | BaseException]:
        with psycopg.connect(database) as held:
            held.execute(HOLD_BACK)
            names = [f"p-{n}" for n in range(40)]
            asked = asyncio.create_task(
                all_of(ledger, *(registering(name, act=name) for name in names))
            )
            await until_in_loop(ledger)
            pid = until_somebody_waits(database)
            held.execute("SELECT pg_terminate_backend(%(pid)s)", {"pid": pid})
        return await asked

    told = in_a_loop(lost())
    assert all(isinstance(one, Receipt) for one in told)
    assert sorted(acts_of(ledger)[2:]) == sorted(f"p-{n}" for n in range(40))


def test_a_loop_that_ends_leaves_what_is_under_way_to_the_thread(
    ledger: Ledger, database: str
) -> None:
    async def left(held: psycopg.Connection) -> None:
        held.execute(HOLD_BACK)
        asked = asyncio.create_task(all_of(ledger, registering("a"), registering("b")))
        await until_in_loop(ledger)
        asked.cancel()

    with psycopg.connect(database) as held:
        in_a_loop(left(held))
    until(lambda: ledger._writer._rounds.flight is None)
    assert isinstance(ledger.submit(CHAIN, registering("c")), Receipt)
    assert people_of(ledger)[1:] == ["a", "b", "c"]


def test_a_loop_that_something_keeps_loses_the_role_and_its_callers_nothing(
    ledger: Ledger, database: str
) -> None:
    kept, go_on = threading.Event(), threading.Event()

    async def stands_still(held: psycopg.Connection) -> list[Receipt | BaseException]:
        held.execute(HOLD_BACK)
        asked = asyncio.create_task(all_of(ledger, registering("a")))
        await until_in_loop(ledger)
        kept.set()
        go_on.wait(PATIENCE_SECONDS)
        return await asked

    told: Future[list[Receipt | BaseException]] = Future()
    with psycopg.connect(database) as held:
        worker = threading.Thread(
            target=lambda: told.set_result(asyncio.run(stands_still(held))), daemon=True
        )
        worker.start()
        assert kept.wait(PATIENCE_SECONDS)
    other = ledger._writer.submit(CHAIN, registering("b"))
    assert isinstance(other.result(PATIENCE_SECONDS), Receipt)
    assert not has_role(ledger)
    go_on.set()
    [own] = told.result(PATIENCE_SECONDS)
    assert isinstance(own, Receipt)
    assert people_of(ledger)[1:] == ["a", "b"]


def test_closing_lets_the_loop_s_acts_be_recorded_and_takes_no_more(
    ledger: Ledger, database: str
) -> None:
    async def closed(held: psycopg.Connection) -> tuple[list[Receipt | BaseException], bool]:
        held.execute(HOLD_BACK)
        asked = asyncio.create_task(all_of(ledger, registering("a")))
        await until_in_loop(ledger)
        closing = asyncio.create_task(asyncio.to_thread(ledger.close))
        while not ledger._writer._waiting.closed:
            await asyncio.sleep(0.01)
        with pytest.raises(Overloaded):
            await ledger.submit_async(CHAIN, registering("b"))
        held.rollback()
        told = await asked
        await closing
        return told, ledger.writing

    with psycopg.connect(database) as held:
        [told], writing = in_a_loop(closed(held))
    assert isinstance(told, Receipt)
    assert not writing


def test_who_gives_up_in_a_loop_before_his_act_is_sent_recorded_nothing(
    ledger: Ledger, database: str
) -> None:
    async def given_up(held: psycopg.Connection) -> BaseException | None:
        held.execute(HOLD_BACK)
        first = asyncio.create_task(all_of(ledger, registering("a")))
        await until_in_loop(ledger)
        try:
            await ledger.submit_async(CHAIN, registering("b"), timeout_seconds=0.1)
        except Overloaded as error:
            held.rollback()
            await first
            return error
        return None

    with psycopg.connect(database) as held:
        assert isinstance(in_a_loop(given_up(held)), Overloaded)
    assert people_of(ledger)[1:] == ["a"]


def test_a_fault_in_a_step_leaves_nobody_waiting(ledger: Ledger) -> None:
    def faulty(_: object) -> bool:
        raise RuntimeError("a fault")

    ledger._writer._rounds.step = faulty  # type: ignore[method-assign]  # as a fault would
    told = in_a_loop(all_of(ledger, registering("a"), registering("b")))
    assert [type(one) for one in told] == [StoreUnavailable, StoreUnavailable]
    until(lambda: not ledger.writing)
    with pytest.raises(Overloaded):
        ledger.submit(CHAIN, registering("c"))
