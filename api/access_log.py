"""Structured logs: one JSON line per request and per event of the server, on standard error.

A line holds no secret, no name and no query string: what somebody searched for is their own
business. It is left out where a line is made; what slips in all the same (a library that quotes a
header, a database that quotes a row) is blotted out at the end.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, Final, TextIO

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import ExcInfo

MAX_ERROR_CHARACTERS: Final = 300
BLOT: Final = "[…]"
_NAMED: Final = (
    "password|passwd|secret|client_secret|access_token|id_token|refresh_token|sessie|authorization"
)
SECRETS: Final = re.compile(
    rf"(?i:\b(?:{_NAMED})\s*[=:]\s*(?:bearer\s+|basic\s+)?|\b(?:bearer|basic)\s+)"
    r"(?P<named>[^\s\"&;,\\]+)"
    r"|(?<=://)[^\s:/@\"]*:(?P<in_url>[^\s/@\"]+)(?=@)"
    # A JSON web token, wherever it stands.
    r"|\b(?P<token>eyJ[\w-]{8,}\.[\w-]+\.[\w-]*)"
)

LOG = structlog.stdlib.get_logger("ketenledger")


def start(stream: TextIO | None = None) -> None:
    """Let everything that logs, the libraries included, write JSON lines to this stream."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
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
    handler = logging.StreamHandler(stream or sys.stderr)
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


def blotted(text: str) -> str:
    """Return a text without whatever looks like a secret in it."""

    def blot(found: re.Match[str]) -> str:
        secret = found["named"] or found["in_url"] or found["token"]
        return found[0].removesuffix(secret) + BLOT

    return SECRETS.sub(blot, text)


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
