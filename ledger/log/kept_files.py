"""Files that somebody keeps for himself: put in place whole, on disk, for their owner alone."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700


def put_file(path: Path, data: bytes) -> None:
    """Put a file in its place, with the folders it needs; raises OSError.

    Whoever looks finds the old file or the new one, also after a power cut.
    """
    make_folder(path.parent)
    # One name for what is not in place yet: what a crash left behind is written over.
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, FILE_MODE)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, FILE_MODE)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    os.replace(fresh, path)
    sync_folder(path.parent)


def keep_new(path: Path, data: bytes) -> None:
    """Keep bytes in a file that was not there, with the folders it needs; raises OSError.

    FileExistsError where somebody was first: then what is there stays as it is.
    """
    make_folder(path.parent)
    with written(path, data) as fresh:
        # A link refuses where the name is taken; a rename would replace.
        os.link(fresh, path)
    sync_folder(path.parent)


@contextmanager
def written(path: Path, data: bytes) -> Iterator[Path]:
    """Lend a file beside a place with these bytes on disk, to be put there; raises OSError.

    Several may write for the same place at once. What was not put anywhere is gone afterwards.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; raises OSError."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
