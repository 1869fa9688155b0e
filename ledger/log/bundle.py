"""Making an evidence bundle: records of a log with all that proves them, in one zip file.

    Some      chosen records, each with its inclusion proof    records/42.json proofs/42.tlog-proof
    Stretch   a range of which no record is left out; what     tile/entries/000 proofs/range.txt
              the reader may not see is blank, with its hash

The format is docs/bundle.md; `ledger/verify.py` checks it. This side proves and checks nothing. For
whom the bundle is decides what is shown and opened (`Reader`). Records are read and written page by
page, so a long log needs little memory. The same selection at the same checkpoint for the same
reader gives the same bytes.
"""

import hashlib
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, BinaryIO, Final, NamedTuple, Protocol, Self, TypeVar

from ledger.log.canonical import encode
from ledger.log.checkpoint import read_text, tlog_proof, to_base64
from ledger.log.merkle import NotInTree, ReadNodes, beside, consistency, inclusion, roots
from ledger.log.store import Store
from ledger.log.tiles import ENTRIES, TILE_WIDTH, Tile, bundle, node_reader, width_at
from ledger.log.tree import Tree, TreeDamaged

FORMAT: Final = "ketenledger-bundle/1"
MANIFEST: Final = "manifest.json"
CHECKPOINT: Final = "checkpoint"
POLICY: Final = "policy"
MAX_MEMBERS: Final = 200_000
MAX_MEMBER_BYTES: Final = 2**26
"""Limits of the format: how many members, and how large each is unpacked."""
MAX_CHOSEN: Final = 20_000
"""How many records a bundle can hold with a proof each; more is what a range is for."""
HASHES_AT_ONCE: Final = 1024
TILES_AT_HAND: Final = 256
DATED: Final = (1980, 1, 1, 0, 0, 0)
READABLE_FILE: Final = 0o100644 << 16


T = TypeVar("T")


class CannotBundle(ValueError):
    """What was asked for fits in no bundle; says in Dutch why."""


class Some(NamedTuple):
    """Chosen records, by position."""

    positions: Sequence[int]


class Stretch(NamedTuple):
    """All records from `start` up to, not including, `until`."""

    start: int
    until: int


Selection = Some | Stretch
Rows = Sequence[tuple[int, bytes]]
"""Positions and bytes of records, in order."""


class Reader(Protocol):
    """For whom a bundle is: what they may see, and what goes along for them to read."""

    def visible(self, positions: Sequence[int]) -> Collection[int]:
        """Return those of these positions whose records may be shown."""

    def disclosures(self, rows: Rows) -> Mapping[int, Mapping[str, str]]:
        """Return by position what digests in these records stand for: field and disclosure."""

    def aids(self, outline: "Outline") -> Iterable[tuple[str, bytes]]:
        """Give what travels along to be read: name and bytes, when all records have passed."""


class Outline(NamedTuple):
    """What a bundle is about to be: of which log, at which checkpoint, what was chosen."""

    chain: str
    origin: str
    size: int
    note: str
    selection: Selection
    hidden: int


class Made(NamedTuple):
    """A bundle that was made: its checkpoint, what it shows and withholds, how many members."""

    origin: str
    size: int
    shown: int
    hidden: int
    members: int


def make(
    store: Store,
    chain: str,
    file: BinaryIO,
    *,
    selection: Selection,
    reader: Reader,
    policy: bytes,
    since: Sequence[int] = (),
    remarks: Mapping[str, Any] | None = None,
    tree: Tree | None = None,
) -> Made:
    """Write a bundle at the published checkpoint into a file, open for writing and seeking.

    `since` are sizes of earlier checkpoints from which the log is to be proven to go on; `remarks`
    stand in the selection and prove nothing. Raises NotInTree for what the signed log does not
    have, CannotBundle for what the format has no room for, TreeDamaged.
    """
    tree = tree or Tree(store)
    note = tree.published(chain)
    if note is None:
        raise NotInTree(f"Keten {chain} heeft geen getekend log.")
    head = read_text(note.text)
    outline = Outline(chain, head.origin, head.size, str(note), selection, 0)
    with _Archive(file) as archive:
        archive.put(CHECKPOINT, note.encode())
        archive.put(POLICY, policy)
        making = _Making(store, tree, archive, outline, reader)
        chosen = making.some(selection) if isinstance(selection, Some) else making.all(selection)
        for old in sorted({*since} - {0, head.size}):
            making.consistency(old)
        for name, data in reader.aids(outline._replace(hidden=making.hidden)):
            archive.put(name, data)
        archive.finish(
            {
                "chain": chain,
                "format": FORMAT,
                "origin": head.origin,
                "selection": {**(remarks or {}), **chosen},
                "size": head.size,
            }
        )
        members = len(archive.files) + 1
    return Made(head.origin, head.size, making.shown, making.hidden, members)


def tile_of(number: int, size: int) -> Tile:
    """Return the bundle of entries with this number, as wide as a log of this size has it."""
    return Tile(ENTRIES, number, width_at(ENTRIES, number, size))


class _Making:
    """The records, proofs and disclosures of one bundle on their way into its archive."""

    def __init__(
        self, store: Store, tree: Tree, archive: "_Archive", outline: Outline, reader: Reader
    ) -> None:
        self._store, self._tree = store, tree
        self._archive, self._outline, self._reader = archive, outline, reader
        self._read = _remembering(tree, outline.chain, outline.size)
        self.shown = self.hidden = 0

    def some(self, selection: Some) -> dict[str, Any]:
        """Put in chosen records with a proof each; return what the manifest says of them.

        Those that may not be seen are left out.
        """
        positions = sorted({*selection.positions})
        if not positions or positions[0] < 0 or positions[-1] >= self._outline.size:
            raise NotInTree(
                f"Het getekende log van keten {self._outline.chain} heeft niet al deze posities."
            )
        if len(positions) > MAX_CHOSEN:
            raise CannotBundle(
                f"{len(positions)} vastleggingen zijn te veel om los te bewijzen (hoogstens "
                f"{MAX_CHOSEN}); vraag een aaneengesloten bereik."
            )
        kept: list[int] = []
        for wanted in _pages(positions, TILE_WIDTH):
            visible = {*self._reader.visible(wanted)}
            self.hidden += len(wanted) - len(visible)
            for position, data in self._shown([one for one in wanted if one in visible]):
                kept.append(position)
                hashes = inclusion(position, self._outline.size, self._read)
                proof = tlog_proof(position, hashes, self._outline.note)
                self._archive.put(f"records/{position}.json", data)
                self._archive.put(f"proofs/{position}.tlog-proof", proof.encode())
        if not kept:
            raise NotInTree("Van wat u koos, mag u geen vastlegging zien.")
        return {"kind": "records", "positions": kept}

    def all(self, selection: Stretch) -> dict[str, Any]:
        """Put in a range and its proof; return what the manifest says of it."""
        start, until = selection
        size = self._outline.size
        if not 0 <= start < until <= size:
            raise NotInTree(
                f"Keten {self._outline.chain} is getekend tot {size}; "
                f"{start} tot {until} is daar geen deel van."
            )
        hidden: list[int] = []
        for number in range(start // TILE_WIDTH, -(-until // TILE_WIDTH)):
            tile = tile_of(number, size)
            inside = range(max(start, tile.first), min(until, tile.first + tile.width))
            visible = {*self._reader.visible(inside)}
            hidden += [one for one in inside if one not in visible]
            shown = dict(self._shown([one for one in inside if one in visible]))
            places = range(tile.first, tile.first + tile.width)
            self._archive.put(tile.path, bundle(shown.get(one, b"") for one in places))
        self.hidden = len(hidden)
        self._archive.stream("proofs/range.txt", self._range_proof(start, until, hidden))
        return {"kind": "range", "from": start, "until": until}

    def consistency(self, old: int) -> None:
        """Put in the proof that the log goes on from an earlier size."""
        if not 0 < old < self._outline.size:
            raise NotInTree(
                f"Het log telt {self._outline.size} vastleggingen, niet meer dan {old}."
            )
        hashes = consistency(old, self._outline.size, self._read)
        lines = (f"old {old}", *map(to_base64, hashes))
        text = "".join(f"{line}\n" for line in lines) + "\n" + self._outline.note
        self._archive.put(f"consistency/{old}.txt", text.encode())

    def _shown(self, positions: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Read the records at positions that lie close together; put in what they disclose."""
        rows = self._rows(positions)
        for position, opened in self._reader.disclosures(rows).items():
            if opened:
                self._archive.put(f"disclosures/{position}.json", encode(opened))
        self.shown += len(rows)
        yield from rows

    def _rows(self, positions: Sequence[int]) -> list[tuple[int, bytes]]:
        rows: list[tuple[int, bytes]] = []
        wanted = {*positions}
        for first, last in _runs(positions):
            page = self._store.read(self._outline.chain, start=first, limit=last + 1 - first)
            rows += [(row.position, row.data) for row in page if row.position in wanted]
        if len(rows) != len(positions):
            gone = min(wanted - {position for position, _ in rows})
            raise TreeDamaged(f"Vastlegging {gone} is er niet meer.")
        return rows

    def _range_proof(self, start: int, until: int, hidden: list[int]) -> Iterator[bytes]:
        yield f"ketenledger-range/1\nrange {start} {until}\n".encode()
        lacking = beside(self._outline.size, start, until, hidden)
        for some in _pages(lacking, HASHES_AT_ONCE):
            hashes = roots(some, self._read)
            yield "".join(f"{to_base64(one)}\n" for one in hashes).encode()
        yield b"\n" + self._outline.note.encode()


class _Archive:
    """A zip file that is written member by member; what was written is listed in the manifest."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self.files: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()

    def put(self, name: str, data: bytes) -> None:
        self.stream(name, [data])

    def stream(self, name: str, parts: Iterable[bytes]) -> None:
        if name in self.files or len(self.files) + 1 >= MAX_MEMBERS:
            raise CannotBundle(
                f"Dit past niet in een bundel van hoogstens {MAX_MEMBERS} bestanden; "
                "vraag een kleiner deel."
            )
        sha256, size = hashlib.sha256(), 0
        with self._zip.open(_member(name), "w") as member:
            for part in parts:
                size += len(part)
                if size > MAX_MEMBER_BYTES:
                    raise CannotBundle(f"{name} wordt te groot; vraag een kleiner deel.")
                sha256.update(part)
                member.write(part)
        self.files[name] = {"sha256": sha256.hexdigest(), "size": size}

    def finish(self, manifest: dict[str, Any]) -> None:
        """Write the manifest, which lists all the rest."""
        data = encode({**manifest, "files": self.files})
        if len(data) > MAX_MEMBER_BYTES:
            raise CannotBundle("De lijst van bestanden wordt te groot; vraag een kleiner deel.")
        self._zip.writestr(_member(MANIFEST), data)


def _member(name: str) -> zipfile.ZipInfo:
    """Return the heading of a member; no moment and no machine shows in it."""
    info = zipfile.ZipInfo(name, DATED)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = READABLE_FILE
    info.create_system = 3
    return info


def _remembering(tree: Tree, chain: str, size: int) -> ReadNodes:
    """Return a reader of nodes that keeps the last tiles at hand, for the proof that follows."""
    load = lru_cache(maxsize=TILES_AT_HAND)(lambda tile: tree.tables.hashes(chain, tile))
    return node_reader(size, load)


def _pages(items: Iterable[T], size: int) -> Iterator[list[T]]:
    page: list[T] = []
    for one in items:
        page.append(one)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page


def _runs(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each row of positions without a gap."""
    first = last = -2
    for position in positions:
        if position != last + 1:
            if first >= 0:
                yield first, last
            first = position
        last = position
    if first >= 0:
        yield first, last
