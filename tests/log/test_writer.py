"""The writer under many callers: all recorded once, in whole batches, refusals cost nobody else."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import psycopg
import pytest

from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Refused
from ledger.faults import BrokenLog
from ledger.ledger import Act, Ledger, Overloaded, Receipt, StoreUnavailable
from ledger.log.store import Store
from ledger.waiting import Job, Waiting, answer
from tests.log.loops import in_a_loop
from tests.log.scene import (
    CHAIN,
    HOLD_BACK,
    PATIENCE_SECONDS,
    a_ledger,
    acts_of,
    found,
    imported,
    log_of,
    people_of,
    registering,
    until_decided_ahead,
    until_somebody_waits,
)

CALLERS = 64
TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM records WHERE originator_id = %(chain)s"
FORGE = """
    INSERT INTO records (originator_id, originator_version, topic, state)
    SELECT %(chain)s, max(originator_version) + 1, 'Forged.v1', '{}'
    FROM records WHERE originator_id = %(chain)s
"""


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with a_ledger(database) as ledger:
        yield ledger


def number_of_transactions(database: str) -> int:
    with psycopg.connect(database) as conn:
        row = conn.execute(TRANSACTIONS, {"chain": CHAIN}).fetchone()
        assert row is not None
        return int(row[0])


# Many callers


def test_64_threads_record_on_one_chain_and_nothing_is_lost_or_doubled(ledger: Ledger) -> None:
    found(ledger)

    def caller(number: int) -> list[Receipt]:
        return [
            ledger.submit(CHAIN, registering(f"p-{number}-{n}", act=f"key-{number}-{n}"))
            for n in range(5)
        ]

    with ThreadPoolExecutor(CALLERS) as pool:
        receipts = [one for mine in pool.map(caller, range(CALLERS)) for one in mine]
    assert len({one.position for one in receipts}) == 5 * CALLERS
    assert not any(one.repeated for one in receipts)
    keys = acts_of(ledger)[1:]
    assert sorted(keys) == sorted(one.act for one in receipts)
    by_position = {one.position: one.act for one in receipts}
    for record in log_of(ledger):
        assert by_position.get(record.header.position, "") in ("", record.header.act)


def test_each_receipt_tells_the_hash_of_its_own_record(ledger: Ledger) -> None:
    found(ledger)
    answers = ledger.submit_many(CHAIN, [registering(f"p-{n}") for n in range(100)])
    stored = {one.position: one.leaf_hash.hex() for one in ledger.walk(CHAIN)}
    for receipt in answers:
        assert isinstance(receipt, Receipt)
        assert receipt.leaf_hashes == (stored[receipt.position],)


def test_what_waits_together_is_one_transaction(ledger: Ledger, database: str) -> None:
    found(ledger)
    before = number_of_transactions(database)
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        first = ledger._writer.submit(CHAIN, registering("first"))
        until_somebody_waits(database)
        others = [ledger._writer.submit(CHAIN, registering(f"p-{n}")) for n in range(200)]
        until_decided_ahead(ledger, 200)
        assert not first.done()
    assert wait([first, *others], PATIENCE_SECONDS).not_done == set()
    assert number_of_transactions(database) == before + 2
    assert len(people_of(ledger)) == 201


def test_nothing_is_answered_before_it_is_committed(ledger: Ledger, database: str) -> None:
    size = len(found(ledger).positions)
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        future = ledger._writer.submit(CHAIN, registering("a"))
        refused = ledger._writer.submit(CHAIN, registering("a"))
        until_somebody_waits(database)
        assert not future.done()
        assert not refused.done()
        assert ledger.state(CHAIN).size == size
    assert isinstance(future.result(PATIENCE_SECONDS), Receipt)
    assert isinstance(refused.exception(PATIENCE_SECONDS), Refused)


def test_several_chains_share_a_batch_and_stay_apart(ledger: Ledger) -> None:
    chains = [f"keten-{number}" for number in range(10)]
    found(ledger, *chains)
    futures = [
        ledger._writer.submit(chain, registering(f"p-{n}", act=f"key-{n}"))
        for n in range(20)
        for chain in chains
    ]
    assert wait(futures, PATIENCE_SECONDS).not_done == set()
    for chain in chains:
        assert people_of(ledger, chain) == [f"p-{n}" for n in range(20)]


def test_a_refused_act_costs_its_neighbours_nothing(ledger: Ledger, database: str) -> None:
    found(ledger, CHAIN, "andere")
    acts = [
        registering("a"),
        registering("a"),
        registering("b", by="stranger"),
        Act(event=RoleAssigned(role="archivist", person="a", valid_from="2024-01-01"), by="p-bd"),
        registering("NUL \0"),
        registering("c"),
    ]
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        ledger._writer.submit("andere", registering("x"))
        until_somebody_waits(database)
        futures = [ledger._writer.submit(CHAIN, act) for act in acts]
        unknown = ledger._writer.submit("onbekend", registering("y"))
    answers = [outcome_of(future) for future in [*futures, unknown]]
    assert answers == ["recorded", "P1", "G11", "G5", "G8", "recorded", "G1"]
    assert people_of(ledger) == ["a", "c"]


def outcome_of(future: Future[object]) -> str:
    error = future.exception(PATIENCE_SECONDS)
    if isinstance(error, Refused):
        return error.rule
    return type(error).__name__ if error else "recorded"


def test_an_act_may_rest_on_one_that_waits_in_the_same_batch(ledger: Ledger) -> None:
    found(ledger)
    answers = ledger.submit_many(
        CHAIN,
        [
            imported(PersonRegistered(person="a", function="test")),
            imported(RoleAssigned(role="chain-office", person="a", valid_from="2020-01-01")),
            registering("b", by="a"),
        ],
    )
    assert all(isinstance(one, Receipt) for one in answers)
    assert people_of(ledger) == ["a", "b"]


def test_a_large_load_is_split_and_all_of_it_recorded(ledger: Ledger) -> None:
    found(ledger)
    acts = [registering(f"p-{n}") for n in range(2000)]
    assert all(isinstance(one, Receipt) for one in ledger.submit_many(CHAIN, acts))
    assert len(people_of(ledger)) == 2000


# Too much, too late, closing


def test_a_full_queue_says_so_and_loses_nothing(database: str) -> None:
    with Store(database, pool_size=4) as store, Ledger(store, max_waiting=3) as ledger:
        found(ledger)
        with psycopg.connect(database) as held:
            held.execute(HOLD_BACK)
            kept = [ledger._writer.submit(CHAIN, registering("a"))]
            until_somebody_waits(database)
            kept += [ledger._writer.submit(CHAIN, registering(f"p-{n}")) for n in range(3)]
            with pytest.raises(Overloaded):
                ledger.submit(CHAIN, registering("too much"))
        assert wait(kept, PATIENCE_SECONDS).not_done == set()
        assert people_of(ledger) == ["a", "p-0", "p-1", "p-2"]


def test_who_gives_up_in_time_is_not_recorded(ledger: Ledger, database: str) -> None:
    found(ledger)
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        kept = ledger._writer.submit(CHAIN, registering("a"))
        until_somebody_waits(database)
        with pytest.raises(Overloaded, match="niet vastgelegd"):
            ledger.submit(CHAIN, registering("b"), timeout_seconds=0.05)
        with pytest.raises(Overloaded, match="niet vastgelegd"):
            in_a_loop(ledger.submit_async(CHAIN, registering("c"), timeout_seconds=0.05))
    kept.result(PATIENCE_SECONDS)
    assert people_of(ledger) == ["a"]


def test_who_gives_up_too_late_is_told_to_ask_again(ledger: Ledger, database: str) -> None:
    found(ledger)
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        with pytest.raises(StoreUnavailable, match="herhaal met hetzelfde kenmerk"):
            # Long enough to be under way however slow this machine is now.
            ledger.submit(CHAIN, registering("a", act="key"), timeout_seconds=3.0)
    again = ledger.submit(CHAIN, registering("a", act="key"))
    assert again.repeated
    assert people_of(ledger) == ["a"]


def test_closing_records_what_waits_and_takes_nothing_more(database: str) -> None:
    with Store(database, pool_size=4) as store:
        ledger = Ledger(store)
        found(ledger)
        futures = [ledger._writer.submit(CHAIN, registering(f"p-{n}")) for n in range(500)]
        ledger.close()
        assert all(isinstance(future.result(0), Receipt) for future in futures)
        with pytest.raises(Overloaded, match="afgesloten"):
            ledger.submit(CHAIN, registering("late"))
        ledger.close()
    with a_ledger(database) as other:
        assert len(people_of(other)) == 500


def test_closing_does_not_wait_for_ever(ledger: Ledger, database: str) -> None:
    found(ledger)
    with psycopg.connect(database) as held:
        held.execute(HOLD_BACK)
        ledger._writer.submit(CHAIN, registering("a"))
        until_somebody_waits(database)
        left = ledger._writer.submit(CHAIN, registering("b"))
        ledger.close(timeout_seconds=0.1)
        assert isinstance(left.exception(0), Overloaded)


def test_an_empty_queue_waits_and_a_closed_one_ends() -> None:
    waiting = Waiting()
    jobs = [Job(CHAIN, registering(f"p-{n}")) for n in range(5)]
    for job in jobs:
        waiting.put(job)
    assert jobs[1].future.cancel()
    assert waiting.look(3) == [jobs[0], jobs[2], jobs[3]]
    assert jobs[2].future.cancel()
    assert waiting.claim() == [jobs[0], jobs[3]]
    assert not jobs[0].future.cancel()
    waiting.close()
    assert not waiting.over
    assert waiting.look(3) == [jobs[4]]
    waiting.put_back()
    assert waiting.take_all() == [jobs[4]]
    assert waiting.over
    with pytest.raises(Overloaded):
        waiting.put(Job(CHAIN, None))


def test_nobody_is_left_waiting_by_a_loop_that_closed() -> None:
    loop = asyncio.new_event_loop()
    job = Job(CHAIN, registering("a"), waiter=(loop, loop.create_future()))
    loop.close()
    other = Job(CHAIN, registering("b"))
    answer([(job, None), (other, None)])
    assert other.future.result(0) is None


# Several processes, restored databases, broken logs


def test_a_refusal_never_rests_on_a_state_that_lags(database: str) -> None:
    with a_ledger(database) as one, a_ledger(database) as other:
        found(one)
        assert other.state(CHAIN).size
        other.submit(CHAIN, imported(PersonRegistered(person="a", function="test")))
        office = RoleAssigned(role="chain-office", person="a", valid_from="2020-01-01")
        other.submit(CHAIN, imported(office))
        assert isinstance(one.submit(CHAIN, registering("b", by="a")), Receipt)
        with pytest.raises(Refused, match="P1"):
            other.submit(CHAIN, registering("b"))


def test_ledgers_take_turns_on_one_chain(database: str) -> None:
    with a_ledger(database) as one, a_ledger(database) as other:
        found(one)
        for number in range(20):
            (one if number % 2 else other).submit(CHAIN, registering(f"p-{number}"))
        assert people_of(one) == [f"p-{number}" for number in range(20)]


def test_two_ledgers_race_on_the_same_chains(database: str) -> None:
    with a_ledger(database) as one, a_ledger(database) as other:
        found(one, "een", "twee")

        def submit_all(ledger: Ledger, name: str) -> list[Receipt]:
            return [
                ledger.submit(chain, registering(f"{name}-{n}", act=f"{name}-{n}"))
                for n in range(40)
                for chain in ("een", "twee")
            ]

        with ThreadPoolExecutor(8) as pool:
            work = [
                pool.submit(submit_all, ledger, f"{name}-{n}")
                for n in range(4)
                for ledger, name in ((one, "one"), (other, "other"))
            ]
            receipts = [receipt for own in work for receipt in own.result(PATIENCE_SECONDS)]
        for chain in ("een", "twee"):
            mine = {receipt.act for receipt in receipts if receipt.chain == chain}
            assert len(mine) == 320
            assert sorted(acts_of(one, chain)[1:]) == sorted(mine)


def test_one_key_at_two_ledgers_is_recorded_once(database: str) -> None:
    with a_ledger(database) as one, a_ledger(database) as other:
        found(one)
        for number in range(20):
            act = registering(f"p-{number}", act=f"key-{number}")
            with ThreadPoolExecutor(2) as pool:
                asked = [pool.submit(ledger.submit, CHAIN, act) for ledger in (one, other)]
                first, second = (future.result(PATIENCE_SECONDS) for future in asked)
            assert first.position == second.position
            assert first.repeated != second.repeated
        assert len(people_of(one)) == 20


def test_a_broken_chain_costs_the_others_nothing(ledger: Ledger, database: str) -> None:
    found(ledger, CHAIN, "heel")
    with psycopg.connect(database) as forger:
        forger.execute(FORGE, {"chain": CHAIN})
    broken = ledger._writer.submit(CHAIN, registering("a"))
    whole = ledger._writer.submit("heel", registering("a"))
    assert isinstance(broken.exception(PATIENCE_SECONDS), BrokenLog)
    assert isinstance(whole.result(PATIENCE_SECONDS), Receipt)
    assert ledger.tick() == 0
    with pytest.raises(BrokenLog, match="onleesbaar bij gebeurtenis"):
        ledger.state(CHAIN)
    assert [one.kind for one in ledger.audit(CHAIN).breaks] == ["unreadable"]
