"""Checking that a log only grew: the check side of what `merkle` proves, written independently.

A witness and a monitor know two heads of a log and get hashes from somebody they do not trust. The
hashes prove that the larger log begins with the smaller one, or they prove nothing. This module
makes no proof and shares no code with what does, so that one mistake cannot hide another.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

MAX_PROOF_HASHES: Final = 63
"""The longest proof there is between sizes below 2^63."""

_EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def is_root_of(size: int, root: bytes) -> bool:
    """Tell whether a log of this size can have this root: only of the empty log we know it."""
    return size > 0 or root == _EMPTY_ROOT


def grew(old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> bool:
    """Tell whether these hashes prove that the log `new` (size and root) begins with `old`.

    From the empty log, and between equal sizes, nothing is left to prove: then a proof must be
    empty. Source: RFC 9162, section 2.1.4.2.
    """
    (old_size, old_root), (new_size, new_root) = old, new
    if not 0 <= old_size <= new_size:
        return False
    if not is_root_of(old_size, old_root) or not is_root_of(new_size, new_root):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof
    return _climbs(old, new, proof)


def _climbs(old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> bool:
    """Build both roots from the last leaf of the old log upwards, for 0 < old size < new size."""
    (old_size, old_root), (new_size, new_root) = old, new
    # A perfect old log is itself the subtree to begin with, and is left out of the proof.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    first, second = old_size - 1, new_size - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    old_built = new_built = path[0]
    for one in path[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            old_built, new_built = _above(one, old_built), _above(one, new_built)
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            new_built = _above(new_built, one)
        first, second = first >> 1, second >> 1
    return second == 0 and (old_built, new_built) == (old_root, new_root)


def _above(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
