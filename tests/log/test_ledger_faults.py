"""The ledger when things break: never acknowledged and lost, never recorded twice.

Connections are killed, answers lost, databases taken away, processes ended with SIGKILL between
asking and answering. Afterwards everything that was acknowledged is in the log once, and asking
again with the same key tells what became of the rest.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ledger.ledger import Ledger, Receipt, StoreUnavailable
from ledger.log.store import Store
from tests.log.proxy import Proxy
from tests.log.scene import (
    CHAIN,
    HOLD_BACK,
    PATIENCE_SECONDS,
    a_ledger,
    acts_of,
    found,
    people_of,
    registering,
    until_somebody_waits,
)

ROOT = Path(__file__).resolve().parents[2]
END_ALL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
END_NAMED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %(name)s"


# Connections


def test_a_connection_killed_in_the_middle_of_a_write_is_no_loss(database: str) -> None:
    with a_ledger(database) as ledger:
        found(ledger)
        with psycopg.connect(database) as held, psycopg.connect(database) as killer:
            held.execute(HOLD_BACK)
            future = ledger._writer.submit(CHAIN, registering("a", act="key"))
            waiting = until_somebody_waits(database)
            killer.execute("SELECT pg_terminate_backend(%(pid)s)", {"pid": waiting})
        receipt = future.result(PATIENCE_SECONDS)
        assert isinstance(receipt, Receipt)
        assert not receipt.repeated
        assert people_of(ledger) == ["a"]


def test_connections_killed_over_and_over_lose_and_double_nothing(database: str) -> None:
    stop = threading.Event()

    def kill() -> None:
        with psycopg.connect(database, autocommit=True) as killer:
            while not stop.wait(0.02):
                killer.execute(END_ALL)

    with a_ledger(database) as ledger:
        found(ledger)
        killing = threading.Thread(target=kill)
        killing.start()
        futures = [
            ledger._writer.submit(CHAIN, registering(f"p-{n}", act=f"key-{n}")) for n in range(400)
        ]
        wait(futures, PATIENCE_SECONDS)
        stop.set()
        killing.join(PATIENCE_SECONDS)
        kept = [n for n, future in enumerate(futures) if future.exception(0) is None]
        in_log = people_of(ledger)
        assert len(set(in_log)) == len(in_log)
        assert {f"p-{n}" for n in kept} <= set(in_log)
        for number in range(400):
            ledger.submit(CHAIN, registering(f"p-{number}", act=f"key-{number}"))
        assert sorted(people_of(ledger)) == sorted(f"p-{n}" for n in range(400))


def test_an_answer_lost_after_the_commit_is_found_again(database: str) -> None:
    with Proxy(database) as proxy, Store(proxy.conninfo) as store, Ledger(store) as ledger:
        size = len(found(ledger).positions)
        assert ledger.wait(CHAIN, size - 1, timeout_seconds=PATIENCE_SECONDS)
        settle(ledger)
        for number in range(10):
            proxy.cut_next_answer()
            receipt = ledger.submit(CHAIN, registering(f"p-{number}", act=f"key-{number}"))
            assert not receipt.repeated
            settle(ledger)
        assert proxy.answers_cut >= 10
        assert people_of(ledger) == [f"p-{number}" for number in range(10)]


def settle(ledger: Ledger) -> None:
    """Wait until the notice of the last commit went out, so that the next answer is the write's."""
    pause = threading.Event()
    for _ in range(PATIENCE_SECONDS * 100):
        if not ledger._notices._untold:
            break
        pause.wait(0.01)
    pause.wait(0.05)


# The database away


@contextmanager
def taken_away(server: str, database: str) -> Iterator[None]:
    name = conninfo_to_dict(database)["dbname"]
    allow = sql.SQL("ALTER DATABASE {name} ALLOW_CONNECTIONS {yes}")
    with psycopg.connect(server, autocommit=True) as owner:
        identifier = sql.Identifier(str(name))
        owner.execute(allow.format(name=identifier, yes=sql.SQL("false")))
        owner.execute(END_NAMED, {"name": name})
        try:
            yield
        finally:
            owner.execute(allow.format(name=identifier, yes=sql.SQL("true")))


@pytest.mark.slow
def test_a_database_that_is_away_is_told_to_everybody_who_waits(
    server: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(database) as store, Ledger(store, recovery_seconds=0.5) as ledger:
        found(ledger)
        with taken_away(server, database), monkeypatch.context() as hurried:
            hurried.setattr(store.datastore.pool, "timeout", 0.5)
            futures = [
                ledger._writer.submit(CHAIN, registering(f"p-{n}", act=f"key-{n}"))
                for n in range(600)
            ]
            errors = [future.exception(PATIENCE_SECONDS) for future in futures]
            assert {type(error) for error in errors} == {StoreUnavailable}
            with pytest.raises(StoreUnavailable):
                ledger.state(CHAIN)
            with pytest.raises(StoreUnavailable):
                ledger.tick()
        for number in range(600):
            ledger.submit(CHAIN, registering(f"p-{number}", act=f"key-{number}"))
        assert people_of(ledger) == [f"p-{n}" for n in range(600)]


@pytest.mark.slow
def test_a_database_that_comes_back_in_time_is_not_noticed(server: str, database: str) -> None:
    with a_ledger(database) as ledger:
        found(ledger)
        with taken_away(server, database):
            future = ledger._writer.submit(CHAIN, registering("a"))
            assert wait([future], 0.5).not_done
        assert isinstance(future.result(PATIENCE_SECONDS), Receipt)
        assert people_of(ledger) == ["a"]


# Processes


class Child:
    """A process of its own that records; it is killed at the end of the block at the latest."""

    def __init__(self, database: str, start: int, count: int, by: str = "child") -> None:
        module = "tests.log.recording_process"
        arguments = [database, CHAIN, str(start), str(count), by]
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def lines(self) -> Iterator[str]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield line.strip()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.mark.slow
def test_a_process_killed_before_its_commit_is_asked_again(database: str) -> None:
    with a_ledger(database) as ledger:
        found(ledger)
        with psycopg.connect(database) as held:
            held.execute(HOLD_BACK)
            with Child(database, 0, 1) as child:
                assert next(child.lines()) == "asked 0"
                until_somebody_waits(database)
        # Whether the server still finished it or not: asked again, it stands there once.
        receipt = ledger.submit(CHAIN, registering("person-child-0", act="child-0"))
        assert acts_of(ledger)[1:] == ["child-0"]
        assert people_of(ledger) == ["person-child-0"]
        assert ledger.submit(CHAIN, registering("person-child-0", act="child-0")).position == (
            receipt.position
        )


@pytest.mark.slow
def test_a_process_killed_after_its_commit_gives_the_first_receipt(database: str) -> None:
    with a_ledger(database) as ledger, Proxy(database) as proxy:
        size = len(found(ledger).positions)
        with Child(proxy.conninfo, 0, 1) as child, psycopg.connect(database) as held:
            held.execute(HOLD_BACK)
            assert next(child.lines()) == "asked 0"
            until_somebody_waits(database)
            proxy.stall()
            held.rollback()
            assert ledger.wait(CHAIN, size, timeout_seconds=PATIENCE_SECONDS)
        receipt = ledger.submit(CHAIN, registering("person-child-0", act="child-0"))
        assert receipt.repeated
        assert receipt.position == size
        assert people_of(ledger) == ["person-child-0"]


@pytest.mark.slow
def test_a_process_killed_anywhere_loses_nothing_that_it_was_told(database: str) -> None:
    with a_ledger(database) as ledger:
        found(ledger)
        for start, lines in ((0, 7), (100, 40), (200, 101)):
            told: dict[str, int] = {}
            with Child(database, start, 100) as child:
                for number, line in enumerate(child.lines()):
                    if line.startswith("done"):
                        told[line.split()[1]] = int(line.split()[2])
                    if number == lines:
                        break
            for n in range(start, start + 100):
                receipt = ledger.submit(CHAIN, registering(f"person-child-{n}", act=f"child-{n}"))
                assert told.get(str(n), receipt.position) == receipt.position
        assert sorted(people_of(ledger)) == sorted(f"person-child-{n}" for n in range(300))


@pytest.mark.slow
def test_two_processes_write_one_chain_and_nothing_is_lost_or_doubled(database: str) -> None:
    with a_ledger(database) as ledger:
        found(ledger)
        with Child(database, 0, 150, "one") as one, Child(database, 0, 150, "other") as other:
            told = [line for child in (one, other) for line in child.lines()]
        positions = [int(line.split()[2]) for line in told if line.startswith("done")]
        assert len(positions) == len(set(positions)) == 300
        expected = {f"{name}-{n}" for name in ("one", "other") for n in range(150)}
        assert sorted(acts_of(ledger)[1:]) == sorted(expected)
