"""Patience: who awaits an outcome in an event loop is told when it takes too long.

Everybody who waits equally long comes to the end of it in the order of arrival, so one timer of the
loop serves them all: a timer for each would cost more than handing over the act. Whoever has been
answered is let go of as soon as nobody before them waits any more.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable

from ledger.waiting import Job, Outcome

Waiter = asyncio.Future[Outcome]
TooLate = Callable[[Job, float], Exception]
"""Gives what a caller is told who waited so many seconds for a job."""


class Patience:
    """The waiters of any number of event loops; each loop sees only its own."""

    def __init__(self, too_late: TooLate) -> None:
        self._too_late = too_late
        self._lock = threading.Lock()
        self._lines: dict[tuple[asyncio.AbstractEventLoop, float], _Line] = {}

    def wait(
        self, loop: asyncio.AbstractEventLoop, job: Job, waiter: Waiter, seconds: float
    ) -> None:
        """Let this waiter have the answer of `too_late` if it has none after so many seconds."""
        line = self._lines.get((loop, seconds))
        if line is None:
            line = self._new_line(loop, seconds)
        line.join(job, waiter)

    def _new_line(self, loop: asyncio.AbstractEventLoop, seconds: float) -> _Line:
        line = _Line(loop, seconds, self._too_late)
        with self._lock:
            # Nobody waits any more in a loop that was closed.
            open_ones = {key: old for key, old in self._lines.items() if not key[0].is_closed()}
            self._lines = {**open_ones, (loop, seconds): line}
        return line


class _Line:
    """Those who wait equally long in one loop, in the order of arrival."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, too_late: TooLate) -> None:
        self._now = loop.time
        self._call_at = loop.call_at
        self._seconds = seconds
        self._too_late = too_late
        self._waiting: deque[tuple[float, Job, Waiter]] = deque()
        self._timed = False

    def join(self, job: Job, waiter: Waiter) -> None:
        waiting = self._waiting
        while waiting and waiting[0][2].done():
            waiting.popleft()
        until = self._now() + self._seconds
        waiting.append((until, job, waiter))
        if not self._timed:
            self._timed = True
            self._call_at(until, self._look)

    def _look(self) -> None:
        """Tell those whose time is over, and look again when that of the next one is."""
        now, waiting = self._now(), self._waiting
        while waiting and (waiting[0][2].done() or waiting[0][0] <= now):
            _, job, waiter = waiting.popleft()
            if not waiter.done():
                waiter.set_exception(self._too_late(job, self._seconds))
        self._timed = bool(waiting)
        if waiting:
            self._call_at(waiting[0][0], self._look)
