"""Asking a server over HTTP for the files of a log, with a limit and an end to everything.

One connection is kept open between questions. Redirects are not followed, since one could lead what
stands in the headers to somebody else. The proxies that the environment names are used, but not for
this machine itself. What is tried again is what may pass: no answer, and answers such as 503.
"""

import http.client
import os
import socket
import ssl
import threading
import time
import urllib.request
import zlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from ledger.log.remote_faults import LogUnreachable, LogWrong, within

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")

_PIECE_BYTES: Final = 65_536
_GZIP: Final = 31
"""How zlib is told that there is a header of gzip."""
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE: Final = frozenset({404, 410})


class Patience(NamedTuple):
    """How long is waited: for a sign of life, for a whole answer, and how often it is tried."""

    silence_seconds: float = 15.0
    answer_seconds: float = 120.0
    tries: int = 4
    pause_seconds: float = 0.5
    """Before the second try; twice as long before each that follows."""


class HttpSource:
    """A log on a server. One connection is kept open; redirects are not followed.

    A redirect could lead what is in the headers to somebody else. The proxies that the environment
    names are used, but not for this machine itself.
    """

    def __init__(
        self, address: SplitResult, headers: Mapping[str, str], patience: Patience
    ) -> None:
        self._address = address
        self._headers = {
            "Accept-Encoding": "gzip",
            "User-Agent": "ketenledger",
            **headers,
        }
        self._patience = patience
        self._connection: http.client.HTTPConnection | None = None
        self._prefix = address.path.rstrip("/")

    def read(self, path: str, limit_bytes: int) -> bytes | None:
        where = f"{self._address.scheme}://{self._address.netloc}{self._prefix}/{path}"
        said = ""
        for number in range(self._patience.tries):
            if number:
                time.sleep(self._patience.pause_seconds * 2 ** (number - 1))
            try:
                answer = self._asked(path, limit_bytes)
            except (OSError, http.client.HTTPException) as error:
                self._close()
                said = f"geen antwoord ({_why(error)})"
                continue
            if answer.status not in _AGAIN:
                return self._taken(answer, where, path, limit_bytes)
            said = f"antwoord {answer.status}"
        raise LogUnreachable(f"{where}: {said}, na {self._patience.tries} pogingen.")

    def _taken(self, answer: "_Answer", where: str, path: str, limit_bytes: int) -> bytes | None:
        if answer.status == http.HTTPStatus.OK:
            return within(_unpacked(answer, path, limit_bytes), path, limit_bytes)
        if answer.status in _GONE:
            return None
        if answer.status in (401, 403):
            raise LogUnreachable(f"{where} is voor ons niet te lezen (antwoord {answer.status}).")
        if 300 <= answer.status < 400:
            raise LogUnreachable(f"{where} verwijst door; geef het adres waar het log nu staat.")
        raise LogUnreachable(f"{where}: onverwacht antwoord {answer.status}.")

    def _asked(self, path: str, limit_bytes: int) -> "_Answer":
        """Ask once; whatever the other side does, it ends within the time for an answer."""
        connection = self._connected()
        late = threading.Event()
        cut = threading.Timer(self._patience.answer_seconds, _cut, [connection, late])
        cut.daemon = True
        cut.start()
        try:
            connection.request("GET", self._target(path), headers=self._headers)
            response = connection.getresponse()
            data = _body(response, limit_bytes)
            packed = response.headers.get("Content-Encoding", "").strip().lower()
            status = response.status
            response.close()
        finally:
            cut.cancel()
        if late.is_set():
            raise TimeoutError
        if len(data) > limit_bytes or response.will_close:
            self._close()
        return _Answer(status, data, packed in ("gzip", "x-gzip"))

    def _target(self, path: str) -> str:
        target = f"{self._prefix}/{path}"
        if self._address.scheme == "http" and _proxy(self._address) is not None:
            return f"http://{self._address.netloc}{target}"
        return target

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = _connection(self._address, self._patience.silence_seconds)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Answer(NamedTuple):
    status: int
    data: bytes
    packed: bool


def _connection(address: SplitResult, seconds: float) -> http.client.HTTPConnection:
    """Return a connection to a server, by way of the proxy of the environment if there is one."""
    secure = address.scheme == "https"
    proxy = _proxy(address)
    host, port = address.hostname or "", address.port or (443 if secure else 80)
    if not secure:
        to = (host, port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
        return http.client.HTTPConnection(*to, timeout=seconds)
    context = ssl.create_default_context()
    if proxy is None:
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    to = (proxy.hostname or "", proxy.port or 80)
    made = http.client.HTTPSConnection(*to, timeout=seconds, context=context)
    made.set_tunnel(host, port, headers=_proxy_headers(proxy))
    return made


def _proxy(address: SplitResult) -> SplitResult | None:
    host = address.hostname or ""
    url = urllib.request.getproxies().get(address.scheme)
    if not url or host in LOOPBACK or urllib.request.proxy_bypass(host):
        return None
    return urlsplit(url if "://" in url else f"http://{url}")


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    said = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(said.encode()).decode()}"}


def _body(response: http.client.HTTPResponse, limit_bytes: int) -> bytes:
    """Read at most one byte more than the limit, and all of what is announced below that."""
    if response.length is None and not response.chunked:
        raise http.client.HTTPException("een antwoord zonder lengte")
    parts: list[bytes] = []
    left = limit_bytes + 1
    while left > 0 and (part := response.read1(min(left, _PIECE_BYTES))):
        parts.append(part)
        left -= len(part)
    if left > 0 and response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def _unpacked(answer: _Answer, path: str, limit_bytes: int) -> bytes:
    if not answer.packed:
        return answer.data
    unpacker = zlib.decompressobj(_GZIP)
    try:
        data = unpacker.decompress(answer.data, limit_bytes + 1)
    except zlib.error as error:
        raise LogWrong("malformed", f"{path} is geen geldige gzip.") from error
    if len(data) <= limit_bytes and not unpacker.eof:
        raise LogWrong("malformed", f"{path} is een afgebroken gzip.")
    return data


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    """End a connection that somebody is waiting on, from another thread, and say so."""
    late.set()
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "te lang gewacht"
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return str(error)[:200] or type(error).__name__
