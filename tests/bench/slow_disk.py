"""A disk on which every fsync takes a millisecond longer, by a shim in front of the server.

The shim is built by the C compiler of this machine. A server that starts without it would look like
a fast disk, so it is held against a clock first.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg

from ledger import embedded_binaries
from ledger.embedded import running
from ledger.ledger import Ledger
from ledger.log.store import Store, migrate
from tests.bench import chain, measures
from tests.bench.course import Todo
from tests.bench.processes import program
from tests.bench.rows import SLOW_HOT, SLOW_LIBRARY, Row

SOURCE: Final = Path(__file__).with_name("slow_fsync.c")
BUILD_SECONDS: Final = 60
ADDED_SECONDS: Final = 0.001
COMMITS: Final = 20

ROWS: Final = (Row(SLOW_HOT, SLOW_LIBRARY, must=25, aim=60),)

PROBE = "CREATE TABLE IF NOT EXISTS probe (number int)"
ONE_COMMIT = "INSERT INTO probe (number) VALUES (1)"


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Todo]:
    """Give what this stage measures, on a server of its own."""
    folder.mkdir(mode=0o755, exist_ok=True)
    shim = _built(folder)
    with running(folder / "data"):
        pass  # made on the fast disk: the shim is for what is measured
    with _preloaded(shim), running(folder / "data") as conninfo:
        _require_slow(conninfo)
        migrate(conninfo)
        with Store(conninfo, pool_size=4) as store, Ledger(store) as ledger:
            chain.found(ledger, measures.CHAIN)
            yield {
                SLOW_HOT: measures.submits(ledger, callers=64),
                SLOW_LIBRARY: measures.library_recorder(conninfo, writers=16),
            }


def _built(folder: Path) -> Path:
    """Build the shim where the user of the database server can read it; Missing without `cc`."""
    made = folder / "slow_fsync.so"
    command = [program("cc"), "-shared", "-fPIC", "-O2", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, timeout=BUILD_SECONDS)
    made.chmod(0o755)
    return made


@contextlib.contextmanager
def _preloaded(shim: Path) -> Iterator[None]:
    """Let a server that is started now have the shim in front of it."""
    embedded_binaries.ENVIRONMENT["LD_PRELOAD"] = str(shim)
    try:
        yield
    finally:
        del embedded_binaries.ENVIRONMENT["LD_PRELOAD"]


def _require_slow(conninfo: str) -> None:
    """Raise RuntimeError where a commit takes less than the millisecond that was added."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute(PROBE)
        times = []
        for _ in range(COMMITS):
            begun = time.perf_counter()
            conn.execute(ONE_COMMIT)
            times.append(time.perf_counter() - begun)
    if min(times) < ADDED_SECONDS:
        raise RuntimeError(f"the shim is not at work: a commit took {min(times) * 1000:.2f} ms")
