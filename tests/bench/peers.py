"""Other stores, side by side: Message DB, Emmett and UmaDB, each as its own makers give it.

They are installed into an environment below `build/`, by name and version. Each gets what the
others get: single events of about 690 bytes from 16 writers at once, each in a stream of its own,
one event a commit; Message DB and Emmett on the same PostgreSQL server, UmaDB on its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

from tests.bench.course import Measure, Missing
from tests.bench.measures import in_threads
from tests.bench.processes import START_SECONDS, ask, end, program, started
from tests.bench.sizes import SIZES

HERE = Path(__file__).parent
FOLDER = Path("build/bench/peers")
NPM = {
    "@eventide/message-db": "1.3.1",
    "@event-driven-io/emmett": "0.42.0",
    "@event-driven-io/emmett-postgresql": "0.42.0",
    "@event-driven-io/pongo": "0.16.11",
}
PYPI = {"umadb": "0.7.8"}
VERSIONS = {**NPM, **PYPI}
INSTALL_SECONDS = 300
STATE = json.dumps({"choice": "for", "reason": os.urandom(328).hex()})
"""About 690 bytes of JSON: what a vote takes."""

# In the order of its own install.sh. Left out: the extension pgcrypto, which it wants for a
# function that PostgreSQL has itself since 13, and the role that others than the owner would use.
MESSAGE_DB_SQL = (
    "schema/message-store.sql",
    "tables/messages.sql",
    "types/message.sql",
    *(
        f"functions/{name}.sql"
        for name in (
            "message-store-version", "hash-64", "acquire-lock", "category", "is-category", "id",
            "cardinal-id", "stream-version", "write-message",
        )
    ),
    "indexes/messages-id.sql",
    "indexes/messages-stream.sql",
    "indexes/messages-category.sql",
)  # fmt: skip
WRITE_MESSAGE = "SELECT write_message(%s, %s, 'VoteCast', %s::jsonb)"


@contextlib.contextmanager
def message_db(conninfo: str, *, writers: int) -> Iterator[Measure]:
    """One message a commit through `write_message`, each writer a stream of one category."""
    base = _npm() / "node_modules/@eventide/message-db/database"
    own = _database(conninfo, "message_db")
    path = "-c search_path=message_store,public"
    with psycopg.connect(own, autocommit=True, options=path) as conn:
        for name in MESSAGE_DB_SQL:
            conn.execute((base / name).read_bytes())

    def write(end: float, counts: list[int]) -> None:
        done, stream = 0, f"meting-{uuid4()}"
        with psycopg.connect(own, autocommit=True, options=path) as conn:
            while time.perf_counter() < end:
                conn.execute(WRITE_MESSAGE, (str(uuid4()), stream, STATE), prepare=True)
                done += 1
        counts.append(done)

    yield in_threads(write, writers)


@contextlib.contextmanager
def emmett(conninfo: str, *, writers: int) -> Iterator[Measure]:
    """One event a commit through `appendToStream`, from one process of Node, its own way."""
    folder = _npm()
    shutil.copy(HERE / "emmett.mjs", folder / "emmett.mjs")
    own = _database(conninfo, "emmett")
    script = folder / "emmett.mjs"  # it looks for its packages beside itself
    process = started(program("node"), script, own, writers, SIZES.seconds, STATE)
    try:
        yield lambda: float(ask(process, "go"))
    finally:
        end(process)


@contextlib.contextmanager
def umadb(*, writers: int, folder: Path) -> Iterator[Measure]:
    """One event a call, through its own client and server, each writer with a tag of its own."""
    python = _pypi()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    server = subprocess.Popen(
        [python.parent / "umadb", "--listen", address, "--db-path", folder / "uma.db"],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(address, server)
        script, url = HERE / "umadb_writers.py", f"http://{address}"
        client = started(python, script, url, writers, SIZES.seconds, STATE)
        try:
            yield lambda: float(ask(client, "go"))
        finally:
            end(client)
    finally:
        end(server)


def versions() -> dict[str, str]:
    """Return the peers that are installed, with their versions."""
    there = [name for name in NPM if (FOLDER / "npm/node_modules" / name).is_dir()]
    there += list(PYPI) if (FOLDER / "pypi/bin/umadb").exists() else []
    return {name: VERSIONS[name] for name in there}


def _npm() -> Path:
    """Return the folder where the packages of npm are, installed the first time."""
    folder = FOLDER / "npm"
    if not all((folder / "node_modules" / name).is_dir() for name in NPM):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}', "utf-8")
        wanted = [f"{name}@{version}" for name, version in NPM.items()]
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
        _installed([program("npm"), "install", *options, *wanted], folder)
    return folder.absolute()


def _pypi() -> Path:
    """Return the Python that has the packages of PyPI, installed the first time."""
    folder = (FOLDER / "pypi").absolute()
    if not (folder / "bin/umadb").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _installed([sys.executable, "-m", "venv", "--clear", str(folder)], folder)
        wanted = [f"{name}=={version}" for name, version in PYPI.items()]
        options = ("--disable-pip-version-check", "--no-input", "--quiet")
        _installed([str(folder / "bin/python"), "-m", "pip", "install", *options, *wanted], folder)
    return folder / "bin/python"


def _installed(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            check=False,  # what it said is told instead
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Missing(f"{Path(command[0]).name} took over {INSTALL_SECONDS} seconds") from None
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-200:]
        raise Missing(f"{Path(command[0]).name} could not install: {said}")


def _database(conninfo: str, name: str) -> str:
    """Return where a database of this name on the same server is, made empty."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    url = urlsplit(conninfo)
    return urlunsplit(url._replace(path=f"/{name}"))


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers; RuntimeError where it stops, or takes too long."""
    host, _, port = address.partition(":")
    end_at = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < end_at:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{server.args!r:.200} does not answer: {server.poll()}")
