"""A log as files, made by the definition of its tree, honest or as a forger would make it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from ledger.log.checkpoint import Head
from ledger.log.note import signed
from ledger.log.note_keys import ED25519, Signer
from ledger.log.tiles import ENTRIES, TILE_WIDTH, bundle, layout

ORIGIN = "log.example/log/testketen"
KEY = Signer(ORIGIN, ED25519, b"m" * 32)
NEW_KEY = Signer(ORIGIN, ED25519, b"n" * 32)


def numbers(size: int, *, start: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(start, size)]


def mth(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, over leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + mth(leaves[:half]) + mth(leaves[half:])).digest()


def head_over(entries: Sequence[bytes], origin: str = ORIGIN) -> Head:
    return Head(origin, len(entries), mth([leaf(entry) for entry in entries]))


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def files_of(
    entries: Sequence[bytes],
    *,
    signers: Sequence[Signer] = (KEY,),
    named: Sequence[Signer] | None = None,
    origin: str = ORIGIN,
) -> dict[str, bytes]:
    """Return every file of a log; `named` are the keys that it says are its own."""
    leaves = [leaf(entry) for entry in entries]
    files: dict[str, bytes] = {}
    for tile in layout(len(entries)):
        part = range(tile.first, tile.first + tile.width)
        if tile.level == ENTRIES:
            files[tile.path] = bundle(entries[number] for number in part)
        else:
            each = TILE_WIDTH**tile.level
            files[tile.path] = b"".join(mth(leaves[n * each : (n + 1) * each]) for n in part)
    keys = signers if named is None else named
    files["key"] = "".join(f"{one.verifier}\n" for one in keys).encode()
    files["checkpoint"] = signed(head_over(entries, origin).text(), signers, at=1).encode()
    return files


def put(folder: Path, files: dict[str, bytes]) -> None:
    """Let a folder hold these files and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
