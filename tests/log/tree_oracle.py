"""The tree by its definition in RFC 6962, section 2.1, word for word: the oracle of other tests.

The leaf at position i is the hash of the number i. Roots of perfect subtrees are remembered, so
that large trees are quick as well.
"""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

from ledger.log.merkle import Node
from ledger.log.tiles import Tile


@cache
def leaf(position: int) -> bytes:
    return sha256(b"\x00%d" % position).digest()


def leaves(start: int, end: int) -> list[bytes]:
    return [leaf(position) for position in range(start, end)]


def mth(start: int, end: int) -> bytes:
    """MTH(D[start:end])."""
    size = end - start
    if size & (size - 1) == 0 and start % max(size, 1) == 0:
        return perfect(start, end)
    return _mth(start, end)


@cache
def perfect(start: int, end: int) -> bytes:
    return _mth(start, end)


def _mth(start: int, end: int) -> bytes:
    if start == end:
        return sha256(b"").digest()
    if end - start == 1:
        return leaf(start)
    middle = start + k_of(end - start)
    return sha256(b"\x01" + mth(start, middle) + mth(middle, end)).digest()


def k_of(size: int) -> int:
    """The largest power of two smaller than the size."""
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def path(m: int, start: int, end: int) -> list[bytes]:
    """PATH(m, D[start:end]), section 2.1.1 of RFC 6962."""
    if end - start == 1:
        return []
    k = k_of(end - start)
    if m < k:
        return [*path(m, start, start + k), mth(start + k, end)]
    return [*path(m - k, start + k, end), mth(start, start + k)]


def proof(m: int, n: int) -> list[bytes]:
    """PROOF(m, D[n]), section 2.1.2 of RFC 6962."""
    return subproof(m, 0, n, whole=True)


def subproof(m: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    if m == end - start:
        return [] if whole else [mth(start, end)]
    k = k_of(end - start)
    if m <= k:
        return [*subproof(m, start, start + k, whole=whole), mth(start + k, end)]
    return [*subproof(m - k, start + k, end, whole=False), mth(start, start + k)]


def read_nodes(nodes: Sequence[Node]) -> list[bytes]:
    """Read nodes by their definition."""
    return [mth(one.index << one.level, (one.index + 1) << one.level) for one in nodes]


def tile_hashes(tile: Tile) -> bytes:
    """The hashes of a tile by the definition of tlog-tiles."""
    each = 256**tile.level
    first = tile.index * 256
    return b"".join(
        mth(number * each, (number + 1) * each) for number in range(first, first + tile.width)
    )
