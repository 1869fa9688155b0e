"""How connections are served: uvicorn, with an end to every wait and a size to every message.

    a request      has to be there whole within 40 s, headers and body, however slowly it drips
    its head       has at most 32 KiB and 100 fields; what comes behind a body counts as well
    an answer      that nobody reads is given up after 60 s
    connections    at most 1024 at once; one more takes the place of the one that asks nothing the
                   longest, and is told to come back where all are being answered

What a proxy says about who sent a request is believed of the proxies in the settings and of nobody
else.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.settings import Settings

MESSAGE_SECONDS: Final = 40.0
WRITE_SECONDS: Final = 60.0
KEEP_ALIVE_SECONDS: Final = 30
MAX_HEAD_BYTES: Final = 32 * 1024
MAX_FIELDS: Final = 100
MAX_CONNECTIONS: Final = 1024
TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\n"
BUSY: Final = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n"
EMPTY: Final = b"content-length: 0\r\nconnection: close\r\n\r\n"


class HeadTooLong(Exception):
    """The head of a request passes its limits."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection: whoever is too slow or too long-winded loses it."""

    message_seconds: float = MESSAGE_SECONDS
    write_seconds: float = WRITE_SECONDS
    max_connections: int = MAX_CONNECTIONS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = _Head()
        self._in_head = True
        self._whole = False
        """Whether what was fed last ends with the end of a request."""
        self._bodies_bytes = 0
        """How much of what was fed last is of bodies, and so not of a head."""
        self._in_chunks = False
        """Whether a part of a body began or ended in what was fed last."""
        self._quiet_since = 0.0
        """Since when nothing is answered here; the clock of the loop counts whole milliseconds."""
        self._waiting: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._quiet_since = time.monotonic()
        if len(self.connections) > self.max_connections and not self._has_room():
            self._leave(BUSY)
        else:
            self._expect_message()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._waiting, self._writing):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._whole, self._bodies_bytes, self._in_chunks = False, 0, False
        super().data_received(data)
        # A field is told of when it has ended; one without an end is seen here, also where it comes
        # behind the last part of a body. What lies between two parts is no field, and not kept.
        loose_bytes = len(data) - self._bodies_bytes
        self._head.fed_bytes = 0 if self._in_chunks else self._head.fed_bytes + loose_bytes
        if self._head.too_long and not self.transport.is_closing():
            self._leave(TOO_LONG)
        # Most requests come whole, and then nothing is to be waited for.
        if not self._whole and self._waiting is None:
            self._expect_message()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head, self._in_head, self._whole = _Head(), True, False
        self._expect_nothing()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._head.told(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        # A field behind the body is no field of the head: whoever stands in between did not see it.
        if self._in_head:
            super().on_header(name, value)
        self._head.fields += 1
        self._head.told(len(name) + len(value))

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._bodies_bytes += len(body)

    def on_chunk_header(self) -> None:
        """Note that a part of a body begins; the last one of them is empty."""
        self._in_chunks = True

    def on_chunk_complete(self) -> None:
        """Note that a part of a body has ended."""
        self._in_chunks = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._head, self._in_head, self._whole = _Head(), True, True
        self._expect_nothing()

    def send_400_response(self, msg: str) -> None:
        if self._head.too_long:
            self._leave(TOO_LONG)
        else:
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._writing = self.loop.call_later(self.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._writing is not None:
            self._writing.cancel()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._quiet_since = time.monotonic()

    @property
    def _is_quiet(self) -> bool:
        """Whether no answer is under way here: nothing is lost but the beginning of a question."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _has_room(self) -> bool:
        """Make room for this connection; tell whether there is.

        Whoever holds many and says nothing would otherwise shut out everybody else.
        """
        others = [one for one in self.connections if isinstance(one, BoundedProtocol)]
        others = [one for one in others if one is not self and not one.transport.is_closing()]
        too_many = max(0, len(others) + 1 - self.max_connections)
        quiet = sorted((one for one in others if one._is_quiet), key=lambda one: one._quiet_since)
        if len(quiet) < too_many:
            return False
        for one in quiet[:too_many]:
            one.transport.close()
        return True

    def _expect_nothing(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _expect_message(self) -> None:
        self._expect_nothing()
        self._waiting = self.loop.call_later(self.message_seconds, self._leave, TOO_SLOW)

    def _leave(self, status: bytes) -> None:
        """Say why, where no answer is under way yet, and end the connection."""
        cycle: RequestResponseCycle | None = self.cycle
        if self._in_head and (cycle is None or cycle.response_complete):
            self.transport.write(status + EMPTY)
        self.transport.close()


class _Head:
    """How much of a request's head came in."""

    def __init__(self) -> None:
        self.fed_bytes = 0
        self.told_bytes = 0
        self.fields = 0

    @property
    def too_long(self) -> bool:
        return max(self.fed_bytes, self.told_bytes) > MAX_HEAD_BYTES or self.fields > MAX_FIELDS

    def told(self, size_bytes: int) -> None:
        """Count a part that ended; raises HeadTooLong, which ends the reading of this request."""
        self.told_bytes += size_bytes
        if self.told_bytes > MAX_HEAD_BYTES or self.fields > MAX_FIELDS:
            raise HeadTooLong


def config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Return how this application is served."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.stop_seconds),
    )
