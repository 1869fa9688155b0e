"""Structured logs: one JSON line per request and per event of the server, on standard error.

A line holds no secret, no name and no query string: what somebody searched for is their own
business. It is left out where a line is made; what slips in all the same (a library that quotes a
header, a database that quotes a row) is blotted out at the end.

The lines of requests are written together, a twentieth of a second of them at a time. Any other
line is written at once, and those that came before it too; so is everything when the server stops.
What is killed takes its last lines with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec
import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import ExcInfo

from ledger.log import trace_context

MAX_ERROR_CHARACTERS: Final = 300
GATHER_SECONDS: Final = 0.05
"""How long the line of a request may wait for those of others."""
MAX_GATHERED: Final = 1000
BLOT: Final = "[…]"
_NAMED: Final = (
    "password|passwd|secret|client_secret|access_token|id_token|refresh_token|sessie|authorization"
)
SECRETS: Final = re.compile(
    rf"(?i:\b(?:{_NAMED})\s*[=:]\s*(?:bearer\s+|basic\s+)?|\b(?:bearer|basic)\s+)"
    r"(?P<named>[^\s\"&;,\\]+)"
    r"|(?<=://)[^\s:/@\"]*:(?P<in_url>[^\s/@\"]+)(?=@)"
    # A JSON web token or the key of a service account, wherever it stands.
    r"|\b(?P<token>eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|ketenledger_[\w-]{43,})"
)
MARKS: Final = (
    "passw", "secret", "_token", "sessie", "authorization", "bearer", "basic", "://", "eyj",
    "ketenledger_",
)  # fmt: skip
"""Of what looks like a secret each kind holds one of these, in whatever case."""

LOG_NAME: Final = "ketenledger"
LOG = structlog.stdlib.get_logger(LOG_NAME)
_ENCODER: Final = msgspec.json.Encoder()


def start(stream: TextIO | None = None) -> None:
    """Let everything that logs, the libraries included, write JSON lines to this stream."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _traced,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Without the local variables: they hold what people typed.
        ExceptionRenderer(_Told()),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = Lines(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
                _blotted,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"


def tell(said: Mapping[str, object]) -> None:
    """Log a request that was answered, from the event loop: what is said, and which request it was.

    A line like any other, made without the steps that the lines of others need: there is one for
    every request.
    """
    lines = _lines()
    if lines is None:
        LOG.info("request", **said)
        return
    line = {"event": "request", **said, **structlog.contextvars.get_contextvars()}
    line |= {"level": "info", "logger": LOG_NAME, "timestamp": datetime.now(UTC)}
    lines.gather(blotted(_ENCODER.encode(line).decode()))


def flush() -> None:
    """Write what was gathered."""
    lines = _lines()
    if lines is not None:
        lines.flush()


def _lines() -> Lines | None:
    return next((one for one in logging.getLogger().handlers if isinstance(one, Lines)), None)


class Lines(logging.StreamHandler[TextIO]):
    """Writes every line of the log; those of requests together, the others at once."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._gathered: list[str] = []

    def gather(self, line: str) -> None:
        """Write a line soon, from the event loop."""
        self.acquire()
        try:
            self._gathered.append(line)
            count = len(self._gathered)
        finally:
            self.release()
        if count == 1:
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)
        elif count >= MAX_GATHERED:
            self.flush()

    def emit(self, record: logging.LogRecord) -> None:
        self._write_gathered()
        super().emit(record)

    def flush(self) -> None:
        self._write_gathered()
        with contextlib.suppress(OSError, ValueError):
            super().flush()

    def _write_gathered(self) -> None:
        self.acquire()
        try:
            gathered, self._gathered = self._gathered, []
            if gathered:
                # Whatever is wrong with where the log goes stops nobody's request.
                with contextlib.suppress(OSError, ValueError):
                    self.stream.write("\n".join(gathered) + self.terminator)
        finally:
            self.release()


def blotted(text: str) -> str:
    """Return a text without whatever looks like a secret in it."""
    # A look for the marks costs a tenth of looking for the secrets, and nearly no line has one.
    if text.isascii() and not _marked(text.lower()):
        return text

    def blot(found: re.Match[str]) -> str:
        secret = found["named"] or found["in_url"] or found["token"]
        return found[0].removesuffix(secret) + BLOT

    return SECRETS.sub(blot, text)


def _marked(lower: str) -> bool:
    return any(mark in lower for mark in MARKS)


def _traced(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> Any:
    """Name the trace of work that no request asked for; that of a request is named already."""
    for name, value in trace_context.told().items():
        line.setdefault(name, value)
    return line


def _blotted(_logger: Any, _method: str, line: Any) -> str:
    return blotted(str(line))


class _Told:
    """Tells of an error without what a database quotes of a row, which is on its later lines."""

    _whole = ExceptionDictTransformer(show_locals=False)

    def __call__(self, exc_info: ExcInfo) -> list[dict[str, Any]]:
        told = self._whole(exc_info)
        for one in told:
            first = str(one.get("exc_value", "")).partition("\n")[0]
            one["exc_value"] = first[:MAX_ERROR_CHARACTERS]
        return told
