"""The life of the embedded server: started, shared, stopped, killed, started again."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ledger.embedded import EmbeddedError, running
from ledger.embedded_binaries import programs_for, server_user, start_program
from ledger.embedded_folder import SOCKET, named, works_in

from .embedded_holder import (
    WAIT_SECONDS,
    Holder,
    ask,
    eventually,
    postmaster,
    server_processes,
    tell,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket in it."""
    within = tempfile.mkdtemp(prefix="keten-")
    place = Path(within) / "data"
    yield place
    for pid in server_processes(place):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(within, ignore_errors=True)


@pytest.fixture
def stopped(folder: Path) -> Path:
    """A data folder with one row in it, its server down."""
    with running(folder) as url:
        tell(url, "CREATE TABLE kept AS SELECT 42 AS value")
    return folder


def kept(url: str) -> bool:
    return ask(url, "SELECT value FROM kept") == [(42,)]


def test_what_is_written_outlives_the_server(stopped: Path) -> None:
    assert server_processes(stopped) == []
    with running(stopped) as url:
        assert kept(url)
    assert server_processes(stopped) == []


def test_a_server_in_use_answers_and_flushes_every_commit(folder: Path) -> None:
    with running(folder) as url:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert ask(url, f"SHOW {setting}") == [("on",)]
        assert ask(url, "SELECT lower('ÉÈ'), 'Z' < 'a'") == [("éè", True)]
        assert ask(url, "SHOW server_encoding") == [("UTF8",)]


def test_the_last_one_out_stops_the_server(folder: Path) -> None:
    with Holder(folder) as first:
        tell(first.url, "CREATE TABLE kept AS SELECT 42 AS value")
        number = postmaster(folder)
        with Holder(folder) as second:
            assert kept(second.url)
            assert first.end() == 0
            assert kept(second.url)
            assert postmaster(folder) == number
        assert second.process.returncode == 0
    assert server_processes(folder) == []


def test_two_that_begin_at_once_share_one_new_server(folder: Path) -> None:
    with Holder(folder) as first, Holder(folder) as second:
        assert first.url == second.url
        tell(first.url, "CREATE TABLE kept AS SELECT 42 AS value")
        assert kept(second.url)
    assert server_processes(folder) == []


def test_a_server_left_by_a_killed_process_is_used_and_then_stopped(folder: Path) -> None:
    with Holder(folder) as killed:
        tell(killed.url, "CREATE TABLE kept AS SELECT 42 AS value")
        number = postmaster(folder)
        assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    assert number in server_processes(folder)
    with running(folder) as url:
        assert kept(url)
        assert postmaster(folder) == number
    assert server_processes(folder) == []


def test_a_server_killed_with_its_owner_recovers_at_the_next_start(folder: Path) -> None:
    with Holder(folder) as killed:
        tell(killed.url, "CREATE TABLE kept AS SELECT 42 AS value")
        killed.process.kill()
        for pid in server_processes(folder):
            # It may end by itself now that its owner is gone.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed.process.communicate(timeout=WAIT_SECONDS)
    with running(folder) as url:
        assert kept(url)


def test_a_server_that_dies_in_use_is_started_again(stopped: Path) -> None:
    with running(stopped) as url:
        number = postmaster(stopped)
        os.kill(number, signal.SIGKILL)
        eventually(lambda: answers(url))
        assert postmaster(stopped) != number
        assert kept(url)
    assert server_processes(stopped) == []


def answers(url: str) -> bool:
    try:
        return ask(url, "SELECT pg_is_in_recovery()") == [(False,)]
    except psycopg.OperationalError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_stops_program_and_server(folder: Path, number: signal.Signals) -> None:
    with Holder(folder) as holder:
        assert answers(holder.url)
        # Ctrl-C reaches the whole group of the terminal; the server is not in it.
        code = holder.end(number)
    assert code == (-number if number is signal.SIGINT else 128 + number)
    assert server_processes(folder) == []


def test_signals_are_handled_as_before_afterwards(folder: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with running(folder):
        pass
    assert signal.getsignal(signal.SIGTERM) is before


FORK = """
import os, sys
from pathlib import Path
from ledger.embedded import running
with running(Path(sys.argv[1])) as url:
    if os.fork() == 0:
        raise SystemExit(0)
    os.wait()
    print(url, flush=True)
    sys.stdin.read()
"""


def test_a_forked_child_that_ends_does_not_stop_the_server(folder: Path) -> None:
    with Holder(folder, script=FORK) as holder:
        assert answers(holder.url)
    assert holder.process.returncode == 0
    assert server_processes(folder) == []


def test_a_stale_number_that_is_now_a_foreign_process_harms_nobody(stopped: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as foreign:
        try:
            stale = f"{foreign.pid}\n{stopped / 'pgdata'}\n0\n5432\n"
            (stopped / "pgdata" / "postmaster.pid").write_text(stale)
            (stopped / "socket" / f"{SOCKET}.lock").write_text(stale)
            with running(stopped) as url:
                assert kept(url)
                assert postmaster(stopped) != foreign.pid
            assert foreign.poll() is None
        finally:
            foreign.kill()


def test_a_server_started_by_hand_is_left_alone(stopped: Path) -> None:
    user = server_user(stopped / "pgdata")
    postgres = str(programs_for(user).folder / "postgres")
    with (
        named(stopped / "pgdata", user) as (data, data_open),
        named(stopped / "socket", user) as (door, door_open),
        (stopped / "log").open("wb") as log,
    ):
        command = [postgres, "-D", data, "-c", "listen_addresses=", "-k", door]
        by_hand = start_program(command, user, log, (*data_open, *door_open))
    try:
        eventually((stopped / "pgdata" / "postmaster.pid").exists)
        with pytest.raises(EmbeddedError, match=f"proces {by_hand.pid}"), running(stopped):
            pytest.fail("it took over a server that is not ours")
        assert by_hand.poll() is None
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait(WAIT_SECONDS)
    with running(stopped) as url:
        assert kept(url)


NAMED_POSTGRES = "open('/proc/self/comm', 'w').write('postgres'); print(flush=True); input()"


def test_only_a_living_postgres_in_this_folder_counts(tmp_path: Path) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", NAMED_POSTGRES],
        cwd=here,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert works_in(process.pid, here)
        assert not works_in(process.pid, elsewhere)
        process.kill()
        # Until somebody waits for it, it is a zombie.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not works_in(process.pid, here)
    assert not works_in(process.pid, here)
    assert not works_in(os.getpid(), Path.cwd())


def test_an_initdb_that_was_cut_off_leaves_no_trace(folder: Path) -> None:
    (folder / "pgdata.new-cut").mkdir(parents=True)
    (folder / "pgdata.new-cut" / "PG_VERSION").write_text("18\n")
    with running(folder) as url:
        assert answers(url)
    assert list(folder.glob("pgdata.new-*")) == []


def test_a_first_start_that_was_cut_off_before_the_database_is_completed(folder: Path) -> None:
    with running(folder) as url:
        tell(url.replace("/ketenledger?", "/postgres?"), "DROP DATABASE ketenledger")
    with running(folder) as url:
        assert answers(url)


def test_a_big_log_is_put_aside(stopped: Path) -> None:
    (stopped / "server.log").write_bytes(b"old\n" * 2_500_001)
    with running(stopped):
        pass
    assert (stopped / "server.log.1").read_bytes().startswith(b"old\n")
    assert (stopped / "server.log").stat().st_size < 1_000_000
