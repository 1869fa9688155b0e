"""Migrations: each once, in order, never changed afterwards, never from newer code."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ledger.log import migrations
from ledger.log.migrations import LOCK, RECORD_FOLDER, MigrationRefused, migrate, migrate_folder
from ledger.log.store import Row, Store, StoreUnavailable
from tests.conftest import DROP, _run

TABLES = """
    SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'
"""


@pytest.fixture
def blank(server: str) -> Iterator[str]:
    """The conninfo of a database that no migration has seen."""
    yield from _made(server, "ENCODING 'UTF8'")


@pytest.fixture
def ascii_only(server: str) -> Iterator[str]:
    yield from _made(server, "ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'")


def _made(server: str, options: LiteralString) -> Iterator[str]:
    name = f"test_blank_{uuid4().hex[:12]}"
    make = sql.SQL("CREATE DATABASE {} TEMPLATE template0 " + options)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(make.format(sql.Identifier(name)))
        yield make_conninfo(server, dbname=name)
    _run(server, DROP, name=name)


def _folder(path: Path, **files: str) -> Path:
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / f"{name}.sql").write_text(text)
    return path


def _tables(conninfo: str) -> set[str]:
    with psycopg.connect(conninfo) as conn:
        return {name for (name,) in conn.execute(TABLES)}


def test_the_tables_of_the_record_are_made_and_used(blank: str) -> None:
    migrate(blank)
    assert _tables(blank) >= {"records", "disclosures", "subject_keys", "snapshots", "migrations"}
    with Store(blank) as store:
        store.append([Row("keten", 0, "Made.v1", b"{}")])
        assert store.size("keten") == 1


def test_a_second_time_changes_nothing(database: str) -> None:
    with Store(database) as store:
        store.append([Row("keten", 0, "Made.v1", b"{}")])
        migrate(database)
        assert migrate_folder(database, part="record", folder=RECORD_FOLDER) == []
        assert store.size("keten") == 1


def test_a_new_file_is_applied_alone(blank: str, tmp_path: Path) -> None:
    folder = _folder(tmp_path / "m", **{"0001_a": "CREATE TABLE a (n int); CREATE TABLE b (n int)"})
    assert migrate_folder(blank, part="p", folder=folder) == ["0001_a.sql"]
    _folder(folder, **{"0002_c": "CREATE TABLE c (n int)"})
    assert migrate_folder(blank, part="p", folder=folder) == ["0002_c.sql"]
    assert _tables(blank) == {"a", "b", "c", "migrations"}


def test_parts_have_an_order_of_their_own(blank: str, tmp_path: Path) -> None:
    one = _folder(tmp_path / "one", **{"0002_a": "CREATE TABLE a (n int)"})
    two = _folder(tmp_path / "two", **{"0001_b": "CREATE TABLE b (n int)"})
    assert migrate_folder(blank, part="one", folder=one) == ["0002_a.sql"]
    assert migrate_folder(blank, part="two", folder=two) == ["0001_b.sql"]


def test_a_file_changed_after_it_was_applied_is_refused(blank: str, tmp_path: Path) -> None:
    folder = _folder(tmp_path / "m", **{"0001_a": "CREATE TABLE a (n int)"})
    migrate_folder(blank, part="p", folder=folder)
    _folder(folder, **{"0001_a": "CREATE TABLE a (n bigint)", "0002_b": "CREATE TABLE b (n int)"})
    with pytest.raises(MigrationRefused, match=r"0001_a\.sql is gewijzigd"):
        migrate_folder(blank, part="p", folder=folder)
    assert "b" not in _tables(blank)


def test_a_database_of_newer_code_is_refused(blank: str, tmp_path: Path) -> None:
    folder = _folder(tmp_path / "m", **{"0001_a": "SELECT 1", "0002_b": "SELECT 1"})
    migrate_folder(blank, part="p", folder=folder)
    (folder / "0002_b.sql").unlink()
    with pytest.raises(MigrationRefused, match=r"nieuwere versie.*0002_b\.sql"):
        migrate_folder(blank, part="p", folder=folder)


def test_a_file_before_one_already_applied_is_refused(blank: str, tmp_path: Path) -> None:
    folder = _folder(tmp_path / "m", **{"0002_b": "SELECT 1"})
    migrate_folder(blank, part="p", folder=folder)
    _folder(folder, **{"0001_a": "CREATE TABLE a (n int)"})
    with pytest.raises(MigrationRefused, match=r"0001_a\.sql hoort vóór 0002_b\.sql"):
        migrate_folder(blank, part="p", folder=folder)
    assert "a" not in _tables(blank)


def test_a_file_that_fails_leaves_nothing_and_those_before_it_stay(
    blank: str, tmp_path: Path
) -> None:
    folder = _folder(
        tmp_path / "m",
        **{"0001_a": "CREATE TABLE a (n int)", "0002_b": "CREATE TABLE b (n int); SELEKT 1"},
    )
    with pytest.raises(MigrationRefused, match=r"0002_b\.sql is mislukt"):
        migrate_folder(blank, part="p", folder=folder)
    assert _tables(blank) == {"a", "migrations"}
    _folder(folder, **{"0002_b": "CREATE TABLE b (n int)"})
    assert migrate_folder(blank, part="p", folder=folder) == ["0002_b.sql"]


def test_two_processes_that_start_together_apply_each_file_once(blank: str) -> None:
    applied: list[list[str]] = []

    def start() -> None:
        applied.append(migrate_folder(blank, part="record", folder=RECORD_FOLDER))

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    names = sorted(file.name for file in RECORD_FOLDER.iterdir() if file.name.endswith(".sql"))
    assert sorted(applied) == [[], [], names]


def test_the_wait_for_another_migration_has_an_end(
    blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_WAIT", "200ms")
    with psycopg.connect(blank, autocommit=True) as other:
        other.execute(LOCK, {"wait": "10s"})
        with pytest.raises(StoreUnavailable):
            migrate(blank)
    migrate(blank)


def test_a_database_that_is_not_utf8_is_refused(ascii_only: str) -> None:
    with pytest.raises(MigrationRefused, match="moet UTF8 zijn; deze is SQL_ASCII"):
        migrate(ascii_only)
    assert _tables(ascii_only) == set()


def test_a_database_that_is_not_there_is_unavailable(server: str) -> None:
    with pytest.raises(StoreUnavailable):
        migrate(make_conninfo(server, dbname=f"test_absent_{uuid4().hex[:12]}"))


def test_each_file_has_a_number_of_its_own() -> None:
    names = [file.name for file in RECORD_FOLDER.iterdir() if file.name.endswith(".sql")]
    assert all(re.fullmatch(r"[0-9]{4}_[a-z_]+\.sql", name) for name in names)
    assert len({name[:4] for name in names}) == len(names)
