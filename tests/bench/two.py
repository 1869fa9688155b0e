"""Two processes that write at once, on one chain and on a chain each: python -m tests.bench.two.

Each is a process of its own with a whole ledger in it. What each was told to be recorded is held
against what the chain has afterwards: nothing may be lost, nothing be there twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import uvloop

from api.settling import settle
from ledger import catalogue
from ledger.ledger import Ledger
from ledger.log.store import Store
from ledger.recording import Act
from tests.bench import chain as measured
from tests.bench.course import Todo
from tests.bench.processes import Process, ask, end, heard, started, tell, watched
from tests.bench.rows import ONE_PROCESS, TWO_APART, TWO_SAME, TWO_WRONG
from tests.bench.sizes import SIZES

CHAINS: Final = ("meting-samen", "meting-apart-1", "meting-apart-2")
CALLERS: Final = 64


class Job(NamedTuple):
    """What one process is to do in one round; its acts are called `name-0` and on."""

    chain: str
    callers: int
    name: str
    seconds: float
    ready: int


class Writers:
    """Two processes, and what they were told so far."""

    def __init__(self, processes: Sequence[Process], store: Store) -> None:
        self._processes = processes
        self._store = store
        self._round = 0
        self.wrong: list[float] = []

    def together(self, *chains: str) -> float:
        """Let a process write in each of these chains at once; return the acts a second."""
        self._round += 1
        jobs = [
            Job(
                chain,
                CALLERS // len(chains),
                f"twee-{self._round}-{number}",
                SIZES.seconds,
                SIZES.first_ready,
            )
            for number, chain in enumerate(chains)
        ]
        sizes = {chain: self._store.size(chain) for chain in chains}
        busy = self._processes[: len(jobs)]
        for process, job in zip(busy, jobs, strict=True):
            ask(process, json.dumps(job))
        start = time.perf_counter()
        for process in busy:
            tell(process, "go")
        done = [int(heard(process)) for process in busy]
        passed = time.perf_counter() - start
        told: Counter[str] = Counter()
        for job, count in zip(jobs, done, strict=True):
            told.update(f"{job.name}-{number}" for number in range(count))
        self.wrong.append(self._differences(told, sizes))
        return sum(done) / passed

    def _differences(self, told: Counter[str], sizes: dict[str, int]) -> int:
        """Return how many acts are not there exactly once."""
        found: Counter[str] = Counter()
        for chain, size in sizes.items():
            rows = self._store.walk(chain, size)
            found.update(catalogue.decode(row.data).header.act for row in rows)
        return sum(abs(count) for count in ((told - found) + (found - told)).values())

    def all_wrong(self) -> float:
        """Return how many acts were lost or doubled since this was asked last."""
        total = sum(self.wrong)
        self.wrong.clear()
        return total


@contextlib.contextmanager
def writers(conninfo: str, ledger: Ledger, store: Store) -> Iterator[Todo]:
    """Give what two processes reach together, beside what one reaches."""
    for chain in CHAINS:
        measured.found(ledger, chain)
    command = (sys.executable, "-m", "tests.bench.two", conninfo)
    with contextlib.ExitStack() as stack:
        processes = []
        for name in ("one", "the other"):
            processes.append(started(*command))
            stack.callback(end, processes[-1])
            watched(name, processes[-1])
        both = Writers(processes, store)
        same, one, other = CHAINS
        yield {
            ONE_PROCESS: lambda: both.together(same),
            TWO_SAME: lambda: both.together(same, same),
            TWO_APART: lambda: both.together(one, other),
            TWO_WRONG: both.all_wrong,
        }


def main(conninfo: str) -> None:
    """Take jobs from standard input: a line with one, `ready`, a line to go, how many it did."""
    with Store(conninfo, pool_size=4) as store, Ledger(store) as ledger:
        for line in sys.stdin:
            job = Job(*json.loads(line))
            acts = [measured.vote(number, f"{job.name}-{number}") for number in range(job.ready)]
            ledger.state(job.chain)  # a server at work knows its chains
            settle()
            print("ready", flush=True)
            sys.stdin.readline()
            print(uvloop.run(_write(ledger, job, acts)), flush=True)


async def _write(ledger: Ledger, job: Job, acts: Sequence[Act]) -> int:
    waiting, over = iter(acts), time.perf_counter() + job.seconds

    async def call() -> int:
        done = 0
        for act in waiting:
            await ledger.submit_async(job.chain, act)
            done += 1
            if time.perf_counter() >= over:
                break
        return done

    return sum(await asyncio.gather(*(call() for _ in range(job.callers))))


if __name__ == "__main__":
    main(sys.argv[1])
