"""What is measured, each as operations per second of one round."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
import time
from collections.abc import Callable

import psycopg

from ledger.audit import audit
from ledger.ledger import Ledger
from ledger.log.store import Store
from projections.runner import Runner
from tests.bench import chain as measured

Measure = Callable[[], float]

CHAIN = "meting"
SECONDS = 2.0
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


def submits(ledger: Ledger, *, callers: int) -> Measure:
    """Votes in one chain through the ledger, the whole path, by so many callers at once."""

    async def call(end: float) -> int:
        done = 0
        while time.perf_counter() < end:
            await ledger.submit_async(CHAIN, measured.vote(next(_numbers)))
            done += 1
        return done

    async def all_callers() -> float:
        start = time.perf_counter()
        done = await asyncio.gather(*(call(start + SECONDS) for _ in range(callers)))
        return sum(done) / (time.perf_counter() - start)

    return lambda: asyncio.run(all_callers())


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
    """Records taken into all read models, built anew beside the live ones."""

    def measure() -> float:
        runner.catch_up()  # a rebuild goes as far as the live tables stand
        start = time.perf_counter()
        runner.rebuild()
        return store.size(CHAIN) / (time.perf_counter() - start)

    return measure
