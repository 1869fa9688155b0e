"""The store: rows of a chain in, rows of a chain out, exactly as they were.

A chain's rows are numbered from 0 without gaps; (chain, position) is taken once. So two writers
that want the same position cannot both have it: the other gets PositionTaken, reads the tail again
and decides anew. A batch is kept whole or not at all.

A write is tried once. After StoreUnavailable it may have been kept or not, and only its writer can
tell, by looking for its own rows. A read is tried a second time where an idle connection had died.

Nobody waits for a notification inside a write: it is sent after the commit, and may be missed.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Self, TypeVar

import psycopg
from eventsourcing.persistence import EventStore
from psycopg.rows import DictRow, tuple_row

from ledger.bell import Bell
from ledger.log.database import (
    Datastore,
    StoreUnavailable,
    connect,
    statement_limit,
    unavailable_is_ours,
)
from ledger.log.growth import LAST_RECORD, RECORDS, Growth
from ledger.log.migrations import MigrationRefused, migrate
from ledger.log.recorder import RecordRecorder, Row, RowMapper
from ledger.log.sender import NotStorable, PositionTaken, Sender, in_order, refusals_are_ours
from ledger.log.telling import tell
from ledger.log.turn_lock import TurnLock

__all__ = [
    "Disclosure",
    "MigrationRefused",
    "NotStorable",
    "PositionTaken",
    "Row",
    "Sender",
    "Store",
    "StoreUnavailable",
    "migrate",
]

MAX_PAGE: Final = 10_000
T = TypeVar("T")

# A range of positions instead of a LIMIT: the plan is right before the table was ever analysed.
READ = """
    SELECT originator_id, originator_version - 1, topic, state
    FROM records
    WHERE originator_id = %(chain)s AND originator_version BETWEEN %(first)s AND %(last)s
    ORDER BY originator_version
"""

# The same, and with each row how many the chain has: who reads on to its end asks one question.
READ_ON = """
    SELECT
        originator_id, originator_version - 1, topic, state,
        (SELECT max(originator_version) FROM records WHERE originator_id = %(chain)s)
    FROM records
    WHERE originator_id = %(chain)s AND originator_version BETWEEN %(first)s AND %(last)s
    ORDER BY originator_version
"""

# Across chains: all that have a record, also one whose first record was removed by force. It walks
# along an index, so it is for what happens once a night.
CHAINS = "SELECT DISTINCT originator_id FROM records ORDER BY originator_id"

# The same digest means the same salt, name and value: a repeat adds nothing. What was erased stays
# erased, whoever offers it again.
PUT_DISCLOSURES = """
    INSERT INTO disclosures (chain, digest, subject, ciphertext, nonce)
    SELECT given.chain, given.digest, given.subject, given.ciphertext, given.nonce
    FROM unnest(
        %(chains)s::text[], %(digests)s::text[], %(subjects)s::text[],
        %(ciphertexts)s::bytea[], %(nonces)s::bytea[]
    ) AS given (chain, digest, subject, ciphertext, nonce)
    WHERE NOT EXISTS (
        SELECT FROM erasures AS e WHERE e.chain = given.chain AND e.digest = given.digest
    )
    ON CONFLICT (chain, digest) DO NOTHING
"""

GET_DISCLOSURES = """
    SELECT chain, digest, subject, ciphertext, nonce
    FROM disclosures
    WHERE chain = %(chain)s AND digest = ANY(%(digests)s::text[])
"""


class Disclosure(NamedTuple):
    """What a digest in the record stands for, encrypted with the key of its subject."""

    chain: str
    digest: str
    subject: str
    ciphertext: bytes
    nonce: bytes


class Store:
    """The rows of all chains in one PostgreSQL database; safe to share between threads.

    It connects at the first use. `datastore` is its pool, for other recorders of the library.
    """

    def __init__(self, conninfo: str, *, pool_size: int = 2) -> None:
        self.conninfo = conninfo
        self.datastore = Datastore(conninfo, pool_size=pool_size)
        self._growth = Growth(self.fetch, RECORDS)
        self._events = EventStore(RowMapper(), RecordRecorder(self.datastore))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connections; waits a few seconds at most."""
        self.datastore.close()

    def append(self, rows: Sequence[Row]) -> None:
        """Keep all these rows in one transaction; on return they are on disk.

        Raises PositionTaken or NotStorable, and nothing was kept; or StoreUnavailable, and then
        nobody knows whether they were kept: read before writing again.
        """
        ordered = in_order(rows)
        with refusals_are_ours(), unavailable_is_ours(self.datastore.pool):
            self._events.put(ordered)

    def turn_lock(self) -> TurnLock:
        """Return a way to take turns with other processes; it makes its own connection."""
        return TurnLock(self.conninfo)

    def sender(self) -> Sender:
        """Return a way to send batches and take the answers later; it makes its own connection."""
        return Sender(self.conninfo, self.datastore)

    def read(self, chain: str, *, start: int = 0, limit: int = 1000) -> list[Row]:
        """Return in order the rows at the `limit` positions from `start` on; at most MAX_PAGE.

        Where somebody removed rows by force, the answer shows the hole.
        """
        last = start + min(limit, MAX_PAGE)
        asked = {"chain": chain, "first": start + 1, "last": last}
        return list(map(Row._make, self.fetch(READ, asked)))

    def walk(self, chain: str, start: int = 0, page: int = 1000) -> Iterator[Row]:
        """Yield the rows of a chain from `start` to its end, in pages read one by one.

        No transaction is open between two rows; rows written meanwhile are included.
        """
        page = max(1, min(page, MAX_PAGE))
        end = self.size(chain)
        while start < end:
            rows = self.read(chain, start=start, limit=page)
            yield from rows
            start = rows[-1].position + 1 if rows else min(start + page, end)
            if start >= end:
                end = self.size(chain)

    def tail(self, chain: str, start: int, page: int) -> Iterator[Row]:
        """Yield the rows from `start` to the end that the chain has when its last page is read.

        That is one question for each page, where a walk looks for the end before and after.
        """
        while True:
            asked = {"chain": chain, "first": start + 1, "last": start + page}
            found = self.fetch(READ_ON, asked)
            yield from (Row._make(row[:4]) for row in found)
            end = found[-1][4] if found else self.size(chain)
            start = found[-1][1] + 1 if found else start + page
            if start >= end:
                return

    def size(self, chain: str) -> int:
        """Return how many rows a chain has, which is the position of the next; 0 if unknown."""
        [(size,)] = self.fetch(LAST_RECORD, {"chain": chain})
        return int(size)

    def chains(self) -> list[str]:
        """Return the chains that have rows, in the order of the database."""
        return [chain for (chain,) in self.fetch(CHAINS, {})]

    def sizes(self) -> dict[str, int]:
        """Return the size of every chain."""
        return self._growth.sizes()

    def notify(self, sizes: Mapping[str, int]) -> frozenset[int]:
        """Tell who listens how many rows these chains have now; call it after the commit.

        Returns the numbers of the turns that somebody has (see `turn_lock.py`).
        """
        payloads = [f"{size} {chain}" for chain, size in sorted(sizes.items())]
        return self._again(lambda: self._tell(payloads))

    def listen(self, timeout_seconds: float) -> Generator[str, None, None]:
        """Yield the name of each chain that grew, and "" where it is time to look for oneself.

        That is at the start, when listening has begun, and after each silence of
        `timeout_seconds`. It ends only with StoreUnavailable: then poll, and listen again.
        """
        for chain, _ in self.hear(timeout_seconds):
            yield chain

    def hear(
        self, timeout_seconds: float, bell: Bell | None = None
    ) -> Generator[tuple[str, int], None, None]:
        """Yield the same with the size of the chain, 0 beside ""; also when the bell rings."""
        with unavailable_is_ours(), connect(self.conninfo) as conn:
            conn.execute("LISTEN ketenledger")
            yield "", 0
            while True:
                wait_seconds = timeout_seconds
                if bell is not None:
                    bell.rest(timeout_seconds, also=conn.fileno())
                    wait_seconds = 0
                heard = list(conn.notifies(timeout=wait_seconds, stop_after=1))
                for notice in heard:
                    size, _, chain = notice.payload.partition(" ")
                    yield chain, int(size)
                if not heard:
                    yield "", 0

    def put_disclosures(self, disclosures: Sequence[Disclosure]) -> None:
        """Keep these disclosures, all or none; those that are there already stay as they are."""
        with self.connection() as conn:
            put_disclosures(conn, disclosures)

    def get_disclosures(self, chain: str, digests: Sequence[str]) -> dict[str, Disclosure]:
        """Return by digest the disclosures that exist; an erased one is simply not there."""
        found = self.fetch(GET_DISCLOSURES, {"chain": chain, "digests": list(digests)})
        return {row[1]: Disclosure(*row) for row in found}

    @contextmanager
    def connection(
        self, *, statement_seconds: float | None = None
    ) -> Iterator[psycopg.Connection[psycopg.rows.DictRow]]:
        """Lend a connection inside one transaction: committed at the end, undone by an error.

        Errors of the database keep psycopg's names, except StoreUnavailable.
        """
        with self.datastore.session() as conn, conn.transaction():
            if statement_seconds is None:
                yield conn
            else:
                with statement_limit(conn, statement_seconds):
                    yield conn

    @contextmanager
    def snapshot(self, *, statement_seconds: float) -> Iterator[psycopg.Connection[DictRow]]:
        """Lend a connection of its own that sees one moment of the database and writes nothing.

        It is for reading long: it takes none of the pool, and no writer waits for it.
        """
        with (
            unavailable_is_ours(),
            connect(self.conninfo, statement_seconds=statement_seconds) as conn,
        ):
            conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            conn.read_only = True
            with conn.transaction():
                yield conn

    def fetch(self, query: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a query; asked once more where only an idle connection had died.

        Not for what must not happen twice. Raises StoreUnavailable.
        """
        return self._again(lambda: self._fetch_once(query, params))

    def _again(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except StoreUnavailable as error:
            if not error.connection_lost:
                raise
        return ask()

    def _tell(self, payloads: Sequence[str]) -> frozenset[int]:
        with self.datastore.session() as conn:
            return tell(conn, payloads)

    def _fetch_once(self, query: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
        with (
            self.datastore.session() as conn,
            conn.cursor(row_factory=tuple_row, binary=True) as cursor,
        ):
            return cursor.execute(query.encode(), params).fetchall()


def put_disclosures(conn: psycopg.Connection[DictRow], disclosures: Sequence[Disclosure]) -> None:
    """Keep these disclosures in a transaction of the caller's own; see `Store.put_disclosures`."""
    columns = zip(*disclosures, strict=True) if disclosures else ([] for _ in range(5))
    names = ("chains", "digests", "subjects", "ciphertexts", "nonces")
    conn.execute(PUT_DISCLOSURES, dict(zip(names, map(list, columns), strict=True)), binary=True)
