"""Which request a line of the log belongs to, across systems: W3C Trace Context, level 2.

    traceparent:   00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01   came in, or not
    traceresponse: 00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01   goes out

The trace is the caller's where it named a sound one, else a new one; the span is always ours. What
is asked of other servers meanwhile carries it on (`ledger/log/trace_context.py`).
`tracestate` is of other systems: it is neither read nor passed on.
"""

from __future__ import annotations

import re
import secrets
import threading
from typing import Final, NamedTuple

from ledger.log.trace_context import HEADER as HEADER

ANSWER_HEADER: Final = "traceresponse"
VERSION: Final = "00"
NOT_SAMPLED: Final = "00"
_FORM: Final = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Trace(NamedTuple):
    """The trace a request is part of, and its own span in it."""

    trace: str
    span: str
    parent: str = ""
    flags: str = NOT_SAMPLED

    def __str__(self) -> str:
        return f"{VERSION}-{self.trace}-{self.span}-{self.flags}"


def trace_of(traceparent: str) -> Trace:
    """Return the span of a request that came with this header; in a new trace where it is unsound.

    A later version of the header is read as far as this version goes; all zeroes are no id.
    """
    span = _DRAWN.take(8)
    found = _FORM.fullmatch(traceparent.strip()) if len(traceparent) <= 200 else None
    if found is None or (found[1] == VERSION and found[5]):
        return Trace(_DRAWN.take(16), span)
    trace, parent = found[2], found[3]
    if not trace.strip("0") or not parent.strip("0"):
        return Trace(_DRAWN.take(16), span)
    sampled = int(found[4], 16) & 1
    return Trace(trace, span, parent, f"{sampled:02x}")


def request_id() -> str:
    """Return an id for a request that came without one."""
    return _DRAWN.take(16)


class _Drawn:
    """Random bytes, drawn many at a time: a question to the kernel lets other threads go first."""

    _AT_ONCE: Final = 512

    def __init__(self) -> None:
        self._taking = threading.Lock()
        self._left = ""

    def take(self, size_bytes: int) -> str:
        """Return so many bytes as hexadecimal digits, which nobody had before."""
        digits = 2 * size_bytes
        with self._taking:
            if len(self._left) < digits:
                self._left = secrets.token_hex(self._AT_ONCE)
            taken, self._left = self._left[:digits], self._left[digits:]
        return taken


_DRAWN: Final = _Drawn()
