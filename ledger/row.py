"""A row: acts that one caller records in order, many of them under way at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from ledger.domain.values import Refused
from ledger.receipts import Receipt
from ledger.recording import Act
from ledger.tray import Tray
from ledger.waiting import Job, Outcome, Overloaded, Series
from ledger.writer import Writer

UNDER_WAY: Final = 1024
"""How many acts of one row wait at the same time; the queue is for others too."""


ANSWERS: Final = (Receipt, Refused)
"""What comes of an act; anything else that comes is why nobody can tell."""


class Row:
    """Hands in acts of one chain, and gives back what came of them in the same order.

    Each outcome is waited for at most so many seconds; after that the row ends with Overloaded or
    StoreUnavailable, as a single act does.
    """

    def __init__(
        self, writer: Writer, chain: str, series: Series | None, timeout_seconds: float
    ) -> None:
        self._writer = writer
        self._chain = chain
        self._series = series
        self._timeout_seconds = timeout_seconds
        self._tray: Tray[Outcome | Exception] = Tray()
        self._jobs: deque[Job] = deque()

    def hand_in(self, act: Act) -> Iterator[Receipt | Refused]:
        """Ask to record one more act; yield the outcomes that are there, or that make room."""
        while (job := self._handed_in(act)) is None:
            # Only one's own outcomes make room that one can wait for.
            yield from self._next()
        self._jobs.append(job)
        while self._tray.ready or len(self._jobs) >= UNDER_WAY:
            yield from self._next()

    def _handed_in(self, act: Act) -> Job | None:
        """Return the job of an act; None where the queue is full, with acts of this row in it."""
        try:
            return self._writer.submit_in_row(
                self._chain, act, series=self._series, tray=self._tray
            )
        except Overloaded:
            if not self._jobs:
                raise
            return None

    def rest(self) -> Iterator[Receipt | Refused]:
        """Yield all outcomes that are still to come."""
        while self._jobs:
            yield from self._next()

    def _next(self) -> Iterator[Receipt | Refused]:
        job = self._jobs.popleft()
        try:
            outcome = self._tray.take(self._timeout_seconds)
        except TimeoutError:
            raise self._writer.withdraw(job, self._timeout_seconds) from None
        if isinstance(outcome, ANSWERS):
            yield outcome
        elif isinstance(outcome, Exception):
            raise outcome
