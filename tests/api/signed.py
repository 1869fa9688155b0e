"""What the tests of a served log say: when it is signed, and what must hold of it.

The tree is checked by the definition in RFC 6962 and by the algorithm for verifiers in RFC 9162,
section 2.1.3.2; nothing of the side that proves is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ledger.log.checkpoint import Head, from_base64, read_text
from ledger.log.note import open_note
from ledger.log.note_keys import read_verifier
from tests.api.doors import Doors
from tests.log.scene import until
from tests.log.tree_oracle import k_of


def signed_head(doors: Doors, chain: str, size: int) -> Head:
    """Wait until a chain is signed at this size; return that head, its signature checked."""
    return opened(doors, chain, wait_for(doors, chain, size))


def wait_for(doors: Doors, chain: str, size: int) -> bytes:
    """Wait until the checkpoint of this size is served; return it."""
    path = f"/log/{chain}/checkpoint"

    def there() -> bool:
        lines = doors.get(path).content.split(b"\n")
        return len(lines) > 1 and lines[1] == b"%d" % size

    until(there)
    return doors.get(path).content


def opened(doors: Doors, chain: str, checkpoint: bytes) -> Head:
    """Return what a checkpoint says, signed by a key that the log itself names."""
    lines = doors.get(f"/log/{chain}/key").text.splitlines()
    note, found = open_note(checkpoint, [read_verifier(line) for line in lines])
    assert found
    return read_text(note.text)


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def root_over(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    k = k_of(len(leaves))
    return hashlib.sha256(b"\x01" + root_over(leaves[:k]) + root_over(leaves[k:])).digest()


def entries_of(bundle: bytes) -> list[bytes]:
    """Return the entries in a bundle: each behind its length in two bytes."""
    entries: list[bytes] = []
    while bundle:
        end = 2 + int.from_bytes(bundle[:2], "big")
        assert end <= len(bundle)
        entries.append(bundle[2:end])
        bundle = bundle[end:]
    return entries


def split_proof(proof: str) -> tuple[int, list[bytes], bytes]:
    """Return the position, the hashes and the checkpoint of a `.tlog-proof` file."""
    head, _, checkpoint = proof.partition("\n\n")
    version, index, *hashes = head.split("\n")
    assert version == "c2sp.org/tlog-proof@v1"
    assert index.startswith("index ")
    return int(index.removeprefix("index ")), list(map(from_base64, hashes)), checkpoint.encode()


def proven(leaf: bytes, position: int, hashes: Sequence[bytes], head: Head) -> bool:
    """RFC 9162, section 2.1.3.2, word for word."""
    if position >= head.size:
        return False
    fn, sn, r = position, head.size - 1, leaf
    for p in hashes:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\x01" + p + r).digest()
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == head.root
