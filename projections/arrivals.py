"""How far this process knows each chain to be taken in, and who is to be told of more.

Whoever waits for a record to be in the read models is rung at the very moment that a batch of this
process has committed it. What another process took in is not told here: who waits looks for it in
the database now and then as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

Ring = Callable[[], None]
"""Called once, from the thread that made the batch; it must return at once."""


class _Waiting(NamedTuple):
    position: int
    ring: Ring


class Arrivals:
    """The sizes that are known; safe to share between threads. A size never goes back."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._waiting: dict[str, list[_Waiting]] = {}
        self._guard = threading.Lock()

    def size(self, chain: str) -> int:
        """Return how many records of a chain are known to be taken in; there may be more."""
        return self._sizes.get(chain, 0)

    def note(self, sizes: Mapping[str, int]) -> None:
        """Take note that chains are this far, and ring who waited for it."""
        rung: list[_Waiting] = []
        with self._guard:
            for chain, size in sizes.items():
                self._sizes[chain] = max(size, self._sizes.get(chain, 0))
                if chain in self._waiting:
                    rung += self._of(chain, size)
        for one in rung:
            one.ring()

    @contextmanager
    def ringing(self, chain: str, position: int, ring: Ring) -> Iterator[None]:
        """Ring when the record at a position is known to be taken in; at once where it is."""
        own = _Waiting(position, ring)
        with self._guard:
            there = self._sizes.get(chain, 0) > position
            if not there:
                self._waiting.setdefault(chain, []).append(own)
        if there:
            ring()
        try:
            yield
        finally:
            with self._guard:
                self._keep(chain, [one for one in self._waiting.get(chain, ()) if one is not own])

    def _of(self, chain: str, size: int) -> list[_Waiting]:
        """Take out and return those whose record is there at this size."""
        waiting = self._waiting[chain]
        self._keep(chain, [one for one in waiting if one.position >= size])
        return [one for one in waiting if one.position < size]

    def _keep(self, chain: str, waiting: list[_Waiting]) -> None:
        if waiting:
            self._waiting[chain] = waiting
        else:
            self._waiting.pop(chain, None)
