"""A secret in a file of its own, for its owner alone: written whole and once, never replaced."""

import os
import stat
from pathlib import Path

from ledger.log.kept_files import keep_new
from ledger.log.log_key import MAX_KEY_FILE_BYTES, NOT_THE_OWNER, KeyRefused


def keep_secret(path: Path, data: bytes) -> None:
    """Keep bytes in a new file with mode 0600, on disk before this returns.

    Raises KeyRefused where there is a file already, or where none can be written.
    """
    try:
        keep_new(path, data)
    except FileExistsError as error:
        raise KeyRefused(
            f"Er is al een bestand {path}; een sleutel wordt nooit vervangen."
        ) from error
    except OSError as error:
        raise KeyRefused(f"{path} kan niet worden bewaard: {error.strerror}.") from error


def read_secret(path: Path) -> bytes:
    """Return what the file holds; raises KeyRefused where others might read it, or if too large."""
    try:
        # Without waiting, should somebody have put a pipe there.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise KeyRefused(f"De sleutel {path} is er niet: {error.strerror}.") from error
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_mode & NOT_THE_OWNER:
            raise KeyRefused(f"{path} moet een bestand zijn met rechten 0600, voor niemand anders.")
        data = os.read(descriptor, MAX_KEY_FILE_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > MAX_KEY_FILE_BYTES:
        raise KeyRefused(f"{path} is te groot voor een sleutelbestand.")
    return data
