"""A process of its own that uses the embedded PostgreSQL until it is told to stop."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import psycopg

from ledger.embedded_folder import works_in

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 60

HOLD = """
import sys
from pathlib import Path
from ledger.embedded import running
with running(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""

# Whoever started the tests may have let signals be ignored, as nohup does, and that is inherited.
HEED_SIGNALS = """
import signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
"""

# What root must have loaded before it becomes somebody who may not read our environment.
BECOME = """
import contextlib, os, pwd, psycopg, sys
import ledger.embedded
with contextlib.suppress(psycopg.Error):
    psycopg.connect("host=/nowhere user=nobody password=x")
found = pwd.getpwnam(sys.argv.pop(1))
os.setgroups([])
os.setgid(found.pw_gid)
os.setuid(found.pw_uid)
os.chdir("/")
"""


class Holder:
    """A process that holds a server; leaving the block ends it in the ordinary way."""

    def __init__(
        self, folder: Path, *, script: str = HOLD, arguments: Sequence[str] = (), **setting: str
    ) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", HEED_SIGNALS + script, *arguments, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), **setting},
            text=True,
            start_new_session=True,
        )
        self._url = ""

    @property
    def url(self) -> str:
        """The URL it holds, as soon as it has it."""
        if not self._url:
            assert self.process.stdout is not None
            self._url = self.process.stdout.readline().strip()
            assert self._url, self.process.communicate(timeout=WAIT_SECONDS)[1]
        return self._url

    def end(self, number: signal.Signals | None = None) -> int:
        """Return the exit code after a signal to its whole group, or after the end of its input."""
        if number is not None:
            os.killpg(self.process.pid, number)
        self.process.communicate(timeout=WAIT_SECONDS)
        return self.process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.end()


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def tell(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def postmaster(folder: Path) -> int:
    return int((folder / "pgdata" / "postmaster.pid").read_text().split("\n", 1)[0])


def server_processes(folder: Path) -> list[int]:
    """Return every living postgres at work in this data folder."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [pid for pid in pids if works_in(pid, folder / "pgdata")]


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)
