"""A batch: what waits is decided on tentative states, so that all of it can be stored at once.

Each act is decided on the state that the acts before it in the batch leave behind. A refusal costs
only its own act. Nothing decided here is true until the rows are committed: then the states are
kept and the answers given, otherwise the batch is forgotten and decided anew. A batch may be built
upon one that is on its way to the store: where that fails, this one is forgotten as well.

A refusal on a state that may lag behind other processes is doubtful: the writer catches those
chains up and decides again before it says no.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from time import monotonic
from typing import Final

from ledger import catalogue, corrections, recording
from ledger.domain.chain import ChainState
from ledger.faults import FAULTS, NOT_DONE, BrokenLog
from ledger.log.store import Row, Store
from ledger.receipts import Receipt, consequences_of, first_receipt, receipt_of, stored_entries
from ledger.recording import Act, Entry, Recorded
from ledger.states import Kept, States
from ledger.waiting import Answer, Job, Outcome, Series

MAX_JOBS: Final = 256
MAX_ROWS: Final = 4096
MAX_BYTES: Final = 8 * 2**20

LOG = logging.getLogger(__name__)


class _Ahead:
    """One chain in a batch: its state so far, the size it began with, and what was decided."""

    __slots__ = ("entries", "size", "state")

    def __init__(self, state: ChainState) -> None:
        self.state = state
        self.size = state.size
        self.entries: list[Entry] = []


class Batch:
    """The decisions on some jobs, in order, and the rows to store for them."""

    def __init__(self, store: Store, states: States, *, upon: Batch | None = None) -> None:
        self._store = store
        self._states = states
        self._upon = upon
        self._at = ""
        self.begun = monotonic()
        self.size_bytes = 0
        self._chains: dict[str, _Ahead] = {}
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
            or self.size_bytes >= MAX_BYTES
        )

    def decide(self, jobs: Sequence[Job], *, at: str) -> Sequence[Job]:
        """Decide on these jobs in order until the batch is full; return those left over.

        `at` is the moment, an Instant not before the one at which the last of them was put.
        """
        self._at = at
        for number, job in enumerate(jobs):
            if self.full:
                return jobs[number:]
            self.answers.append((job, self._outcome(job)))
        return ()

    @property
    def jobs(self) -> list[Job]:
        """The jobs it decided on."""
        return [job for job, _ in self.answers]

    @property
    def claimed(self) -> list[Job]:
        """The jobs among them that nobody can withdraw any more."""
        return [job for job, _ in self.answers if job.claimed]

    def landed(self) -> None:
        """What this batch was built upon is in the store now, and found there."""
        self._upon = None

    def based_on(self, chain: str) -> int:
        """Return how many records of a chain this batch knew of; -1 where they are unreadable."""
        ahead = self._chains.get(chain)
        return -1 if ahead is None else ahead.size

    def grown(self) -> Iterator[Kept]:
        """Yield each chain's state after this batch, once its rows are committed."""
        for ahead in self._chains.values():
            if ahead.entries:
                yield Kept(ahead.state, ahead.entries[-1].data)

    def commit_series(self) -> None:
        """Stop for good the series in which something was refused."""
        for series in self._stopped:
            series.stopped = True

    def _outcome(self, job: Job) -> Outcome | Exception:
        series = job.series
        if series is not None and self._stopped_by_now(series):
            return None
        try:
            return self._decided(job, self._chains.get(job.chain) or self._begun(job.chain))
        except NOT_DONE as refusal:
            if isinstance(refusal, FAULTS):
                LOG.error("Een regel faalde in keten %s", job.chain, exc_info=refusal)
            self.doubtful.add(job.chain)
            if series is not None:
                self._stopped.add(series)
            return refusal

    def _stopped_by_now(self, series: Series) -> bool:
        before = self._upon is not None and series in self._upon._stopped
        return series.stopped or series in self._stopped or before

    def _begun(self, chain: str) -> _Ahead:
        """Take a chain in, as it is where this batch begins."""
        broken = self._broken.get(chain)
        if broken is not None:
            raise broken
        before = self._upon._chains.get(chain) if self._upon is not None else None
        try:
            state = before.state if before is not None else self._states.known(chain)
        except BrokenLog as error:
            self._broken[chain] = error
            raise
        ahead = self._chains[chain] = _Ahead(state)
        return ahead

    def _decided(self, job: Job, ahead: _Ahead) -> Outcome:
        state = ahead.state
        if job.act is None:
            passed = recording.pass_time(state, at=self._at)
            self._add(passed, ahead)
            return consequences_of(passed.entries)
        recorded_at = state.acts.get(job.act.act)
        if recorded_at is not None:
            return self._first(job, job.act, recorded_at)
        read = partial(self._bytes_at, job.chain)
        recorded = corrections.record(state, job.act, at=self._at, read=read)
        self._add(recorded, ahead)
        receipt = receipt_of(recorded)
        job.offered = recorded.entries[-len(receipt.positions)].data
        return receipt

    def _first(self, job: Job, act: Act, position: int) -> Receipt:
        """Return what came of the same act earlier: in this batch, in the one before, or stored."""
        waiting = self._waiting(job.chain, position)
        if waiting:
            return first_receipt(act, waiting, offered=job.offered)
        stored = stored_entries(self._store, job.chain, position)
        return first_receipt(act, stored, offered=job.offered)

    def _bytes_at(self, chain: str, position: int) -> bytes | None:
        """Return the bytes of a record, committed or decided in this batch; None if not there."""
        waiting = self._waiting(chain, position)
        if waiting:
            return waiting[0].data
        return next((row.data for row in self._store.read(chain, start=position, limit=1)), None)

    def _waiting(self, chain: str, position: int) -> list[Entry]:
        """Return the entries from a position on that are not known to be stored yet."""
        ahead = self._chains.get(chain)
        own = [] if ahead is None else ahead.entries
        start = own[0].header.position if own else position + 1
        if position >= start:
            return own[position - start :]
        return self._upon._waiting(chain, position) if self._upon is not None else []

    def _add(self, recorded: Recorded, ahead: _Ahead) -> None:
        """Take an act's rows in."""
        ahead.state = recorded.chain
        ahead.entries += recorded.entries
        name = recorded.chain.name
        for entry in recorded.entries:
            topic = catalogue.type_name(type(entry.event))
            self.rows.append(Row(name, entry.header.position, topic, entry.data))
            self.size_bytes += len(entry.data)
