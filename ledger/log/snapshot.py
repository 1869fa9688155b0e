"""One moment of a chain's evidence, as it lies in the tables: rows, tiles, checkpoints, signatures.

Everything is read as a stream from one transaction that writes nothing and waits for nobody: what
is written meanwhile is not seen, and memory holds a page at a time, however long the chain.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.rows import tuple_row

from ledger.log.anchor import Anchor
from ledger.log.tiles import FullTile
from ledger.log.tree_tables import FULL_TILES, Checkpoint

PAGE: Final = 256
"""How many rows are fetched at once; of the largest records these are 16 MB."""

MAX_DOUBLES: Final = 1000

SIZES = """
    SELECT
        (
            SELECT coalesce(max(originator_version), 0)
            FROM records
            WHERE originator_id = %(chain)s
        ),
        (SELECT coalesce(max(size), 0) FROM checkpoints WHERE chain = %(chain)s)
"""

RECORDS = """
    SELECT originator_version - 1, topic, state, leaf_hash
    FROM records
    WHERE originator_id = %(chain)s
    ORDER BY originator_version
"""

CHECKPOINTS = """
    SELECT c.size, c.previous, c.root, c.note, ARRAY(
        SELECT s.line
        FROM cosignatures AS s
        WHERE s.chain = c.chain AND s.size = c.size
        ORDER BY s.witness COLLATE "C", s.key_id COLLATE "C"
    )
    FROM checkpoints AS c
    WHERE c.chain = %(chain)s
    ORDER BY c.size
"""

# A time stamp of a checkpoint that is not there any more is shown beside nothing.
STAMPS = """
    SELECT a.size, a.number, a.authority, a.stamped, a.token, a.at, c.root, c.note, c.at
    FROM anchors AS a
    LEFT JOIN checkpoints AS c ON c.chain = a.chain AND c.size = a.size
    WHERE a.chain = %(chain)s
    ORDER BY a.size, a.number
"""

# Tiles that became full only behind what is signed, or of a level that no log has yet. A shift by
# 64 would be none at all.
TILE_BEYOND = """
    SELECT level, index
    FROM tiles
    WHERE chain = %(chain)s
        AND (index < 0 OR index >= (%(signed)s::int8 >> least(8 * (level + 1), 63)))
    ORDER BY level, index
    LIMIT 1
"""

# In canonical bytes the act is the first name in the header and `at` the next; a text inside the
# record cannot look like this, because its quotes are escaped. What is spilled to disk for the
# grouping is the database's.
DOUBLE_ACTS = """
    WITH begun AS (
        SELECT originator_version - 1 AS position,
            substring(state FROM position('"header":{"act":"'::bytea IN state) + 17) AS rest
        FROM records
        WHERE originator_id = %(chain)s
            AND position('"header":{"act":"'::bytea IN state) > 0
    )
    SELECT (array_agg(position ORDER BY position))[2] AS again, min(position)
    FROM begun
    GROUP BY substring(rest FROM 1 FOR position('","at":"'::bytea IN rest))
    HAVING count(*) > 1
    ORDER BY again
    LIMIT %(most)s
"""


class StoredRow(NamedTuple):
    """A record as it lies in its row: its bytes, and what the database says of them."""

    position: int
    topic: str
    data: bytes
    leaf_hash: bytes


class SignedRow(NamedTuple):
    """A checkpoint as it lies in its row, with the lines of the witnesses that cosigned it."""

    size: int
    previous: int
    root: bytes
    note: str
    cosignatures: list[str]


class Snapshot:
    """The evidence of one chain in one moment; `conn` is in a transaction that stays open."""

    def __init__(self, conn: psycopg.Connection[Any], chain: str) -> None:
        self.conn = conn
        self.chain = chain
        [(self.size, self.signed)] = self._fetch(SIZES)

    def records(self) -> Iterator[StoredRow]:
        """Yield the rows in order of position; where one is missing, the next follows."""
        yield from map(StoredRow._make, self._stream("fsck_records", RECORDS))

    def checkpoints(self) -> Iterator[SignedRow]:
        """Yield the checkpoints in order of size."""
        yield from map(SignedRow._make, self._stream("fsck_checkpoints", CHECKPOINTS))

    def stamps(self) -> Iterator[tuple[Anchor, Checkpoint | None]]:
        """Yield the time stamps in order of size, each with the checkpoint that it is over."""
        for row in self._stream("fsck_stamps", STAMPS):
            anchor, (root, note, at) = Anchor(*row[:6]), row[6:]
            over = None if note is None else Checkpoint(anchor.size, root, note, at)
            yield anchor, over

    def full_tiles(self, level: int, first: int, last: int) -> dict[int, FullTile]:
        """Return by index the tiles of a level that are there, from index first to last."""
        found = self._fetch(FULL_TILES, level=level, first=first, last=last)
        return {row[0]: FullTile(level, *row) for row in found}

    def tile_beyond(self) -> tuple[int, int] | None:
        """Return level and index of a tile that no checkpoint covers."""
        found = self._fetch(TILE_BEYOND, signed=self.signed)
        return (found[0][0], found[0][1]) if found else None

    def double_acts(self) -> list[tuple[int, int]]:
        """Return the positions of acts that were recorded before, each with the first position."""
        return [(again, first) for again, first in self._fetch(DOUBLE_ACTS, most=MAX_DOUBLES)]

    def _stream(self, name: str, query: str) -> Iterator[tuple[Any, ...]]:
        with self.conn.cursor(name, row_factory=tuple_row) as cursor:
            cursor.itersize = PAGE
            cursor.execute(query.encode(), {"chain": self.chain}, binary=True)
            yield from cursor

    def _fetch(self, query: str, **asked: Any) -> list[tuple[Any, ...]]:
        with self.conn.cursor(row_factory=tuple_row, binary=True) as cursor:
            return cursor.execute(query.encode(), {"chain": self.chain, **asked}).fetchall()
