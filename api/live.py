"""Waking the streams of this server when a chain has grown: one thread, however many streams.

The runner takes records into the read models and is itself woken by the database, so one listener
serves all. This thread waits for the runner to move (or a short time, as another process may do the
work), asks once how far each chain is, and wakes the streams of those that moved. A stream asks for
itself what its reader may see of it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from api.problems import Problem
from ledger.log.store import StoreUnavailable
from projections.reached import Shown

LOG = logging.getLogger(__name__)
LOOK_SECONDS: Final = 1.0
STOP_SECONDS: Final = 5.0


class Waiter:
    """One stream that waits for its chain, in its own event loop."""

    def __init__(self, chain: str) -> None:
        self.chain = chain
        self._loop = asyncio.get_running_loop()
        self._grown = asyncio.Event()

    def wake(self) -> None:
        """Wake the stream, from any thread; one whose loop has ended needs no waking."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._grown.set)

    async def wait(self, seconds: float) -> bool:
        """Wait until the chain has grown; False when that took too long."""
        try:
            await asyncio.wait_for(self._grown.wait(), seconds)
        except TimeoutError:
            return False
        self._grown.clear()
        return True


class Live:
    """The streams of this server, and the thread that wakes them."""

    def __init__(self, shown: Shown, max_streams: int) -> None:
        self._shown = shown
        self._max_streams = max_streams
        self._waiters: set[Waiter] = set()
        self._reached: dict[str, int] = {}
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        self._thread.start()

    @property
    def stopping(self) -> bool:
        """Whether the server goes down, so that streams have to end."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Let every stream end, and the thread too; safe to repeat."""
        self._stopping.set()
        for one in self._listeners():
            one.wake()
        self._thread.join(STOP_SECONDS)

    def require_room(self) -> None:
        """Refuse another stream (unavailable) where there are as many as may be."""
        if self.streams >= self._max_streams or self.stopping:
            raise Problem("unavailable", "Er kijken nu te veel mensen live mee.")

    @property
    def crowded(self) -> bool:
        """Whether more streams began at once than may be: then the last to begin has to end."""
        return self.streams > self._max_streams

    @property
    def streams(self) -> int:
        """How many streams there are now."""
        return len(self._listeners())

    @contextmanager
    def waiting(self, chain: str) -> Iterator[Waiter]:
        """Lend a waiter for a chain to one stream."""
        waiter = Waiter(chain)
        with self._guard:
            self._waiters.add(waiter)
        try:
            yield waiter
        finally:
            with self._guard:
                self._waiters.discard(waiter)

    def _listeners(self) -> list[Waiter]:
        with self._guard:
            return list(self._waiters)

    def _run(self) -> None:
        while not self.stopping:
            self._shown.moved(LOOK_SECONDS)
            listeners = self._listeners()
            if listeners:
                self._wake(listeners)

    def _wake(self, listeners: list[Waiter]) -> None:
        try:
            sizes = self._shown.sizes()
        except StoreUnavailable as error:
            LOG.warning("live wacht op de database: %s", error)
            self._stopping.wait(LOOK_SECONDS)
            return
        moved = {chain for chain, size in sizes.items() if size != self._reached.get(chain)}
        self._reached = sizes
        for one in listeners:
            if one.chain in moved:
                one.wake()
