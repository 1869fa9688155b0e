"""The embedded PostgreSQL: a database for who has none, from a pip wheel, in one folder.

    with running(Path("data")) as conninfo: ...

Several processes may use one folder at once. The first starts the server, the last one out stops
it; both happen under `start.lock`, and who uses the server holds `users.lock` together with the
others. A killed process thus leaves no trace but a running server, which the next one finds and
uses. While in use, a server that dies is started again.

Linux only. The server listens on a private Unix socket, never on the network.
"""

import contextlib
import fcntl
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

from ledger.embedded_binaries import EmbeddedError
from ledger.embedded_folder import DataFolder, told_in_dutch
from ledger.embedded_process import Server

__all__ = ["EmbeddedError", "running"]

LOCK_PAUSE_SECONDS = 0.05
WATCH_SECONDS = 0.5
WATCH_SECONDS_MOST = 30.0
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)

LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def running(folder: Path, *, timeout_seconds: float = 120) -> Iterator[str]:
    """Give the URL of the database `ketenledger` in this data folder, made and started if needed.

    Raises EmbeddedError, one Dutch line, when that fails or takes longer than the time-out.
    In the main thread SIGTERM and SIGHUP, unless the program handles them itself, end the
    program through SystemExit meanwhile, so that the server is stopped on the way out.
    """
    data = DataFolder(folder)
    with _ending_on_signals(), _used(data, Server(data), timeout_seconds):
        yield data.conninfo()


@contextlib.contextmanager
def _used(data: DataFolder, server: Server, timeout_seconds: float) -> Iterator[None]:
    with told_in_dutch(data.path):
        data.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        users = _enter(data, timeout_seconds)
    process = os.getpid()
    try:
        with told_in_dutch(data.path), _locked(data, timeout_seconds):
            server.bring_up(time.monotonic() + timeout_seconds)
        with _watched(data, server, timeout_seconds):
            yield
    finally:
        # A forked child that comes by here has no say over its parent's server.
        if os.getpid() == process:
            with told_in_dutch(data.path), _locked(data, timeout_seconds):
                _leave(server, users)
        os.close(users)


def _enter(data: DataFolder, timeout_seconds: float) -> int:
    """Return the descriptor that counts this use among those of `users.lock`."""
    with _locked(data, timeout_seconds):
        users = data.lock("users.lock", fcntl.LOCK_SH)
    if users is None:  # only who stops the server holds it alone, and under the other lock
        raise EmbeddedError(f"Een vreemd proces houdt {data.path / 'users.lock'} bezet.")
    return users


def _leave(server: Server, users: int) -> None:
    """Stop the server if nobody else uses it."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    try:
        server.stop()
    finally:
        fcntl.flock(users, fcntl.LOCK_UN)  # a forked child may still have it open


@contextlib.contextmanager
def _locked(data: DataFolder, timeout_seconds: float) -> Iterator[None]:
    """Hold `start.lock`: one process at a time starts or stops the server."""
    deadline = time.monotonic() + timeout_seconds
    while (lock := data.lock("start.lock", fcntl.LOCK_EX)) is None:
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"Een ander proces start of stopt de database in {data.path} al"
                f" {timeout_seconds:g} seconden; beëindig het of probeer het later."
            )
        time.sleep(LOCK_PAUSE_SECONDS)
    try:
        yield
    finally:
        os.close(lock)


@contextlib.contextmanager
def _watched(data: DataFolder, server: Server, timeout_seconds: float) -> Iterator[None]:
    """Start the server again when it dies, for as long as this lasts."""
    over = threading.Event()

    def watch() -> None:
        pause = WATCH_SECONDS
        while not over.wait(pause):
            try:
                if server.alive():
                    continue
                LOG.warning("PostgreSQL in %s is weggevallen en wordt opnieuw gestart.", data.path)
                with told_in_dutch(data.path), _locked(data, timeout_seconds):
                    server.bring_up(time.monotonic() + timeout_seconds)
                pause = WATCH_SECONDS
            except (EmbeddedError, OSError) as error:  # a full disk may get room again
                pause = min(2 * pause, WATCH_SECONDS_MOST)
                LOG.error("%s Nieuwe poging over %g seconden.", error, pause)

    watcher = threading.Thread(target=watch, name="embedded-postgres", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(timeout_seconds)


@contextlib.contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Let a signal that would kill us on the spot unwind the program instead."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [number for number in ENDING_SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in ours:
            if signal.getsignal(number) in (_end, signal.SIG_IGN):
                signal.signal(number, signal.SIG_DFL)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    # Once is enough: a second one must not cut off the stopping of the server.
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)
