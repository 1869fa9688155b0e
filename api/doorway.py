"""The doorway every request and every answer passes: headers, request id, log line, and limits.

It stands around the whole application, so that an error inside it leaves by the same way: each
answer carries `API-Version` and the security headers, also a 404 or a 500.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import tracing
from api.access_log import tell
from api.fields import fields, said_twice
from api.identity import ACCOUNT
from api.problems import Problem, answer, place, too_many
from api.rates import Rates
from api.settings import Settings
from api.tracing import trace_of
from ledger.log import trace_context

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
TRANSPORT_HEADER: Final = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
REQUEST_ID: Final = "X-Request-Id"
UNKNOWN_PATH: Final = "(unknown)"
UNLOOKED: Final = frozenset({400, 401, 404, 405, 408, 413, 415, 429})
"""Answers to who may have named a chain that is not there, and so whatever they typed."""
RawHeader = tuple[bytes, bytes]
"""A field of an answer: its name in small letters, and its value."""


def _raw(fields: Mapping[str, str]) -> tuple[RawHeader, ...]:
    return tuple((name.lower().encode(), value.encode()) for name, value in fields.items())


_API_VERSION: Final = (b"api-version", API_VERSION.encode())
_REQUEST_ID: Final = REQUEST_ID.lower().encode()
_TRACE: Final = tracing.ANSWER_HEADER.lower().encode()
_SECURITY: Final = _raw(SECURITY_HEADERS)
_SECURE: Final = _raw(SECURITY_HEADERS | TRANSPORT_HEADER)
_REQUEST_ID_FORM: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Doorway:
    """The application with its doorway; so many are inside at once as the settings say."""

    def __init__(self, app: ASGIApp, settings: Settings, rates: Rates) -> None:
        self._app = app
        self._settings = settings
        self._rates = rates
        self._secure = settings.address.startswith("https://")
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passage = _Passage(scope, send, secure=self._secure)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=passage.request_id, **passage.traced())
        trace_context.begin(str(passage.trace))
        self._inside += 1
        try:
            await self._admit(passage, receive)
        finally:
            self._inside -= 1
            if passage.status == HTTPStatus.UNAUTHORIZED:
                self._rates.refused(scope)
            passage.log()

    async def _admit(self, passage: _Passage, receive: Receive) -> None:
        problem = self._problem(passage.scope)
        if problem is None:
            problem = await self._within_time(passage, receive)
        if problem is not None:
            refusal = answer(problem, place(passage.scope))
            await refusal(passage.scope, receive, passage.send)

    def _problem(self, scope: Scope) -> Problem | None:
        """Return what keeps a request out, before anything of it is looked at."""
        if self._inside > self._settings.max_requests:
            return Problem("unavailable", "Er lopen te veel verzoeken tegelijk.")
        most = self._settings.max_address_bytes
        if len(scope["raw_path"]) + len(scope["query_string"]) > most:
            return Problem("address-too-long", f"Het adres is langer dan {most} bytes.")
        wait_seconds = self._rates.wait_seconds(scope)
        if wait_seconds:
            return too_many(wait_seconds)
        if scope["http_version"] == "1.1" and "host" not in fields(scope):
            return Problem("malformed", "Het veld host ontbreekt.")
        twice = said_twice(scope)
        if twice:
            return Problem("malformed", f"Het veld {twice} staat er meer dan één keer.")
        return None

    async def _within_time(self, passage: _Passage, receive: Receive) -> Problem | None:
        """Let the application answer; return the problem that the answer did not begin in time."""
        clock = passage.clock = asyncio.timeout(self._settings.request_seconds)
        try:
            async with clock:
                await self._app(passage.scope, receive, passage.send)
        except TimeoutError:
            if not clock.expired():
                raise
            return Problem("unavailable", "Het antwoord liet te lang op zich wachten.")
        return None


class _Passage:
    """One request on its way in and its answer on its way out."""

    def __init__(self, scope: Scope, send: Send, *, secure: bool) -> None:
        self.method: str = scope["method"]
        # HEAD is GET without its body: the application need not know of it.
        self.scope: Scope = {**scope, "method": "GET"} if self.method == "HEAD" else scope
        given = fields(self.scope)
        self.request_id = _request_id(given)
        self.trace = trace_of(given.get(tracing.HEADER, ""))
        self.status = 0
        self.clock: asyncio.Timeout | None = None
        self._send = send
        self._secure = secure or scope["scheme"] == "https"
        self._since = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.clock is not None and not self.clock.expired():
                self.clock.reschedule(None)
            self._label(message["headers"])
        elif self.method == "HEAD" and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)

    def _label(self, headers: list[RawHeader]) -> None:
        """Add what every answer carries, to the names and values as they go out."""
        own = [_API_VERSION, (_REQUEST_ID, self.request_id.encode())]
        own.append((_TRACE, str(self.trace).encode()))
        always = {name for name, _ in own}
        there = {name for name, _ in headers}
        if there & always:
            headers[:] = [one for one in headers if one[0] not in always]
        unless = _SECURE if self._secure else _SECURITY
        headers += own
        headers += [one for one in unless if one[0] not in there]

    def traced(self) -> dict[str, str]:
        """Return what the lines of the log say about the trace, in the words of OpenTelemetry."""
        said = {"trace_id": self.trace.trace, "span_id": self.trace.span}
        return said | ({"parent_id": self.trace.parent} if self.trace.parent else {})

    def log(self) -> None:
        took_ms = round((time.perf_counter() - self._since) * 1000, 1)
        # The address as it is written in the code: what stands in its braces may be a person, and
        # what is no address at all is whatever somebody typed.
        path = getattr(self.scope.get("route"), "path", UNKNOWN_PATH)
        said = {"method": self.method, "path": path, "status": self.status, "took_ms": took_ms}
        tell({**said, **self._chain(), **self._account()})

    def _chain(self) -> dict[str, str]:
        """Return the chain that was asked about, where there is one of that name."""
        chain = self.scope.get("path_params", {}).get("chain")
        looked = self.status not in UNLOOKED
        return {"chain": chain} if isinstance(chain, str) and looked else {}

    def _account(self) -> dict[str, str]:
        """Return the service account of the program that asked; a person is never named."""
        found = self.scope.get(ACCOUNT)
        return {"account": found} if isinstance(found, str) else {}


def _request_id(headers: Mapping[str, str]) -> str:
    """Return the id the caller gave the request where it is a sound one, or a new one."""
    given = headers.get(REQUEST_ID.lower(), "")
    return given if _REQUEST_ID_FORM.fullmatch(given) else tracing.request_id()
