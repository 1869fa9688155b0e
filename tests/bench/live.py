"""How far the read models lag behind the record while 2,000 acts a second are recorded.

Writer and runner are in one process, as in a server. A reader of its own looks every millisecond
how far the read models are; a record lags from its receipt until that reader finds it taken in.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import itertools
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import psycopg

from ledger.ledger import Ledger
from ledger.log.store import Store
from ledger.recording import Act
from projections.runner import Runner
from tests.bench import chain, measures
from tests.bench.course import Todo
from tests.bench.rows import LAG, LAG_RATE, Row
from tests.bench.sizes import SIZES

RATE: Final = 2_000
STEP_SECONDS: Final = 0.005
LOOK_SECONDS: Final = 0.001
CATCH_UP_SECONDS: Final = 60.0

ROWS: Final = (
    Row(LAG, "", must=50, aim=20, most=True),
    Row(LAG_RATE, "", must=1_900, aim=1_950, taken_with=LAG),
)

_NUMBERS = itertools.count()

REACHED = "SELECT notification_id FROM read_progress WHERE application_name = %(chain)s"


class Reader:
    """Looks how many records the read models have, and when it saw that for the first time."""

    def __init__(self, conninfo: str) -> None:
        self.sizes: list[int] = []
        self.moments: list[float] = []
        self._conninfo = conninfo
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join(CATCH_UP_SECONDS)

    def _look(self) -> None:
        asked = {"chain": measures.CHAIN}
        with psycopg.connect(self._conninfo, autocommit=True) as conn:
            while not self._over.wait(LOOK_SECONDS):
                row = conn.execute(REACHED, asked, prepare=True).fetchone()
                if row is not None and row[0] > (self.sizes[-1] if self.sizes else 0):
                    self.moments.append(time.perf_counter())
                    self.sizes.append(row[0])


@contextlib.contextmanager
def scene(conninfo: str, _folder: Path) -> Iterator[Todo]:
    """Give what this stage measures."""
    with (
        Store(conninfo, pool_size=4) as store,
        Ledger(store) as ledger,
        Runner(conninfo) as runner,
    ):
        chain.found(ledger, measures.CHAIN)
        runner.catch_up()
        runner.start()
        ledger.follow(runner.grown)
        rates: list[float] = []

        def lag() -> float:
            with Reader(conninfo) as reader:
                receipts, rate = asyncio.run(_paced(ledger))
                rates.append(rate)
                last = max(position for position, _ in receipts)
                if not runner.wait(measures.CHAIN, last, CATCH_UP_SECONDS):
                    raise RuntimeError(f"the read models did not catch up: {runner.failure}")
                _seen(reader, last)
            return _p99_ms(receipts, reader)

        yield {LAG: lag, LAG_RATE: rates.pop}


async def _paced(ledger: Ledger) -> tuple[list[tuple[int, float]], float]:
    """Record so many acts a second; return position and moment of each receipt, and the rate."""
    receipts: list[tuple[int, float]] = []

    async def one(act: Act) -> None:
        receipt = await ledger.submit_async(measures.CHAIN, act)
        receipts.append((receipt.position, time.perf_counter()))

    acts = [chain.vote(next(_NUMBERS)) for _ in range(int(RATE * SIZES.seconds))]
    a_step = int(RATE * STEP_SECONDS)
    start, under_way = time.perf_counter(), []
    for number in range(0, len(acts), a_step):
        await asyncio.sleep(start + number / RATE - time.perf_counter())
        under_way += [asyncio.create_task(one(act)) for act in acts[number : number + a_step]]
    await asyncio.gather(*under_way)
    return receipts, len(receipts) / (time.perf_counter() - start)


def _seen(reader: Reader, position: int) -> None:
    """Wait until the reader has seen this position taken in."""
    over = time.monotonic() + CATCH_UP_SECONDS
    while not reader.sizes or reader.sizes[-1] <= position:
        if time.monotonic() > over:
            raise RuntimeError("the reader did not see the read models catch up")
        time.sleep(LOOK_SECONDS)


def _p99_ms(receipts: Sequence[tuple[int, float]], reader: Reader) -> float:
    """Return the 99th percentile of how long after its receipt a record was there to read."""
    lags = []
    for position, moment in receipts:
        seen = reader.moments[bisect.bisect_right(reader.sizes, position)]
        lags.append(max(0.0, seen - moment))
    return statistics.quantiles(lags, n=100)[98] * 1000
