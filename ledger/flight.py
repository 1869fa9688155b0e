"""A flight: a batch that was sent to the store and not answered yet, and how that may end."""

from __future__ import annotations

import os
from time import monotonic
from typing import Final, NamedTuple

import psycopg
from eventsourcing.persistence import PersistenceError

from ledger.batch import Batch
from ledger.log.database import BoundedConnection
from ledger.log.store import NotStorable, PositionTaken, StoreUnavailable

ANSWER_SECONDS: Final = BoundedConnection.answer_seconds
LEAST_SECONDS: Final = 0.1
AWAKE_SECONDS: Final = 0.0005
"""How long at most somebody who records alone looks for an answer before sleeping for it."""
CORES: Final = len(os.sched_getaffinity(0))

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


def awake_seconds(*, usual_seconds: float, cores: int = CORES) -> float:
    """Return how long to look for an answer, given how long it takes of late; 0: sleep at once.

    Where it takes longer, looking costs much and gains little; on one core, who looks is in the
    way of who is looked for.
    """
    return AWAKE_SECONDS if usual_seconds < AWAKE_SECONDS and cores > 1 else 0.0
