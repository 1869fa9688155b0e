"""The PostgreSQL server of one data folder: made, started, seen, stopped.

A data folder: empty -> made (initdb) -> up -> down -> up ...

The lock `server.lock` is inherited by the server, not held by us: it outlives a killed parent, is
gone with the last process of the server, and a container beside us sees it even where it cannot
see the process. Callers take care that one process at a time calls `bring_up` or `stop`.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from ledger.embedded_binaries import (
    EmbeddedError,
    Programs,
    ServerUser,
    programs_for,
    server_user,
    start_program,
)
from ledger.embedded_folder import (
    DATABASE,
    PORT,
    ROLE,
    SOCKET,
    DataFolder,
    give,
    named,
    sync,
    works_in,
)
from ledger.embedded_memory import memory_bytes, pages_mb

STATEMENT_SECONDS = 60
LEAST_FREE_BYTES = 1_000_000
PAUSE_SECONDS = 0.02
# A process that has let go of the lock may still be seen for a moment.
VANISH_SECONDS = 2
STOP_STEPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 15.0))  # fast; at once, it then recovers

INITDB = (
    f"--username={ROLE}",
    "--encoding=UTF8",
    "--locale=C",
    "--lc-ctype=C.UTF-8",
    "--auth-local=scram-sha-256",
    "--auth-host=scram-sha-256",
    "--data-checksums",
    "--no-instructions",
)
# Sorted by code point, upper and lower case of all Unicode, the same on every machine.
INITDB_SINCE_17 = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")

# Sound on a small laptop and on 2 cores with 24 GB alike.
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "cluster_name": "ketenledger",
    "max_connections": "200",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_destination": "stderr",
    "logging_collector": "off",
    # A failing statement and its row may hold personal values: they do not belong in a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

KNOWN_FAULTS = (
    ("No space left on device", "de schijf is vol"),
    ("Disk quota exceeded", "de schijfruimte van deze gebruiker is op"),
    ("could not extend file", "de schijf is vol"),
    ("invalid locale name", "de taalinstelling C.UTF-8 ontbreekt op deze machine"),
    ("Cannot allocate memory", "er is te weinig geheugen vrij"),
    ("Permission denied", "de server heeft geen toegang tot de map"),
)

# What tells why among all that is said: not the answers to our own early knocking.
SERIOUS = re.compile(r"FATAL|PANIC|error:|could not")
PASSING = re.compile(r"database system is (starting up|shutting down|not yet accepting)")
LINE_START = re.compile(r"^.*(?:FATAL|PANIC|error|postgres): +")
SERVER_PATH = re.compile(r"/proc/self/fd/\d+/")

DATABASE_EXISTS = """
    SELECT count(*)
    FROM pg_database
    WHERE datname = %(database)s
"""
CREATE_DATABASE = f"CREATE DATABASE {DATABASE} TEMPLATE template0"


class Server:
    """The server of one data folder, whoever started it."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None

    def alive(self) -> bool:
        """Return whether any process of the server lives, a half-dead one included."""
        if self._child is not None:
            self._child.poll()  # a dead child of ours would stay a zombie
        if (lock := self._folder.lock("server.lock", fcntl.LOCK_SH)) is None:
            return True
        os.close(lock)
        return False

    def bring_up(self, deadline: float) -> None:
        """Return when the server answers and has its database; starts it if no process lives.

        `deadline` is a moment of time.monotonic(). A server found at work (its parent may have
        been killed) is simply used; one on its way up or down is waited for.
        """
        while (lock := self._folder.lock("server.lock", fcntl.LOCK_EX)) is None:
            if self._answers():
                break
            self._pause(deadline)
        else:
            try:
                self._start(lock, deadline)
            finally:
                os.close(lock)
        self._make_database()

    def stop(self) -> None:
        """Stop the server, fast; returns when all its processes are gone."""
        if (pid := self._first_process()) is None:
            return
        for number, seconds in STOP_STEPS:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if not self.alive():
                    self._folder.remove_far_socket_folder()
                    return
                time.sleep(PAUSE_SECONDS)
        raise EmbeddedError(f"De ingebouwde PostgreSQL (proces {pid}) wil niet stoppen.")

    # -- starting ---------------------------------------------------------------------------

    def _start(self, lock: int, deadline: float) -> None:
        user = server_user(self._folder.pgdata)
        programs = programs_for(user)
        self._clear_stale_files()
        if not self._folder.pgdata.exists():
            self._make_data(programs, user, lock, deadline)
        self._check_version(programs)
        give(self._folder.pgdata, user)
        with self._folder.open_log() as log:
            before = log.tell()
            child = self._child = self._launch(programs, user, log.fileno(), lock)
        try:
            while not self._answers():
                if child.poll() is not None:
                    raise EmbeddedError(self._fault(self._folder.log.read_bytes()[before:]))
                self._pause(deadline)
        except BaseException:
            child.send_signal(signal.SIGINT)
            raise

    def _launch(
        self, programs: Programs, user: ServerUser | None, log: int, lock: int
    ) -> subprocess.Popen[bytes]:
        sockets = self._folder.make_socket_folder(user)
        (sockets / f"{SOCKET}.lock").unlink(missing_ok=True)  # stale as well
        with (
            named(self._folder.pgdata, user) as (data, data_open),
            named(sockets, user) as (door, door_open),
        ):
            command = [str(programs.folder / "postgres"), "-D", data]
            own = {
                "unix_socket_directories": f'"{door}"',
                "shared_buffers": f"{pages_mb(memory_bytes())}MB",
            }
            for name, value in {**SETTINGS, **own}.items():
                command += ["-c", f"{name}={value}"]
            return start_program(command, user, log, (lock, *data_open, *door_open))

    def _make_data(
        self, programs: Programs, user: ServerUser | None, lock: int, deadline: float
    ) -> None:
        """Run initdb in a folder of another name, which gets its own when complete."""
        folder = self._folder
        for cut_off in folder.path.glob("pgdata.new-*"):
            shutil.rmtree(cut_off)
        folder.make_password(user)
        made = Path(tempfile.mkdtemp(prefix="pgdata.new-", dir=folder.path))
        give(made, user)
        with (
            named(made, user) as (data, data_open),
            named(folder.password, user) as (password, password_open),
            tempfile.TemporaryFile() as said,
        ):
            since_17 = INITDB_SINCE_17 if programs.major >= 17 else ()
            command = [str(programs.folder / "initdb"), "-D", data, f"--pwfile={password}"]
            keep = (lock, *data_open, *password_open)
            child = start_program([*command, *INITDB, *since_17], user, said.fileno(), keep)
            self._finish(child, deadline)
            if child.returncode != 0:
                said.seek(0)
                with folder.open_log() as log:
                    shutil.copyfileobj(said, log)
                said.seek(0)
                raise EmbeddedError(self._fault(said.read()))
        made.rename(folder.pgdata)
        sync(folder.path)

    def _finish(self, child: subprocess.Popen[bytes], deadline: float) -> None:
        try:
            while child.poll() is None:
                self._pause(deadline)
        except BaseException:
            child.kill()
            child.wait()
            raise

    def _clear_stale_files(self) -> None:
        """Remove what a killed server left; only called while none of its processes lives.

        PostgreSQL would refuse to start when its old process number now belongs to another.
        """
        folder = self._folder
        patience = time.monotonic() + VANISH_SECONDS
        while (pid := self._first_process()) is not None:
            if time.monotonic() > patience:
                raise EmbeddedError(
                    f"Op {folder.pgdata} werkt al een PostgreSQL (proces {pid}) die niet door"
                    " ketenledger is gestart; stop die eerst."
                )
            time.sleep(PAUSE_SECONDS)
        (folder.pgdata / "postmaster.pid").unlink(missing_ok=True)

    def _check_version(self, programs: Programs) -> None:
        pgdata = self._folder.pgdata
        made_by = (pgdata / "PG_VERSION").read_text().strip()
        if made_by != str(programs.major):
            raise EmbeddedError(
                f"De gegevens in {pgdata} zijn van PostgreSQL {made_by}, maar de programma's in"
                f" {programs.folder} zijn van versie {programs.version}."
            )

    def _make_database(self) -> None:
        try:
            with self._connect() as connection:
                found = connection.execute(DATABASE_EXISTS, {"database": DATABASE}).fetchone()
                if found == (0,):
                    connection.execute(CREATE_DATABASE)
        except psycopg.Error as error:
            raise EmbeddedError(self._fault(str(error).encode())) from error

    # -- looking ----------------------------------------------------------------------------

    def _first_process(self) -> int | None:
        """Return the number of the server's living first process, None if none is in sight."""
        if self._child is not None and self._child.poll() is None:
            return self._child.pid  # from its very start, before it has written its number
        pgdata = self._folder.pgdata
        try:
            number = (pgdata / "postmaster.pid").read_text().partition("\n")[0]
        except FileNotFoundError:
            return None
        return int(number) if number.isdecimal() and works_in(int(number), pgdata) else None

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EmbeddedError(
                    f"Het wachtwoord in {self._folder.password} hoort niet bij de gegevens."
                ) from error
            return "too many clients" in str(error)
        return True

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            self._folder.conninfo("postgres"),
            autocommit=True,
            options=f"-c statement_timeout={STATEMENT_SECONDS}s",
        )

    def _pause(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"De ingebouwde PostgreSQL in {self._folder.path} is niet op tijd klaar;"
                f" zie {self._folder.log}."
            )
        time.sleep(PAUSE_SECONDS)

    def _fault(self, said: bytes) -> str:
        """Return one Dutch line on why a program gave up, from what it said."""
        place = f"PostgreSQL kan niet starten in {self._folder.path}"
        if shutil.disk_usage(self._folder.path).free < LEAST_FREE_BYTES:
            return f"{place}: de schijf is vol."  # so its log may lack the reason
        text = SERVER_PATH.sub("", said.decode(errors="replace"))
        for theirs, ours in KNOWN_FAULTS:
            if theirs in text:
                return f"{place}: {ours}."
        lines = [line for line in text.splitlines() if line and not PASSING.search(line)]
        serious = [line for line in lines if SERIOUS.search(line)] or lines[-1:] or ["geen melding"]
        return f"{place}: {LINE_START.sub('', serious[0])} (zie {self._folder.log})"
