"""The tree and its proofs against the definition of RFC 6962, and against known values."""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.log.canonical import leaf_hash
from ledger.log.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    NotInTree,
    consistency,
    inclusion,
    nodes_of,
    root,
    tree_root,
)
from tests.log import tree_oracle as oracle

VECTORS = Path(__file__).parents[1] / "data" / "tlog-vectors.json"
SMALL = 100
LARGE = 70_000


def known(path: Path = VECTORS) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def check_known_values(values: dict[str, Any]) -> None:
    hashes = [leaf_hash(entry.encode()) for entry in values["entries"]]

    def read(nodes: Any) -> list[bytes]:
        return [tree_root(hashes[n.index << n.level : (n.index + 1) << n.level]) for n in nodes]

    assert tree_root(hashes[:3]).hex() == values["root3"]
    assert tree_root(hashes).hex() == values["root5"]
    proof = [b64encode(one).decode() for one in consistency(3, 5, read)]
    assert proof == values["consistency_3_5"]
    assert [b64encode(one).decode() for one in inclusion(2, 5, read)] == proof[1:]


def test_the_known_values_come_out() -> None:
    check_known_values(known())


def test_the_known_values_of_the_shared_folder_come_out(shared_folder: Path) -> None:
    values = known(shared_folder / "vectors.json")
    check_known_values(values)
    assert [leaf_hash(one.encode()).hex() for one in values["entries"]] == values["leaf_hashes"]


def test_nothing_has_a_root_too() -> None:
    assert tree_root([]) == EMPTY_ROOT == sha256().digest()
    assert root(0, oracle.read_nodes) == EMPTY_ROOT


@pytest.mark.parametrize("size", range(SMALL + 1))
def test_a_small_tree_is_that_of_the_definition(size: int) -> None:
    expected = oracle.mth(0, size)
    assert tree_root(oracle.leaves(0, size)) == expected
    assert root(size, oracle.read_nodes) == expected
    for cut in range(size + 1):
        parts = Frontier().extended(oracle.leaves(0, cut))
        assert parts.extended(oracle.leaves(cut, size)).root() == expected
        assert parts.root() == oracle.mth(0, cut)


@pytest.mark.parametrize("size", range(SMALL + 1))
def test_each_proof_in_a_small_tree_is_that_of_the_definition(size: int) -> None:
    for number in range(size):
        assert inclusion(number, size, oracle.read_nodes) == oracle.path(number, 0, size)
        old = number + 1
        assert consistency(old, size, oracle.read_nodes) == oracle.proof(old, size)
    assert consistency(0, size, oracle.read_nodes) == []
    assert consistency(size, size, oracle.read_nodes) == []


@settings(deadline=None, max_examples=60)
@given(st.integers(1, LARGE), st.data())
def test_a_large_tree_is_that_of_the_definition(size: int, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=4)))
    frontier = Frontier()
    for start, end in zip([0, *cuts], [*cuts, size], strict=True):
        frontier = frontier.extended(oracle.leaves(start, end))
    assert frontier.size == size
    assert frontier.root() == oracle.mth(0, size)
    number = data.draw(st.integers(0, size - 1))
    assert inclusion(number, size, oracle.read_nodes) == oracle.path(number, 0, size)
    old = data.draw(st.integers(1, size))
    assert consistency(old, size, oracle.read_nodes) == oracle.proof(old, size)


@given(st.integers(1, 2**62), st.data())
def test_a_proof_in_a_tree_of_any_size_is_short(size: int, data: st.DataObject) -> None:
    asked: list[Node] = []

    def read(nodes: Any) -> list[bytes]:
        asked.extend(nodes)
        return [bytes(32)] * len(nodes)

    number = data.draw(st.integers(0, size - 1))
    assert len(inclusion(number, size, read)) <= 63
    assert len(consistency(number, size, read)) <= 63
    assert len(asked) <= 2 * 2 * 63
    assert all(0 <= (node.index + 1) << node.level <= size for node in asked)


@pytest.mark.parametrize(("position", "size"), [(0, 0), (-1, 5), (5, 5), (6, 5), (0, -1)])
def test_a_leaf_outside_the_tree_has_no_proof(position: int, size: int) -> None:
    with pytest.raises(NotInTree, match="geen blad op positie"):
        inclusion(position, size, oracle.read_nodes)


@pytest.mark.parametrize(("old", "new"), [(1, 0), (6, 5), (-1, 5), (0, -1)])
def test_a_tree_that_never_was_has_no_proof(old: int, new: int) -> None:
    with pytest.raises(NotInTree, match="had er nooit"):
        consistency(old, new, oracle.read_nodes)
    with pytest.raises(NotInTree):
        root(-1, oracle.read_nodes)


@pytest.mark.parametrize("wrong", [b"", b"x" * 31, b"x" * 33])
def test_what_is_no_hash_becomes_no_leaf(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="a hash has 32 bytes"):
        Frontier().extended([oracle.leaf(0), wrong])


def test_a_frontier_stays_as_it_is() -> None:
    three = Frontier().extended(oracle.leaves(0, 3))
    three.extended(oracle.leaves(3, 9))
    assert three == Frontier().extended(oracle.leaves(0, 3))
    assert three != Frontier().extended(oracle.leaves(0, 4))


def test_another_order_or_another_leaf_gives_another_root() -> None:
    one, two, *rest = oracle.leaves(0, 7)
    roots = {
        tree_root([one, two, *rest]),
        tree_root([two, one, *rest]),
        tree_root([one, *rest]),
        tree_root([one, one, *rest]),
        tree_root([one, two, *rest, rest[-1]]),
    }
    assert len(roots) == 5


def test_a_subtree_falls_apart_into_its_perfect_parts() -> None:
    assert nodes_of(0, 7) == [Node(2, 0), Node(1, 2), Node(0, 6)]
    assert nodes_of(8, 11) == [Node(1, 4), Node(0, 10)]
    assert nodes_of(4, 4) == []
