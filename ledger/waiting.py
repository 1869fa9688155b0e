"""What waits to be recorded: jobs in order of arrival, a bounded number of them.

    put -> looked at (decided on tentatively) -> claimed (sent to the store) -> answered

Callers from any thread or event loop put jobs; the one writer looks at what waits, decides on it
while an earlier batch is on its way, and claims it when it is sent. A caller that gives up
withdraws its job: as long as nobody claimed it, it was never tried; later only the writer knows.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic
from typing import Final
from uuid import uuid4

from msgspec.structs import replace

from ledger.bell import Bell, glance
from ledger.log.store import StoreUnavailable
from ledger.receipts import Consequence, Receipt
from ledger.recording import Act
from ledger.tray import Tray

MAX_WAITING: Final = 10_000


class Overloaded(Exception):
    """Too much waits already, or the ledger is closing. The act was not recorded; try later."""


class Series:
    """Acts that belong together: after the first refusal the later ones are not tried."""

    def __init__(self) -> None:
        self.stopped = False


Outcome = Receipt | tuple[Consequence, ...] | None
"""A receipt; what passing time brought; None for an act of a series that had stopped."""

Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Outcome]"]
Place = tuple[Tray[Outcome | Exception], int]


class Job:
    """One act on its way (None: let time pass), and where its outcome goes.

    A thread waits for the `future`; for who awaits in an event loop there is a `waiter` instead,
    and for who records many in a row a `place` in a tray. `offered` are the bytes of the act's own
    record in the last attempt to store it.
    """

    __slots__ = (
        "_future", "_withdrawn", "act", "chain", "claimed", "offered", "place", "series", "waiter",
    )  # fmt: skip

    def __init__(
        self,
        chain: str,
        act: Act | None,
        *,
        series: Series | None = None,
        waiter: Waiter | None = None,
        place: Place | None = None,
    ) -> None:
        self.chain = chain
        self.act = _with_key(act)
        self.series = series
        self.offered = b""
        self.waiter = waiter
        self.place = place
        self.claimed = False
        self._withdrawn = False
        self._future: Future[Outcome] | None = None if waiter or place else Future()

    @property
    def future(self) -> Future[Outcome]:
        """What a thread waits for."""
        if self._future is None:
            raise RuntimeError("this job has another way to its caller than a future")
        return self._future

    def withdraw(self) -> bool:
        """Give up a job without a future; tell if that was in time. Needs the queue's lock."""
        self._withdrawn = not self.claimed
        return self._withdrawn

    def wanted(self) -> bool:
        """Tell whether somebody still waits for this job; the answer may change until claimed."""
        return not (self._withdrawn or (self._future is not None and self._future.cancelled()))

    def claim(self) -> bool:
        """Take a job to be tried; from now on nobody can withdraw it. Needs the queue's lock."""
        if self._future is not None and not self._future.set_running_or_notify_cancel():
            return False
        self.claimed = not self._withdrawn
        return self.claimed


def _with_key(act: Act | None) -> Act | None:
    """Give an act its key before the first try, so that it is recognised afterwards."""
    return replace(act, act=uuid4().hex) if act is not None and not act.act else act


Answer = tuple[Job, Outcome | Exception]


class Waiting:
    """The queue between the callers and the writer."""

    def __init__(self, *, max_waiting: int = MAX_WAITING) -> None:
        self._max_waiting = max_waiting
        self._jobs: deque[Job] = deque()
        self._looked_at: list[Job] = []
        self._aside: list[Job] = []
        self._shut = ""
        self._lock = threading.Lock()
        self._bell = Bell()
        self._closed = False

    def put(self, job: Job, *, ring: bool = True) -> None:
        """Add a job at the end. Raises Overloaded when full or closed; the caller need not wait.

        Without ringing nobody is told: for who looks at it himself.
        """
        with self._lock:
            if self._closed:
                raise Overloaded("Het register wordt afgesloten; probeer het straks opnieuw.")
            if len(self._jobs) + len(self._looked_at) + len(self._aside) >= self._max_waiting:
                raise Overloaded("Er wacht te veel op vastlegging; probeer het straks opnieuw.")
            self._jobs.append(job)
        if ring:
            self._bell.ring()

    def withdraw(self, job: Job) -> bool:
        """Take back a job without a future; tell whether that was in time."""
        with self._lock:
            return job.withdraw()

    def rest(self, seconds: float, *, also: int | None, jobs: bool) -> bool:
        """Rest until a job comes (if `jobs` are of use), the queue closes, or `also` can be read.

        `also` is the file descriptor of an answer to come, if any; tells whether it can be read.
        """
        with self._lock:
            awake = (jobs and bool(self._jobs)) or (self._closed and also is None)
        return self._bell.rest(0 if awake else seconds, also=also, heed=jobs and not self._closed)

    def answered(self, number: int, *, until: float, awake_seconds: float = 0.0) -> bool:
        """Wait, not for jobs, until this descriptor can be read; tell whether it can.

        So long at first without going to sleep, but not where somebody else waits as well.
        """
        awake_until = min(monotonic() + awake_seconds, until)
        if awake_seconds and glance(number, until=awake_until, unless=self._jobs):
            return True
        return self._bell.rest(max(0.0, until - monotonic()), also=number, heed=False)

    def wake(self) -> None:
        """Let whoever rests look around."""
        self._bell.ring()

    def look(
        self, most: int, *, shut: str = "", only: Callable[[Job], bool] | None = None
    ) -> list[Job]:
        """Return what waits, at most so many, to be decided on; it can still be withdrawn.

        With `only` no further than to the first of which that is not so.

        Acts of the chain that is shut are put aside until it no longer is.
        """
        with self._lock:
            if shut != self._shut:
                self._shut = shut
                self._take_in()
            looked: list[Job] = []
            while self._jobs and len(looked) < most:
                if only is not None and not only(self._jobs[0]):
                    break
                job = self._jobs.popleft()
                if job.chain == shut:
                    self._aside.append(job)
                elif job.wanted():
                    looked.append(job)
            self._looked_at += looked
            return looked

    def put_back(self, count: int | None = None) -> None:
        """Put back the last so many (None: all) of the jobs looked at, to be looked at again."""
        with self._lock:
            start = 0 if count is None else len(self._looked_at) - count
            if count is None:
                self._take_in()
            self._jobs.extendleft(reversed(self._looked_at[start:]))
            del self._looked_at[start:]

    def _take_in(self) -> None:
        """Let what was put aside wait again, before all that came since."""
        self._jobs.extendleft(reversed(self._aside))
        self._aside.clear()

    def claim(self) -> list[Job]:
        """Return what was looked at and nobody withdrew meanwhile; it is the writer's now."""
        with self._lock:
            looked, self._looked_at = self._looked_at, []
            return [job for job in looked if job.claim()]

    def take_all(self) -> list[Job]:
        """Claim everything that waits, looked at or not."""
        with self._lock:
            jobs = (*self._looked_at, *self._aside, *self._jobs)
            self._looked_at = []
            self._aside = []
            self._jobs.clear()
            return [job for job in jobs if job.claim()]

    def turn_away(self) -> None:
        """Tell everybody who still waits that the ledger closes."""
        told = Overloaded("Het register wordt afgesloten; de handeling is niet vastgelegd.")
        answer([(job, told) for job in self.take_all()])

    @property
    def idle(self) -> bool:
        """Whether nothing waits and something may still be put; the answer may change at once."""
        return not (self._closed or self._jobs or self._looked_at or self._aside)

    @property
    def any(self) -> bool:
        """Whether something waits that was not looked at; the answer may change at once."""
        return bool(self._jobs)

    @property
    def count(self) -> int:
        """How many acts wait that were not looked at; the answer may change at once."""
        return len(self._jobs)

    @property
    def aside(self) -> bool:
        """Whether acts of the chain that is shut wait."""
        return bool(self._aside)

    @property
    def closed(self) -> bool:
        """Whether no more can be put."""
        return self._closed

    @property
    def over(self) -> bool:
        """Whether the queue is closed and nothing waits any more."""
        with self._lock:
            return self._closed and not (self._jobs or self._looked_at or self._aside)

    def close(self) -> None:
        """Take no more jobs; what waits can still be taken."""
        with self._lock:
            self._closed = True
        self._bell.ring()


def given_up(timeout_seconds: float, *, in_time: bool) -> Exception:
    """Return what a caller that waited too long is told; `in_time`: its act was withdrawn."""
    if in_time:
        return Overloaded("De handeling kwam niet op tijd aan de beurt en is niet vastgelegd.")
    return StoreUnavailable(
        f"geen antwoord binnen {timeout_seconds:g} seconden; herhaal met hetzelfde kenmerk."
    )


def answer(answers: Sequence[Answer], *, here: asyncio.AbstractEventLoop | None = None) -> None:
    """Hand every caller its outcome: threads one by one, a loop or a tray all it has at once.

    `here` is the loop that runs in this thread, if one does.
    """
    by_loop: dict[asyncio.AbstractEventLoop, list[Answer]] = defaultdict(list)
    by_tray: dict[Tray[Outcome | Exception], list[tuple[int, Outcome | Exception]]] = defaultdict(
        list
    )
    for job, outcome in answers:
        if job.waiter is not None:
            by_loop[job.waiter[0]].append((job, outcome))
        elif job.place is not None:
            by_tray[job.place[0]].append((job.place[1], outcome))
        elif job.future.done():
            continue
        elif isinstance(outcome, Exception):
            job.future.set_exception(outcome)
        else:
            job.future.set_result(outcome)
    for tray, put_down in by_tray.items():
        tray.put_down(put_down)
    for loop, own in by_loop.items():
        if loop is here:
            _settle(own)
            continue
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
