"""Asking something of a server elsewhere by POST, with a limit and an end to everything.

No redirect is followed: the address is a setting, and whoever answers there answers itself. The
proxies that the environment names are used, but not for this machine itself.
"""

import contextlib
import http.client
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")

_PIECE_BYTES: Final = 65_536


class Unreachable(Exception):
    """No usable answer came; says in Dutch what came instead."""


class Answer(NamedTuple):
    """What a server answered: status, media type in lower case, and all bytes."""

    status: int
    media_type: str
    data: bytes


def post(url: str, body: bytes, *, media_type: str, seconds: float, limit_bytes: int) -> Answer:
    """Return the answer of a server, whatever its status.

    It takes `seconds` at most from the connection on, also where the other side sends a byte now
    and then; looking up the name has the limits of the system. Raises Unreachable, also for an
    answer above the limit.
    """
    headers = {"Content-Type": media_type, "User-Agent": "ketenledger", "Connection": "close"}
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - see settings
    wires: list[socket.socket] = []
    until = time.monotonic() + seconds
    try:
        with _cut_after(seconds, wires), _opened(request, wires, seconds) as response:
            data = _read(response, limit_bytes, until)
            kind = response.headers.get_content_type()
            return Answer(response.status, kind, data)
    except (OSError, http.client.HTTPException) as error:
        late = time.monotonic() >= until
        raise Unreachable(f"{url}: {'te lang gewacht' if late else _why(error)}.") from error


class _Connection(http.client.HTTPConnection):
    """A connection that keeps hold of its socket until the answer has been read."""

    def __init__(self, host: str, *, wires: list[socket.socket], **more: Any) -> None:
        super().__init__(host, **more)
        self._wires = wires

    def connect(self) -> None:
        super().connect()
        self._wires.append(self.sock)


class _SecureConnection(http.client.HTTPSConnection):
    """The same with TLS."""

    def __init__(self, host: str, *, wires: list[socket.socket], **more: Any) -> None:
        super().__init__(host, **more)
        self._wires = wires

    def connect(self) -> None:
        super().connect()
        self._wires.append(self.sock)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, wires: list[socket.socket]) -> None:
        super().__init__()
        self._wires = wires

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_Connection, wires=self._wires), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, wires: list[socket.socket]) -> None:
        super().__init__()
        self._wires = wires

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_SecureConnection, wires=self._wires), req)


@contextlib.contextmanager
def _opened(
    request: urllib.request.Request, wires: list[socket.socket], seconds: float
) -> Iterator[Any]:
    here = urlsplit(request.full_url).hostname in LOOPBACK
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler({} if here else None),
        _Http(wires),
        _Https(wires),
    ):
        opener.add_handler(handler)
    response = opener.open(request, timeout=seconds)
    if response is None:
        raise http.client.HTTPException("een adres begint met http:// of https://")
    with response:
        yield response


@contextlib.contextmanager
def _cut_after(seconds: float, wires: list[socket.socket]) -> Iterator[None]:
    """Cut the connections opened meanwhile when the time is over, whatever waits on them."""
    timer = threading.Timer(seconds, _cut, [wires])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(wires: list[socket.socket]) -> None:
    for wire in wires:
        with contextlib.suppress(OSError):
            # The plain socket below: that of TLS would also take apart what is being read.
            socket.socket.shutdown(wire, socket.SHUT_RDWR)


def _read(response: Any, limit_bytes: int, until: float) -> bytes:
    parts: list[bytes] = []
    left = limit_bytes + 1
    while left > 0 and (part := response.read1(min(left, _PIECE_BYTES))):
        parts.append(part)
        left -= len(part)
        if time.monotonic() > until:
            raise TimeoutError
    if left <= 0:
        raise http.client.HTTPException(f"het antwoord is groter dan {limit_bytes} bytes")
    if response.length:
        raise http.client.HTTPException("het antwoord brak af")
    if time.monotonic() > until:
        raise TimeoutError
    return b"".join(parts)


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return _why(error.reason)
    if isinstance(error, TimeoutError):
        return "te lang gewacht"
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return str(error)[:200] or type(error).__name__
