"""The doorway every request and every answer passes: headers, request id, log line, and a limit.

It stands around the whole application, so that an error inside it leaves by the same way: each
answer carries `API-Version` and the security headers, also a 404 or a 500.
"""

from __future__ import annotations

import re
import time
from typing import Final
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access_log import LOG
from api.problems import Problem, answer, place

API_VERSION: Final = "1.0.0"
SECURITY_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What an answer carries unless it says otherwise itself, as a page with a stylesheet does."""
TRANSPORT_HEADER: Final = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
REQUEST_ID: Final = "X-Request-Id"
_REQUEST_ID_FORM: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Doorway:
    """The application with its doorway; at most `max_requests` are inside at once."""

    def __init__(self, app: ASGIApp, *, max_requests: int) -> None:
        self._app = app
        self._max_requests = max_requests
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passage = _Passage(scope, send)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=passage.request_id)
        self._inside += 1
        try:
            await self._admit(passage, receive)
        finally:
            self._inside -= 1
            passage.log()

    async def _admit(self, passage: _Passage, receive: Receive) -> None:
        if self._inside > self._max_requests:
            busy = Problem("unavailable", "Er lopen te veel verzoeken tegelijk.")
            refusal = answer(busy, place(passage.scope))
            await refusal(passage.scope, receive, passage.send)
        else:
            await self._app(passage.scope, receive, passage.send)


class _Passage:
    """One request on its way in and its answer on its way out."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.method: str = scope["method"]
        # HEAD is GET without its body: the application need not know of it.
        self.scope: Scope = {**scope, "method": "GET"} if self.method == "HEAD" else scope
        self.request_id = _request_id(Headers(scope=scope))
        self._send = send
        self._status = 0
        self._since = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._label(MutableHeaders(raw=message["headers"]))
        elif self.method == "HEAD" and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)

    def _label(self, headers: MutableHeaders) -> None:
        headers["API-Version"] = API_VERSION
        headers[REQUEST_ID] = self.request_id
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        if self.scope["scheme"] == "https":
            headers.setdefault(*TRANSPORT_HEADER)

    def log(self) -> None:
        took_ms = round((time.perf_counter() - self._since) * 1000, 1)
        LOG.info(
            "request",
            method=self.method,
            path=place(self.scope),
            status=self._status,
            took_ms=took_ms,
        )


def _request_id(headers: Headers) -> str:
    """Return the id the caller gave the request where it is a sound one, or a new one."""
    given = headers.get(REQUEST_ID, "")
    return given if _REQUEST_ID_FORM.fullmatch(given) else uuid4().hex
