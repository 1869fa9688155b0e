"""A batch: what waits is decided on tentative states, so that all of it can be stored at once.

Each act is decided on the state that the acts before it in the batch leave behind. A refusal costs
only its own act. Nothing decided here is true until the rows are committed: then the states are
kept and the answers given, otherwise the batch is forgotten and decided anew.

A refusal on a state that may lag behind other processes is doubtful: the writer catches those
chains up and decides again before it says no.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from ledger import catalogue, corrections, recording
from ledger.domain.chain import ChainState
from ledger.domain.values import Refused
from ledger.faults import FAULTS, BrokenLog
from ledger.log.store import Row, Store
from ledger.receipts import Receipt, consequences_of, first_receipt, receipt_of, stored_entries
from ledger.recording import Act, Entry, Recorded
from ledger.states import Kept, States
from ledger.waiting import Answer, Job, Outcome, Series

MAX_JOBS: Final = 256
MAX_ROWS: Final = 4096
MAX_BYTES: Final = 8 * 2**20

LOG = logging.getLogger(__name__)


class Batch:
    """The decisions on some jobs, in order, and the rows to store for them."""

    def __init__(self, store: Store, states: States, *, at: str) -> None:
        self._store = store
        self._states = states
        self._at = at
        self._size_bytes = 0
        self._tentative: dict[str, ChainState] = {}
        self._entries: dict[str, list[Entry]] = {}
        self._sizes: dict[str, int] = {}
        self._broken: dict[str, BrokenLog] = {}
        self._stopped: set[Series] = set()
        self.rows: list[Row] = []
        self.answers: list[Answer] = []
        self.doubtful: set[str] = set()

    @property
    def full(self) -> bool:
        """Whether the next job belongs in a batch of its own."""
        return (
            len(self.answers) >= MAX_JOBS
            or len(self.rows) >= MAX_ROWS
            or self._size_bytes >= MAX_BYTES
        )

    def decide(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Decide on these jobs in order until the batch is full; return those left over."""
        for number, job in enumerate(jobs):
            if self.full:
                return jobs[number:]
            self.answers.append((job, self._outcome(job)))
        return ()

    def based_on(self, chain: str) -> int:
        """Return how many records of a chain this batch knew of; -1 where they are unreadable."""
        return self._sizes.get(chain, -1)

    def grown(self) -> Iterator[Kept]:
        """Yield each chain's state after this batch, once its rows are committed."""
        for name, entries in self._entries.items():
            if entries:
                yield Kept(self._tentative[name], entries[-1].data)

    def commit_series(self) -> None:
        """Stop for good the series in which something was refused."""
        for series in self._stopped:
            series.stopped = True

    def _outcome(self, job: Job) -> Outcome | Exception:
        series = job.series
        if series is not None and (series.stopped or series in self._stopped):
            return None
        try:
            return self._decided(job, self._state(job.chain))
        except (Refused, BrokenLog, *FAULTS) as refusal:
            if isinstance(refusal, FAULTS):
                LOG.error("Een regel faalde in keten %s", job.chain, exc_info=refusal)
            self.doubtful.add(job.chain)
            if series is not None:
                self._stopped.add(series)
            return refusal

    def _state(self, chain: str) -> ChainState:
        broken = self._broken.get(chain)
        if broken is not None:
            raise broken
        if chain not in self._tentative:
            try:
                self._tentative[chain] = self._states.known(chain)
            except BrokenLog as error:
                self._broken[chain] = error
                raise
            self._entries[chain] = []
            self._sizes[chain] = self._tentative[chain].size
        return self._tentative[chain]

    def _decided(self, job: Job, state: ChainState) -> Outcome:
        if job.act is None:
            passed = recording.pass_time(state, at=self._at)
            self._add(passed)
            return consequences_of(passed.entries)
        recorded_at = state.acts.get(job.act.act)
        if recorded_at is not None:
            return self._first(job, job.act, recorded_at)
        read = partial(self._bytes_at, job.chain)
        recorded = corrections.record(state, job.act, at=self._at, read=read)
        self._add(recorded)
        receipt = receipt_of(recorded)
        job.offered = recorded.entries[-len(receipt.positions)].data
        return receipt

    def _first(self, job: Job, act: Act, position: int) -> Receipt:
        """Return what came of the same act earlier: in this batch, or in the store."""
        waiting = self._entries[job.chain]
        start = waiting[0].header.position if waiting else position + 1
        if position >= start:
            return first_receipt(act, waiting[position - start :], offered=job.offered)
        stored = stored_entries(self._store, job.chain, position)
        return first_receipt(act, stored, offered=job.offered)

    def _bytes_at(self, chain: str, position: int) -> bytes | None:
        """Return the bytes of a record, committed or decided in this batch; None if not there."""
        waiting = self._entries[chain]
        start = waiting[0].header.position if waiting else position + 1
        if position >= start:
            return waiting[position - start].data if position - start < len(waiting) else None
        return next((row.data for row in self._store.read(chain, start=position, limit=1)), None)

    def _add(self, recorded: Recorded) -> None:
        """Take an act's rows in."""
        name = recorded.chain.name
        self._tentative[name] = recorded.chain
        self._entries[name].extend(recorded.entries)
        for entry in recorded.entries:
            topic = catalogue.type_name(type(entry.event))
            self.rows.append(Row(name, entry.header.position, topic, entry.data))
            self._size_bytes += len(entry.data)
