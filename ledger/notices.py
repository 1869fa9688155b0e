"""Telling that a chain has grown: other processes by a notification, waiting threads at once.

Told after the commit and outside any write, from a thread of its own, so that no writer waits for
it. What grows shortly after is told together with the rest. A notification may be missed: whoever
listens looks for itself now and then as well.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from time import monotonic
from typing import Final

from ledger.log.store import Store, StoreUnavailable

LOOK_SECONDS: Final = 0.25
"""How often a waiting thread looks in the store for what other processes wrote."""

IDLE_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 0.025
"""The least time between two notifications: under load each of them tells of many records."""

LOG = logging.getLogger(__name__)


class Notices:
    """The sizes that chains have reached, and the thread that passes them on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._untold: dict[str, int] = {}
        self._followers: list[Callable[[Mapping[str, int]], None]] = []
        self._heeding: list[Callable[[Collection[int], Collection[str]], None]] = []
        self._grown = threading.Condition()
        self._closed = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ketenledger-notices", daemon=True)
        self._thread.start()

    def tell(self, sizes: Mapping[str, int]) -> None:
        """Pass on that these chains have these sizes now; returns at once."""
        with self._grown:
            self._untold.update(sizes)
            self._grown.notify_all()
        for follower in self._followers:
            follower(sizes)

    def follow(self, follower: Callable[[Mapping[str, int]], None]) -> None:
        """Tell this follower in the same process at once, in the thread of the writer.

        It must return at once.
        """
        self._followers.append(follower)

    def heed_turns(self, heed: Callable[[Collection[int], Collection[str]], None]) -> None:
        """Pass on which turns somebody has, and what was told when that was heard."""
        self._heeding.append(heed)

    def wait(self, chain: str, position: int, *, timeout_seconds: float) -> bool:
        """Wait until the record at this position is committed; tell whether it is."""
        deadline = monotonic() + timeout_seconds
        while self._store.size(chain) <= position:
            left = deadline - monotonic()
            if left <= 0:
                return False
            with self._grown:
                self._grown.wait(min(left, LOOK_SECONDS))
        return True

    def close(self, timeout_seconds: float) -> None:
        """Tell what is still untold, and stop."""
        with self._grown:
            self._closed = True
            self._closing.set()
            self._grown.notify_all()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while True:
            with self._grown:
                while not self._untold and not self._closed:
                    self._grown.wait(IDLE_SECONDS)
                sizes, self._untold = self._untold, {}
                if not sizes:
                    return
            self._pass_on(sizes)
            self._closing.wait(PAUSE_SECONDS)

    def _pass_on(self, sizes: Mapping[str, int]) -> None:
        try:
            turns = self._store.notify(sizes)
            for heed in self._heeding:
                heed(turns, sizes)
        except StoreUnavailable as error:
            LOG.warning("Niet gemeld dat ketens zijn gegroeid: %s", error)
