"""How far what readers are shown stands, on the very database that answers them.

The runner keeps the read models of the primary database; a reader may be answered by a streaming
replica of it, which is a little behind and can be far behind. A position that the primary has
reached says nothing there, so it is the replica that is asked. Rows and position change in one
transaction, so what the position says is there.
"""

from __future__ import annotations

import time
from typing import Final, Protocol

from psycopg.rows import tuple_row

from ledger.log.store import Store
from projections.progress import reached_everywhere
from projections.runner import Runner
from projections.views import Conn

LOOK_SECONDS: Final = 0.05
"""How often a waiting reader looks whether the replica has come further."""

REACHED = "SELECT notification_id FROM read_progress WHERE application_name = %(chain)s"


class Shown(Protocol):
    """What is asked about how far readers see; the runner itself where they read the primary."""

    def sizes(self) -> dict[str, int]:
        """Return how many records of each chain are shown."""

    def wait(self, chain: str, position: int, timeout_seconds: float) -> bool:
        """Wait until the record at a position is shown; False when that takes too long."""

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

    def moved(self, timeout_seconds: float) -> bool:
        """Wait until the primary took something in, which the replica will then show."""
        return self._runner.moved(timeout_seconds)

    def _size(self, chain: str) -> int:
        with self._replica.connection() as lent:
            return shown(lent, chain)


def shown(connection: Conn, chain: str) -> int:
    """Return how many records of a chain are shown to who asks on this connection."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(REACHED, {"chain": chain}).fetchone()
    return 0 if row is None else int(row[0])
