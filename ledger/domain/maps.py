"""Maps that never change: a new one stands beside the old, which whoever holds it keeps.

Most maps of a state hold a handful of entries, and are asked far more often than they grow. Such a
one is a dictionary that is copied for each change. A long one is a map of rpds, which shares with
the one before what they have in common. Both answer to the same names, and they are equal where
their entries are.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any, Final, NoReturn, TypeVar, cast

from rpds import HashTrieMap

K = TypeVar("K")
V = TypeVar("V")

FEW: Final = 64
"""Up to how many entries a map is copied: from about there on sharing costs less."""

_put: Final = dict.__setitem__
_take: Final = dict.__delitem__


class Map(dict[K, V]):
    """A map of at most FEW entries; where it would grow past that, `insert` gives one of rpds.

    It is asked as a dictionary is. Raises TypeError where somebody would change it.
    """

    __slots__ = ()

    def insert(self, key: K, value: V) -> Map[K, V]:
        """Return the map with this value under this key."""
        if len(self) >= FEW and key not in self:
            return _long(self.items()).insert(key, value)
        made = Map(self)
        _put(made, key, value)
        return made

    def remove(self, key: K) -> Map[K, V]:
        """Return the map without this key; raises KeyError where it is not there."""
        made = Map(self)
        _take(made, key)
        return made

    def discard(self, key: K) -> Map[K, V]:
        """Return the map without this key, if it was there."""
        return self.remove(key) if key in self else self

    def __eq__(self, other: object) -> bool:
        return dict.__eq__(self, dict(other.items()) if isinstance(other, HashTrieMap) else other)

    __hash__ = None  # as of every dictionary

    def _never(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a map of a state never changes; insert gives a new one")

    __setitem__ = __delitem__ = __ior__ = _never
    clear = pop = popitem = setdefault = update = _never


def map_of(entries: Iterable[tuple[K, V]]) -> Map[K, V]:
    """Return a map of these entries, however many; they are taken one by one."""
    first: dict[K, V] = {}
    for key, value in (rest := iter(entries)):
        first[key] = value
        if len(first) > FEW:
            return _long(chain(first.items(), rest))
    return Map(first)


def _long(entries: Iterable[tuple[K, V]]) -> Map[K, V]:
    made: HashTrieMap[Any, Any] = HashTrieMap(entries)
    return cast(Map[K, V], made)
