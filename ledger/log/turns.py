"""Turns: while one process has the turn in a chain, others that write it too wait for theirs.

A turn is a lock of the session, given in the order of asking. It guards nothing: of two that want
the same position one gets it, with or without. It only spares both the work of losing. So nobody
waits long for it, and who does not get it goes on without.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import psycopg

from ledger.log.database import BoundedConnection, StoreUnavailable, connect

WAIT_SECONDS: Final = 1.0
"""How long a turn is waited for: many times what a batch takes, and less than anybody notices."""

# Names are put in a number space of their own; two that meet there only wait for one another.
TAKE = """
    SELECT count(pg_advisory_lock(hashtextextended(given.chain, 52)))
    FROM unnest(%(chains)s::text[]) AS given (chain)
"""
GIVE_BACK = "SELECT pg_advisory_unlock_all()"
WAIT = "SELECT set_config('lock_timeout', %(milliseconds)s, false)"

LOG = logging.getLogger(__name__)


class Turns:
    """One writer's own connection to wait on; it connects at the first turn."""

    def __init__(self, conninfo: str, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._conninfo = conninfo
        self._wait_milliseconds = max(1, round(wait_seconds * 1000))
        self._conn: BoundedConnection | None = None

    def take(self, chains: Sequence[str]) -> bool:
        """Wait for the turn in these chains; False where it did not come in time."""
        try:
            if self._conn is None:
                self._conn = connect(self._conninfo)
                self._conn.execute(WAIT, {"milliseconds": str(self._wait_milliseconds)})
            # In one order everywhere, nobody waits for somebody who waits for them.
            self._conn.execute(TAKE, {"chains": sorted(chains)}, prepare=True)
        except psycopg.errors.LockNotAvailable:
            return False
        except (psycopg.Error, StoreUnavailable) as error:
            LOG.warning("Niet op de beurt gewacht: %s", error)
            self.close()
            return False
        return True

    def give_back(self) -> None:
        """Let the next one have its turn."""
        try:
            if self._conn is not None:
                self._conn.execute(GIVE_BACK, prepare=True)
        except psycopg.Error as error:
            LOG.warning("De beurt is met de verbinding teruggegeven: %s", error)
            self.close()

    def close(self) -> None:
        """Give back the connection, and with it the turn."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
