"""The check of a log's growth, against proofs by the definition in RFC 6962."""

import pytest

from ledger.log.merkle_check import grew, is_root_of
from tests.log import tree_oracle as oracle

SIZES = 40


def head(size: int) -> tuple[int, bytes]:
    return size, oracle.mth(0, size)


def proof(old: int, new: int) -> list[bytes]:
    return oracle.proof(old, new) if 0 < old < new else []


def test_every_growth_up_to_a_size_is_proven() -> None:
    for new in range(SIZES + 1):
        for old in range(new + 1):
            assert grew(head(old), head(new), proof(old, new))


def test_no_log_shrinks() -> None:
    assert not grew(head(3), head(2), [])
    assert not grew((-1, head(0)[1]), head(2), [])


def test_a_proof_holds_for_its_own_sizes_and_roots_alone() -> None:
    for new in range(2, 20):
        for old in range(1, new):
            hashes = proof(old, new)
            assert not grew((old, b"\x07" * 32), head(new), hashes)
            assert not grew(head(old), (new, b"\x07" * 32), hashes)
            assert not grew(head(old), head(new), hashes[:-1])
            assert not grew(head(old), head(new), [*hashes, hashes[-1]])
            for other in range(1, new):
                if other != old:
                    assert not grew(head(other), head(new), hashes)
                    assert not grew((other, head(old)[1]), head(new), hashes)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 8), (6, 13), (8, 9), (255, 600)])
def test_every_flipped_bit_is_noticed(old: int, new: int) -> None:
    hashes = proof(old, new)
    assert grew(head(old), head(new), hashes)
    for number, one in enumerate(hashes):
        for bit in range(256):
            wrong = bytearray(one)
            wrong[bit // 8] ^= 1 << bit % 8
            flipped = [*hashes[:number], bytes(wrong), *hashes[number + 1 :]]
            assert not grew(head(old), head(new), flipped)


def test_the_empty_log_has_one_root_and_needs_no_proof() -> None:
    assert grew(head(0), head(5), [])
    assert not grew(head(0), head(5), [b"x" * 32])
    assert not grew((0, b"x" * 32), head(5), [])
    assert is_root_of(0, oracle.mth(0, 0))
    assert not is_root_of(0, b"x" * 32)
    assert is_root_of(1, b"x" * 32)
