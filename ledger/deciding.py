"""Deciding on jobs so that what comes of it may be stored: never on a state that lags behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ledger.batch import Batch
from ledger.domain.values import instant
from ledger.faults import BrokenLog
from ledger.log.store import Store
from ledger.states import States
from ledger.waiting import Job


class Decider:
    """Decides for the writer, and reads on where other processes wrote."""

    def __init__(self, store: Store, states: States, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._states = states
        self._clock = clock

    def now(self) -> str:
        """Return the moment it is, as it is recorded."""
        return instant(self._clock())

    def decided(self, jobs: Sequence[Job]) -> Batch:
        """Return the decisions on these jobs, on the states as far as they are known here."""
        batch = Batch(self._store, self._states)
        batch.decide(jobs, at=self.now())
        return batch

    def sure(self, batch: Batch, jobs: Sequence[Job]) -> tuple[Batch, Sequence[Job]]:
        """Return the batch to store for these jobs, and the jobs that did not fit in it.

        Where a job was withdrawn meanwhile, all are decided anew. Nothing is refused on a state
        that lags behind other processes.
        """
        if batch.jobs != jobs[: len(batch.answers)]:
            batch = self.decided(jobs)
        checked: set[str] = set()
        while True:
            unsure = batch.doubtful - checked
            if not [chain for chain in sorted(unsure) if self.grew(chain, batch.based_on(chain))]:
                return batch, jobs[len(batch.answers) :]
            checked |= unsure
            batch = self.decided(jobs)

    def grew(self, chain: str, size: int) -> bool:
        """Read on in a chain; tell whether it has more records than so many."""
        try:
            return self._states.caught_up(chain).size > size
        except BrokenLog:
            return False
