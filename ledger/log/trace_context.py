"""The trace that the work in hand is part of, for the servers elsewhere that are asked meanwhile.

    traceparent: 00-<trace, 32 hexadecimal>-<span, 16 hexadecimal>-<flags>

W3C Trace Context, level 2. Whoever answers a request sets it, for that request alone. What nobody
asked for here, such as sending a checkpoint to a witness, begins a trace of its own each time, so
that the other side can still name the very question.
"""

from __future__ import annotations

import secrets
from contextvars import ContextVar
from typing import Final

HEADER: Final = "traceparent"
_CURRENT: Final[ContextVar[str]] = ContextVar("traceparent", default="")


def begin(traceparent: str) -> None:
    """Go on with this trace in what the present task or thread asks elsewhere."""
    _CURRENT.set(traceparent)


def passed_on() -> dict[str, str]:
    """Return the header field for a question to another server."""
    own = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    return {HEADER: _CURRENT.get() or own}
