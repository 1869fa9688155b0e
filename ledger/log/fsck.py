"""The check of a chain as it is stored: every byte, hash, tile, checkpoint and signature anew.

Nothing that the database computed is trusted. In one pass over the records of one moment:

    records       hashed anew; canonical; no empty position; chain, position and type those of the
                  row; recorded times never decrease; no act twice
    tiles         made anew from those hashes, and equal to what is stored; none too many or few
    checkpoints   each signed by a key of the log, each following the one before, each with the
                  root that the records have at its size; cosignatures that hold, and how far
                  they make the quorum that the chain adopted
    kept heads    a checkpoint that somebody kept, or what an earlier check saw: the same roots

What none of this can show is a log that whoever has its key made anew from the beginning: that
takes a head that was kept elsewhere.
"""

import heapq
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from ledger.log import canonical
from ledger.log.flaws import Flaw, Flaws, Kind
from ledger.log.fsck_signed import Quorum, SignedCheck
from ledger.log.note_keys import Verifier
from ledger.log.snapshot import Snapshot, StoredRow
from ledger.log.tiles import TILE_HEIGHT, TILE_WIDTH, Edge, FullTile, hashes_of

STEP: Final = 16 * TILE_WIDTH
"""How many leaf hashes are held before they are taken into the tree."""


class Kept(NamedTuple):
    """The head of a log that was kept elsewhere; `source` tells a reader which."""

    kind: Kind
    source: str
    size: int
    root: bytes


class Evidence(Struct, frozen=True, kw_only=True):
    """What a check found; `root` is that of all records, empty where it cannot be known.

    `witnessed` is the size of the last checkpoint that the quorum of its witnesses saw.
    """

    size: int
    signed: int
    witnessed: int
    root: bytes
    checkpoints: int
    tiles: int
    cosignatures: int
    flaws: tuple[Flaw, ...]
    remarks: tuple[Flaw, ...]


class Fsck:
    """The check of one chain. Take all `records`, then ask for the `evidence`.

    `keys` are those of the log (none: signatures are not checked), `witnesses` those of the
    witnesses that are known, `quorums` how many of them each size wants, `kept` what the log must
    still agree with.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        keys: Sequence[Verifier] = (),
        witnesses: Sequence[Verifier] = (),
        quorums: Sequence[Quorum] = (),
        kept: Sequence[Kept] = (),
    ) -> None:
        self._snapshot = snapshot
        self._flaws, self._remarks = Flaws(), Flaws()
        self._signed = SignedCheck(self._flaws, self._remarks, keys, witnesses, quorums)
        self._rows = _Rows(snapshot.chain, self._flaws)
        self._tree = _Tree(snapshot, self._flaws, self._heads(kept))

    def records(self) -> Iterator[StoredRow]:
        """Yield every record, checked in passing."""
        for row in self._snapshot.records():
            whole = self._rows.take(row)
            if whole:
                self._tree.add(canonical.leaf_hash(row.data))
            else:
                self._tree.lose(row.position)
            yield row

    def evidence(self) -> Evidence:
        """Return what was found, when all records were taken."""
        self._tree.finish()
        self._acts()
        self._beyond()
        if self._snapshot.size > self._snapshot.signed:
            behind = self._snapshot.size - self._snapshot.signed
            what = f"{behind} gebeurtenissen zijn niet ondertekend."
            self._remarks.add("unsigned", self._snapshot.signed, what, count=behind)
        self._signed.say_unwitnessed()
        return Evidence(
            size=self._snapshot.size,
            signed=self._snapshot.signed,
            witnessed=self._signed.witnessed,
            root=self._tree.root,
            checkpoints=self._signed.checkpoints,
            tiles=self._tree.tiles,
            cosignatures=self._signed.cosignatures,
            flaws=self._flaws.all(),
            remarks=self._remarks.all(),
        )

    def _heads(self, kept: Sequence[Kept]) -> Iterator[Kept]:
        """Yield all that the tree must agree with, in order of size."""
        signed = (
            Kept("root", f"het ondertekende controlepunt {size}", size, root)
            for size, root in self._signed.heads(self._snapshot.checkpoints())
        )
        yield from heapq.merge(sorted(kept, key=_size), signed, key=_size)

    def _acts(self) -> None:
        for again, first in self._snapshot.double_acts():
            what = f"Gebeurtenis {again} is dezelfde handeling als gebeurtenis {first}."
            self._flaws.add("act", again, what)

    def _beyond(self) -> None:
        found = self._snapshot.tile_beyond()
        if found is not None:
            level, index = found
            what = f"Tegel {index} van niveau {level} hoort bij geen ondertekend controlepunt."
            self._flaws.add("tile", self._snapshot.signed, what)


class _Rows:
    """What can be said of each record by itself and of its place behind the one before."""

    def __init__(self, chain: str, flaws: Flaws) -> None:
        self._chain = chain
        self._flaws = flaws
        self._next = 0
        self._at = ""

    def take(self, row: StoredRow) -> bool:
        """Judge a record; tell whether the positions are without a hole so far."""
        if canonical.leaf_hash(row.data) != row.leaf_hash:
            self._add("hash", row, "heeft een andere bladhash dan haar bytes")
        if row.position != self._next:
            first, last = self._next, row.position - 1
            which = f"Gebeurtenis {first} ontbreekt."
            if last > first:
                which = f"De gebeurtenissen {first} tot en met {last} ontbreken."
            self._flaws.add("gap", first, which)
        whole = row.position == self._next
        self._next = row.position + 1
        body, header = self._read(row)
        if header:
            self._judge(row, body, header)
        return whole

    def _read(self, row: StoredRow) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return body and header; both empty where these bytes are not those of a record."""
        try:
            value = msgspec.json.decode(row.data)
            sound = canonical.encode(value) == row.data
        except (msgspec.MsgspecError, UnicodeError, canonical.NotCanonical, RecursionError):
            value, sound = None, False
        if not sound:
            self._add("form", row, "is niet in de vaste schrijfwijze vastgelegd")
        if isinstance(value, dict):
            body, header = value.get("body"), value.get("header")
            if isinstance(body, dict) and isinstance(header, dict):
                return body, header
        if sound:
            self._add("form", row, "heeft niet de vorm van een vastlegging")
        return {}, {}

    def _judge(self, row: StoredRow, body: dict[str, Any], header: dict[str, Any]) -> None:
        if (header.get("chain"), header.get("position")) != (self._chain, row.position):
            self._add("place", row, "noemt een andere keten of positie dan die waar zij staat")
        if body.get("type") != row.topic:
            self._add("place", row, "is van een andere soort dan de rij zegt")
        at = str(header.get("at", ""))
        if at < self._at:
            self._add("time", row, f"is vastgelegd op {at[:30]}, na iets van {self._at}")
        self._at = max(self._at, at[:30])

    def _add(self, kind: Kind, row: StoredRow, what: str) -> None:
        self._flaws.add(kind, row.position, f"Gebeurtenis {row.position} {what}.")


class _Tree:
    """The tree grown anew from the bytes, held against tiles and heads where it passes them.

    Behind a hole nothing can be recomputed: `lose` says so, and the heads that follow are only
    read for their signatures.
    """

    def __init__(self, snapshot: Snapshot, flaws: Flaws, heads: Iterator[Kept]) -> None:
        self._snapshot = snapshot
        self._flaws = flaws
        self._heads = heads
        self._edge = Edge()
        self._leaves: list[bytes] = []
        self._lost = False
        self._sound = 0
        self._odd: tuple[int, str] | None = None
        self.tiles = 0
        self._head = next(heads, None)
        self._meet()

    @property
    def root(self) -> bytes:
        """The root over all records; empty where one is missing."""
        return b"" if self._lost else self._edge.root()

    def add(self, leaf: bytes) -> None:
        """Take in the next leaf hash."""
        if self._lost:
            return
        self._leaves.append(leaf)
        size = self._edge.size + len(self._leaves)
        if size % STEP == 0 or (self._head is not None and size == self._head.size):
            self._grow()

    def lose(self, _position: int) -> None:
        """Go on without the tree, because a record is missing."""
        if not self._lost:
            self._grow()
            self._lost = True

    def finish(self) -> None:
        """Hold what is left against the heads beyond the last record."""
        if not self._lost:
            self._grow()
        while self._head is not None:
            if not self._lost:
                self._cut(self._head)
            self._head = next(self._heads, None)
        self._say_odd()

    def _grow(self) -> None:
        self._edge, full = self._edge.extended(self._leaves)
        self._leaves = []
        for tile in full:
            # A tile is stored together with the checkpoint that covers it.
            if (tile.index + 1) << TILE_HEIGHT * (tile.level + 1) <= self._snapshot.signed:
                self._compare(tile)
        self._meet()

    def _meet(self) -> None:
        """Compare the root with all heads of the size that is reached."""
        while self._head is not None and self._head.size <= self._edge.size:
            if self._head.root == self._edge.root():
                self._sound = self._edge.size
                # The records are those that were signed, so it is the tile that is not.
                self._say_odd()
            else:
                self._differs(self._head)
            self._head = next(self._heads, None)

    def _compare(self, expected: FullTile) -> None:
        self.tiles += 1
        level, index = expected.level, expected.index
        stored = self._snapshot.full_tiles(level, index, index).get(index)
        if stored == expected:
            return
        name = f"Tegel {index} van niveau {level}"
        if stored is None:
            self._flaws.add("tile", index * TILE_WIDTH, f"{name} ontbreekt.")
        elif level == 0 and self._odd is None:
            self._odd = (_first_difference(stored, expected), name)
        elif level:
            self._flaws.add("tile", index, f"{name} is niet die van de gebeurtenissen.")

    def _differs(self, head: Kept) -> None:
        where = f"tussen {self._sound} en {head.size}"
        at = self._sound
        if self._odd is not None:
            at = self._odd[0]
            where = f"gebeurtenis {at}"
            self._odd = None
        what = f"de eerste afwijking is {where}"
        self._flaws.add(
            head.kind,
            at,
            f"De gebeurtenissen tot {head.size} zijn niet die van {head.source}; {what}.",
        )

    def _cut(self, head: Kept) -> None:
        kind: Kind = "cut" if head.kind == "root" else head.kind
        size = self._edge.size
        what = f"Er staan {size} gebeurtenissen, maar {head.source} telt er {head.size}."
        self._flaws.add(kind, size, what)

    def _say_odd(self) -> None:
        if self._odd is not None:
            position, name = self._odd
            what = f"{name} is niet die van de gebeurtenissen, vanaf gebeurtenis {position}."
            self._flaws.add("tile", position, what)
            self._odd = None


def _first_difference(stored: FullTile, expected: FullTile) -> int:
    """Return the position of the first leaf that a tile has otherwise, else its first."""
    pairs = zip(hashes_of(stored.hashes), hashes_of(expected.hashes), strict=False)
    places = (number for number, (one, other) in enumerate(pairs) if one != other)
    return expected.index * TILE_WIDTH + next(places, 0)


def _size(head: Kept) -> int:
    return head.size
