"""A real PostgreSQL with a streaming replica beside it, for tests that read from the replica.

The programs are those of the embedded server. pg_basebackup copies it while it runs, and the copy
follows it over the same socket, as another machine would over the network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ledger.embedded import running
from ledger.embedded_binaries import ServerUser, programs_for, server_user, start_program
from ledger.embedded_process import SETTINGS

START_SECONDS = 60.0
PAUSE_SECONDS = 0.05

PAUSED = "SELECT pg_get_wal_replay_pause_state() = 'paused'"


class Pair(NamedTuple):
    """How to connect to the primary and to its replica."""

    primary: str
    replica: str

    def hold(self) -> None:
        """Let the replica fall behind from here on."""
        self._tell("SELECT pg_wal_replay_pause()")
        _until(lambda: self._tell(PAUSED), "the replica to pause")

    def let_go(self) -> None:
        """Let the replica follow again."""
        self._tell("SELECT pg_wal_replay_resume()")

    def _tell(self, query: str) -> bool:
        with psycopg.connect(self.replica, autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        return row is not None and bool(row[0])


@contextmanager
def a_pair() -> Iterator[Pair]:
    """Run a primary and its replica; skips where the program that copies a server is missing."""
    user = server_user(Path(os.devnull).parent / "none")
    programs = programs_for(user).folder
    if not (programs / "pg_basebackup").is_file():
        pytest.skip(f"no pg_basebackup in {programs}: a replica cannot be made here")
    top = Path(tempfile.mkdtemp(prefix="kl-replica-", dir="/tmp"))
    for folder in (top, top / "primary", top / "replica"):
        folder.mkdir(mode=0o755, exist_ok=True)
        folder.chmod(0o755)
    _own(top / "replica", user)
    try:
        with running(top / "primary") as primary, _following(top / "replica", primary, user) as url:
            yield Pair(primary, url)
    finally:
        shutil.rmtree(top, ignore_errors=True)


@contextmanager
def _following(folder: Path, primary: str, user: ServerUser | None) -> Iterator[str]:
    programs = programs_for(user).folder
    data = folder / "pgdata"
    with (folder.parent / "replica.log").open("wb") as log:
        copied = start_program(
            [
                str(programs / "pg_basebackup"), "--pgdata", str(data), "--write-recovery-conf",
                "--checkpoint=fast", "--no-sync", "--dbname", make_conninfo(primary, dbname=""),
            ],
            user,
            log,
        )  # fmt: skip
        assert copied.wait(START_SECONDS) == 0, Path(log.name).read_text()
        options = {**SETTINGS, "unix_socket_directories": str(folder), "hot_standby": "on"}
        command = [str(programs / "postgres"), "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        server = start_program(command, user, log)
        url = make_conninfo(primary, host=str(folder))
        try:
            _until(lambda: _answers(url, server), "the replica to answer")
            yield url
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(START_SECONDS)
            server.kill()


def _answers(url: str, server: subprocess.Popen[bytes]) -> bool:
    assert server.poll() is None, "the replica stopped while it started"
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def _own(folder: Path, user: ServerUser | None) -> None:
    if user is not None:
        os.chown(folder, user.uid, user.gid)


def _until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + START_SECONDS
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(PAUSE_SECONDS)
