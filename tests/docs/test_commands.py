"""The commands in the documentation do what they say.

Every page is one session: a folder of its own that looks like the project, with a data folder of
its own in it, and a free port in the place of 8000. What a page shows must be printed, and every
command must end well.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import TEMPORARY
from tests.docs.blocks import Block, Command, blocks, first_missing
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WRITTEN_PORT = "127.0.0.1:8000"
COMMAND_SECONDS = 120
READY_SECONDS = 120
STOP_SECONDS = 60
LEFT_OUT = {".git", ".ketenledger"}
OURS = ("KETENLEDGER_", "DATABASE_URL", "PG")
"""Variables of whoever runs the tests that would change what a newcomer sees."""


class Session:
    """A newcomer at work in a fresh copy of the project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        for entry in ROOT.iterdir():
            if entry.name not in LEFT_OUT:
                (folder / entry.name).symlink_to(entry)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self._environment = {
            **kept,
            "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
            "PORT": str(self._port),
            "KETENLEDGER_PORT": str(self._port),
            "COLUMNS": "100",
            "NO_COLOR": "1",
        }

    def run(self, command: Command) -> None:
        """Run a command to its end; it must end with 0 and print what the page shows."""
        done = subprocess.run(
            ["bash", "-c", self._here(command.typed)],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        printed = self._as_written(done.stdout)
        assert done.returncode == 0, f"$ {command.typed}\nended with {done.returncode}:\n{printed}"
        missing = first_missing(command.printed, printed)
        assert missing is None, f"$ {command.typed}\ndid not print {missing!r}:\n{printed}"

    def serve(self, command: Command, until: ExitStack) -> None:
        """Start a command that serves; wait for what the page shows; stop it at the end."""
        said = self._folder / "served.txt"
        with said.open("wb") as output:
            server = subprocess.Popen(
                ["bash", "-c", f"exec {self._here(command.typed)}"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until.callback(stop, server)
        deadline = time.monotonic() + READY_SECONDS
        while (
            missing := first_missing(command.printed, self._as_written(said.read_text()))
        ) is not None:
            over = server.poll() is not None or time.monotonic() > deadline
            assert not over, f"$ {command.typed}\ndid not print {missing!r}:\n{said.read_text()}"
            time.sleep(0.1)

    def _here(self, text: str) -> str:
        return text.replace(WRITTEN_PORT, f"127.0.0.1:{self._port}")

    def _as_written(self, text: str) -> str:
        return text.replace(f"127.0.0.1:{self._port}", WRITTEN_PORT)


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stop a server as Ctrl-C does: by a signal to all that runs in its terminal."""
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGINT)
    server.wait(STOP_SECONDS)


@pytest.fixture
def session() -> Iterator[Session]:
    """A short folder name, in memory where it can be: a path of a Unix socket has to fit in it."""
    folder = Path(tempfile.mkdtemp(prefix="kd-", dir=os.environ.get(TEMPORARY)))
    try:
        yield Session(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def in_page(page: Path) -> list[Block]:
    """Return the blocks of a page that are run."""
    return list(blocks(page.read_text("utf-8")))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "page", [page for page in PAGES if in_page(page)], ids=lambda page: page.name
)
def test_the_commands_of_a_page_do_what_it_says(page: Path, session: Session) -> None:
    with ExitStack() as until:
        for block in in_page(page):
            for command in block.commands:
                if block.serves:
                    session.serve(command, until)
                else:
                    session.run(command)


def test_the_readme_has_commands_that_are_run() -> None:
    assert any(block.serves for block in in_page(ROOT / "README.md"))
    assert any(not block.serves for block in in_page(ROOT / "README.md"))


@pytest.mark.slow
def test_a_command_that_fails_or_says_something_else_is_noticed(session: Session) -> None:
    session.run(Command("echo one", ("one",)))
    with pytest.raises(AssertionError, match="ended with 3"):
        session.run(Command("exit 3", ()))
    with pytest.raises(AssertionError, match="did not print 'two'"):
        session.run(Command("echo one", ("two",)))
