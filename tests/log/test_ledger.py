"""The ledger on real PostgreSQL: recorded once, receipts, dry runs, time, and reading back."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ledger.catalogue import decode
from ledger.domain.events.actions import ActionAssigned, ActionOverdue
from ledger.domain.events.people import PersonRegistered
from ledger.domain.values import NotAllowed, NotFound, Refused
from ledger.ledger import Act, Ledger, Receipt, Timer
from ledger.log.canonical import leaf_hash
from ledger.log.store import Store
from tests.domain.given import founding
from tests.log.loops import in_a_loop
from tests.log.scene import (
    CHAIN,
    FOUNDER,
    PATIENCE_SECONDS,
    a_ledger,
    acts_of,
    found,
    imported,
    log_of,
    people_of,
    registering,
)


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with a_ledger(database) as ledger:
        yield ledger


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2024, 1, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, days: int) -> None:
        self.now += timedelta(days=days)


# Recording


def test_a_chain_comes_to_exist_by_its_founding(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="G1"):
        ledger.submit(CHAIN, registering("somebody"))
    receipt = found(ledger)
    assert (receipt.chain, receipt.position, receipt.state) == (CHAIN, 0, "committed")
    assert receipt.positions == tuple(range(len(receipt.positions)))
    assert receipt.consequences[0].type == "PersonRegistered.v1"
    assert len(log_of(ledger)) == len(receipt.positions) == len(receipt.consequences) + 1
    with pytest.raises(NotAllowed, match="oprichting"):
        ledger.submit(CHAIN, Act(event=founding("bd", "cbs"), by=FOUNDER))


def test_a_receipt_tells_where_and_with_which_hash(ledger: Ledger) -> None:
    position = len(found(ledger).positions)
    receipt = ledger.submit(CHAIN, registering("", act="key"))
    [stored] = ledger.records(CHAIN, position)
    assert receipt == Receipt(
        chain=CHAIN,
        act="key",
        position=position,
        positions=(position,),
        leaf_hashes=(leaf_hash(stored.data).hex(),),
        consequences=(),
        at=decode(stored.data).header.at,
        created=f"person-{position}",
    )
    assert stored.leaf_hash == leaf_hash(stored.data)


def test_an_act_without_a_key_gets_one(ledger: Ledger) -> None:
    receipts = [found(ledger), ledger.submit(CHAIN, registering("a"))]
    assert [len(one.act) for one in receipts] == [32, 32]
    assert acts_of(ledger) == [one.act for one in receipts]


@pytest.mark.parametrize("name", ["", "a b", "-a", "a" * 65, "a\n", "a/b", "é"])
def test_a_chain_has_a_slug(ledger: Ledger, name: str) -> None:
    with pytest.raises(Refused, match="G13"):
        found(ledger, name)


@pytest.mark.parametrize(
    ("act", "rule"),
    [
        (registering("a", act="k" * 129), "G13"),
        (registering("a", on="2024-01-01"), "G3"),
        (registering("a", on="2999-01-01T00:00:00.000000Z"), "G2"),
        (registering("not a slug"), "G13"),
        (registering("a", act="NUL \0"), "G8"),
        (registering("a", by="stranger"), "G11"),
        (registering("a", by="rules"), "G4"),
        (Act(event=ActionOverdue(action="a"), by=FOUNDER), "G4"),
    ],
)
def test_what_could_not_be_read_back_is_refused(ledger: Ledger, act: Act, rule: str) -> None:
    size = len(found(ledger).positions)
    with pytest.raises(Refused) as refusal:
        ledger.submit(CHAIN, act)
    assert refusal.value.rule == rule
    assert len(log_of(ledger)) == size


def test_many_acts_are_answered_in_order(ledger: Ledger) -> None:
    found(ledger)
    names = [f"p-{number}" for number in range(50)]
    acts = [registering(name) for name in names]
    acts.insert(20, registering("p-3"))
    answers = ledger.submit_many(CHAIN, acts)
    assert isinstance(answers[20], Refused)
    assert [one.created for one in answers if isinstance(one, Receipt)] == names
    assert people_of(ledger) == names


def test_many_acts_stop_at_the_first_refusal_where_asked(ledger: Ledger) -> None:
    found(ledger)
    acts = [registering(f"p-{number % 30}") for number in range(3000)]
    answers = ledger.submit_many(CHAIN, acts, stop_at_refusal=True)
    assert len(answers) == 31
    assert isinstance(answers[-1], Refused)
    assert len(people_of(ledger)) == 30


def test_more_acts_than_the_queue_holds_are_recorded_all_the_same(database: str) -> None:
    with Store(database, pool_size=4) as store, Ledger(store, max_waiting=5) as ledger:
        found(ledger)
        answers = ledger.submit_many(CHAIN, [registering(f"p-{n}") for n in range(300)])
        assert all(isinstance(one, Receipt) for one in answers)
        assert len(people_of(ledger)) == 300


def test_an_event_loop_records_many_at_once(ledger: Ledger) -> None:
    async def all_of_them() -> list[Receipt]:
        asked = (ledger.submit_async(CHAIN, registering(f"p-{n}")) for n in range(200))
        return await asyncio.gather(*asked)

    found(ledger)
    receipts = in_a_loop(all_of_them())
    assert sorted(one.created for one in receipts) == sorted(people_of(ledger))
    assert len({one.position for one in receipts}) == 200


def test_an_event_loop_gets_refusals_as_well(ledger: Ledger) -> None:
    async def twice() -> list[Receipt | BaseException]:
        asked = (ledger.submit_async(CHAIN, registering("same")) for _ in range(2))
        return await asyncio.gather(*asked, return_exceptions=True)

    found(ledger)
    first, second = in_a_loop(twice())
    assert isinstance(first, Receipt)
    assert isinstance(second, Refused)
    assert second.rule == "P1"


# Asking twice


def test_a_key_records_once_and_gives_the_first_receipt_again(ledger: Ledger) -> None:
    first = found(ledger, act="founding")
    again = found(ledger, act="founding")
    assert not first.repeated
    assert again.repeated
    assert {**vars_of(again), "repeated": False} == vars_of(first)
    one = ledger.submit(CHAIN, registering("", act="key"))
    assert ledger.submit(CHAIN, registering("", act="key")).position == one.position
    assert acts_of(ledger) == ["founding", "key"]


def vars_of(receipt: Receipt) -> dict[str, object]:
    return {name: getattr(receipt, name) for name in receipt.__struct_fields__}


def test_a_key_gives_its_first_receipt_after_a_restart(database: str) -> None:
    with a_ledger(database) as ledger:
        first = found(ledger, act="founding")
        ledger.submit(CHAIN, registering("a", act="key"))
    with a_ledger(database) as ledger:
        again = found(ledger, act="founding")
        assert again.repeated
        assert again.leaf_hashes == first.leaf_hashes
        assert again.consequences == first.consequences
        assert ledger.submit(CHAIN, registering("a", act="key")).repeated
        assert acts_of(ledger) == ["founding", "key"]


@pytest.mark.parametrize(
    "other",
    [registering("b", act="key"), registering("a", act="key", by="p-uwv")],
    ids=["another event", "another person"],
)
def test_a_key_belongs_to_one_act(ledger: Ledger, other: Act) -> None:
    found(ledger)
    position = ledger.submit(CHAIN, registering("a", act="key")).position
    with pytest.raises(Refused, match=rf"G6.*gebeurtenis {position}"):
        ledger.submit(CHAIN, other)
    assert people_of(ledger) == ["a"]


def test_one_key_asked_for_at_once_is_recorded_once(ledger: Ledger) -> None:
    async def together() -> list[Receipt]:
        asked = (ledger.submit_async(CHAIN, registering("a", act="key")) for _ in range(100))
        return await asyncio.gather(*asked)

    found(ledger)
    receipts = in_a_loop(together())
    assert [one.repeated for one in receipts] == [False, *[True] * 99]
    assert len({one.leaf_hashes for one in receipts}) == 1
    assert people_of(ledger) == ["a"]


def test_a_key_is_free_in_another_chain(ledger: Ledger) -> None:
    found(ledger, "een", "twee")
    for chain in ("een", "twee"):
        assert not ledger.submit(chain, registering("a", act="key")).repeated


# Trying out


def test_a_trial_tells_what_would_be_recorded_and_stores_nothing(ledger: Ledger) -> None:
    size = len(found(ledger).positions)
    trial = ledger.try_out(CHAIN, registering("a"))
    assert trial.refusal is None
    assert trial.first == size
    assert [type(entry.event) for entry in trial.entries] == [PersonRegistered]
    assert len(log_of(ledger)) == size
    assert ledger.submit(CHAIN, registering("a")).position == size


def test_a_trial_tells_why_not(ledger: Ledger) -> None:
    refusal = ledger.try_out(CHAIN, registering("a")).refusal
    assert refusal is not None
    assert refusal.rule == "G1"
    found(ledger)
    refusal = ledger.try_out(CHAIN, Act(event=founding("bd", "cbs"), by="p-uwv")).refusal
    assert isinstance(refusal, NotAllowed)
    refusal = ledger.try_out(CHAIN, registering("no slug")).refusal
    assert refusal is not None
    assert refusal.rule == "G13"


# Time


def with_a_deadline(ledger: Ledger, chain: str, *actions: str) -> None:
    for action in actions:
        assigned = ActionAssigned(
            action=action, title="Doe iets", organisation="bd", role="x", due_on="2024-01-10"
        )
        ledger.submit(chain, imported(assigned))


def test_time_records_what_is_due_once(database: str) -> None:
    clock = Clock()
    with Store(database) as store, Ledger(store, clock=clock) as ledger:
        found(ledger, "een", "twee")
        with_a_deadline(ledger, "een", "a", "b")
        assert ledger.pass_time("een") == ()
        assert ledger.tick() == 0
        clock.move(days=30)
        assert [one.type for one in ledger.pass_time("een")] == ["ActionOverdue.v1"] * 2
        assert ledger.pass_time("een") == ()
        with_a_deadline(ledger, "twee", "c")
        assert ledger.tick() == 1
        assert ledger.tick() == 0
        assert isinstance(log_of(ledger, "twee")[-1].body, ActionOverdue)
        assert log_of(ledger, "een")[-1].header.on == "2024-01-11T00:00:00.000000Z"


def test_two_ledgers_tick_and_nothing_is_recorded_twice(database: str) -> None:
    clock = Clock()
    with (
        Store(database) as one_store,
        Store(database) as other_store,
        Ledger(one_store, clock=clock) as one,
        Ledger(other_store, clock=clock) as other,
    ):
        found(one)
        with_a_deadline(one, CHAIN, *(f"a-{number}" for number in range(50)))
        assert other.state(CHAIN).size == one.state(CHAIN).size
        clock.move(days=30)
        counts: list[int] = []
        threads = [
            threading.Thread(target=lambda own=own: counts.append(own.tick()))
            for own in (one, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        assert sum(counts) == 50
        late = [one for one in log_of(one) if isinstance(one.body, ActionOverdue)]
        assert len(late) == 50


def test_what_time_brings_stands_ahead_of_an_act_and_not_in_its_receipt(database: str) -> None:
    clock = Clock()
    with Store(database) as store, Ledger(store, clock=clock) as ledger:
        found(ledger)
        with_a_deadline(ledger, CHAIN, "a")
        clock.move(days=30)
        receipt = ledger.submit(CHAIN, registering("x", act="key"))
        assert isinstance(log_of(ledger)[receipt.position - 1].body, ActionOverdue)
        assert receipt.positions == (receipt.position,)
        assert ledger.submit(CHAIN, registering("x", act="key")).positions == receipt.positions


def test_a_timer_ticks_until_it_is_stopped(database: str) -> None:
    clock = Clock()
    with Store(database) as store, Ledger(store, clock=clock) as ledger:
        found(ledger)
        with_a_deadline(ledger, CHAIN, "a")
        size = ledger.state(CHAIN).size
        with Timer(ledger, every_seconds=0.01):
            assert not ledger.wait(CHAIN, size, timeout_seconds=0.1)
            clock.move(days=30)
            assert ledger.wait(CHAIN, size, timeout_seconds=PATIENCE_SECONDS)
        clock.move(days=30)
        assert ledger.state(CHAIN).size == size + 1


# Reading


def test_a_state_can_be_had_as_of_any_position(ledger: Ledger) -> None:
    size = len(found(ledger).positions)
    for name in ("a", "b", "c"):
        ledger.submit(CHAIN, registering(name))
    assert [
        "b" in ledger.state(CHAIN, at_position=position).people.registered
        for position in range(size, size + 3)
    ] == [False, True, True]
    assert ledger.state(CHAIN, at_position=size + 2) == ledger.state(CHAIN)
    for missing in (size + 3, -1):
        with pytest.raises(NotFound):
            ledger.state(CHAIN, at_position=missing)


def test_an_unknown_chain_is_not_found(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        ledger.state("onbekend")
    with pytest.raises(NotFound):
        ledger.state("onbekend", at_position=0)
    with pytest.raises(NotFound):
        ledger.audit("onbekend")
    assert ledger.records("onbekend") == []


def test_records_are_read_in_pages(ledger: Ledger) -> None:
    found(ledger)
    everything = ledger.records(CHAIN)
    assert [one.position for one in everything] == list(range(len(everything)))
    assert ledger.records(CHAIN, 3, 2) == everything[3:5]
    assert list(ledger.walk(CHAIN)) == everything
    assert ledger.records(CHAIN, len(everything)) == []


def test_waiting_ends_when_another_process_records(database: str) -> None:
    with a_ledger(database) as one, a_ledger(database) as other:
        size = len(found(one).positions)
        assert other.wait(CHAIN, size - 1, timeout_seconds=0)
        assert not other.wait(CHAIN, size, timeout_seconds=0.05)
        submitted = threading.Thread(target=one.submit, args=(CHAIN, registering("a")))
        submitted.start()
        assert other.wait(CHAIN, size, timeout_seconds=PATIENCE_SECONDS)
        submitted.join(PATIENCE_SECONDS)


def test_who_listens_hears_that_a_chain_grew(database: str) -> None:
    with Store(database) as store, a_ledger(database) as ledger:
        heard = store.listen(timeout_seconds=PATIENCE_SECONDS)
        assert next(heard) == ""
        found(ledger)
        assert next(heard) == CHAIN
        heard.close()
