"""Taking in the records of a log: each is hashed anew, and every tile over them is compared.

From the edge of the tree that was verified before, on to the size of a checkpoint. What comes out
is a new edge, of which only the root tells whether all of it is what was signed; and where the log
gave something that does not fit, the first place.
"""

import time
from typing import NamedTuple

from ledger.log import canonical
from ledger.log.mirror import Mirror
from ledger.log.monitor_state import CannotTell
from ledger.log.remote import RemoteLog
from ledger.log.tiles import (
    ENTRIES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Edge,
    FullTile,
    Tile,
    hashes_of,
    width_at,
)


class Difference(NamedTuple):
    """Where something did not fit: the first record concerned, and the tile or bundle."""

    position: int
    path: str


class Taken(NamedTuple):
    """The tree over what was taken in, and what did not fit.

    `replaced` is a record that was verified before and is served differently now, `tile` a tile
    that has other hashes than the records give. `reused` counts bundles that an earlier run left.
    """

    edge: Edge
    replaced: Difference | None
    tile: Difference | None
    reused: int


class Taking:
    """One walk from an edge to a size, until a moment of the monotonic clock at the latest."""

    def __init__(self, log: RemoteLog, mirror: Mirror, *, until: float) -> None:
        self._log = log
        self._mirror = mirror
        self._until = until
        self._replaced: Difference | None = None
        self._tile: Difference | None = None
        self._reused = 0

    def take(self, edge: Edge, size: int, *, reuse: bool = True) -> Taken:
        """Take in what comes after an edge; `reuse` full bundles that are in the mirror already.

        Raises LogUnreachable, LogWrong, CannotTell when time is up, or OSError for the mirror.
        """
        self._replaced, self._tile, self._reused = None, None, 0
        if edge.size == size:
            return Taken(edge, None, None, 0)
        while edge.size < size:
            if time.monotonic() > self._until:
                raise CannotTell(
                    f"De tijd voor deze ronde is op bij vastlegging {edge.size} van {size}; "
                    "een volgende gaat daar verder."
                )
            edge = self._bundle_taken(edge, size, reuse=reuse)
        for level, row in enumerate(edge.rows):
            if row and level:
                index = (size >> TILE_HEIGHT * level) // TILE_WIDTH
                self._compare(Tile(level, index, len(row)), b"".join(row))
        return Taken(edge, self._replaced, self._tile, self._reused)

    def _bundle_taken(self, edge: Edge, size: int, *, reuse: bool) -> Edge:
        """Return the edge with the records of the next bundle behind it."""
        index, skip = divmod(edge.size, TILE_WIDTH)
        tile = Tile(ENTRIES, index, width_at(ENTRIES, index, size))
        leaves = self._leaves(tile, reuse=reuse)
        known = edge.rows[0] if skip else ()
        for number, (leaf, before) in enumerate(zip(leaves[:skip], known, strict=True)):
            if leaf != before and self._replaced is None:
                self._replaced = Difference(tile.first + number, tile.path)
        # The hashes as they come, so that a tile that fits them can still show what was replaced.
        self._compare(Tile(0, index, tile.width), b"".join((*known, *leaves[skip:])))
        edge, full = edge.extended(leaves[skip:])
        for one in full:
            self._full_taken(one)
        return edge

    def _leaves(self, tile: Tile, *, reuse: bool) -> list[bytes]:
        kept = self._mirror.entries(tile) if reuse and tile.width == TILE_WIDTH else None
        entries = self._log.entries(tile) if kept is None else kept
        if kept is None:
            self._mirror.keep_entries(tile, entries)
        else:
            self._reused += 1
        return [canonical.leaf_hash(entry) for entry in entries]

    def _full_taken(self, tile: FullTile) -> None:
        if tile.level:
            self._compare(Tile(tile.level, tile.index), tile.hashes)

    def _compare(self, tile: Tile, ours: bytes) -> None:
        """Keep the hashes that the records give, and note the first that the log has otherwise."""
        theirs = self._log.hashes(tile)
        if theirs != ours and self._tile is None:
            pairs = zip(hashes_of(theirs), hashes_of(ours), strict=True)
            number = next(n for n, (one, other) in enumerate(pairs) if one != other)
            position = (tile.first + number) << TILE_HEIGHT * tile.level
            self._tile = Difference(position, tile.path)
        self._mirror.keep(tile.path, ours)
