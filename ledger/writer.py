"""The writer: one thread that records what waits, many acts in one transaction.

    waiting jobs -> decided on tentative states -> one INSERT ... COMMIT -> receipts

An outcome is given only after the commit it rests on. Where another process took a position, the
tails of the chains are read and the same jobs decided again. Where the database went away in the
middle, nobody knows whether the rows were kept: the chains are read again, acts that are found are
done, the others are tried again. Every act therefore has a key before its first try. After some
seconds the callers are told instead; a repeat with the same key then gives the one true answer.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from time import monotonic
from typing import Final
from uuid import uuid4

import psycopg
from eventsourcing.persistence import PersistenceError
from msgspec.structs import replace

from ledger.batch import MAX_JOBS, Batch
from ledger.domain.values import instant
from ledger.faults import BrokenLog
from ledger.log.store import NotStorable, PositionTaken, Store, StoreUnavailable
from ledger.notices import Notices
from ledger.recording import Act
from ledger.states import States
from ledger.waiting import MAX_WAITING, Job, Outcome, Overloaded, Series, Waiting, answer

RECOVERY_SECONDS: Final = 10.0
"""How long a batch is tried again while the database is away."""

FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0
MAX_RACES: Final = 200
"""How often one batch may lose its positions to other processes."""

LOG = logging.getLogger(__name__)


class Writer:
    """The one thread of this process that writes; callers come from threads or event loops."""

    def __init__(
        self,
        store: Store,
        states: States,
        notices: Notices,
        *,
        clock: Callable[[], datetime],
        max_waiting: int = MAX_WAITING,
        recovery_seconds: float = RECOVERY_SECONDS,
    ) -> None:
        self._recovery_seconds = recovery_seconds
        self._store = store
        self._states = states
        self._notices = notices
        self._clock = clock
        self._waiting = Waiting(max_waiting=max_waiting)
        self._stopping = threading.Event()
        self._in_hand: Sequence[Job] = ()
        self._thread = threading.Thread(target=self._run, name="ketenledger-writer", daemon=True)
        self._thread.start()

    def submit(
        self, chain: str, act: Act | None, *, series: Series | None = None
    ) -> Future[Outcome]:
        """Ask to record an act (None: let time pass); the outcome comes after the commit.

        Raises Overloaded. Cancelling succeeds as long as nothing was tried.
        """
        job = Job(chain, _with_key(act), series=series)
        self._waiting.put(job)
        return job.future

    async def submit_async(self, chain: str, act: Act | None, *, timeout_seconds: float) -> Outcome:
        """Ask to record an act and await the outcome, from an event loop."""
        loop = asyncio.get_running_loop()
        job = Job(chain, _with_key(act))
        waiter: asyncio.Future[Outcome] = loop.create_future()
        job.waiter = (loop, waiter)
        self._waiting.put(job)
        try:
            async with asyncio.timeout(timeout_seconds):
                return await waiter
        except TimeoutError:
            raise given_up(job.future, timeout_seconds) from None
        except asyncio.CancelledError:
            job.future.cancel()
            raise

    @property
    def running(self) -> bool:
        """Whether the thread that records is alive."""
        return self._thread.is_alive()

    def close(self, timeout_seconds: float) -> None:
        """Take no more acts, record what waits, and stop; what is left over is told so."""
        self._waiting.close()
        self._thread.join(timeout_seconds)
        self._stopping.set()
        answer([(job, _closing()) for job in self._waiting.take_all()])
        self._thread.join(LONGEST_PAUSE_SECONDS)

    def _run(self) -> None:
        try:
            while jobs := (self._in_hand or self._waiting.take(MAX_JOBS)):
                self._in_hand = jobs
                self._in_hand = self._record(jobs)
        finally:
            # Only a fault in this program leads here with work in hand; nobody may wait for ever.
            self._waiting.close()
            left = (*self._in_hand, *self._waiting.take_all())
            answer([(job, StoreUnavailable("de schrijver is gestopt.")) for job in left])

    def _record(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Record one batch of these jobs to the end; return the jobs that did not fit in it."""
        deadline = monotonic() + self._recovery_seconds
        pause = FIRST_PAUSE_SECONDS
        for _ in range(MAX_RACES):
            try:
                return self._attempt(jobs)
            except PositionTaken:
                self._states.doubt({job.chain for job in jobs})
            except NotStorable as error:
                return self._one_by_one(jobs, error)
            except StoreUnavailable as error:
                self._states.doubt()
                if monotonic() >= deadline or self._stopping.wait(pause):
                    return self._give_up(jobs, error)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            except (psycopg.Error, PersistenceError) as error:
                LOG.exception("De database weigert te bewaren")
                return self._give_up(jobs, StoreUnavailable(str(error)))
        return self._refuse(jobs, Overloaded("Andere processen schrijven te veel in deze ketens."))

    def _attempt(self, jobs: Sequence[Job]) -> Sequence[Job]:
        batch, left = self._decided(jobs)
        if batch.rows:
            self._store.append(batch.rows)
        grown = list(batch.grown())
        for kept in grown:
            self._states.keep(kept)
        batch.commit_series()
        answer(batch.answers)
        if grown:
            self._notices.tell({kept.state.name: kept.state.size for kept in grown})
        return left

    def _decided(self, jobs: Sequence[Job]) -> tuple[Batch, Sequence[Job]]:
        """Decide on the jobs; nothing is refused on a state that lags behind other processes."""
        checked: set[str] = set()
        while True:
            batch = Batch(self._store, self._states, at=instant(self._clock()))
            left = batch.decide(jobs)
            unsure = batch.doubtful - checked
            if not [chain for chain in sorted(unsure) if self._grew(chain, batch.based_on(chain))]:
                return batch, left
            checked |= unsure

    def _grew(self, chain: str, size: int) -> bool:
        try:
            return self._states.caught_up(chain).size > size
        except BrokenLog:
            return False

    def _one_by_one(self, jobs: Sequence[Job], error: NotStorable) -> Sequence[Job]:
        """Find the job whose record no table can hold; the others are recorded."""
        if len(jobs) == 1:
            return self._refuse(jobs, error)
        for job in jobs:
            self._record([job])
        return ()

    def _give_up(self, jobs: Sequence[Job], error: StoreUnavailable) -> Sequence[Job]:
        """Tell these callers that nobody knows, and those who wait that it makes no sense now."""
        return self._refuse((*jobs, *self._waiting.take_all()), error)

    def _refuse(self, jobs: Sequence[Job], error: Exception) -> Sequence[Job]:
        answer([(job, error) for job in jobs])
        return ()


def given_up(future: Future[Outcome], timeout_seconds: float) -> Exception:
    """Return what a caller that waited too long is told; its act is withdrawn if still possible."""
    if future.cancel():
        return Overloaded("De handeling kwam niet op tijd aan de beurt en is niet vastgelegd.")
    return StoreUnavailable(
        f"geen antwoord binnen {timeout_seconds:g} seconden; herhaal met hetzelfde kenmerk."
    )


def _with_key(act: Act | None) -> Act | None:
    """Give an act its key before the first try, so that it is recognised afterwards."""
    return replace(act, act=uuid4().hex) if act is not None and not act.act else act


def _closing() -> Overloaded:
    return Overloaded("Het register wordt afgesloten; de handeling is niet vastgelegd.")
