"""What is measured, each as operations per second of one round."""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from ledger.audit import audit
from ledger.ledger import Ledger, Receipt
from ledger.log.store import Store
from projections.runner import Runner
from tests.bench import chain as measured

Measure = Callable[[], float]

CHAIN = "meting"
SECONDS = 2.0
IMPORTED = 20_000
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

    return _in_threads(write, writers)


def _in_threads(write: Callable[[float, list[int]], None], writers: int) -> Measure:
    def measure() -> float:
        counts: list[int] = []
        start = time.perf_counter()
        threads = [
            threading.Thread(target=write, args=(start + SECONDS, counts)) for _ in range(writers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
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

    return _in_threads(write, writers)


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

    async def call(end: float) -> int:
        done = 0
        while (begun := time.perf_counter()) < end:
            number = next(_numbers)
            await ledger.submit_async(chains[number % len(chains)], measured.vote(number))
            done += 1
            if times is not None:
                times.append(time.perf_counter() - begun)
        return done

    async def all_callers() -> float:
        start = time.perf_counter()
        done = await asyncio.gather(*(call(start + SECONDS) for _ in range(callers)))
        return sum(done) / (time.perf_counter() - start)

    return lambda: asyncio.run(all_callers())


def p99_ms(times: list[float]) -> float:
    """Return the 99th percentile of these times in milliseconds, and forget them."""
    taken = statistics.quantiles(times, n=100)[98] * 1000
    times.clear()
    return taken


def importing(ledger: Ledger) -> Measure:
    """Acts recorded in order by one caller with many under way, as an import does."""

    def measure() -> float:
        acts = [measured.vote(next(_numbers)) for _ in range(IMPORTED)]
        start = time.perf_counter()
        for answer in ledger.submit_each(CHAIN, acts, stop_at_refusal=True):
            if not isinstance(answer, Receipt):
                raise RuntimeError(f"an act of the import was refused: {answer}")
        return IMPORTED / (time.perf_counter() - start)

    return measure


def submits_alone(ledger: Ledger) -> Measure:
    """Votes in one chain through the ledger, the whole path, by one thread that waits each time."""

    def measure() -> float:
        done, start = 0, time.perf_counter()
        while time.perf_counter() < start + SECONDS:
            ledger.submit(CHAIN, measured.vote(next(_numbers)))
            done += 1
        return done / (time.perf_counter() - start)

    return measure


def reading(store: Store) -> Measure:
    """Records read in pages, bytes only: what an audit reads."""

    def measure() -> float:
        start = time.perf_counter()
        count = sum(1 for _ in store.walk(CHAIN))
        return count / (time.perf_counter() - start)

    return measure


def auditing(store: Store) -> Measure:
    """Records replayed through every rule, compared byte for byte."""

    def measure() -> float:
        start = time.perf_counter()
        findings = audit(store.walk(CHAIN), CHAIN)
        if not findings.sound:
            raise RuntimeError(f"the measured chain is not sound: {findings.breaks[:3]}")
        return findings.records / (time.perf_counter() - start)

    return measure


def rebuilding(store: Store, runner: Runner) -> Measure:
    """Records of all chains taken into all read models, built anew beside the live ones."""

    def measure() -> float:
        runner.catch_up()  # a rebuild goes as far as the live tables stand
        start = time.perf_counter()
        runner.rebuild()
        return sum(store.sizes().values()) / (time.perf_counter() - start)

    return measure
