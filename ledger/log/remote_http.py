"""Asking a server over HTTP for the files of a log, with a limit and an end to everything.

One connection is kept open between questions. Redirects are not followed, since one could lead what
stands in the headers to somebody else. The proxies that the environment names are used, but not for
this machine itself. What is tried again is what may pass: no answer, and answers such as 503.
"""

import http.client
import time
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import SplitResult

from ledger.log.asking import USER_AGENT, body_of, ended_after, opened, target, why
from ledger.log.remote_faults import LogUnreachable, LogWrong, within
from ledger.log.trace_context import passed_on

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
            "User-Agent": USER_AGENT,
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
                said = f"geen antwoord ({why(error)})"
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
        with ended_after(connection.sock, self._patience.answer_seconds):
            where = target(self._address, f"{self._prefix}/{path}", proxied=True)
            connection.request("GET", where, headers=self._headers | passed_on())
            response = connection.getresponse()
            if response.length is None and not response.chunked:
                raise http.client.HTTPException("een antwoord zonder lengte")
            data = body_of(response, limit_bytes)
            packed = response.headers.get("Content-Encoding", "").strip().lower()
            status = response.status
            response.close()
        if len(data) > limit_bytes or response.will_close:
            self._close()
        return _Answer(status, data, packed in ("gzip", "x-gzip"))

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = opened(self._address, self._patience.silence_seconds, proxied=True)
        if self._connection.sock is None:
            self._connection.connect()
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Answer(NamedTuple):
    status: int
    data: bytes
    packed: bool


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
