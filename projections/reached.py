"""How far what readers are shown stands, on the very database that answers them.

The runner keeps the read models of the primary database; a reader may be answered by a streaming
replica of it, which is a little behind and can be far behind. A position that the primary has
reached says nothing there, so it is the replica that is asked. Rows and position change in one
transaction, so what the position says is there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from ledger.log.store import Store
from projections.progress import reached, reached_everywhere
from projections.runner import Runner

LOOK_SECONDS: Final = 0.05
"""How often a waiting reader looks whether the replica has come further."""


class Shown(Protocol):
    """What is asked about how far readers see; the runner itself where they read the primary."""

    def sizes(self) -> dict[str, int]:
        """Return how many records of each chain are shown."""

    def wait(self, chain: str, position: int, timeout_seconds: float) -> bool:
        """Wait until the record at a position is shown; False when that takes too long."""

    def ringing(
        self, chain: str, position: int, ring: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Ring, from any thread, when it is known without asking that a record is shown.

        That may never be known; who waits asks now and then as well.
        """

    def moved(self, timeout_seconds: float) -> bool:
        """Wait until something may have changed; False when that takes too long."""


class OnReplica:
    """How far a replica is; `runner` works on the primary and tells when there is more to come."""

    def __init__(self, replica: Store, runner: Runner) -> None:
        self._replica = replica
        self._runner = runner

    def sizes(self) -> dict[str, int]:
        """Return how many records of each chain the replica's read models hold."""
        with self._replica.connection() as lent:
            return reached_everywhere(lent)

    def wait(self, chain: str, position: int, timeout_seconds: float) -> bool:
        """Wait until the replica shows the record at a position; False when that takes too long."""
        end = time.monotonic() + timeout_seconds
        while self._size(chain) <= position:
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, LOOK_SECONDS))
        return True

    def ringing(
        self, _chain: str, _position: int, _ring: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Ring never: what the primary has, says nothing of the replica."""
        return nullcontext()

    def moved(self, timeout_seconds: float) -> bool:
        """Wait until the primary took something in, which the replica will then show."""
        return self._runner.moved(timeout_seconds)

    def _size(self, chain: str) -> int:
        with self._replica.connection() as lent:
            return reached(lent, chain)
