"""Deadlines: when time next makes something happen in each chain.

Remembered per chain with the size it was found at, so that a tick over thousands of quiet chains
reads nothing but their sizes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final, NamedTuple

from ledger.domain import chain as fold
from ledger.faults import FAULTS, BrokenLog
from ledger.states import States

END_OF_TIME: Final = "9999-12-31T23:59:59.999999Z"
NEVER: Final = "never"
"""Sorts after every moment, also the last one."""

LOG = logging.getLogger(__name__)


class _Deadline(NamedTuple):
    size: int
    at: str


class Deadlines:
    """The first deadline of every chain, as far as it was asked for."""

    def __init__(self, states: States) -> None:
        self._states = states
        self._found: dict[str, _Deadline] = {}

    def due(self, sizes: Mapping[str, int], *, now: str) -> list[str]:
        """Return the chains, of these sizes, in which something is due."""
        return [chain for chain, size in sorted(sizes.items()) if self._first(chain, size) <= now]

    def _first(self, chain: str, size: int) -> str:
        found = self._found.get(chain)
        if found is None or found.size != size:
            found = _Deadline(size, self._look(chain))
            self._found[chain] = found
        return found.at

    def _look(self, chain: str) -> str:
        try:
            due = fold.due(self._states.caught_up(chain), END_OF_TIME)
        except (BrokenLog, *FAULTS) as error:
            LOG.error("De termijnen van keten %s zijn onbekend", chain, exc_info=error)
            return NEVER
        return NEVER if due is None else due.on
