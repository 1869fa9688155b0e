"""A mirror: the copy of a log that a monitor keeps, in the same files as the log itself.

It has the layout of tlog-tiles, so that it can be served or checked as a log of its own. Full
bundles that came in before a run broke off are there already, beyond its checkpoint; nothing in it
is believed before its hashes lead to a signed root.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ledger.log import canonical
from ledger.log.checkpoint import Head
from ledger.log.kept_files import make_folder, put_file
from ledger.log.merkle import Frontier, root
from ledger.log.remote import LogUnreachable, LogWrong, open_folder
from ledger.log.tiles import (
    ENTRIES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    bundle,
    node_reader,
    width_at,
)


class MirrorDamaged(Exception):
    """The copy is not what was put there; says in Dutch where. It tells nothing about the log."""


class Mirror:
    """The copy in one folder; one process at a time writes to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = open_folder(folder)

    def entries(self, tile: Tile) -> list[bytes] | None:
        """Return the records of a bundle, None where it is not there or not whole."""
        try:
            return self._files.entries(tile)
        except (LogWrong, LogUnreachable):
            return None

    def keep_entries(self, tile: Tile, entries: list[bytes]) -> None:
        """Keep a bundle; raises OSError."""
        put_file(self.folder / tile.path, bundle(entries))

    def keep(self, path: str, data: bytes) -> None:
        """Keep another file of the log; raises OSError."""
        put_file(self.folder / path, data)

    def walk(self, head: Head) -> Iterator[tuple[int, bytes]]:
        """Yield position and bytes of each record up to a head, in order.

        Raises MirrorDamaged where something is missing, or at the end where all of it together is
        not what the head was signed for.
        """
        frontier = Frontier()
        for index in range(-(-head.size // TILE_WIDTH)):
            tile = Tile(ENTRIES, index, width_at(ENTRIES, index, head.size))
            entries = self.entries(tile)
            if entries is None:
                raise MirrorDamaged(
                    f"In de kopie {self.folder} ontbreekt {tile.path}, of het is stuk."
                )
            frontier = frontier.extended(canonical.leaf_hash(entry) for entry in entries)
            yield from enumerate(entries, start=tile.first)
        if frontier.root() != head.root:
            raise MirrorDamaged(f"De kopie {self.folder} is niet wat eerder is gecontroleerd.")

    def root(self, size: int, of: int) -> bytes | None:
        """Return the root of the first `size` records by the tiles of a copy `of` a larger size.

        None where a tile is missing.
        """
        try:
            return root(size, node_reader(of, self._files.hashes))
        except (LogWrong, LogUnreachable):
            return None

    def anew(self) -> "Mirror":
        """Return an empty copy beside this one; raises OSError."""
        folder = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(folder, ignore_errors=True)
        make_folder(folder)
        return Mirror(folder)

    def replace(self, other: "Mirror") -> None:
        """Let another copy take the place of this one; raises OSError."""
        old = self.folder.with_name(f"{self.folder.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        with suppress(FileNotFoundError):
            self.folder.rename(old)
        other.folder.rename(self.folder)
        shutil.rmtree(old, ignore_errors=True)

    def tidy(self, before: int, size: int) -> None:
        """Take away the partial tiles of an earlier size that larger ones took the place of."""
        for tile in partial_tiles(before) - partial_tiles(size):
            path = self.folder / tile.path
            with suppress(OSError):
                path.unlink()
                path.parent.rmdir()


def partial_tiles(size: int) -> set[Tile]:
    """Return the tiles and the bundle of a tree of this size that are not full."""
    found: set[Tile] = set()
    level = 0
    while at_level := size >> TILE_HEIGHT * level:
        index, width = divmod(at_level, TILE_WIDTH)
        kinds = (ENTRIES, 0) if level == 0 else (level,)
        found.update(Tile(kind, index, width) for kind in kinds if width)
        level += 1
    return found
