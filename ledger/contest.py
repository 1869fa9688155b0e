"""Contest: chains that other processes are writing at the same time, and whose turn it is there.

A writer that has a chain to itself decides ahead and asks nobody. Once it lost a position to
another process it asks for a turn before it reads on and decides, so that what it decided is not
thrown away again. When the others have been silent for a while it goes on as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from ledger.log.store import Store
from ledger.log.turns import WAIT_SECONDS, Turns

CALM: Final = 64
"""After so many turns in which nobody else had written, the chains are one's own again."""

MOST: Final = 32
"""In how many chains a turn is asked for at once; in others a position is simply lost at times."""


class Contest:
    """What one writer knows of the others; used by that writer alone."""

    def __init__(self, store: Store, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._turns = Turns(store.conninfo, wait_seconds=wait_seconds)
        self._chains: dict[str, None] = {}
        self._calm = 0

    @property
    def going(self) -> bool:
        """Whether other processes are writing some of the same chains."""
        return bool(self._chains)

    def lost(self, chains: Iterable[str]) -> None:
        """Note that positions in some of these chains went to another process."""
        self._calm = 0
        for chain in chains:
            if len(self._chains) < MOST:
                self._chains[chain] = None

    @contextmanager
    def turn(self) -> Iterator[tuple[str, ...]]:
        """Have the turn in the chains that others write too, as long as this lasts."""
        chains = tuple(self._chains)
        self._turns.take(chains)
        try:
            yield chains
        finally:
            self._turns.give_back()

    def saw(self, *, others: bool) -> None:
        """Note whether others had written since the last turn; a while without ends the contest."""
        self._calm = 0 if others else self._calm + 1
        if self._calm >= CALM:
            self._chains.clear()

    def close(self) -> None:
        """Give back the connection."""
        self._turns.close()
