"""The tree over a log: its root, and the hashes that prove something about it.

The hashes are those of RFC 6962 and 9162, section 2.1: SHA-256, a leaf is H(00 || entry), a node
H(01 || left || right), the root of nothing H(""). A tree of n > 1 leaves has left the largest power
of two below n. Five leaves a..e, to check by hand:

    root of 5 = node(node(node(a, b), node(c, d)), e)
    proof of c in 5 = [d, node(a, b), e]
    consistency of 3 and 5 = [c, d, node(a, b), e]

A Frontier is the compact form of a tree that grows: the roots of its perfect subtrees, one for each
bit of the size. A Node is such a perfect subtree, anywhere in the tree. Proofs are made from nodes
that a reader fetches, so that only what is needed is read. This module proves; it checks nothing.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

HASH_BYTES: Final = 32
NODE_PREFIX: Final = b"\x01"
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


class NotInTree(LookupError):
    """A position, size or tile that a tree of this size does not have; says so in Dutch."""


@dataclass(frozen=True, slots=True)
class Node:
    """A perfect subtree: the 2^level leaves from position index * 2^level on."""

    level: int
    index: int


ReadNodes = Callable[[Sequence[Node]], Sequence[bytes]]
"""Returns the hashes of these nodes, in the same order."""


class Frontier(NamedTuple):
    """A tree in its compact form: its size and the roots of its perfect subtrees, widest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def extended(self, leaf_hashes: Iterable[bytes]) -> "Frontier":
        """Return the frontier of the tree with these leaves behind it; this one stays as it is.

        Raises ValueError for a leaf hash that is not 32 bytes.
        """
        stack = list(self.hashes)
        size = self.size
        for leaf in leaf_hashes:
            if len(leaf) != HASH_BYTES:
                raise ValueError(f"a hash has {HASH_BYTES} bytes, found {len(leaf)}")
            # As counting on carries ones, so the new leaf completes pairs.
            node, carry = leaf, size
            while carry & 1:
                node = node_hash(stack.pop(), node)
                carry >>= 1
            stack.append(node)
            size += 1
        return Frontier(size, tuple(stack))

    def root(self) -> bytes:
        """Return the root (32 bytes) of the tree."""
        return _folded(self.hashes) if self.hashes else EMPTY_ROOT


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above these two. Source: RFC 9162, section 2.1.1."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


def tree_root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root over these leaf hashes, in log order."""
    return Frontier().extended(leaf_hashes).root()


def root(size: int, read: ReadNodes) -> bytes:
    """Return the root of the first `size` leaves of a tree, read from its nodes."""
    if size < 0:
        raise NotInTree(f"Een boom met {size} bladeren bestaat niet.")
    return roots([(0, size)], read)[0] if size else EMPTY_ROOT


def inclusion(position: int, size: int, read: ReadNodes) -> list[bytes]:
    """Return the proof that a leaf is in the tree of `size` leaves, its own sibling first.

    Raises NotInTree where the tree has no such leaf. Source: RFC 9162, section 2.1.3.1.
    """
    if not 0 <= position < size:
        raise NotInTree(f"Een boom met {size} bladeren heeft geen blad op positie {position}.")
    ranges: list[tuple[int, int]] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _left_size(end - first)
        if position < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((first, middle))
            first = middle
    return roots(ranges[::-1], read)


def consistency(old: int, new: int, read: ReadNodes) -> list[bytes]:
    """Return the proof that the first `old` leaves are those of the tree of `new` leaves.

    It is empty where there is nothing to prove: from an empty tree, or between equal sizes.
    Raises NotInTree where old is above new. Source: RFC 9162, section 2.1.4.1.
    """
    if not 0 <= old <= new:
        raise NotInTree(f"Een boom met {new} bladeren had er nooit {old}.")
    if old == 0:
        return []
    ranges: list[tuple[int, int]] = []
    first, end = 0, new
    while end != old:
        middle = first + _left_size(end - first)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((first, middle))
            first = middle
    if first > 0:
        # The old tree ends inside: who checks does not know the subtree it ends with. Where it is
        # the whole left side, its root is the old root itself and is left out.
        ranges.append((first, end))
    return roots(ranges[::-1], read)


def beside(
    size: int, start: int, until: int, hidden: Sequence[int] = ()
) -> Iterator[tuple[int, int]]:
    """Yield the subtrees [first, end) whose roots prove the leaves start..until of a tree.

    They are what somebody lacks who has those leaves but the `hidden` ones (in order), and come in
    the order of a range proof: docs/bundle.md. For one leaf that is its inclusion proof. Raises
    NotInTree for a range that the tree does not have, or that is empty.
    """
    if not 0 <= start < until <= size:
        raise NotInTree(f"Een boom met {size} bladeren heeft geen bladeren {start} tot {until}.")

    def lacking(first: int, end: int) -> Iterator[tuple[int, int]]:
        if end <= start or until <= first:
            yield first, end
        elif start <= first and end <= until and not _any_within(hidden, first, end):
            return
        elif end - first == 1:
            yield first, end
        else:
            middle = first + _left_size(end - first)
            sides = (first, middle), (middle, end)
            for side in reversed(sides) if middle <= start else sides:
                yield from lacking(*side)

    yield from lacking(0, size)


def roots(ranges: Sequence[tuple[int, int]], read: ReadNodes) -> list[bytes]:
    """Return the root of each of these subtrees; all their nodes are read at once."""
    wanted = [nodes_of(first, end) for first, end in ranges]
    hashes = iter(read([node for nodes in wanted for node in nodes]))
    return [_folded([next(hashes) for _ in nodes]) for nodes in wanted]


def nodes_of(first: int, end: int) -> list[Node]:
    """Return the nodes that make up the leaves first..end of a subtree, widest first.

    `first` is a multiple of the power of two that holds end - first leaves, as for each subtree.
    """
    nodes: list[Node] = []
    while first < end:
        level = (end - first).bit_length() - 1
        nodes.append(Node(level, first >> level))
        first += 1 << level
    return nodes


def _left_size(size: int) -> int:
    """Return the largest power of two below a size of at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _any_within(positions: Sequence[int], first: int, end: int) -> bool:
    """Tell whether one of these positions, which are in order, lies in first..end."""
    return bisect_left(positions, first) < bisect_left(positions, end)


def _folded(hashes: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees that stand side by side, the widest first."""
    folded = hashes[-1]
    for left in reversed(hashes[:-1]):
        folded = node_hash(left, folded)
    return folded
