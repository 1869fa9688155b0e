"""The clock of the demonstration: it stands where the story stands, and afterwards tells the time.

A demonstration that was recorded in one second has no history of what was known when. So the ledger
in which the story is told is given this clock, and every act is recorded at its own hour of the
story. That the clock was set is said wherever the demonstration is shown; its chain is marked a
demonstration for ever. Only `ketenledger demo` and tests make one: a server keeps the real time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from ledger.domain.values import moment
from ledger.ledger import utc_now


class StoryClock:
    """Tells the time, but for as long as it is set: then it stands still."""

    def __init__(self) -> None:
        self._set: datetime | None = None

    def __call__(self) -> datetime:
        return self._set or utc_now()

    @contextmanager
    def at(self, instant: str) -> Iterator[None]:
        """Stand at a moment within the block; the time it is where none is given."""
        self._set = moment(instant) if instant else None
        try:
            yield
        finally:
            self._set = None
