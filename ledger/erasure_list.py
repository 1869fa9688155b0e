"""The erasure list: what was erased, kept outside the database so that no backup brings it back.

One file in a folder of its own that is in no backup, a line per erasure, only added to:

    <first 16 hex digits of SHA-256> {"chain":…,"digests":[…],"ground":…,"position":…,…}

A line is on disk before anything is destroyed. A line cut off by a crash is taken away at the next
addition: the record of that erasure is still there and gives it again. Any other line that is not
what its checksum says is refused, for then nobody knows what a backup might bring back.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from ledger.log.kept_files import FILE_MODE, make_folder, sync_folder

FILE: Final = "erasures.jsonl"
CHECKSUM_CHARACTERS: Final = 16
MAX_BYTES: Final = 2**30
"""More than ten million erasures; a larger file is not ours."""


class ListRefused(Exception):
    """The erasure list cannot be read or written; nothing may be served without it."""


class Listed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One erasure: in which chain, of whom, which digests, on what ground, who decided it.

    `position` is that of its record when it was made; a restored backup may not have that record.
    """

    chain: str
    subject: str
    digests: tuple[str, ...]
    ground: str
    organisation: str
    position: int | None = None


class ErasureList:
    """The list in one folder; several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def add(self, erasures: Iterable[Listed]) -> None:
        """Add these, on disk when this returns. Raises ListRefused."""
        lines = b"".join(_line(one) for one in erasures)
        if not lines:
            return
        with _refused(self.path):
            make_folder(self.path.parent)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, FILE_MODE)
            with open(descriptor, "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                _cut_off(file.fileno())
                file.write(lines)
                os.fsync(file.fileno())
            sync_folder(self.path.parent)

    def entries(self) -> list[Listed]:
        """Return all erasures in order, each once. Raises ListRefused for a damaged line."""
        with _refused(self.path):
            if not self.path.exists():
                return []
            if self.path.stat().st_size > MAX_BYTES:
                raise ListRefused(f"De wislijst {self.path} is te groot om de onze te zijn.")
            lines = self.path.read_bytes().split(b"\n")
        # What stands behind the last line end was cut off, or is being written at this moment.
        found = (_read(line, number, self.path) for number, line in enumerate(lines[:-1], 1))
        return list(dict.fromkeys(found))


def _line(one: Listed) -> bytes:
    said = msgspec.json.encode(one, order="sorted")
    return _checksum(said) + b" " + said + b"\n"


def _checksum(said: bytes) -> bytes:
    return hashlib.sha256(said).hexdigest()[:CHECKSUM_CHARACTERS].encode()


def _read(line: bytes, number: int, path: Path) -> Listed:
    checksum, _, said = line.partition(b" ")
    try:
        if checksum != _checksum(said):
            raise ValueError("the checksum differs")
        return msgspec.json.decode(said, type=Listed)
    except (ValueError, msgspec.MsgspecError) as error:
        raise ListRefused(
            f"Regel {number} van de wislijst {path} is beschadigd. Zet het bestand terug zoals het "
            "was; zonder deze lijst kan een back-up terugbrengen wat is gewist."
        ) from error


def _cut_off(descriptor: int) -> None:
    """Take away a last line that has no end: its process stopped in the middle of it."""
    size = os.fstat(descriptor).st_size
    while size and os.pread(descriptor, 1, size - 1) != b"\n":
        size -= 1
    os.ftruncate(descriptor, size)


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ListRefused(f"De wislijst {path} is onbruikbaar: {error.strerror}.") from error
