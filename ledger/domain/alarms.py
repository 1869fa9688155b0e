"""What waits for a moment in one capability, and which of it is the earliest.

Asking whether anything is due costs one comparison as long as nothing is. Setting and clearing cost
a few steps however much waits: the moments stand in a leftist heap of tuples, which is shared by
all the states that came before. What was cleared stays in the heap until it comes to the top, or
until it is more than half of it.

    Source of the heap: C. A. Crane, "Linear lists and priority queues as balanced binary trees"
    (1972); C. Okasaki, "Purely functional data structures" (1998), section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, field

from ledger.domain.maps import Map, map_of

Heap = tuple[int, str, str, Any, Any] | None
"""The length of the shortest way down, the moment, the key, and the two heaps below; or nothing."""

FEW: Final = 64
"""So much that is of no use any more may stay in a heap, however little waits."""


class Alarms(Struct, frozen=True):
    """Key -> moment, and the earliest moment of them (`first`, empty: nothing waits)."""

    moments: Map[str, str] = field(default_factory=Map)
    first: str = ""
    heap: Heap = None
    held: int = 0

    @classmethod
    def waiting(cls, moments: Mapping[str, str]) -> Alarms:
        """Return what waits for these moments, by key."""
        return _tidied(map_of(moments.items()), _heap(moments), len(moments))

    def set(self, key: str, at: str) -> Alarms:
        """Wait for a moment under a key; an earlier one under the same key is replaced."""
        moments = self.moments.insert(key, at)
        heap = _merged(self.heap, (1, at, key, None, None))
        return _tidied(moments, heap, self.held + 1)

    def clear(self, key: str) -> Alarms:
        """Stop waiting for this key, if it is there."""
        if key not in self.moments:
            return self
        return _tidied(self.moments.remove(key), self.heap, self.held)

    def ringing(self, now: str) -> Iterator[tuple[str, str]]:
        """Give (moment, key) of what falls due first, if that is now or before; ties by key.

        One at a time: recording it changes what waits, and the next is asked for after that.
        """
        if self.heap is not None and self.first <= now:
            yield self.heap[1], self.heap[2]


def _tidied(moments: Map[str, str], heap: Heap, held: int) -> Alarms:
    """Bring to the top what really waits; make the heap anew where most of it is of no use."""
    while heap is not None and moments.get(heap[2]) != heap[1]:
        heap, held = _merged(heap[3], heap[4]), held - 1
    if held > 2 * len(moments) + FEW:
        heap, held = _heap(moments), len(moments)
    return Alarms(moments=moments, first="" if heap is None else heap[1], heap=heap, held=held)


def _heap(moments: Mapping[str, str]) -> Heap:
    heap: Heap = None
    for at, key in sorted((at, key) for key, at in moments.items()):
        heap = _merged(heap, (1, at, key, None, None))
    return heap


def _merged(one: Heap, other: Heap) -> Heap:
    """Put two heaps together; as deep a call as the ways down on their right are long."""
    if one is None or other is None:
        return one or other
    if other[1:3] < one[1:3]:
        one, other = other, one
    left, right = one[3], _merged(one[4], other)
    long, short = (left, right) if _way(left) >= _way(right) else (right, left)
    return (_way(short) + 1, one[1], one[2], long, short)


def _way(heap: Heap) -> int:
    return 0 if heap is None else heap[0]
