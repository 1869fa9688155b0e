"""The trace that the work in hand is part of, for the servers elsewhere that are asked meanwhile.

    traceparent: 00-<trace, 32 hexadecimal>-<span, 16 hexadecimal>-<flags>

W3C Trace Context, level 2. Whoever answers a request sets it, for that request alone. What nobody
asked for here, such as sending a checkpoint to a witness, begins a trace of its own each time
(`own`). The lines of the log name it, so that a line here and one on the other side are found by
each other.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

HEADER: Final = "traceparent"
_CURRENT: Final[ContextVar[str]] = ContextVar("traceparent", default="")


def begin(traceparent: str) -> None:
    """Go on with this trace in what the present task or thread asks elsewhere."""
    _CURRENT.set(traceparent)


@contextmanager
def own() -> Iterator[None]:
    """Let what is asked elsewhere and logged meanwhile be of one new trace."""
    before = _CURRENT.set(_made())
    try:
        yield
    finally:
        _CURRENT.reset(before)


def passed_on() -> dict[str, str]:
    """Return the header field for a question to another server."""
    return {HEADER: _CURRENT.get() or _made()}


def told() -> dict[str, str]:
    """Return the ids of the trace in hand in the words of OpenTelemetry; nothing without one."""
    current = _CURRENT.get()
    if not current:
        return {}
    _, trace, span, _ = current.split("-")
    return {"trace_id": trace, "span_id": span}


def _made() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
