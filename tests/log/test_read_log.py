"""The log of reads: on disk before the answer goes out, linked row by row, and never changed."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import msgspec
import psycopg
import pytest
from msgspec.structs import replace

from ledger.log.flaws import Flaw, Flaws
from ledger.log.read_log import (
    FIRST_PREVIOUS,
    MAX_STRETCHES,
    NotLogged,
    Read,
    ReadLog,
    links,
    spread,
    stretches,
)
from ledger.log.snapshot import Snapshot
from ledger.log.store import Store
from tests.log.scene import until

CHAIN = "testketen"
READ = Read(
    reader="auditor",
    basis="t-1",
    name="getDecision",
    path="/v1/chains/testketen/decisions/B-1",
    positions=(3, 4, 5, 9),
    subjects=("person-1",),
    trace_id="0af7651916cd43dd8448eb211c80319c",
    span_id="b7ad6b7169203331",
    start_ms=1_700_000_000_000,
    end_ms=1_700_000_000_012,
)
DISARM = "ALTER TABLE reads DISABLE TRIGGER reads_never_change"


def keep(store: Store, *reads: Read, chain: str = CHAIN) -> None:
    log = ReadLog(store)
    for one in reads:
        log.keep(chain, one)


def found(store: Store, chain: str = CHAIN) -> tuple[Flaw, ...]:
    flaws = Flaws()
    with store.snapshot(statement_seconds=60) as conn:
        links(Snapshot(conn, chain), flaws, Flaws())
    return flaws.all()


def test_an_entry_has_the_fields_of_the_standard_and_names_nobody(database: str) -> None:
    with Store(database) as store:
        keep(store, READ)
        [one] = ReadLog(store).noted(CHAIN, before=10, most=10)
        assert msgspec.json.decode(one.entry) == {
            "attributes": {
                "dpl.core.data_subject_id": ["person-1"],
                "dpl.core.data_subject_id_type": "pseudonym",
                "dpl.core.processing_activity_id": "urn:ketenledger:verwerking:inzage",
                "ketenledger.access": "t-1",
                "ketenledger.path": "/v1/chains/testketen/decisions/B-1",
                "ketenledger.positions": "3-5,9",
                "ketenledger.reader": "auditor",
            },
            "chain": CHAIN,
            "end_time": 1_700_000_000_012,
            "name": "getDecision",
            "number": 0,
            "span_id": "b7ad6b7169203331",
            "start_time": 1_700_000_000_000,
            "status": "Ok",
            "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "v": 1,
        }


def test_each_row_is_linked_to_the_one_before(database: str) -> None:
    with Store(database) as store:
        keep(store, READ, replace(READ, reader="manager"), READ)
        keep(store, READ, chain="andere")
        [third, second, first] = ReadLog(store).noted(CHAIN, before=10, most=10)
        previous = FIRST_PREVIOUS
        for one in (first, second, third):
            assert one.hash == hashlib.sha256(previous + one.entry).hexdigest()
            previous = bytes.fromhex(one.hash)
        assert found(store) == found(store, "andere") == found(store, "onbekend") == ()


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE reads SET entry = convert_to(replace(convert_from(entry, 'UTF8'), "
         "'person-1', 'person-2'), 'UTF8') WHERE number = 1", 1),
        ("UPDATE reads SET reader = 'iemand' WHERE number = 1", 1),
        ("UPDATE reads SET subjects = '{}' WHERE number = 2", 2),
        ("UPDATE reads SET basis = '' WHERE number = 0", 0),
        ("DELETE FROM reads WHERE number = 1", 2),
        ("DELETE FROM reads WHERE number = 0", 1),
    ],
)  # fmt: skip
def test_what_was_changed_or_taken_out_shows(database: str, statement: str, number: int) -> None:
    with Store(database) as store:
        keep(store, READ, READ, READ)
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute(DISARM)
            owner.execute(statement)
        [flaw] = found(store)
        assert (flaw.kind, flaw.at) == ("reads", number)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE reads SET reader = 'iemand'", "DELETE FROM reads", "TRUNCATE reads"],
)
def test_the_log_is_only_added_to(database: str, statement: str) -> None:
    with Store(database) as store:
        keep(store, READ)
    with (
        psycopg.connect(database) as connection,
        pytest.raises(psycopg.errors.RestrictViolation),
    ):
        connection.execute(statement)


def test_many_at_once_stand_in_one_row_behind_each_other(database: str) -> None:
    with Store(database, pool_size=4) as store:
        logs = [ReadLog(store), ReadLog(store)]  # as two processes would have them
        with ThreadPoolExecutor(8) as threads:
            waiting = [threads.submit(logs[number % 2].keep, CHAIN, READ) for number in range(40)]
            for one in waiting:
                one.result(timeout=60)
        assert [one.number for one in logs[0].noted(CHAIN, before=100, most=100)] == list(
            range(39, -1, -1)
        )
        assert found(store) == ()


def test_a_fault_with_one_answer_leaves_nobody_waiting_beside_it(database: str) -> None:
    impossible = replace(READ, positions=("geen positie",))  # type: ignore[arg-type]
    with Store(database, pool_size=4) as store, ThreadPoolExecutor(2) as threads:
        log = ReadLog(store)
        with log._turn:
            both = [threads.submit(log.keep, CHAIN, one) for one in (impossible, READ)]
            until(lambda: len(log._queue) == len(both))
        assert {type(one.exception(timeout=60)) for one in both} == {TypeError, NotLogged}
        log.keep(CHAIN, READ)


def test_what_cannot_be_noted_is_not_given(database: str) -> None:
    with Store(database) as store:
        with psycopg.connect(database) as other:
            other.execute("LOCK TABLE reads IN EXCLUSIVE MODE")
            with pytest.raises(NotLogged):
                ReadLog(store, wait_seconds=0.2).keep(CHAIN, READ)
        assert ReadLog(store).noted(CHAIN, before=10, most=10) == []
        keep(store, READ)


def test_a_person_finds_what_they_read_and_what_is_about_them(database: str) -> None:
    with Store(database) as store:
        other = replace(READ, reader="manager", subjects=("person-2", "auditor"))
        keep(store, READ, other, replace(other, subjects=()))
        log = ReadLog(store)

        def numbers(person: str) -> list[int]:
            return [one.number for one in log.noted(CHAIN, before=9, most=9, person=person)]

        assert numbers("auditor") == [1, 0]
        assert numbers("person-1") == [0]
        assert numbers("niemand") == []
        assert [one.number for one in log.noted(CHAIN, before=2, most=1)] == [1]


def test_how_an_access_was_used_is_told_by_its_id(database: str) -> None:
    with Store(database) as store:
        keep(store, READ, replace(READ, end_ms=READ.end_ms + 5000), replace(READ, basis=""))
        used = ReadLog(store).used(CHAIN)
        assert set(used) == {"t-1"}
        assert used["t-1"].count == 2
        assert round(used["t-1"].last.timestamp() * 1000) == READ.end_ms + 5000


def test_positions_are_written_as_stretches() -> None:
    assert stretches(()) == ""
    assert stretches((5,)) == "5"
    assert stretches((9, 3, 4, 5, 4)) == "3-5,9"
    assert stretches((0, 1)) == "0-1"
    for positions in ((), (5,), (3, 4, 5, 9)):
        assert [at for part in spread(stretches(positions)) for at in part] == list(positions)
    assert spread("3~90") == [], "which of a span were read is not known"
    many = range(0, 4 * MAX_STRETCHES, 2)
    assert stretches(many) == f"0~{many[-1]}"
