"""Sending rows: one writer's own connection, and what may come of a batch.

A batch is kept whole or not at all. A write is tried once. After StoreUnavailable it may have been
kept or not, and only its writer can tell, by looking for its own rows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NoReturn

import psycopg
from eventsourcing.persistence import DataError, IntegrityError

from ledger.log import insertion
from ledger.log.canonical import MAX_RECORD_BYTES
from ledger.log.database import (
    BoundedConnection,
    Datastore,
    StoreUnavailable,
    connect,
    unavailable_is_ours,
)
from ledger.log.recorder import Row, columns_of

LOG = logging.getLogger(__name__)
_REFUSALS: Final = (psycopg.IntegrityError, psycopg.DataError, IntegrityError, DataError)
"""As psycopg says it, and as the library does."""


class PositionTaken(Exception):
    """Another writer took one of these positions; nothing of this batch was kept."""


class NotStorable(ValueError):
    """A row that no table here can hold, such as one that is too long; nothing was kept."""


class Sender:
    """One writer's own connection: a batch is sent, and its answer is taken later.

    It connects at the first batch, and again after it was lost. Not to be shared between threads.
    """

    def __init__(self, conninfo: str, datastore: Datastore) -> None:
        self._conninfo = conninfo
        self._datastore = datastore
        self._conn: BoundedConnection | None = None

    def send(self, rows: Sequence[Row]) -> int:
        """Send all these rows as one transaction; return the descriptor its answer comes at.

        Raises what `Store.append` raises; take the answer before sending again.
        """
        ordered = in_order(rows)
        try:
            if self._conn is None:
                self._conn = connect(self._conninfo)
            insertion.send(self._conn, columns_of(ordered))
            return self._conn.fileno()
        except psycopg.Error as error:
            self._fail(error)

    @property
    def ready(self) -> bool:
        """Whether it is connected and has sent before, so that sending waits for nothing."""
        return self._conn is not None and bool(self._conn.prepared)

    def arrived(self) -> bool:
        """Tell without waiting whether the answer to what was sent is here, or never will be."""
        return self._conn is None or insertion.arrived(self._conn)

    def landed(self, *, seconds: float) -> None:
        """Wait for the answer to what was sent; then it is on disk. Raises as `append` does."""
        if self._conn is None:
            raise StoreUnavailable("er is niets onderweg.")
        try:
            insertion.landed(self._conn, seconds=seconds)
        except psycopg.Error as error:
            self._fail(error)
        if not self._conn.prepared:
            self._prepare(self._conn)

    def _prepare(self, conn: BoundedConnection) -> None:
        """Make the next batches cheaper; this one is on disk, whatever becomes of the wire."""
        try:
            insertion.prepare(conn)
        except psycopg.Error as error:
            LOG.warning("De verbinding om te schrijven viel weg: %s", error)
            self.close()

    def close(self) -> None:
        """Give back the connection; what is under way is left to the server."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _fail(self, error: psycopg.Error) -> NoReturn:
        """Name an error as the store does; a connection that nobody can tell of is of no use."""
        try:
            with refusals_are_ours(), unavailable_is_ours(self._datastore.pool):
                raise error
        except (StoreUnavailable, psycopg.Error):
            self.close()
            raise


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Return the rows in the order in which everybody stores them, or raise NotStorable.

    In one order everywhere, two writers of several chains never block each other.
    """
    for row in rows:
        if not 0 < len(row.data) <= MAX_RECORD_BYTES:
            raise NotStorable(
                f"Een record telt 1 tot en met {MAX_RECORD_BYTES} bytes; "
                f"dit record telt er {len(row.data)}."
            )
    return sorted(rows)  # a row begins with its chain and position


@contextmanager
def refusals_are_ours() -> Iterator[None]:
    """Tell a position that is taken from a row that no table can hold."""
    try:
        yield
    except _REFUSALS as error:
        # The library wraps what psycopg says; the cause knows more.
        cause = error if isinstance(error, psycopg.Error) else error.__cause__
        if isinstance(cause, psycopg.errors.UniqueViolation):
            raise PositionTaken("Een van deze posities is al bezet.") from error
        raise NotStorable(f"Dit record kan niet worden bewaard: {error}") from error
