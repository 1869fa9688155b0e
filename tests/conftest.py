"""What every test may ask for: a real PostgreSQL, a fresh database on it, the shared folder.

With DATABASE_URL set the tests use that server (15 or later, a user who may make databases), else
the embedded one, in a folder of its own per run, shared by the workers of pytest-xdist. Each
worker makes one migrated template database; a test gets a copy of it, dropped afterwards.
"""

import contextlib
import importlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InsufficientPrivilege, ObjectInUse

from api.settling import settle
from ledger.embedded import running

# Loaded only when a test wants a database: the tests of the rules do not wait for it.
MIGRATED_BY = ("ledger.log.store", "projections.runner")
FOLDER = "KETENLEDGER_TEST_FOLDER"  # from the controller of pytest-xdist to its workers
TEMPORARY = "PYTEST_DEBUG_TEMPROOT"  # where pytest makes what `tmp_path` gives
MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 2**30
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 60

MAKE_TEMPLATE = "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"
COPY_TEMPLATE = "CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
DROP = "DROP DATABASE IF EXISTS {name} WITH (FORCE)"
# Without force the server asks its own autovacuum to leave, which only a superuser may end.
DROP_AFTER_AUTOVACUUM = "DROP DATABASE IF EXISTS {name}"
DROP_TRIES = 20
LOGIN_PASSWORD = "een lang wachtwoord"
# The roles of a database belong to the whole server, so that they do not go with it.
DROP_ROLES = "DROP ROLE IF EXISTS {writer}, {keeper}, {reader}, {prover}, {eraser}"


def pytest_configure(config: pytest.Config) -> None:
    if not _is_worker(config):
        memory = _in_memory()
        folder = Path(tempfile.mkdtemp(prefix="ketenledger-tests-", dir=memory))
        os.environ[FOLDER] = str(folder)
        if memory is not None:
            (folder / "tmp").mkdir()
            os.environ.setdefault(TEMPORARY, str(folder / "tmp"))


def pytest_collection_finish() -> None:
    """Leave the tests themselves alone when Python looks for what was forgotten, as a server does.

    There are thousands of them in each process, and a tenth of its time would go into that.
    """
    settle()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not _is_worker(config):
        shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)


def _in_memory() -> Path | None:
    """Return the folder that lies in memory, where there is one with room enough.

    Making a database there takes a tenth of the time; nothing here has to survive anything.
    """
    there = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_BYTES
    return MEMORY if there else None


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a database from which others can be made and dropped."""
    with contextlib.ExitStack() as stack:
        given = os.environ.get("DATABASE_URL")
        url = given or stack.enter_context(running(Path(os.environ[FOLDER]) / "server"))
        stack.callback(_hang_up)
        yield url


@pytest.fixture(scope="session")
def template(server: str) -> Iterator[str]:
    """The name of a migrated database that nobody is connected to."""
    name = f"test_template_{uuid4().hex[:12]}"
    _run(server, MAKE_TEMPLATE, name=name)
    try:
        url = _url(server, name)
        for module in MIGRATED_BY:
            if _exists(module):
                importlib.import_module(module).migrate(url)
        yield name
    finally:
        _run(server, DROP, name=name)


@pytest.fixture
def database(server: str, template: str) -> Iterator[str]:
    """The URL of a fresh, migrated, empty database of this test alone."""
    with _fresh(server, template) as url:
        yield url


@pytest.fixture(scope="module")
def shared_database(server: str, template: str) -> Iterator[str]:
    """The URL of a fresh, migrated database of the tests in one file."""
    with _fresh(server, template) as url:
        yield url


@contextlib.contextmanager
def _fresh(server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        yield _url(server, name)
    finally:
        _run(server, DROP, name=name)


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder with `vendor/` and `data/` that lies beside the project."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("KETENLEDGER_SHARED") or beside)
    if not (folder / "vendor").is_dir() or not (folder / "data").is_dir():
        pytest.skip(f"no vendor/ and data/ in {folder}; point KETENLEDGER_SHARED at them")
    return folder


@pytest.fixture
def login(server: str) -> Iterator[str]:
    """The name of a database role that can log in and do nothing else."""
    name = f"test_login_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        create = "CREATE ROLE {} LOGIN NOINHERIT PASSWORD {}"
        conn.execute(sql.SQL(create).format(sql.Identifier(name), sql.Literal(LOGIN_PASSWORD)))
        yield name
        conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def logging_in(conninfo: str, login: str) -> str:
    """Return the conninfo of the same database for another role that logs in."""
    return make_conninfo(conninfo, user=login, password=LOGIN_PASSWORD)


def _run(server: str, statement: str, **names: str) -> None:
    if statement != DROP:
        _execute(server, statement, **names)
        return
    for number in range(DROP_TRIES):
        try:
            _execute(server, (DROP, DROP_AFTER_AUTOVACUUM)[number % 2], **names)
            break
        except (InsufficientPrivilege, ObjectInUse):
            if number == DROP_TRIES - 1:
                raise
    duties = ("writer", "keeper", "reader", "prover", "eraser")
    _execute(server, DROP_ROLES, **{duty: f"{names['name']}_{duty}" for duty in duties})


def _execute(server: str, statement: str, **names: str) -> None:
    quoted = {key: sql.Identifier(name) for key, name in names.items()}
    _standing(server).execute(sql.SQL(statement).format(**quoted))


_STANDING: dict[str, psycopg.Connection[Any]] = {}
"""A connection to each server that stays: connecting takes as long as half of making a database."""


def _standing(server: str) -> psycopg.Connection[Any]:
    known = _STANDING.get(server)
    if known is None or known.closed:
        options = f"-c statement_timeout={STATEMENT_SECONDS}s"
        known = psycopg.connect(_url(server), autocommit=True, options=options)
        _STANDING[server] = known
    return known


def _hang_up() -> None:
    while _STANDING:
        _STANDING.popitem()[1].close()


def _url(server: str, database: str | None = None) -> str:
    """Return a URL with everything the given one says, for another database."""
    said = {"connect_timeout": CONNECT_SECONDS, **conninfo_to_dict(server)}
    if database is not None:
        said["dbname"] = database
    return "postgresql:///?" + urlencode(said, quote_via=quote)


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
