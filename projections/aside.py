"""A second hand for who builds read models: does work in order on a connection of its own.

What came of one batch is written here while the next is being made, which asks the tables for
nothing that is in it. One piece of work is under way at most; whoever brings the next waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, Self

import psycopg
from psycopg import Connection

Work = Callable[[Connection[Any]], None]

WORK_SECONDS: Final = 3600.0
"""How long one piece of work may take; each of its statements has a limit of its own."""

CANCEL_SECONDS: Final = 10.0


class Aside:
    """Does what it is given, one after the other, in a thread of its own; closes the connection."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._hand = ThreadPoolExecutor(max_workers=1, thread_name_prefix="aside")
        self._under_way: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Break off what is under way if we come here by an error, and end."""
        if error[0] is not None:
            with suppress(psycopg.Error):
                self._connection.cancel_safe(timeout=CANCEL_SECONDS)
        self._hand.shutdown(wait=True)
        self._connection.close()

    def do(self, work: Work) -> None:
        """Have this done next; raises what went wrong in the work before it."""
        self.settle()
        self._under_way = self._hand.submit(work, self._connection)

    def settle(self) -> None:
        """Wait until everything is done; raises what went wrong."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result(WORK_SECONDS)
