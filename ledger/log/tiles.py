"""Tiles: how a tree is cut into pieces that never change, after C2SP tlog-tiles.

A tile holds up to 256 hashes. Those of level 0 are leaf hashes; hash i at a higher level is the
root of the full tile i of the level below. So with 70,000 leaves there are:

    level 0: 273 full tiles and one of 112      tile/0/000 … tile/0/272, tile/0/273.p/112
    level 1: 1 full tile and one of 17          tile/1/000, tile/1/001.p/17
    level 2: one of 1                           tile/2/000.p/1

The records themselves come in bundles, cut like level 0: `tile/entries/273.p/112`. An index is
written in groups of three digits, all but the last with an x: 1234067 is x001/x234/067.

A tile exists as soon as the tree has its hashes, and then for ever: the partial tiles of any
earlier size still do. Not there are: width 0 or 256, a full tile before it is full, a level above
the tree.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.log.merkle import (
    HASH_BYTES,
    Frontier,
    Node,
    NotInTree,
    ReadNodes,
    tree_root,
)

TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8
TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES

ENTRIES: Final = -1
"""The level that stands for bundles of entries, which are cut like level 0."""

MAX_LEVEL: Final = 63
MAX_INDEX: Final = 2**63 - 1
MAX_ENTRY_BYTES: Final = 65_535

# Plain [0-9], since \d also takes the digits of other scripts.
_PATH: Final = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile, or with level ENTRIES one bundle of entries; partial below a width of 256."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The path below the address of the log."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{index_path(self.index)}{partial}"

    @property
    def first(self) -> int:
        """The number of its first hash at its level; for level 0 and entries the position."""
        return self.index * TILE_WIDTH

    def exists(self, size: int) -> bool:
        """Tell whether a tree of this size has all of this tile."""
        return 0 < self.width <= width_at(self.level, self.index, size)


@dataclass(frozen=True, slots=True)
class FullTile:
    """A tile that became full: its 256 hashes one after another, and the root over them."""

    level: int
    index: int
    hashes: bytes
    root: bytes


class Edge(NamedTuple):
    """The right edge of a growing tree: the hashes of the tile that is not full yet, per level."""

    frontier: Frontier = Frontier()
    rows: tuple[tuple[bytes, ...], ...] = ()

    @property
    def size(self) -> int:
        return self.frontier.size

    def root(self) -> bytes:
        return self.frontier.root()

    def extended(self, leaf_hashes: Sequence[bytes]) -> "tuple[Edge, list[FullTile]]":
        """Return the edge with these leaves behind it, and the tiles that they completed."""
        frontier = self.frontier.extended(leaf_hashes)
        rows: list[tuple[bytes, ...]] = []
        full: list[FullTile] = []
        new: Sequence[bytes] = leaf_hashes
        level = 0
        while new or level < len(self.rows):
            row = (*(self.rows[level] if level < len(self.rows) else ()), *new)
            first = (self.size >> TILE_HEIGHT * level) // TILE_WIDTH
            made = [
                _full_tile(level, first + number, row[start : start + TILE_WIDTH])
                for number, start in enumerate(range(0, len(row) - TILE_WIDTH + 1, TILE_WIDTH))
            ]
            full.extend(made)
            rows.append(row[len(made) * TILE_WIDTH :])
            new = [tile.root for tile in made]
            level += 1
        return Edge(frontier, tuple(rows)), full


def index_path(index: int) -> str:
    """Return the index of a tile as it stands in a path: 1234067 is x001/x234/067."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))


def parse_path(path: str) -> Tile:
    """Return the tile that a path names; raises NotInTree for what is not exactly such a path."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise NotInTree(f"{path[:100]!r} is geen pad van een tegel.")
    level, index, width = found.groups()
    tile = Tile(
        ENTRIES if level == "entries" else int(level),
        int(index.replace("x", "").replace("/", "")),
        TILE_WIDTH if width is None else int(width),
    )
    # One tile has one path: no group of zeros in front, no width of a whole tile.
    known = tile.level <= MAX_LEVEL and tile.index <= MAX_INDEX and tile.width <= TILE_WIDTH
    if not known or tile.path != path:
        raise NotInTree(f"{path[:100]!r} is geen pad van een tegel.")
    return tile


def width_at(level: int, index: int, size: int) -> int:
    """Return how many hashes (or entries) of this tile a tree of this size has: 0 to 256."""
    at_level = size >> TILE_HEIGHT * max(level, 0)
    return max(0, min(TILE_WIDTH, at_level - index * TILE_WIDTH))


def layout(size: int, *, since: int = 0) -> Iterator[Tile]:
    """Yield every tile and bundle of a tree of this size that a copy of size `since` lacks.

    Those are the tiles that became full since then, and the partial ones that differ.
    """
    level = 0
    while size >> TILE_HEIGHT * level:
        for kind in (ENTRIES, 0) if level == 0 else (level,):
            at_level, before = (total >> TILE_HEIGHT * level for total in (size, since))
            for index in range(before // TILE_WIDTH, at_level // TILE_WIDTH):
                yield Tile(kind, index)
            if at_level % TILE_WIDTH and at_level != before:
                yield Tile(kind, at_level // TILE_WIDTH, at_level % TILE_WIDTH)
        level += 1


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries as a bundle: for each its length in two bytes, big end first, and itself."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError(f"an entry has at most {MAX_ENTRY_BYTES} bytes, found {len(entry)}")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def node_reader(size: int, load: Callable[[Tile], bytes]) -> ReadNodes:
    """Return a reader of the nodes of a tree of this size that loads each tile it needs once."""

    def read(nodes: Sequence[Node]) -> list[bytes]:
        loaded: dict[Tile, bytes] = {}
        hashes: list[bytes] = []
        for node in nodes:
            level, height = divmod(node.level, TILE_HEIGHT)
            index, start = divmod(node.index << height, TILE_WIDTH)
            tile = Tile(level, index, width_at(level, index, size))
            if tile.width < start + (1 << height):
                raise NotInTree(f"Een boom met {size} bladeren heeft {node} niet.")
            if tile not in loaded:
                loaded[tile] = load(tile)
            row = hashes_of(loaded[tile])
            hashes.append(tree_root(row[start : start + (1 << height)]))
        return hashes

    return read


def hashes_of(data: bytes) -> list[bytes]:
    """Return the hashes that stand one after another in a tile."""
    return [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]


def _full_tile(level: int, index: int, hashes: Sequence[bytes]) -> FullTile:
    return FullTile(level, index, b"".join(hashes), tree_root(hashes))
