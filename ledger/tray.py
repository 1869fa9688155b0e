"""A tray: where the outcomes of many acts of one caller arrive, batch by batch.

Somebody who records a long row of acts needs no lock and no waiting thread for each of them: the
writer puts down what a batch gave at once, and the caller takes it from there in the order in which
the acts were handed in.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Tray(Generic[T]):
    """Outcomes by number; numbers are given out and taken in the same order, by one caller."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self._outcomes: dict[int, T] = {}
        self._given = 0
        self._taken = 0

    @property
    def ready(self) -> bool:
        """Whether the next outcome is there."""
        return self._taken in self._outcomes

    def place(self) -> int:
        """Return the number under which one more outcome is to be put down."""
        self._given += 1
        return self._given - 1

    def take_back(self) -> None:
        """Give back the last number, where nothing came of asking for its outcome."""
        self._given -= 1

    def put_down(self, outcomes: Iterable[tuple[int, T]]) -> None:
        """Let these outcomes be there, and wake the caller; from any thread."""
        with self._arrived:
            self._outcomes.update(outcomes)
            self._arrived.notify()

    def take(self, timeout_seconds: float) -> T:
        """Return the next outcome, or raise TimeoutError; then nobody waits for it any more."""
        number = self._taken
        self._taken += 1
        if number not in self._outcomes:
            deadline = monotonic() + timeout_seconds
            with self._arrived:
                while number not in self._outcomes:
                    left = deadline - monotonic()
                    if left <= 0:
                        raise TimeoutError
                    self._arrived.wait(left)
        return self._outcomes.pop(number)


class OwnTray(threading.local, Generic[T]):
    """The tray of each thread, for one outcome at a time.

    It is used again only after that has come: what comes too late comes in a tray of nobody.
    """

    _own: Tray[T] | None = None

    def lend(self) -> Tray[T]:
        """Return the tray of the calling thread."""
        own, self._own = self._own, None
        return own or Tray()

    def take_back(self, tray: Tray[T]) -> None:
        """Take back an empty tray."""
        self._own = tray
