"""Maps of a state: each as it was made, whatever came after it, and however long it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rpds import HashTrieMap

from ledger.domain.maps import FEW, Map, map_of

WHAT, KEYS = st.sampled_from(["insert", "remove", "discard"]), st.integers(0, FEW + 8)
STEPS = st.lists(st.tuples(WHAT, KEYS, st.text(max_size=3)), max_size=FEW // 2)
SIZES = st.integers(0, FEW + 4)
CHANGES: tuple[Callable[[Any], Any], ...] = (
    lambda known: known.__setitem__("a", 1),
    lambda known: known.__delitem__("a"),
    lambda known: known.__ior__({"a": 1}),
    lambda known: known.update(a=1),
    lambda known: known.setdefault("b", 1),
    lambda known: known.pop("a"),
    lambda known: known.popitem(),
    lambda known: known.clear(),
)


@given(SIZES, STEPS)
def test_each_change_gives_another_map_and_leaves_the_one_before(
    size: int, steps: list[tuple[str, int, str]]
) -> None:
    plain = dict.fromkeys(range(size), "")
    known = map_of(plain.items())
    for what, key, value in steps:
        before, held = dict(plain), known
        if what == "insert":
            plain[key], known = value, known.insert(key, value)
        elif what == "discard" or key in plain:
            plain.pop(key, None)
            known = getattr(known, what)(key)
        else:
            with pytest.raises(KeyError):
                known.remove(key)
        assert (dict(known.items()), len(known)) == (plain, len(plain))
        assert (known.get(key), key in known) == (plain.get(key), key in plain)
        assert dict(held.items()) == before


def test_a_map_is_equal_to_one_of_the_same_entries_however_it_came_about() -> None:
    long = map_of((number, str(number)) for number in range(FEW + 1))
    assert isinstance(long, HashTrieMap)
    shrunk, few = long.remove(FEW), map_of((number, str(number)) for number in range(FEW))
    assert isinstance(few, Map)
    assert isinstance(shrunk, HashTrieMap)
    assert shrunk == few
    assert few == shrunk
    assert few.insert(FEW, str(FEW)) == long
    assert few != long
    assert few != shrunk.insert(0, "other")


def test_a_key_that_is_there_keeps_a_full_map_as_it_is() -> None:
    full = map_of((number, "") for number in range(FEW))
    assert isinstance(full.insert(0, "other"), Map)
    assert isinstance(full.insert(FEW, ""), HashTrieMap)


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_a_map_is_never_changed_in_place(change: Callable[[Any], Any]) -> None:
    known = Map({"a": 0})
    with pytest.raises(TypeError, match="never changes"):
        change(known)
    assert known == {"a": 0}
