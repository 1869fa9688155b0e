"""What waits to be recorded: jobs in order of arrival, a bounded number of them.

Callers from any thread or event loop put jobs; the one writer takes what waits. A caller that gives
up withdraws its job: if that succeeds it was never tried, otherwise only the writer knows.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Final

from ledger.receipts import Consequence, Receipt
from ledger.recording import Act

MAX_WAITING: Final = 10_000
LOOK_SECONDS: Final = 1.0


class Overloaded(Exception):
    """Too much waits already, or the ledger is closing. The act was not recorded; try later."""


class Series:
    """Acts that belong together: after the first refusal the later ones are not tried."""

    def __init__(self) -> None:
        self.stopped = False


Outcome = Receipt | tuple[Consequence, ...] | None
"""A receipt; what passing time brought; None for an act of a series that had stopped."""


class Job:
    """One act on its way (None: let time pass), and where its outcome goes.

    `offered` are the bytes of the act's own record in the last attempt to store it.
    """

    __slots__ = ("act", "chain", "future", "offered", "series", "waiter")

    def __init__(self, chain: str, act: Act | None, *, series: Series | None = None) -> None:
        self.chain = chain
        self.act = act
        self.series = series
        self.offered = b""
        self.future: Future[Outcome] = Future()
        self.waiter: tuple[asyncio.AbstractEventLoop, asyncio.Future[Outcome]] | None = None


Answer = tuple[Job, Outcome | Exception]


class Waiting:
    """The queue between the callers and the writer."""

    def __init__(self, *, max_waiting: int = MAX_WAITING) -> None:
        self._max_waiting = max_waiting
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, job: Job) -> None:
        """Add a job at the end. Raises Overloaded when full or closed; the caller need not wait."""
        with self._changed:
            if self._closed:
                raise Overloaded("Het register wordt afgesloten; probeer het straks opnieuw.")
            if len(self._jobs) >= self._max_waiting:
                raise Overloaded("Er wacht te veel op vastlegging; probeer het straks opnieuw.")
            self._jobs.append(job)
            self._changed.notify()

    def take(self, most: int) -> list[Job]:
        """Return what waits, at most so many, or wait for the first; none means closed and done."""
        with self._changed:
            while not (taken := self._claimed(most)) and not self._closed:
                self._changed.wait(LOOK_SECONDS)
            return taken

    def take_all(self) -> list[Job]:
        """Return everything that waits, without waiting."""
        with self._changed:
            return self._claimed(len(self._jobs))

    def close(self) -> None:
        """Take no more jobs; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _claimed(self, most: int) -> list[Job]:
        taken: list[Job] = []
        while self._jobs and len(taken) < most:
            job = self._jobs.popleft()
            if job.future.set_running_or_notify_cancel():
                taken.append(job)
        return taken


def answer(answers: Sequence[Answer]) -> None:
    """Hand every caller its outcome: threads one by one, an event loop all of its own at once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Answer]] = defaultdict(list)
    for job, outcome in answers:
        if job.waiter is not None:
            by_loop[job.waiter[0]].append((job, outcome))
        elif job.future.done():
            continue
        elif isinstance(outcome, Exception):
            job.future.set_exception(outcome)
        else:
            job.future.set_result(outcome)
    for loop, own in by_loop.items():
        # A loop that closed meanwhile has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, own)


def _settle(answers: Iterable[Answer]) -> None:
    for job, outcome in answers:
        if job.waiter is None or job.waiter[1].done():
            continue
        if isinstance(outcome, Exception):
            job.waiter[1].set_exception(outcome)
        else:
            job.waiter[1].set_result(outcome)
