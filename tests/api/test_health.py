"""Alive, ready, and what happens while the database is away."""

import asyncio
import threading
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from api.health import Looks
from tests.api.doors import Doors, open_doors

CLOSE = "ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {allowed}"
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %(name)s"


class Switch:
    """Takes a database away from everybody, and gives it back."""

    def __init__(self, server: str, database: str) -> None:
        self._server = server
        self._name = conninfo_to_dict(database)["dbname"]

    def off(self) -> None:
        self._allow("false")
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(CUT, {"name": self._name})

    def on(self) -> None:
        self._allow("true")

    def _allow(self, allowed: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            name, value = sql.Identifier(self._name), sql.SQL(allowed)
            connection.execute(sql.SQL(CLOSE).format(name=name, allowed=value))


@pytest.fixture
def switch(server: str, database: str) -> Switch:
    return Switch(server, database)


def test_a_server_that_works_says_so(doors: Doors) -> None:
    assert doors.get("/v1/health/live").json() == {"status": "pass"}
    ready = doors.get("/v1/health/ready")
    assert ready.status_code == 200
    assert ready.json()["database"] == "pass"
    assert doors.get("/v1/health").json()["version"] == "1.0.0"


def test_however_many_ask_there_is_one_look_at_a_time_and_none_from_before_the_question() -> None:
    begun: list[int] = []
    seen, end = threading.Event(), threading.Event()

    def look(_: object) -> Any:
        begun.append(number := len(begun))
        seen.set()
        assert end.wait(20)
        return number

    async def asked() -> list[Any]:
        looks = Looks(look)
        first = asyncio.create_task(looks.found(None))
        assert await asyncio.to_thread(seen.wait, 20)
        later = [asyncio.create_task(looks.found(None)) for _ in range(50)]
        given_up = asyncio.create_task(looks.found(None))
        await asyncio.sleep(0)
        given_up.cancel()
        assert begun == [0]
        end.set()
        return [await one for one in (first, *later)]

    assert asyncio.run(asked()) == [0] + [1] * 50


@pytest.mark.slow
def test_without_its_database_a_server_lives_but_is_not_ready(
    database: str, folder, switch: Switch
) -> None:
    with open_doors(database, folder) as doors:
        doors.found("keten")
        switch.off()
        try:
            assert doors.get("/v1/health/live").status_code == 200
            ready = doors.get("/v1/health/ready")
            assert (ready.status_code, ready.headers["Retry-After"]) == (503, "5")
            assert doors.get("/v1/health").json()["database"] == "fail"
            assert doors.get("/v1/chains").status_code == 503
            assert doors.get("/v1/chains/keten/records").status_code == 503
        finally:
            switch.on()
        doors.until("/v1/health/ready", 200)


@pytest.mark.slow
def test_an_act_while_the_database_is_away_is_recorded_once_when_asked_again(
    database: str, folder, switch: Switch
) -> None:
    asked = ("/v1/chains/keten/people", {"person": "p-1"})
    with open_doors(database, folder) as doors:
        doors.found("keten")
        size = doors.size("keten")
        switch.off()
        try:
            refused = doors.post(*asked, key="sleutel")
        finally:
            switch.on()
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert refused.json()["type"] == "/problems/unavailable"
        done, again = doors.post(*asked, key="sleutel"), doors.post(*asked, key="sleutel")
        assert (done.status_code, again.status_code) == (201, 200)
        assert doors.size("keten") == size + 1


@pytest.mark.slow
def test_a_server_starts_without_its_database_and_works_when_it_comes(
    database: str, folder, switch: Switch
) -> None:
    switch.off()
    try:
        with open_doors(database, folder) as doors:
            assert doors.get("/v1/health/live").status_code == 200
            assert doors.get("/v1/health/ready").status_code == 503
            switch.on()
            doors.until("/v1/health/ready", 200)
            doors.found("keten")
    finally:
        switch.on()
