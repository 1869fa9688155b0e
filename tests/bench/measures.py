"""What is measured, each as operations per second of one round."""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

import psycopg
import uvloop
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from api import made_up_chain
from api.record_lines import Recorder
from api.settling import settle
from ledger.ledger import Ledger, Receipt
from ledger.log.store import Store
from ledger.recording import Act
from projections.runner import Runner
from tests.bench import chain as measured
from tests.bench.course import Measure
from tests.bench.sizes import SIZES

CHAIN = "meting"
RAW_TABLE = """
    CREATE TABLE IF NOT EXISTS raw_rows (
        stream text NOT NULL, position bigint NOT NULL, state bytea NOT NULL,
        PRIMARY KEY (stream, position)
    )
"""
RAW_INSERT = "INSERT INTO raw_rows (stream, position, state) VALUES (%s, %s, %s)"
_numbers = itertools.count()


def raw_inserts(conninfo: str, *, writers: int) -> Measure:
    """One prepared INSERT a commit, by so many connections at once, each in a stream of its own."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute(RAW_TABLE)
    state = os.urandom(690)

    def write(end: float, counts: list[int]) -> None:
        done, stream = 0, f"stroom-{next(_numbers)}"
        with psycopg.connect(conninfo, autocommit=True) as conn:
            while time.perf_counter() < end:
                conn.execute(RAW_INSERT, (stream, done, state), prepare=True)
                done += 1
        counts.append(done)

    return in_threads(write, writers)


def in_threads(write: Callable[[float, list[int]], None], writers: int) -> Measure:
    """What so many threads do together in a second; each adds its count when the time is over."""

    def measure() -> float:
        counts: list[int] = []
        start = time.perf_counter()
        threads = [
            threading.Thread(target=write, args=(start + SIZES.seconds, counts))
            for _ in range(writers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        if len(counts) < writers:
            raise RuntimeError(f"only {len(counts)} of {writers} writers came to their end")
        return sum(counts) / (time.perf_counter() - start)

    return measure


def library_recorder(conninfo: str, *, writers: int) -> Measure:
    """One event a commit through the library's own application recorder, each writer a stream."""
    wanted = conninfo_to_dict(conninfo)
    datastore = PostgresDatastore(
        dbname=str(wanted["dbname"]),
        host=str(wanted["host"]),
        port=str(wanted.get("port", "5432")),
        user=str(wanted["user"]),
        password=str(wanted["password"]),
        pool_size=writers,
        max_overflow=0,
    )
    recorder = PostgresApplicationRecorder(datastore, events_table_name="library_rows")
    recorder.create_table()
    state = os.urandom(690)

    def write(end: float, counts: list[int]) -> None:
        done, stream = 0, uuid4()
        while time.perf_counter() < end:
            recorder.insert_events([StoredEvent(stream, done, "VoteCast.v1", state)])
            done += 1
        counts.append(done)

    return in_threads(write, writers)


def submits(
    ledger: Ledger,
    *,
    callers: int,
    chains: Sequence[str] = (CHAIN,),
    times: list[float] | None = None,
) -> Measure:
    """Votes through the ledger, the whole path, by so many callers at once, chain after chain.

    `times` takes in how long each act took, in seconds.
    """
    ready = Ready(lambda number: (chains[number % len(chains)], measured.vote(number)))
    return lambda: recorded(ledger, ready, callers=callers, times=times)


class Ready:
    """Acts made before the clock starts: making them is no work of the ledger.

    There are half as many again as were used the last time; the clock stops where they run out.
    """

    def __init__(self, make: Callable[[int], tuple[str, Act]], *, first: int = 0) -> None:
        self._make = make
        self._wanted = first or SIZES.first_ready

    def acts(self) -> Iterator[tuple[str, Act]]:
        """Return the next acts, each with its chain; to keep so many is no work of the ledger."""
        made = [self._make(next(_numbers)) for _ in range(self._wanted)]
        settle()
        return iter(made)

    def did(self, count: int) -> None:
        """Remember how many were used."""
        self._wanted = max(SIZES.least_ready, count * 3 // 2)


def recorded(
    ledger: Ledger, ready: Ready, *, callers: int, times: list[float] | None = None
) -> float:
    """Let so many callers record what is ready; return the acts a second."""

    async def call(acts: Iterator[tuple[str, Act]], end: float) -> int:
        done = 0
        for chain, act in acts:
            begun = time.perf_counter()
            await ledger.submit_async(chain, act)
            done += 1
            now = time.perf_counter()
            if times is not None:
                times.append(now - begun)
            if now >= end:
                break
        return done

    async def all_callers(acts: Iterator[tuple[str, Act]]) -> float:
        start = time.perf_counter()
        done = await asyncio.gather(*(call(acts, start + SIZES.seconds) for _ in range(callers)))
        passed = time.perf_counter() - start
        ready.did(sum(done))
        return sum(done) / passed

    return uvloop.run(all_callers(ready.acts()))  # as the callers of a server


def p99_ms(times: list[float]) -> float:
    """Return the 99th percentile of these times in milliseconds, and forget them."""
    taken = statistics.quantiles(times, n=100)[98] * 1000
    times.clear()
    return taken


def importing(ledger: Ledger) -> Measure:
    """Lines recorded in order as `ketenledger record` does, read from bytes to receipts."""

    def measure() -> float:
        acts = (measured.vote(next(_numbers)) for _ in range(SIZES.imported))
        lines = list(enumerate(map(made_up_chain.line, acts), start=1))
        settle()
        start = time.perf_counter()
        for result in Recorder(ledger, CHAIN).run(lines):
            if not isinstance(result.outcome, Receipt):
                raise RuntimeError(f"a line of the import was refused: {result.outcome}")
        return SIZES.imported / (time.perf_counter() - start)

    return measure


def submits_alone(ledger: Ledger) -> Measure:
    """Votes in one chain through the ledger, the whole path, by one thread that waits each time."""
    ready = Ready(lambda number: (CHAIN, measured.vote(number)), first=SIZES.least_ready)

    def measure() -> float:
        acts, done, start = ready.acts(), 0, time.perf_counter()
        for chain, act in acts:
            ledger.submit(chain, act)
            done += 1
            if time.perf_counter() >= start + SIZES.seconds:
                break
        passed = time.perf_counter() - start
        ready.did(done)
        return done / passed

    return measure


def reading(store: Store) -> Measure:
    """Records read in pages, bytes only: what an audit reads."""

    def measure() -> float:
        start = time.perf_counter()
        count = sum(1 for _ in store.walk(CHAIN))
        return count / (time.perf_counter() - start)

    return measure


def audited(ledger: Ledger, chain: str = CHAIN) -> float:
    """Return the records a second replayed through every rule and compared byte for byte."""
    start = time.perf_counter()
    findings = ledger.audit(chain)
    if not findings.sound:
        raise RuntimeError(f"chain {chain} is not sound: {findings.breaks[:3]}")
    return findings.records / (time.perf_counter() - start)


def rebuilding(store: Store, runner: Runner) -> Measure:
    """Records of all chains taken into all read models, built anew beside the live ones."""

    def measure() -> float:
        runner.catch_up()  # a rebuild goes as far as the live tables stand
        start = time.perf_counter()
        runner.rebuild()
        return sum(store.sizes().values()) / (time.perf_counter() - start)

    return measure
