"""The arithmetic of the verifier on its own: Ed25519, trees, base64 and JSON."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.verify import (
    ORDER,
    NotProven,
    P,
    _add,
    _point,
    consistency_roots,
    decoded,
    ed25519_holds,
    parsed,
    range_root,
    tree_hash,
)
from tests.log import bundle_maker as maker

pytestmark = pytest.mark.fast
VECTORS = Path(__file__).parents[1] / "data" / "tlog-vectors.json"
LEAVES = [tree_hash(bytes([n])) for n in range(100)]


@pytest.fixture(scope="module")
def known() -> dict:
    """Known values that others made."""
    return json.loads(VECTORS.read_text("utf-8"))


def backwards(hashes: list[bytes]) -> Iterator[bytes]:
    return iter(hashes[::-1])


# Ed25519


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_a_signature_holds_and_with_one_bit_flipped_it_does_not(
    seed: bytes, message: bytes, bit: int
) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert ed25519_holds(public, message, signature)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not ed25519_holds(public, message, bytes(flipped))
    assert not ed25519_holds(public, message + b"!", signature)


def test_a_signature_has_one_form() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, signature = private.public_key().public_bytes_raw(), private.sign(b"tekst")
    again = int.from_bytes(signature[32:], "little") + ORDER
    other = signature[:32] + again.to_bytes(32, "little")
    assert ed25519_holds(public, b"tekst", signature)
    assert not ed25519_holds(public, b"tekst", other)
    for wrong in (b"", signature[:63], signature + b"\0", bytes(64), b"\xff" * 64):
        assert not ed25519_holds(public, b"tekst", wrong)


def test_a_signature_is_reckoned_with_all_bits_of_its_number_and_below_the_order() -> None:
    """Of the key that stands for nothing every number signs everything, its point beside it."""
    nobody, number = (1).to_bytes(32, "little"), 2**252 + 5
    base = _point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert base is not None
    point: tuple[int, ...] = (0, 1, 1, 0)
    for bit in reversed(range(253)):
        point = _add(point, point)
        point = _add(point, base) if number >> bit & 1 else point
    x, y = (one * pow(point[2], -1, P) % P for one in point[:2])
    encoded = (y | (x & 1) << 255).to_bytes(32, "little")
    assert ed25519_holds(nobody, b"tekst", encoded + number.to_bytes(32, "little"))
    assert ed25519_holds(nobody, b"tekst", nobody + bytes(32))
    assert not ed25519_holds(nobody, b"tekst", nobody + ORDER.to_bytes(32, "little"))


@pytest.mark.parametrize(
    "public",
    [
        (2).to_bytes(32, "little"),
        (2**255 - 19).to_bytes(32, "little"),
        (2**255 - 1).to_bytes(32, "little"),
        (1 | 1 << 255).to_bytes(32, "little"),
    ],
    ids=["not on the curve", "y is p", "y is too large", "x is zero and odd"],
)
def test_a_key_that_is_no_point_signs_nothing(public: bytes) -> None:
    identity = (1).to_bytes(32, "little") + bytes(32)
    assert _point(public) is None
    assert not ed25519_holds(public, b"tekst", identity)


# Trees


@pytest.mark.parametrize("size", [*range(1, 40), 63, 64, 65, 100])
def test_every_leaf_is_included_by_its_proof_and_by_no_other(size: int) -> None:
    leaves, root = LEAVES[:size], maker.tree(LEAVES[:size])
    for index, leaf in enumerate(leaves):
        proof = maker.path(index, leaves)
        rest = backwards(proof)
        assert range_root(0, size, index, [leaf], rest) == root
        assert [*rest] == []
        for other in {index - 1, index + 1} & {*range(size)}:
            assert range_root(0, size, other, [leaf], backwards(proof)) != root
        for wrong in spoilt(proof):
            rest = backwards(wrong)
            assert range_root(0, size, index, [leaf], rest) != root or [*rest] != []


def spoilt(proof: list[bytes]) -> Iterator[list[bytes]]:
    """Yield a proof with each hash changed, left out, doubled, or swapped with the next."""
    yield [*proof, bytes(32)]
    yield [bytes(32), *proof]
    for place, one in enumerate(proof):
        before, after = proof[:place], proof[place + 1 :]
        yield [*before, bytes([one[0] ^ 1]) + one[1:], *after]
        yield [*before, one[:31] + bytes([one[31] ^ 128]), *after]
        yield [*before, *after]
        yield [*before, one, one, *after]
        if after:
            yield [*before, after[0], one, *after[1:]]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 11, 13])
def test_every_range_is_proven_whole_by_its_proof_alone(size: int) -> None:
    leaves, root = LEAVES[:size], maker.tree(LEAVES[:size])
    for start in range(size):
        for until in range(start + 1, size + 1):
            inside, proof = leaves[start:until], maker.beside(start, until, leaves)
            rest = backwards(proof)
            assert range_root(0, size, start, inside, rest) == root
            assert [*rest] == []
            more = [[*inside, LEAVES[99]]] if until < size else []
            for wrong in (inside[1:], inside[:-1], [LEAVES[98], *inside[1:]], *more):
                assert range_root(0, size, start, wrong, backwards(proof)) != root
            for shorter in spoilt(proof):
                rest = backwards(shorter)
                assert range_root(0, size, start, inside, rest) != root or [*rest] != []


def test_a_withheld_leaf_is_proven_by_its_hash() -> None:
    for hidden in ([4], [3, 4, 7], [*range(2, 9)]):
        proof = maker.beside(2, 9, LEAVES[:11], hidden)
        shown = [b"" if n in hidden else LEAVES[n] for n in range(2, 9)]
        rest = backwards(proof)
        assert range_root(0, 11, 2, shown, rest) == maker.tree(LEAVES[:11])
        assert [*rest] == []


@pytest.mark.parametrize("size", [*range(1, 34), 64, 65])
def test_a_log_goes_on_from_every_older_size_by_its_proof(size: int) -> None:
    leaves, root = LEAVES[:size], maker.tree(LEAVES[:size])
    for old in range(1, size + 1):
        old_root, proof = maker.tree(leaves[:old]), maker.consistency(old, leaves)
        rest = backwards(proof)
        assert consistency_roots(old, size, old_root, rest) == (old_root, root)
        assert [*rest] == []
        other = bytes(32)
        assert consistency_roots(old, size, other, backwards(proof)) != (other, root)
        for wrong in spoilt(proof) if old < size else ():
            rest = backwards(wrong)
            assert consistency_roots(old, size, old_root, rest) != (old_root, root) or [*rest]


def test_known_proofs_hold(known: dict) -> None:
    leaves = [tree_hash(one.encode()) for one in known["entries"]]
    old, new = (bytes.fromhex(known[name]) for name in ("root3", "root5"))
    assert (maker.tree(leaves[:3]), maker.tree(leaves)) == (old, new)
    proof = [b64decode(one) for one in known["consistency_3_5"]]
    assert consistency_roots(3, 5, old, backwards(proof)) == (old, new)
    assert range_root(0, 5, 2, leaves[2:3], backwards(proof[1:])) == new


# Base64 and JSON


@pytest.mark.parametrize("text", ["QQ", "QQ==\n", "QR==", "Q Q==", "-_==", "QQ===", "Q", "é"])
def test_base64_has_one_form(text: str) -> None:
    assert decoded("QQ==", "note") == b"A"
    with pytest.raises(NotProven) as broken:
        decoded(text, "note")
    assert broken.value.kind == "note"


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a": 1}', b"1.0", b"1e3", b"NaN", b"Infinity",
        b"-0", b'"\\u0041"', b'"\xff"', b'"\\ud800"', b"[" * 100_000, b"1" * 5000, b"", b"{}\n",
        b"\xef\xbb\xbf1",
    ],
)  # fmt: skip
def test_json_has_one_form(data: bytes) -> None:
    assert parsed('{"a":[1,"é",null],"b":true}'.encode(), "record")["b"] is True
    with pytest.raises(NotProven) as broken:
        parsed(data, "record")
    assert broken.value.kind == "record"


def test_a_bundle_of_entries_is_named_as_tiles_are() -> None:
    named = {0: "000", 255: "255", 999: "999", 1000: "x001/000", 1234067: "x001/x234/067"}
    for number, name in named.items():
        assert maker.entries_name(number, 256) == f"tile/entries/{name}"
