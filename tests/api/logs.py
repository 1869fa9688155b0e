"""The log as a server writes it, in the process of the tests, and as it was before afterwards."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TextIO

import structlog

from api import access_log


@contextlib.contextmanager
def logged(stream: TextIO | None = None) -> Iterator[None]:
    """Log everything to this stream as the server does, the libraries included."""
    root = logging.getLogger()
    before, level, settings = root.handlers, root.level, structlog.get_config()
    access_log.start(stream)
    # Loggers are shared by the tests of a process, so none may keep this way of writing.
    structlog.configure(cache_logger_on_first_use=False)
    try:
        yield
    finally:
        access_log.flush()
        root.handlers = before
        root.setLevel(level)
        structlog.configure(**settings)
