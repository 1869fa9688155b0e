"""A state as plain values in one order, so that two states can be held against each other.

Persistent maps list their items in the order of their hashes, which differs per process; here they
are listed by key.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from rpds import HashTrieMap

from ledger.domain.acts import Acts
from ledger.domain.maps import Map


def dumped(value: Any) -> Any:
    """Return a state, or any part of it, as tuples and simple values."""
    match value:
        case Acts() | Map() | HashTrieMap():
            items = ((dumped(key), dumped(one)) for key, one in value.items())
            return ("map", *sorted(items, key=repr))
        case Struct():
            names = value.__struct_fields__
            return (type(value).__name__, *((name, dumped(getattr(value, name))) for name in names))
        case frozenset():
            return ("set", *sorted(value))
        case tuple():
            return ("list", *(dumped(one) for one in value))
        case str() | int() | bool() | None:
            return value
    raise TypeError(f"a state holds no {type(value).__name__}")
