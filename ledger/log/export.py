"""A log as files: the addresses of tlog-tiles as a folder, for any static host or object store.

    checkpoint                  put in its place last, when all that it covers is there
    tile/0/000, tile/0/001.p/7  hashes
    tile/entries/000            the records
    key, policy                 and what else the caller adds

A following export adds only what the copy lacks. A copy is never made to forget: where the log is
not the one that the copy holds the beginning of, nothing is written.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from ledger.log.checkpoint import BadCheckpoint, Head, read_text
from ledger.log.note import BadNote, read_note
from ledger.log.tiles import layout
from ledger.log.tree import NotInTree, Tree, TreeDamaged

CHECKPOINT: Final = "checkpoint"


class CopyDiffers(Exception):
    """The copy holds another log, or another past of this one; says in Dutch which."""


class Exported(NamedTuple):
    """What an export did: the size of the copy before and after, and how many files it wrote."""

    before: int
    size: int
    files: int


def export(
    tree: Tree, chain: str, folder: Path, *, also: Mapping[str, bytes] | None = None
) -> Exported:
    """Bring the copy of a log in a folder up to the published checkpoint.

    `also` are files beside it. Raises NotInTree for a log of which nothing is published,
    CopyDiffers, or TreeDamaged.
    """
    note = tree.published(chain)
    if note is None:
        raise NotInTree(f"Keten {chain} heeft geen gepubliceerd log.")
    last = read_text(note.text)
    before = _copied(folder / CHECKPOINT)
    if before is not None:
        _require_beginning(tree, chain, before, read_text(note.text))
    since = 0 if before is None else before.size
    files = 0
    for tile in layout(last.size, since=since):
        data = tree.tile(chain, tile.path)
        if data is None:
            raise TreeDamaged(f"{tile.path} is er niet meer.")
        files += _put(folder / tile.path, data)
    for name, data in (also or {}).items():
        files += _put(folder / name, data)
    files += _put(folder / CHECKPOINT, note.encode())
    return Exported(since, last.size, files)


def _copied(path: Path) -> Head | None:
    """Return what the copy says it holds; None if there is no copy yet."""
    try:
        return read_text(read_note(path.read_bytes()).text)
    except FileNotFoundError:
        return None
    except (BadNote, BadCheckpoint) as error:
        raise CopyDiffers(f"{path} is geen controlepunt: {error}") from error


def _require_beginning(tree: Tree, chain: str, copied: Head, now: Head) -> None:
    """Refuse a copy that is not the beginning of the log as it is now."""
    if copied.origin != now.origin:
        raise CopyDiffers(f"De kopie is van log {copied.origin}, niet van {now.origin}.")
    if copied.size > now.size:
        raise CopyDiffers(f"De kopie telt {copied.size} vastleggingen, het log nog {now.size}.")
    if tree.root(chain, copied.size) != copied.root:
        raise CopyDiffers(
            f"De eerste {copied.size} vastleggingen van het log zijn niet die van de kopie."
        )


def _put(path: Path, data: bytes) -> int:
    """Put a file in its place whole, on disk; return how many were written: 0 if it is the same."""
    if path.is_file() and path.read_bytes() == data:
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return 1
