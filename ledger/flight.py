"""A flight: a batch that was sent to the store and not answered yet, and how that may end."""

from __future__ import annotations

from time import monotonic
from typing import Final, NamedTuple

import psycopg
from eventsourcing.persistence import PersistenceError

from ledger.batch import Batch
from ledger.log.database import BoundedConnection
from ledger.log.store import NotStorable, PositionTaken, StoreUnavailable

ANSWER_SECONDS: Final = BoundedConnection.answer_seconds
LEAST_SECONDS: Final = 0.1

STORING_FAILS: Final = (
    PositionTaken,
    NotStorable,
    StoreUnavailable,
    psycopg.Error,
    PersistenceError,
)
"""Every way in which storing a batch ends without it, or without anybody knowing."""


class Flight(NamedTuple):
    """A batch on its way to the disk: where its answer will be read, and since when it is."""

    batch: Batch
    answer: int
    since: float

    @property
    def seconds_left(self) -> float:
        """How long its answer may still take."""
        return max(LEAST_SECONDS, self.since + ANSWER_SECONDS - monotonic())

    @property
    def late(self) -> bool:
        """Whether its answer should have come."""
        return monotonic() - self.since > ANSWER_SECONDS
