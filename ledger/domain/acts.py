"""Which acts are on record, and where: the one map of a state that grows with every act.

    states of one chain      a ---- b ---- c ---- d         share one dictionary
                                     \\
    a branch                          x ---- y              has its own entries beside it

A map that shares its branches copies some nodes for each entry: with a million acts that took a
tenth of an act's time. But positions only go up, and nearly always there is one state after
another. So all of them share one dictionary, and each knows up to which position it holds for it.
Only the newest may add to that, once; whoever goes on from an older state - what was decided before
it failed, another course that was tried - keeps what is new to itself. To whoever asks each is a
map that never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Final

from ledger.domain.maps import FEW, Map

_NOTHING: Final[Map[str, int]] = Map()
_SHARE: Final = 4
"""A branch becomes a dictionary of its own when it is longer than this part of what it shares."""


class Acts:
    """Act id -> position, of the acts below a position `end`."""

    __slots__ = ("_count", "_end", "_order", "_own", "_positions", "_right")

    def __init__(self, entries: Iterable[tuple[str, int]] = ()) -> None:
        """Hold these entries; of two with one id the later counts."""
        self._positions = dict(entries)
        self._order = list(self._positions)
        self._count = len(self._order)
        self._end = max(self._positions.values(), default=-1) + 1
        self._own = _NOTHING
        self._right = [True]  # to add to what is shared: taken once, by one thread

    def insert(self, act: str, position: int) -> Acts:
        """Return the acts with this one, whose position is above all others."""
        if self._right and position >= self._end and act not in self._positions:
            try:
                self._right.pop()
            except IndexError:  # another thread was sooner
                return self._branched(act, position)
            self._positions[act] = position
            self._order.append(act)
            return self._with(self._count + 1, position + 1, _NOTHING, [True])
        return self._branched(act, position)

    def apart(self) -> Acts:
        """Return the same for a course that is only tried, so that this stays the newest."""
        return self._with(self._count, self._end, self._own, [])

    def get(self, act: str) -> int | None:
        """Return where an act stands, or None."""
        if self._own:
            position = self._own.get(act)
            if position is not None:
                return position
        position = self._positions.get(act)
        return position if position is not None and position < self._end else None

    def items(self) -> Iterator[tuple[str, int]]:
        """Yield every act with its position; others may go on meanwhile."""
        shared = islice(self._order, self._count)
        before = ((act, self._positions[act]) for act in shared if act not in self._own)
        return chain(before, self._own.items())

    def __contains__(self, act: object) -> bool:
        return isinstance(act, str) and self.get(act) is not None

    def __iter__(self) -> Iterator[str]:
        return (act for act, _ in self.items())

    def __len__(self) -> int:
        return sum(1 for _ in self.items()) if self._own else self._count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Acts) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment]  # as of every map

    def _branched(self, act: str, position: int) -> Acts:
        own = self._own.insert(act, position)
        if len(own) > FEW + self._count // _SHARE:
            return Acts(chain(self.items(), [(act, position)]))
        return self._with(self._count, self._end, own, [])

    def _with(self, count: int, end: int, own: Map[str, int], right: list[bool]) -> Acts:
        made = Acts.__new__(Acts)
        made._positions, made._order = self._positions, self._order
        made._count, made._end, made._own, made._right = count, end, own, right
        return made
