"""What is done beside a build is done in order, and what goes wrong there is heard of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from ledger.log.database import connect
from projections.aside import Aside
from tests.log.scene import until

MAKE = "CREATE TABLE done (turn int)"
ADD = "INSERT INTO done (turn) VALUES (%(turn)s)"
SLEEPING = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
DONE = "SELECT array_agg(turn ORDER BY ctid) FROM done"


def adding(turn: int) -> Callable[[Connection[Any]], None]:
    def work(connection: Connection[Any]) -> None:
        connection.execute(ADD, {"turn": turn})

    return work


def test_work_is_done_in_the_order_in_which_it_came(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as own:
        own.execute(MAKE)
        with Aside(connect(database)) as aside:
            for turn in range(20):
                aside.do(adding(turn))
            aside.settle()
            assert own.execute(DONE).fetchone() == (list(range(20)),)


def test_what_went_wrong_is_raised_where_the_next_work_comes_in_and_only_once(
    database: str,
) -> None:
    with Aside(connect(database)) as aside:
        aside.do(adding(1))  # there is no such table
        with pytest.raises(psycopg.errors.UndefinedTable):
            aside.do(adding(2))
        aside.do(lambda connection: connection.execute(MAKE) and None)
        aside.do(adding(3))
        aside.settle()
        aside.settle()


def test_who_comes_away_by_an_error_waits_for_no_work_and_leaves_no_connection(
    database: str,
) -> None:
    connection = connect(database, statement_seconds=600)
    with pytest.raises(KeyboardInterrupt):
        _break_off(database, connection)
    assert connection.closed


def _break_off(database: str, connection: Connection[Any]) -> None:
    with Aside(connection) as aside:
        aside.do(lambda own: own.execute("SELECT pg_sleep(500)") and None)
        _until_it_sleeps(database)
        raise KeyboardInterrupt


def _until_it_sleeps(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as own:
        until(lambda: own.execute(SLEEPING).fetchone() is not None)
