"""The runner: takes what was recorded into the read models, each record exactly once.

A batch is one transaction: the next records of a chain, the rows they change, the new position.
Any number of processes may run it; each batch of a chain is made by one of them. Whatever breaks
halfway leaves no trace, and the next batch starts where the last finished one ended.

The runner is woken when a chain grows: by the writer of its own process at once, by others through
the database. It looks for itself now and then, since a wake-up may be missed. A record that comes
alone is taken in alone; while many come, a short rest between batches makes each of them larger.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Self

import psycopg
from eventsourcing.persistence import IntegrityError

from ledger.bell import Bell
from ledger.faults import BrokenLog
from ledger.log.database import Datastore
from ledger.log.store import Store, StoreUnavailable
from projections import folding, rebuild
from projections.arrivals import Arrivals
from projections.folding import Folding
from projections.models import MODELS
from projections.progress import Progress, Turn, read_on
from projections.rebuild import Report, migrate

__all__ = ["Runner", "migrate"]

LOG = logging.getLogger(__name__)

BATCH: Final = 1000
POLL_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 1.0
STOP_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.05
"""How often a waiting reader looks whether another process has moved the read models."""
MAX_FOLDINGS: Final = 64
MANY: Final = 8
"""Who takes in so many at once, is under load."""
REST_SECONDS: Final = 0.008
"""How long is rested under load: most of what a small batch costs is the same for a large one."""


class Runner:
    """Keeps the read models up with the record; one per process.

    `start` and `stop` run it beside other work; `catch_up` does the same work at once. A chain
    whose log cannot be read is left where it is (`broken` says why); the others go on.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._store = Store(conninfo, pool_size=1)
        self._datastore = Datastore(conninfo, pool_size=2)
        self._progress = Progress(self._datastore)
        self._foldings: dict[str, Folding] = {}
        self._arrivals = Arrivals()
        self._told: dict[str, int] = {}
        self._telling = threading.Lock()
        self._bell = Bell()
        self._next_look = 0.0
        self._working = threading.Lock()
        self._moved = threading.Condition()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        self.broken: dict[str, BrokenLog] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def start(self) -> None:
        """Follow all chains in a thread of its own, until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="read models", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch in hand and end the thread."""
        self._stopping.set()
        self._bell.ring()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            self._thread = None

    def close(self) -> None:
        """Stop, and give back the connections."""
        self.stop()
        self._store.close()
        self._datastore.close()
        self._bell.close()

    @property
    def running(self) -> bool:
        """Whether the thread is at work; if not, `failure` says why."""
        return self._thread is not None and self._thread.is_alive()

    def catch_up(self, chain: str | None = None) -> int:
        """Take in all that was recorded, of one chain or of all; return how many records.

        Raises StoreUnavailable, BrokenLog where a record cannot be read, or ReadModelsDiffer where
        the tables are of another version.
        """
        return sum(map(self._whole, self._behind(chain)))

    def grown(self, sizes: Mapping[str, int]) -> None:
        """Be told by the writer of this process that chains have grown; returns at once."""
        with self._telling:
            self._told.update(sizes)
        self._bell.ring()

    def sizes(self) -> dict[str, int]:
        """Return how many records of each chain were taken in."""
        found = self._progress.all()
        self._arrivals.note(found)
        return found

    def wait(self, chain: str, position: int, timeout_seconds: float) -> bool:
        """Wait until the record at a position was taken in; False when that takes too long."""
        end = time.monotonic() + timeout_seconds
        arrived = threading.Event()
        with self.ringing(chain, position, arrived.set):
            while not arrived.is_set():
                self._arrivals.note({chain: self._progress.one(chain)})
                left = end - time.monotonic()
                if not arrived.wait(max(0.0, min(left, LOOK_SECONDS))) and left <= 0:
                    return False
        return True

    def ringing(
        self, chain: str, position: int, ring: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Ring when this process knows the record at a position to be taken in, at once if so."""
        return self._arrivals.ringing(chain, position, ring)

    def moved(self, timeout_seconds: float) -> bool:
        """Wait until this process took something in; False when that takes too long."""
        with self._moved:
            return self._moved.wait(timeout_seconds)

    def rebuild(self, name: str | None = None, report: Report | None = None) -> list[str]:
        """Build a read model (None: all) anew beside the live one; return the names.

        `report` is told how many records of how many were taken in.
        """
        return rebuild.rebuild(self._conninfo, name, report)

    def _behind(self, chain: str | None) -> list[str]:
        """Return the chains that have records which were not taken in."""
        done = self.sizes()
        sizes = self._store.sizes() if chain is None else {chain: self._store.size(chain)}
        return [name for name, size in sizes.items() if size > done.get(name, 0)]

    def _whole(self, chain: str) -> int:
        """Take in all that a chain has; return how many records."""
        total, more = 0, True
        while more:
            taken, more = self._batch(chain, wait=True)
            total += taken
        return total

    def _batch(self, chain: str, *, wait: bool) -> tuple[int, bool]:
        """Take in the next records of a chain; return how many, and whether there may be more.

        There are none for us where another process is at work on the chain.
        """
        with (
            self._working,
            self._ours(chain) as own,
            self._progress.batch(chain, wait=wait) as turn,
        ):
            if turn is None:
                return 0, False
            turn.require_same(MODELS.values())
            rows = read_on(turn.cursor, chain, turn.size, BATCH)
            taken = self._taken(own, turn, rows) if rows else 0
        self._arrivals.note({chain: turn.size + taken})
        if taken:
            with self._moved:
                self._moved.notify_all()
        # Less than was asked for is all there is, unless something stood in the way.
        return taken, taken == BATCH or taken < len(rows)

    def _taken(self, own: Folding, turn: Turn, rows: Sequence[tuple[int, bytes]]) -> int:
        if own.position != turn.size - 1:
            own.forget()
        try:
            taken = own.take(turn.cursor, rows)
        except psycopg.DataError as error:
            raise BrokenLog(own.chain, turn.size, f"of kort daarna: {error}") from error
        self._progress.keep(turn.cursor, own.chain, turn.size + taken)
        return taken

    @contextmanager
    def _ours(self, chain: str) -> Iterator[Folding]:
        """Lend the folding of a chain; what a failed batch made of it is thrown away."""
        own = self._foldings.pop(chain, None) or folding.everything(chain)
        yield own
        self._foldings[chain] = own
        if len(self._foldings) > MAX_FOLDINGS:
            self._foldings.pop(next(iter(self._foldings)))

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._listen()
        except BaseException as error:
            self.failure = error
            LOG.exception("the read models have stopped")
            raise

    def _attempt(self, chain: str) -> int:
        """Take in the next records of a chain; where it has more, it comes again after the others.

        A log that is broken costs the others nothing, and is told once. Return how many records
        were taken in.
        """
        if chain in self.broken:
            return 0
        try:
            taken, more = self._batch(chain, wait=False)
        except BrokenLog as error:
            LOG.error("the read models leave this chain: %s", error)
            self.broken[chain] = error
            return 0
        if more:
            self.grown({chain: self._arrivals.size(chain) + 1})
        return taken

    def _to_follow(self, chain: str, size: int) -> list[str]:
        """Return the chains that have more than was taken in, as was heard or as is looked up.

        "" for a chain means that nothing was heard by way of the database.
        """
        with self._telling:
            told, self._told = self._told, {}
        if chain:
            told[chain] = max(size, told.get(chain, 0))
        if not told or time.monotonic() > self._next_look:
            self._next_look = time.monotonic() + POLL_SECONDS
            return self._behind(None)
        return [name for name, heard in told.items() if heard > self._arrivals.size(name)]

    def _listen(self) -> None:
        try:
            for chain, size in self._store.hear(POLL_SECONDS, self._bell):
                if self._stopping.is_set():
                    return
                taken = sum(map(self._attempt, self._to_follow(chain, size)))
                if taken >= MANY:
                    self._stopping.wait(REST_SECONDS)
        except StoreUnavailable as error:
            LOG.warning("the read models wait for the database: %s", error)
            self._stopping.wait(PAUSE_SECONDS)
        except IntegrityError:
            # Another process was ahead of us with the same batch; it stands.
            LOG.info("another process took this batch in")
