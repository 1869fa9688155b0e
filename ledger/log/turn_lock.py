"""A turn in a chain: a lock in the database, for which processes queue in the order of asking.

    ask(chain)          in the queue, on a connection of its own
    granted()           it is one's turn, or that took too long
    others_wait()       whether somebody stands in the queue behind
    give_back()

It protects nothing, (chain, position) does; it only spares processes that all write much in one
chain from deciding on what another is about to change. So whoever never asked may write on, and
hears with its notifications in which chains somebody has a turn (`telling.py`).

The lock belongs to a transaction that stays open: it ends with the process or its connection, and
the server ends a transaction in which nothing was asked for some seconds. Chains that happen to
share a number share a turn.
"""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from zlib import crc32

import psycopg
from psycopg import errors, generators
from psycopg.pq import ExecStatus

from ledger.log.database import (
    BoundedConnection,
    StoreUnavailable,
    connect,
    milliseconds,
    unavailable_is_ours,
)

SPACE: Final = 0x6B657465
"""What our locks have in common among all advisory locks of the database."""
WAIT_SECONDS: Final = 2.0
"""How long the server lets somebody stand in the queue."""
SILENT_SECONDS: Final = 5.0
"""After how long without a word the server takes a turn away."""

BOUNDS = """
    SELECT
        set_config('lock_timeout', %(wait)s, false),
        set_config('idle_in_transaction_session_timeout', %(silent)s, false)
"""

LOCK = b"SELECT pg_advisory_xact_lock($1::int4, $2::int4)"

OTHERS = """
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND classid = %(space)s::oid AND objid = %(key)s::oid
            AND objsubid = 2 AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS wait
"""


def key_of(chain: str) -> int:
    """Return the number of a chain's lock, from 0 and below 2^31."""
    return crc32(chain.encode()) & 0x7FFFFFFF


class TurnLock:
    """One process's turns, one at a time. Not to be shared between threads.

    Everything raises StoreUnavailable, and then nothing is asked for or held any more.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._conn: BoundedConnection | None = None
        self._key = 0

    def ask(self, chain: str) -> int:
        """Stand in the queue; return the descriptor at which the answer comes."""
        with self._used() as conn:
            self._key = key_of(chain)
            conn.execute("BEGIN")
            numbers: list[bytes | None] = [b"%d" % SPACE, b"%d" % self._key]
            conn.pgconn.send_query_params(LOCK, numbers)
            conn.wait(generators.send(conn.pgconn))
            return conn.fileno()

    def answered(self) -> bool:
        """Tell, without waiting, whether there is an answer."""
        with self._used() as conn:
            return bool(select.select([conn], [], [], 0)[0])

    def granted(self) -> bool:
        """Take the answer: whether it is one's turn. If not, one is out of the queue."""
        with self._used() as conn:
            results = conn.wait(generators.fetch_many(conn.pgconn))
            if all(result.status == ExecStatus.TUPLES_OK for result in results):
                return True
            conn.execute("ROLLBACK")
            error = errors.error_from_result(results[-1])
            if isinstance(error, errors.LockNotAvailable):
                return False
            raise error

    def others_wait(self) -> bool:
        """Tell whether somebody waits for this turn to end."""
        with self._used() as conn:
            row = conn.execute(OTHERS, {"space": SPACE, "key": self._key}).fetchone()
            return row is not None and bool(row["wait"])

    def give_back(self) -> None:
        """Let the next one in the queue have its turn."""
        with self._used() as conn:
            conn.execute("ROLLBACK")

    def close(self) -> None:
        """Give up what is asked for or held."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    @contextmanager
    def _used(self) -> Iterator[BoundedConnection]:
        """Lend the connection, made at the first use; what fails ends it, and the turn with it."""
        try:
            with unavailable_is_ours():
                if self._conn is None:
                    self._conn = connect(self._conninfo)
                    bounds = {
                        "wait": milliseconds(WAIT_SECONDS),
                        "silent": milliseconds(SILENT_SECONDS),
                    }
                    self._conn.execute(BOUNDS, bounds)
                yield self._conn
        except StoreUnavailable:
            self.close()
            raise
        except psycopg.Error as error:
            self.close()
            raise StoreUnavailable(str(error)) from error
