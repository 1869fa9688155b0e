"""A small maker of evidence bundles, for the tests of the verifier alone.

It shares no code with the verifier nor with the log: trees are the recursive definitions of RFC
9162 (section 2.1) on whole lists, signatures come from `cryptography`. A bundle is a dict of its
members until `write` puts a manifest to it, so that a test can change any of them first.
"""

from __future__ import annotations

import json
import zipfile
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

Members = dict[str, bytes]
CHAIN = "proefketen"
ORIGIN = f"keten.example/log/{CHAIN}"
COSIGNED_AT = 1_700_000_001
DIGEST = sha256(b"").digest()


# Trees, by definition


def leaf(record: bytes) -> bytes:
    return sha256(b"\x00" + record).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def half(size: int) -> int:
    """Return the largest power of two smaller than a size."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def tree(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else DIGEST
    middle = half(len(leaves))
    return node(tree(leaves[:middle]), tree(leaves[middle:]))


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """Return the inclusion proof of a leaf. Source: RFC 9162, section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    middle = half(len(leaves))
    if index < middle:
        return [*path(index, leaves[:middle]), tree(leaves[middle:])]
    return [*path(index - middle, leaves[middle:]), tree(leaves[:middle])]


def consistency(old: int, leaves: list[bytes], *, known: bool = True) -> list[bytes]:
    """Return the proof that a log of an old size became this one. Source: RFC 9162, 2.1.4.1."""
    if old == len(leaves):
        return [] if known else [tree(leaves)]
    middle = half(len(leaves))
    if old <= middle:
        return [*consistency(old, leaves[:middle], known=known), tree(leaves[middle:])]
    beside = tree(leaves[:middle])
    return [*consistency(old - middle, leaves[middle:], known=False), beside]


def beside(
    start: int, until: int, leaves: list[bytes], hidden: Collection[int] = ()
) -> list[bytes]:
    """Return the proof of a range: what a reader lacks, the last needed one first in the walk."""
    size = len(leaves)
    if until <= 0 or start >= size:
        return [tree(leaves)]
    if size == 1:
        return [leaves[0]] if 0 in hidden else []
    middle = half(size)
    left = beside(start, until, leaves[:middle], [one for one in hidden if one < middle])
    later = [one - middle for one in hidden if one >= middle]
    right = beside(start - middle, until - middle, leaves[middle:], later)
    return [*right, *left] if start >= middle else [*left, *right]


# Keys and signatures


@dataclass(frozen=True)
class Signer:
    """Somebody with a key: the log itself (1), a witness (4), or one with ML-DSA-44 (6)."""

    name: str
    algorithm: int = 1
    seed: bytes = bytes(range(32))

    def _private(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if self.algorithm == 6:
            return MLDSA44PrivateKey.from_seed_bytes(self.seed)
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        return bytes([self.algorithm]) + self._private().public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64(self.public)}"

    def line(self, text: bytes, at: int = COSIGNED_AT) -> bytes:
        """Return the signature line for the text of a checkpoint."""
        return signature_line(self.name, self.key_id + self.signature(text, at))

    def signature(self, text: bytes, at: int = COSIGNED_AT) -> bytes:
        if self.algorithm == 1:
            return self._private().sign(text)
        if self.algorithm == 4:
            said = b"cosignature/v1\ntime %d\n" % at + text
            return at.to_bytes(8, "big") + self._private().sign(said)
        return at.to_bytes(8, "big") + self._private().sign(self._subtree(text, at))

    def _subtree(self, text: bytes, at: int) -> bytes:
        origin, size, root, *_ = text.split(b"\n")
        name = self.name.encode()
        ends = bytes(8) + int(size).to_bytes(8, "big")
        start = b"subtree/v1\n\0" + bytes([len(name)]) + name + at.to_bytes(8, "big")
        return start + bytes([len(origin)]) + origin + ends + b64decode(root)


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def signature_line(name: str, blob: bytes) -> bytes:
    return f"— {name} {base64(blob)}\n".encode()


LOG = Signer(ORIGIN)
WITNESSES = [Signer(f"getuige.example/w{n}", 4, bytes([n] * 32)) for n in range(1, 4)]


def policy(
    logs: Iterable[Signer] = (LOG,), witnesses: Iterable[Signer] = WITNESSES, quorum: str = "2"
) -> bytes:
    """Return a tlog-policy of these; the quorum is `none`, `any`, `all` or a number of them."""
    named = {f"w{n}": one for n, one in enumerate(witnesses, 1)}
    lines = [f"log {one.vkey}" for one in logs]
    lines += [f"witness {name} {one.vkey} https://{one.name}" for name, one in named.items()]
    grouped = quorum != "none" and named
    lines += [f"group allen {quorum} {' '.join(named)}"] if grouped else []
    return "\n".join([*lines, f"quorum {'allen' if grouped else 'none'}", ""]).encode()


# Records


def canonical(value: object) -> bytes:
    """Return JSON in the form of RFC 8785; enough for what tests put in."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def disclosure(name: str, value: str, salt: str = "AAECAwQFBgcICQoLDA0ODw") -> str:
    said = json.dumps([salt, name, value], ensure_ascii=False)
    return urlsafe_b64encode(said.encode()).decode().rstrip("=")


def digest(text: str) -> str:
    return urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")


NAMED = disclosure("name", "Jan Jansen")


def record(position: int, *, chain: str = CHAIN, at: str = "", **body: object) -> bytes:
    """Return a record as the ledger would store it; every fifth one holds a sealed name."""
    moment = f"2026-01-01T{position // 3600 % 24:02}:{position // 60 % 60:02}:{position % 60:02}"
    header = {"chain": chain, "position": position, "at": at or f"{moment}.000000Z", "v": 1}
    sealed = {"name": digest(NAMED)} if position % 5 == 4 else {}
    return canonical({"body": {"type": "Proef.v1", **sealed, **body}, "header": header})


# Bundles


@dataclass
class Log:
    """A whole log: its records, and who signs its checkpoints."""

    records: list[bytes]
    origin: str = ORIGIN
    signers: list[Signer] = field(default_factory=lambda: [LOG, *WITNESSES])

    @property
    def leaves(self) -> list[bytes]:
        return [leaf(one) for one in self.records]

    def note(self, size: int | None = None) -> bytes:
        """Return the checkpoint of a size, with everybody's signature."""
        leaves = self.leaves[:size]
        return signed(checkpoint_text(len(leaves), tree(leaves), self.origin), self.signers)

    def selected(self, positions: Iterable[int]) -> Members:
        """Return the members of a bundle of some records."""
        note, leaves = self.note(), self.leaves
        members = {"checkpoint": note, "policy": policy([self.signers[0]])}
        for one in positions:
            members[f"records/{one}.json"] = self.records[one]
            opening = ["c2sp.org/tlog-proof@v1", f"index {one}"]
            members[f"proofs/{one}.tlog-proof"] = proof(opening, path(one, leaves), note)
        return members

    def spanned(self, start: int, until: int, hidden: Collection[int] = ()) -> Members:
        """Return the members of a bundle of a range, some records perhaps withheld."""
        note, leaves = self.note(), self.leaves
        members = {"checkpoint": note, "policy": policy([self.signers[0]])}
        for number in range(start // 256, -(-until // 256)):
            first, last = 256 * number, min(256 * number + 256, len(leaves))
            shown = [
                n if start <= n < until and n not in hidden else None for n in range(first, last)
            ]
            entries = [b"" if n is None else self.records[n] for n in shown]
            members[entries_name(number, last - first)] = b"".join(map(entry, entries))
        opening = ["ketenledger-range/1", f"range {start} {until}"]
        hashes = beside(start, until, leaves, hidden)
        members["proofs/range.txt"] = proof(opening, hashes, note)
        return members

    def since(self, old: int) -> Members:
        """Return the member that proves that this log goes on from an old size."""
        text = proof([f"old {old}"], consistency(old, self.leaves), self.note())
        return {f"consistency/{old}.txt": text}


def chain_of(size: int) -> Log:
    return Log([record(position) for position in range(size)])


def checkpoint_text(size: int, root: bytes, origin: str = ORIGIN) -> bytes:
    return f"{origin}\n{size}\n{base64(root)}\n".encode()


def signed(text: bytes, signers: Iterable[Signer]) -> bytes:
    return text + b"\n" + b"".join(one.line(text) for one in signers)


def proof(opening: list[str], hashes: list[bytes], note: bytes) -> bytes:
    return "".join(f"{line}\n" for line in [*opening, *map(base64, hashes)]).encode() + b"\n" + note


def entry(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def entries_name(number: int, width: int) -> str:
    """Return the path of an entry bundle, C2SP tlog-tiles."""
    groups = [number % 1000]
    while number := number // 1000:
        groups.insert(0, number % 1000)
    *heads, last = [f"{group:03}" for group in groups]
    whole = "".join(f"x{head}/" for head in heads) + last
    return f"tile/entries/{whole}" + (f".p/{width}" if width < 256 else "")


def manifest(members: Members, selection: dict[str, Any], **other: object) -> dict[str, Any]:
    """Return the manifest that belongs to these members; `other` fields replace its own."""
    origin, size, *_ = members["checkpoint"].decode("utf-8", "replace").split("\n")
    files = {
        name: {"sha256": sha256(data).hexdigest(), "size": len(data)}
        for name, data in members.items()
    }
    made = {"format": "ketenledger-bundle/1", "chain": CHAIN, "origin": origin, "files": files}
    return {**made, "size": int(size), "selection": selection, **other}


def write(
    where: Path,
    members: Members,
    selection: dict[str, Any],
    change: Callable[[dict], None] | None = None,
) -> Path:
    """Write a bundle; `change` may still alter its manifest."""
    listed = manifest(members, selection)
    if change:
        change(listed)
    return zipped(where, {"manifest.json": canonical(listed), **members})


def zipped(where: Path, members: Members) -> Path:
    """Write members as they are, without a manifest of our own."""
    with zipfile.ZipFile(where, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return where


def records(*positions: int) -> dict[str, Any]:
    return {"kind": "records", "positions": list(positions)}


def span(start: int, until: int) -> dict[str, Any]:
    return {"kind": "range", "from": start, "until": until}
