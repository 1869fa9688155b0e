"""The tables of the tree: full tiles, checkpoints, cosignatures, and the leaf hashes below them.

Here stands every statement about them, a method each. Nothing is decided here: `integrate` decides
what to write, `tree` what to read for a proof. A statement that writes runs in a transaction of its
caller.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import DictRow

from ledger.log.growth import CHECKPOINTS, Growth
from ledger.log.merkle import HASH_BYTES
from ledger.log.note import Note, Signature, read_note, read_signature
from ledger.log.store import Store
from ledger.log.tiles import ENTRIES, TILE_WIDTH, FullTile, Tile

# The last checkpoint and the size of the record, in one look at the database.
STANDS = """
    SELECT
        (
            SELECT coalesce(max(originator_version), 0)
            FROM records
            WHERE originator_id = %(chain)s
        ),
        last.size, last.root, last.note, last.at
    FROM (SELECT) AS always
    LEFT JOIN (
        SELECT size, root, note, at
        FROM checkpoints
        WHERE chain = %(chain)s
        ORDER BY size DESC
        LIMIT 1
    ) AS last ON true
"""

CHECKPOINT = """
    SELECT size, root, note, at
    FROM checkpoints
    WHERE chain = %(chain)s AND size = %(size)s
"""

NEWEST = """
    SELECT size, root, note, at
    FROM checkpoints
    WHERE chain = %(chain)s
    ORDER BY size DESC
    LIMIT 1
"""

LEAVES = """
    SELECT originator_version - 1, leaf_hash
    FROM records
    WHERE originator_id = %(chain)s AND originator_version BETWEEN %(first)s AND %(last)s
    ORDER BY originator_version
"""

# Hashes the bytes anew, as the database should have done when they were stored.
UNSOUND = """
    SELECT min(originator_version) - 1
    FROM records
    WHERE originator_id = %(chain)s AND originator_version BETWEEN %(first)s AND %(last)s
        AND leaf_hash <> sha256('\\x00'::bytea || state)
"""

STATES = """
    SELECT state
    FROM records
    WHERE originator_id = %(chain)s AND originator_version BETWEEN %(first)s AND %(last)s
    ORDER BY originator_version
"""

FULL_TILES = """
    SELECT index, hashes, root
    FROM tiles
    WHERE chain = %(chain)s AND level = %(level)s AND index BETWEEN %(first)s AND %(last)s
    ORDER BY index
"""

TILE_ROOTS = """
    SELECT root
    FROM tiles
    WHERE chain = %(chain)s AND level = %(level)s AND index BETWEEN %(first)s AND %(last)s
    ORDER BY index
"""

# No index on the leaf hash: it would cost each event 45 bytes and a page of its own, and the tiles
# hold the same hashes in a thirtieth of the room of the records.
FIND_IN_TILES = """
    SELECT index, position(%(leaf)s::bytea IN hashes) - 1
    FROM tiles
    WHERE chain = %(chain)s AND level = 0 AND index < %(tiles)s
        AND position(%(leaf)s::bytea IN hashes) > 0
    ORDER BY index
    LIMIT 1
"""

FIND_IN_RECORDS = """
    SELECT originator_version - 1
    FROM records
    WHERE originator_id = %(chain)s AND originator_version BETWEEN %(first)s AND %(last)s
        AND leaf_hash = %(leaf)s
    ORDER BY originator_version
    LIMIT 1
"""

PUT_TILES = """
    INSERT INTO tiles (chain, level, index, hashes, root)
    SELECT %(chain)s, given.level, given.index, given.hashes, given.root
    FROM unnest(%(levels)s::int2[], %(indexes)s::int8[], %(hashes)s::bytea[], %(roots)s::bytea[])
        AS given (level, index, hashes, root)
"""

PUT_CHECKPOINT = """
    INSERT INTO checkpoints (chain, size, previous, root, note)
    VALUES (%(chain)s, %(size)s, %(previous)s, %(root)s, %(note)s)
"""

COSIGNATURES = """
    SELECT line
    FROM cosignatures
    WHERE chain = %(chain)s AND size = %(size)s
    ORDER BY witness COLLATE "C", key_id COLLATE "C"
"""

PUT_COSIGNATURE = """
    INSERT INTO cosignatures (chain, size, witness, key_id, line)
    VALUES (%(chain)s, %(size)s, %(witness)s, %(key_id)s, %(line)s)
    ON CONFLICT (chain, size, witness, key_id)
    DO UPDATE SET line = excluded.line, at = excluded.at
"""


class Checkpoint(NamedTuple):
    """A checkpoint as it stands: signed by the log alone, `at` by the clock of the database."""

    size: int
    root: bytes
    note: str
    at: datetime


class TreeDamaged(Exception):
    """Hashes or records that were there are gone; says in Dutch which."""


class TreeTables:
    """The tables of the tree in the database of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._growth = Growth(store.fetch, CHECKPOINTS)

    def stands(self, chain: str) -> tuple[int, Checkpoint | None]:
        """Return how many records a chain has, and its last checkpoint."""
        [(size, *last)] = self._store.fetch(STANDS, {"chain": chain})
        return size, None if last[0] is None else Checkpoint(*last)

    def signed(self) -> dict[str, int]:
        """Return the size of the last checkpoint of every chain that has one."""
        return self._growth.sizes()

    def checkpoint(self, chain: str, size: int | None = None) -> Checkpoint | None:
        """Return the checkpoint of this size, or the last one."""
        query = NEWEST if size is None else CHECKPOINT
        found = self._store.fetch(query, {"chain": chain, "size": size})
        return Checkpoint(*found[0]) if found else None

    def leaves(self, chain: str, start: int, limit: int) -> list[tuple[int, bytes]]:
        """Return position and leaf hash at `limit` positions from `start` on, holes left out."""
        asked = {"chain": chain, "first": start + 1, "last": start + limit}
        return [(position, leaf) for position, leaf in self._store.fetch(LEAVES, asked)]

    def find(self, chain: str, leaf: bytes, size: int) -> int | None:
        """Return the first position below a size whose leaf hash is this one."""
        tiles = size // TILE_WIDTH
        for index, place in self._store.fetch(
            FIND_IN_TILES, {"chain": chain, "leaf": leaf, "tiles": tiles}
        ):
            number, rest = divmod(place, HASH_BYTES)
            # What begins inside a hash is no leaf, whoever put the question together.
            return None if rest else int(index * TILE_WIDTH + number)
        asked = {"chain": chain, "leaf": leaf, "first": tiles * TILE_WIDTH + 1, "last": size}
        found = self._store.fetch(FIND_IN_RECORDS, asked)
        return int(found[0][0]) if found else None

    def unsound(self, chain: str, start: int, limit: int) -> int | None:
        """Return the first of these positions whose leaf hash is not that of its bytes."""
        asked = {"chain": chain, "first": start + 1, "last": start + limit}
        [(position,)] = self._store.fetch(UNSOUND, asked)
        return None if position is None else int(position)

    def full_tiles(self, chain: str, level: int, first: int, last: int) -> list[FullTile]:
        """Return the full tiles of a level from index first to last, those that are there."""
        asked = {"chain": chain, "level": level, "first": first, "last": last}
        return [FullTile(level, *row) for row in self._store.fetch(FULL_TILES, asked)]

    def hashes(self, chain: str, tile: Tile) -> bytes:
        """Return the hashes of a tile; raises TreeDamaged if one is missing."""
        last = tile.first + tile.width - 1
        if tile.width == TILE_WIDTH:
            found = [
                full.hashes for full in self.full_tiles(chain, tile.level, tile.index, tile.index)
            ]
            return _whole(tile, found, 1)
        if tile.level == 0:
            leaves = self.leaves(chain, tile.first, tile.width)
            return _whole(tile, [leaf for _, leaf in leaves], tile.width)
        asked = {"chain": chain, "level": tile.level - 1, "first": tile.first, "last": last}
        return _whole(tile, [root for (root,) in self._store.fetch(TILE_ROOTS, asked)], tile.width)

    def entries(self, chain: str, tile: Tile) -> list[bytes]:
        """Return the bytes of the records in a bundle; raises TreeDamaged if one is missing."""
        asked = {"chain": chain, "first": tile.first + 1, "last": tile.first + tile.width}
        found = [state for (state,) in self._store.fetch(STATES, asked)]
        if tile.level != ENTRIES or len(found) != tile.width:
            raise TreeDamaged(f"{tile.path} is niet meer volledig.")
        return found

    def put_tiles(
        self, conn: psycopg.Connection[DictRow], chain: str, tiles: list[FullTile]
    ) -> None:
        """Keep tiles that became full; raises UniqueViolation where one is there already."""
        given = {
            "levels": [tile.level for tile in tiles],
            "indexes": [tile.index for tile in tiles],
            "hashes": [tile.hashes for tile in tiles],
            "roots": [tile.root for tile in tiles],
        }
        conn.execute(PUT_TILES, {"chain": chain, **given})

    def put_checkpoint(
        self, conn: psycopg.Connection[DictRow], chain: str, checkpoint: dict[str, Any]
    ) -> None:
        """Keep a checkpoint; raises UniqueViolation where its predecessor has a successor."""
        conn.execute(PUT_CHECKPOINT, {"chain": chain, **checkpoint})

    def put_cosignature(self, chain: str, size: int, cosignature: Signature) -> None:
        """Keep what a witness signed under the checkpoint of this size."""
        given = {
            "chain": chain,
            "size": size,
            "witness": cosignature.name,
            "key_id": cosignature.key_id.hex(),
            "line": cosignature.line().removesuffix("\n"),
        }
        with self._store.connection() as conn:
            conn.execute(PUT_COSIGNATURE, given)

    def cosigned(self, chain: str, checkpoint: Checkpoint) -> Note:
        """Return a checkpoint with all cosignatures that were collected for it."""
        lines = self._store.fetch(COSIGNATURES, {"chain": chain, "size": checkpoint.size})
        note = read_note(checkpoint.note.encode())
        return note.with_signatures(read_signature(line) for (line,) in lines)


def _whole(tile: Tile, found: Sequence[bytes], expected: int) -> bytes:
    if len(found) != expected:
        raise TreeDamaged(f"{tile.path} is niet meer volledig.")
    return b"".join(found)
