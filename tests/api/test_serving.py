"""Connections: whoever is too slow, too long-winded or one too many loses theirs."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest

from api.serving import MAX_FIELDS, MAX_HEAD_BYTES, BoundedProtocol
from tests.api.doors import Doors

HEALTH = b"GET /v1/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"
SPECIFICATION = HEALTH.replace(b"/v1/health/live", b"/v1/openapi.json")
POST = HEALTH.replace(b"GET", b"POST")
PATIENCE_SECONDS = 20.0
GROWING_SECONDS = (0.2, 2.0, 12.0)
"""How long a request may take: where a test may not be held up itself, longer each time it was."""


@pytest.fixture
def wire(doors: Doors) -> Iterator[socket.socket]:
    """A connection to the server, as bare as it can be."""
    with connect(doors) as opened:
        yield opened


def connect(doors: Doors) -> socket.socket:
    url = urlsplit(str(doors.client.base_url))
    return socket.create_connection((url.hostname, url.port), timeout=PATIENCE_SECONDS)


def until_closed(wire: socket.socket) -> bytes:
    """Return what the server says before it closes; fails where it does not in time."""
    said = b""
    while part := wire.recv(65536):
        said += part
    return said


def drips_into_nothing(wire: socket.socket) -> bool:
    """Send a byte now and then until nobody takes it any more; False where somebody goes on to."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            wire.sendall(b" ")
        except OSError:
            return True
        time.sleep(0.05)
    return False


def sends_into_nothing(wire: socket.socket, request: bytes) -> bool:
    """Ask again and again without reading; tell whether the other side gives up in time."""
    wire.settimeout(1.0)
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            wire.sendall(request)
        except TimeoutError:
            continue
        except OSError:
            return True
        time.sleep(0.01)
    return False


def first_line(wire: socket.socket) -> bytes:
    return until_closed(wire).split(b"\r\n")[0]


def answered(wire: socket.socket, request: bytes = HEALTH + b"\r\n") -> int:
    """Ask something, read the whole answer to it, and return its status."""
    wire.sendall(request)
    answer = HTTPResponse(wire)
    answer.begin()
    answer.read()
    return answer.status


def test_a_sound_request_is_answered_and_the_connection_stays(wire: socket.socket) -> None:
    assert [answered(wire) for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    "head",
    [
        b"X-Long: " + b"x" * (MAX_HEAD_BYTES + 1) + b"\r\n\r\n",
        b"X-Long: " + b"x" * (MAX_HEAD_BYTES + 1),
        b"".join(b"X-%d: 1\r\n" % n for n in range(MAX_FIELDS + 1)) + b"\r\n",
    ],
    ids=["long field", "field without an end", "many fields"],
)
def test_a_head_beyond_its_limits_ends_the_connection(wire: socket.socket, head: bytes) -> None:
    wire.sendall(HEALTH + head)
    assert first_line(wire).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("more", [b"x" * 4096, b"X-A: 1\r\n" * 20], ids=["no end", "many fields"])
def test_what_comes_behind_a_body_has_the_limits_of_a_head(
    wire: socket.socket, more: bytes
) -> None:
    wire.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-A: ")
    assert sends_into_nothing(wire, more)


def test_a_body_of_many_small_parts_passes(wire: socket.socket) -> None:
    wire.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(4):
        wire.sendall(b"1\r\n \r\n" * MAX_HEAD_BYTES)
    wire.sendall(b"0\r\nX-Behind: 1\r\n\r\n" + HEALTH + b"\r\n")
    said = b""
    while said.count(b"HTTP/1.1 ") < 2:
        part = wire.recv(65536)
        assert part, said
        said += part
    assert said.startswith(b"HTTP/1.1 405")
    assert b"HTTP/1.1 200" in said


def test_a_head_within_its_limits_passes(wire: socket.socket) -> None:
    fields = b"".join(b"X-%d: 1\r\n" % n for n in range(MAX_FIELDS - 2))
    wire.sendall(HEALTH + fields + b"X-Long: " + b"x" * (MAX_HEAD_BYTES - 4000) + b"\r\n\r\n")
    assert wire.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (b"", b"HTTP/1.1 408 Request Timeout"),
        (b"GET /v1/he", b"HTTP/1.1 408 Request Timeout"),
        (HEALTH, b"HTTP/1.1 408 Request Timeout"),
        (b"\r\n\r\n", b"HTTP/1.1 408 Request Timeout"),
    ],
    ids=["nothing", "half a line", "half a head", "empty lines"],
)
def test_who_is_too_slow_with_a_head_is_not_waited_for(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, said: bytes, answered: bytes
) -> None:
    monkeypatch.setattr(BoundedProtocol, "message_seconds", 0.2)
    with connect(doors) as wire:
        wire.sendall(said)
        assert first_line(wire) == answered


@pytest.mark.parametrize(
    ("more", "at_once"),
    [(b"\r\n", False), (b"GET /v1/he", False), (b"GET /v1/he", True), (HEALTH, True)],
)
def test_who_is_too_slow_with_a_second_request_is_not_waited_for(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, more: bytes, *, at_once: bool
) -> None:
    whole = HEALTH + b"\r\n"

    def told(seconds: float) -> bytes:
        monkeypatch.setattr(BoundedProtocol, "message_seconds", seconds)
        with connect(doors) as wire:
            wire.sendall(whole + more if at_once else whole)
            said = wire.recv(65536)
            if said.startswith(b"HTTP/1.1 200") and not at_once:
                wire.sendall(more)
            return said + until_closed(wire)

    in_time = (said for said in map(told, GROWING_SECONDS) if said.startswith(b"HTTP/1.1 200"))
    said = next(in_time)
    # Where a second answer could be told apart from the first it is told why.
    assert said.count(b"HTTP/1.1 ") - said.count(b"HTTP/1.1 408") == 1


def test_who_sends_request_after_request_is_never_too_slow(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stays(seconds: float) -> bool:
        monkeypatch.setattr(BoundedProtocol, "message_seconds", seconds)
        with connect(doors) as wire:
            first = answered(wire)
            time.sleep(1.5 * seconds)
            return [first, answered(wire)] == [200, 200]

    assert any(map(stays, GROWING_SECONDS))


def test_a_body_that_drips_on_is_not_waited_for(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedProtocol, "message_seconds", 0.2)
    with connect(doors) as wire:
        wire.sendall(POST + b"Content-Length: 1000\r\n\r\n{")
        assert drips_into_nothing(wire)


def test_one_connection_too_many_is_told_to_come_back(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedProtocol, "max_connections", 0)
    with connect(doors) as wire:
        said = until_closed(wire)
    assert said.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 5" in said
    monkeypatch.undo()
    assert doors.get("/v1/health/live").status_code == 200


def test_who_asks_nothing_the_longest_makes_room_for_another(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(doors) as slow, connect(doors) as later:
        slow.sendall(b"GET /v1/he")
        assert answered(later) == 200
        monkeypatch.setattr(BoundedProtocol, "max_connections", 2)
        with connect(doors) as another:
            assert answered(another) == 200
            assert until_closed(slow) == b""
            assert answered(later) == 200


def test_an_answer_that_nobody_reads_is_given_up(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[BoundedProtocol] = []
    pause = BoundedProtocol.pause_writing

    def noting(self: BoundedProtocol) -> None:
        paused.append(self)
        pause(self)

    monkeypatch.setattr(BoundedProtocol, "write_seconds", 0.2)
    monkeypatch.setattr(BoundedProtocol, "pause_writing", noting)
    with connect(doors) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # Many answers, more than the buffers on the way hold, and nobody who reads them.
        assert sends_into_nothing(wire, SPECIFICATION + b"\r\n")
    assert paused


def test_a_path_and_query_beyond_their_limit_are_refused(doors: Doors) -> None:
    long = doors.app.state.settings.max_address_bytes
    answer = doors.get("/v1/chains", params={"cursor": "x" * long})
    assert (answer.status_code, answer.json()["type"]) == (414, "/problems/address-too-long")
    assert doors.get("/v1/chains/" + "x" * long).status_code == 414
    assert doors.get("/v1/chains/" + "x" * (long - 100)).status_code in (400, 404)


SETTLED = """
import gc
from api import settling

class Ring:
    def __init__(self):
        self.own = self
        self.__class__.alive += 1
    def __del__(self):
        self.__class__.alive -= 1
    alive = 0

assert not gc.get_freeze_count()
Ring()
settling.settle()
assert Ring.alive == 0, "what was forgotten at the start is gone"
assert gc.get_freeze_count() > 1_000, "what was made at the start stays"
for _ in range(2 * settling.YOUNG_OBJECTS):
    Ring()
assert Ring.alive < 2 * settling.YOUNG_OBJECTS, "what is forgotten later is found"
"""


def test_what_was_made_at_the_start_is_left_alone_and_the_rest_is_not() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SETTLED], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
