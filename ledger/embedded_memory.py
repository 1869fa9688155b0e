"""How much memory the embedded PostgreSQL takes for the pages it holds.

A machine may give up what it holds of files within seconds, and then everything a question needs is
read from the disk again; what PostgreSQL holds itself stays. It takes a page's worth at the first
use of a page, so a small database takes little, whatever it may have.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

SHARE: Final = 4
"""One part in so many is for pages: what PostgreSQL's own manual begins with."""
LEAST_MB: Final = 128
MOST_MB: Final = 8192
MB: Final = 2**20

LIMITS: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where a container says how much memory it may use: a number of bytes, or a word for no limit."""


def pages_mb(memory_bytes: int) -> int:
    """Return how many MB of so much memory are for pages: a quarter, from 128 to 8,192."""
    return max(LEAST_MB, min(MOST_MB, memory_bytes // SHARE // MB))


def memory_bytes(limits: Iterable[Path] = LIMITS) -> int:
    """Return how much memory there is for us: that of the machine, or of our container if less."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *filter(None, map(_limit, limits))])


def _limit(file: Path) -> int:
    """Return the number in such a file, 0 where it says none."""
    try:
        said = file.read_bytes().strip()
    except OSError:
        return 0
    return int(said) if said.isdigit() else 0
