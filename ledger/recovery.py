"""Recovery: what becomes of acts that could not be stored, one careful batch at a time.

    lost its positions  -> the tails of the chains are read, and half as many decided again
    cannot be stored    -> one by one, until it is found which of them no table can hold
    database away       -> the chains are held against their logs, and all is tried again for a time

Nobody is left without an answer: what cannot be recorded is told so.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

from ledger.batch import Batch
from ledger.deciding import Decider
from ledger.flight import STORING_FAILS
from ledger.log.store import NotStorable, PositionTaken, Store, StoreUnavailable
from ledger.states import States
from ledger.waiting import Job, Overloaded, Waiting, answer

RECOVERY_SECONDS: Final = 10.0
"""How long a batch is tried again while the database is away."""
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0
MAX_RACES: Final = 200
"""How often one batch may lose its positions to other processes."""

LOG = logging.getLogger(__name__)


class Recovery:
    """Records for the writer what failed; `done` is called with each batch that is on disk."""

    def __init__(
        self,
        store: Store,
        states: States,
        *,
        decider: Decider,
        waiting: Waiting,
        done: Callable[[Batch], None],
        seconds: float,
    ) -> None:
        self._store = store
        self._states = states
        self._decider = decider
        self._waiting = waiting
        self._done = done
        self._seconds = seconds
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Wait no longer for a database that is away."""
        self._stopping.set()

    def record(self, jobs: Sequence[Job], error: Exception) -> Sequence[Job]:
        """Record these jobs after an attempt that failed; return those that fit in no batch yet."""
        deadline = monotonic() + self._seconds
        pause, few = FIRST_PAUSE_SECONDS, len(jobs)
        for _ in range(MAX_RACES):
            if isinstance(error, PositionTaken):
                self._states.doubt({job.chain for job in jobs})
                # Who decides on less is sooner: of two, no one loses for ever.
                few = max(1, few // 2)
            elif isinstance(error, NotStorable):
                return self._one_by_one(jobs, error)
            elif isinstance(error, StoreUnavailable):
                self._states.doubt()
                if monotonic() >= deadline or self._stopping.wait(pause):
                    return self._give_up(jobs, error)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                LOG.error("De database weigert te bewaren", exc_info=error)
                return self._give_up(jobs, StoreUnavailable(str(error)))
            try:
                return (*self._attempt(jobs[:few]), *jobs[few:])
            except STORING_FAILS as again:
                error = again
        return _refuse(jobs, Overloaded("Andere processen schrijven te veel in deze ketens."))

    def _attempt(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Decide on these jobs and store what that gives; return those that did not fit."""
        batch, left = self._decider.sure(self._decider.decided(jobs), jobs)
        if batch.rows:
            self._store.append(batch.rows)
        self._done(batch)
        return left

    def _one_by_one(self, jobs: Sequence[Job], error: NotStorable) -> Sequence[Job]:
        """Find the job whose record no table can hold; the others are recorded."""
        if len(jobs) == 1:
            return _refuse(jobs, error)
        for job in jobs:
            try:
                self._attempt([job])
            except STORING_FAILS as again:
                self.record([job], again)
        return ()

    def _give_up(self, jobs: Sequence[Job], error: StoreUnavailable) -> Sequence[Job]:
        """Tell these callers that nobody knows, and those who wait that it makes no sense now."""
        return _refuse((*jobs, *self._waiting.take_all()), error)


def _refuse(jobs: Sequence[Job], error: Exception) -> Sequence[Job]:
    answer([(job, error) for job in jobs])
    return ()
