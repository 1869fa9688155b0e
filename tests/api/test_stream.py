"""New events while a page stands open: told as they come, to whom may see them, and bounded."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.api.doors import Doors, open_doors

PEOPLE = {"function": "medewerker"}
READ_SECONDS = 60.0


@contextmanager
def watching(
    doors: Doors, chain: str, since: int, **headers: str
) -> Iterator[Iterator[dict[str, object]]]:
    """Give the messages of the stream of a chain, as they come."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"/ketens/{chain}/stroom?vanaf={since}"
    with (
        httpx.Client(base_url=doors.client.base_url, timeout=READ_SECONDS) as client,
        client.stream("GET", url, headers=given) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield messages(answer.iter_lines())


def messages(lines: Iterator[str]) -> Iterator[dict[str, object]]:
    """Read the lines of a stream; the first is empty, so that whoever waits knows it is open."""
    found: dict[str, object] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name in ("id", "event"):
            found[name] = value
        elif name == "data":
            found |= json.loads(value)
        elif name == "retry":
            found["retry"] = value
        elif not line and found:
            yield found
            found = {}


def registered(doors: Doors, chain: str, **more: str) -> int:
    """Record something, and return its position."""
    answer = doors.post(f"/v1/chains/{chain}/people", PEOPLE, **more)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["position"])


def test_what_is_recorded_is_told_to_who_is_watching(doors: Doors, chain: str) -> None:
    since = doors.size(chain) - 1
    with watching(doors, chain, since) as told:
        assert "retry" in next(told)
        position = registered(doors, chain)
        first = next(told)
        assert first["event"] == "nieuw"
        assert first["id"] == str(position)
        assert first["count"] == 1
        assert first["text"] == "1 nieuwe gebeurtenis: toon"
        last = registered(doors, chain)
        assert next(told) | {"event": ""} == {
            "id": str(last), "event": "", "count": 2, "text": "2 nieuwe gebeurtenissen: toon",
        }  # fmt: skip


def test_who_comes_back_hears_what_was_missed_once(doors: Doors, chain: str) -> None:
    since = doors.size(chain) - 1
    position = registered(doors, chain)
    with watching(doors, chain, since, Last_Event_ID=str(since)) as told:
        next(told)
        assert next(told)["id"] == str(position)
    with watching(doors, chain, since, Last_Event_ID=str(position)) as told:
        next(told)
        last = registered(doors, chain)
        message = next(told)
        assert (message["id"], message["count"]) == (str(last), 2)


def test_it_is_told_in_the_language_of_the_reader(doors: Doors, chain: str) -> None:
    since = doors.size(chain) - 1
    registered(doors, chain)
    with watching(doors, chain, since, Cookie="taal=en") as told:
        next(told)
        assert next(told)["text"] == "1 new event: show"


def test_another_chain_is_not_told_of(doors: Doors, chain: str) -> None:
    doors.found(f"{chain}-b")
    since = doors.size(chain) - 1
    with watching(doors, chain, since) as told:
        next(told)
        registered(doors, f"{chain}-b")
        position = registered(doors, chain)
        assert next(told)["id"] == str(position)


def test_what_a_reader_may_not_see_is_not_counted(database: str, folder) -> None:
    with open_doors(database, folder) as opened:
        opened.found("keten")
        since = opened.size("keten") - 1
        registered(opened, "keten", scope="confidential")
        shown = registered(opened, "keten", scope="public")
        registered(opened, "keten", scope="confidential")
    with open_doors(database, folder, development=False) as opened:
        opened.until("/v1/chains/keten", 200, atLeast=shown)
        with watching(opened, "keten", since) as told:
            next(told)
            message = next(told)
            assert (message["id"], message["count"]) == (str(shown), 1)


@pytest.mark.parametrize("since", ["", "x", "-1", "9" * 20])
def test_a_stream_says_from_where(doors: Doors, chain: str, since: str) -> None:
    assert doors.get(f"/ketens/{chain}/stroom", params={"vanaf": since}).status_code == 400


def test_there_is_no_stream_of_a_chain_that_is_not_there(doors: Doors) -> None:
    assert doors.get("/ketens/onbekend/stroom?vanaf=0").status_code == 404


def test_there_are_so_many_streams_and_no_more(database: str, folder) -> None:
    with open_doors(database, folder, max_streams=1) as opened:
        opened.found("keten")
        with watching(opened, "keten", 0) as told:
            next(told)
            refused = opened.get("/ketens/keten/stroom?vanaf=0")
            assert refused.status_code == 503


def test_who_come_at_the_same_moment_get_no_more_places_than_there_are(
    database: str, folder
) -> None:
    most, callers = 2, 16
    together, told = threading.Barrier(callers), threading.Barrier(callers)

    def opened_one(address: httpx.URL) -> bool:
        """Open a stream with the others, keep it open until all know; tell if it said anything."""
        with httpx.Client(base_url=address, timeout=READ_SECONDS) as client:
            together.wait(READ_SECONDS)
            with client.stream("GET", "/ketens/keten/stroom?vanaf=0") as answer:
                # Who lets go of the lines hangs up.
                lines = answer.iter_lines()
                open_ = answer.status_code == 200 and next(lines, "") != ""
                told.wait(READ_SECONDS)
                return open_

    with open_doors(database, folder, max_streams=most) as opened:
        opened.found("keten")
        with ThreadPoolExecutor(callers) as pool:
            found = list(pool.map(opened_one, [opened.client.base_url] * callers))
    assert found.count(True) == most


def test_a_server_that_stops_ends_its_streams(database: str, folder) -> None:
    with open_doors(database, folder) as opened:
        opened.found("keten")
        last = opened.size("keten") - 1
        with watching(opened, "keten", last) as told:
            assert "retry" in next(told)
            opened.app.state.live.stop()
            assert list(told) == []
            assert opened.get(f"/ketens/keten/stroom?vanaf={last}").status_code == 503
