"""An event loop of its own for a test: in a thread, since a browser's may run in the main one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
MOST_SECONDS = 120.0


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run this to its end and return what it gives, or raise what it raises."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result(MOST_SECONDS)
