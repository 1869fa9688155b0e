"""Making a bundle behind the doors: what was asked for, for whom, and what travels along.

The records and proofs come from `ledger/log/bundle.py`; here is found which records belong to a
thing, which of them this reader may see, what is told of them in Dutch. What leaves is noted in the
register first. What is sealed goes along only where a vault is given: over HTTP the texts of what
is confidential, to who may read it; the names of people by command only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, NamedTuple

import msgspec
from msgspec import Struct

from api import bundle_page
from api.bundle_page import MAX_TOLD, Heading, Told
from api.redaction import WOO_GROUNDS, Redaction
from ledger import catalogue, verify
from ledger.catalogue import Record
from ledger.confidential import with_texts
from ledger.domain.sealing import digests
from ledger.domain.values import DATE_PATTERN, NotFound
from ledger.log import canonical, erased
from ledger.log.anchor import Anchor, Anchors
from ledger.log.bundle import CannotBundle, Made, Outline, Rows, Selection, Some, Stretch, make
from ledger.log.checkpoint import read_text
from ledger.log.handed_out import HandedOut, Register
from ledger.log.merkle import NotInTree
from ledger.log.store import Store
from ledger.log.tree import Tree
from ledger.sealed import opened
from ledger.vault import Vault
from projections import selection
from projections.capacities import with_capacities
from projections.opened import CLOSED, erased_on
from projections.scopes import NOTHING, Access
from projections.standing import stand
from projections.things import Seen
from projections.timeline import told
from projections.views import Conn, View, look
from projections.words import word

READ_SECONDS: Final = 60.0
"""How long one question to the read models may take while a bundle is made."""
HASHED_AT_ONCE: Final = 2**20
NONE: Final = Redaction()
PLACE: Final = re.compile(r"\d{1,16}")


class Asked(Struct, frozen=True, kw_only=True):
    """What a bundle is to hold: a thing by kind and name, or else a range (whole if empty).

    The ends of a range are positions, or days on which was recorded; `until` is the first outside.
    `redaction` is what is left out by choice.
    """

    kind: str = ""
    name: str = ""
    start: str = ""
    until: str = ""
    since: tuple[int, ...] = ()
    redaction: Redaction = NONE


class Taker(Struct, frozen=True, kw_only=True):
    """Who takes it, by which door, what they may read, and the vault if it is opened.

    Then the texts in what they may read go along, and, with `names`, the values of people.
    """

    person: str
    door: Literal["http", "command"]
    access: Access
    vault: Vault | None = None
    names: bool = False


class Log(Struct, frozen=True, kw_only=True):
    """The log as it is handed out: its policy and the key that the pages name."""

    policy: bytes
    key: str
    demo: bool = False


class Handed(NamedTuple):
    """A bundle that stands in a file and in the register."""

    made: Made
    selection: str
    sha256: str
    bytes: int


DEMO_TOLD = (
    " Let op: dit is een demonstratieketen, opgericht op een server in ontwikkelmodus. Wie daar "
    "handelde en hoe laat, is niet nagegaan; de eerste vastlegging van de keten zegt dat (demo)."
)
"""What the pages of a bundle add where the chain proves nothing about people."""


def signed_size(tree: Tree, chain: str) -> int:
    """Return the size of the published checkpoint; NotFound for a chain that has none."""
    note = tree.published(chain)
    if note is None and tree.checkpoint(chain) is not None:
        raise NotFound(f"Het log van keten {chain} is nog niet door genoeg getuigen gezien.")
    if note is None:
        raise NotFound(
            f"Keten {chain} heeft geen getekend log; met de sleutel van "
            f"`ketenledger key new {chain}` tekent een server haar."
        )
    return read_text(note.text).size


def hand_out(
    store: Store,
    tree: Tree,
    chain: str,
    file: BinaryIO,
    *,
    asked: Asked,
    taker: Taker,
    log: Log,
    reading: Store,
    register: Register | None = None,
) -> Handed:
    """Make a bundle in a file and note it; the read models have to have reached the checkpoint.

    The record is read through `store`, the read models through `reading`; the register may be kept
    through yet another. Raises NotFound, Refused or
    CannotBundle, TreeDamaged.
    """
    size = signed_size(tree, chain)
    with reading.connection(statement_seconds=READ_SECONDS) as connection:
        view = look(connection, chain, reader=taker.access, known_at=size - 1)
        chosen, about, unseen = _selected(connection, view, asked, size)
    title = f"{'DEMO – b' if log.demo else 'B'}ewijsbundel van keten {chain}"
    heading = Heading(title, about, log.key, unseen, DEMO_TOLD if log.demo else "")
    stamp = _stamp(store, chain, chosen, size)
    since = asked.since if stamp is None or stamp.size == size else (*asked.since, stamp.size)
    reader = BundleReader(store, reading, view, taker, heading, about, stamp, asked.redaction)
    remarks: dict[str, Any] = {"about": about} | ({"unseen": unseen} if unseen else {})
    remarks |= {"demo": True} if log.demo else {}
    # The list is filled while the records pass, and written when all have.
    remarks |= {"withheld": reader.withheld} if asked.redaction else {}
    try:
        made = make(
            store, chain, file, selection=chosen, reader=reader,
            policy=log.policy, since=since, remarks=remarks, tree=tree,
        )  # fmt: skip
    except NotInTree as error:
        raise NotFound(str(error)) from error
    sha256, total = _hashed(file)
    (register or Register(store)).put(
        chain,
        HandedOut(taker.person, taker.door, about, made.size, sha256, total, reader.disclosed),
    )
    _refuse_erased(store, chain, reader.disclosed)
    return Handed(made, about, sha256.hex(), total)


def _refuse_erased(store: Store, chain: str, disclosed: Collection[str]) -> None:
    """Let no bundle leave with a value that was erased while it was made.

    The register comes first: an erasure after this look finds the bundle there.
    """
    if erased.find(store, chain, disclosed):
        raise CannotBundle("Tijdens het maken van de bundel is iets gewist; vraag haar opnieuw.")


def _stamp(store: Store, chain: str, chosen: Selection, size: int) -> Anchor | None:
    """Return the first time stamp that covers all that was chosen, else the newest there is."""
    anchors = Anchors(store)
    last = chosen.until - 1 if isinstance(chosen, Stretch) else max(chosen.positions, default=0)
    for found in (anchors.covering(chain, last), anchors.latest(chain)):
        if found is not None and found.size <= size:
            return found
    return None


def _selected(connection: Conn, view: View, asked: Asked, size: int) -> tuple[Selection, str, int]:
    """Return what is asked for as positions, in words, and how many records were left out of it."""
    if asked.kind:
        found = selection.about(connection, view, asked.kind, asked.name)
        return Some(found.positions), found.about, found.unseen
    start = _place(connection, view, asked.start, 0, size)
    until = _place(connection, view, asked.until, size, size)
    if not start < until <= size:
        raise NotFound(
            f"Keten {view.chain} is getekend tot {size}; van {start} tot {until} is daar niets."
        )
    whole = (start, until) == (0, size)
    return Stretch(start, until), "de hele keten" if whole else f"{start} tot {until}", 0


def _place(connection: Conn, view: View, given: str, default: int, size: int) -> int:
    if not given:
        return default
    if PLACE.fullmatch(given):
        return int(given)
    if not re.fullmatch(DATE_PATTERN, given):
        raise NotFound(f"{given[:40]!r} is geen nummer van een vastlegging en geen dag.")
    found = selection.recorded_since(connection, view, given)
    return size if found is None else min(found, size)


def _hashed(file: BinaryIO) -> tuple[bytes, int]:
    """Return the SHA-256 and the length of a file, which then stands at its beginning."""
    file.seek(0)
    sha256, total = hashlib.sha256(), 0
    while part := file.read(HASHED_AT_ONCE):
        sha256.update(part)
        total += len(part)
    file.seek(0)
    return sha256.digest(), total


class BundleReader:
    """For whom a bundle is, and the pages that grow while the records pass.

    `disclosed` are the digests of the values that were opened, `withheld` says what was left out by
    choice and on what ground. A redacted bundle tells no name or title from elsewhere: it might be
    that of a record which is left out.
    """

    def __init__(
        self,
        store: Store,
        reading: Store,
        view: View,
        taker: Taker,
        heading: Heading,
        about: str,
        stamp: Anchor | None = None,
        redaction: Redaction = NONE,
    ) -> None:
        self._store, self._reading, self._view, self._taker = store, reading, view, taker
        self._redaction = redaction
        self._telling = msgspec.structs.replace(view, access=NOTHING) if redaction else view
        self._closed: list[tuple[int, str]] = []
        self.withheld: list[dict[str, Any]] = []
        self._heading, self._about, self._stamp = heading, about, stamp
        self._articles: list[str] = []
        self._types: set[str] = set()
        self._passed = 0
        self.disclosed: list[str] = []
        self.left_out: set[int] = set()

    def visible(self, positions: Iterable[int]) -> set[int]:
        """Return those positions whose records this reader may see."""
        with self._looking(self._view) as connection:
            found = selection.visible(connection, self._view, list(positions))
        left_out = found & self._redaction.records.keys()
        self.left_out |= left_out
        return found - left_out

    def disclosures(self, rows: Rows) -> Mapping[int, Mapping[str, str]]:
        """Return what is opened of these records, and tell of them on the page."""
        records = [catalogue.decode(data) for _, data in rows]
        self._types |= {catalogue.type_name(type(one.body)) for one in records}
        sealed = {one.header.position: digests(one.body) for one in records}
        texts = self._opened(
            {
                digest
                for one in records
                for name, digest in sealed[one.header.position].items()
                if not self._kept_closed(one.header.position, name) and self._goes_along(one, name)
            }
        )
        few = rows[: max(0, MAX_TOLD - len(self._articles))]
        self._tell(few, records[: len(few)], sealed, texts)
        self._passed += len(rows)
        return {
            position: {name: texts[digest] for name, digest in own.items() if digest in texts}
            for position, own in sealed.items()
        }

    def aids(self, outline: Outline) -> Iterator[tuple[str, bytes]]:
        """Give the pages, the verifier, the schemas of the types that occurred, a time stamp."""
        own = self._redaction.listed(dict.fromkeys(self._closed))
        self.withheld += [one for one in own if "field" in one or one["position"] in self.left_out]
        selected = bundle_page.selected_words(outline, self._about) + self._heading.warning
        heading = msgspec.structs.replace(
            self._heading,
            selected=selected,
            withheld=[(one, WOO_GROUNDS[one["ground"]]) for one in self.withheld],
        )
        more = self._passed - len(self._articles)
        yield "LEESMIJ.txt", bundle_page.readme(heading, outline)
        yield "index.html", bundle_page.index(heading, outline, self._articles, more=more)
        for name in sorted(self._types):
            yield f"schemas/{name}.json", canonical.encode(catalogue.json_schema(name))
        yield "verify.py", Path(verify.__file__).read_bytes()
        checkpoint = self._stamp and Tree(self._store).checkpoint(outline.chain, self._stamp.size)
        if self._stamp and checkpoint:
            yield f"timestamps/{self._stamp.file}", self._stamp.token
            yield f"timestamps/{self._stamp.size}.note", checkpoint.note.encode()

    @contextmanager
    def _looking(self, view: View) -> Iterator[Conn]:
        """Lend a connection that finds what a view shows."""
        with self._reading.connection(statement_seconds=READ_SECONDS) as connection:
            stand(connection, view.chain, view.access, view.known_at)
            yield connection

    def _kept_closed(self, position: int, field: str) -> bool:
        """Tell whether a sealed field is left out by choice, and remember that it was there."""
        closed = bool(self._redaction.ground(position, field))
        if closed:
            self._closed.append((position, field))
        return closed

    def _goes_along(self, record: Record, field: str) -> bool:
        """Tell whether what is sealed there is for this taker, left out by choice or not."""
        return self._taker.names or field not in catalogue.sealed_fields(type(record.body))

    def _opened(self, digests: set[str]) -> dict[str, str]:
        vault = self._taker.vault
        if vault is None or not digests:
            return {}
        texts = vault.texts(self._view.chain, sorted(digests))
        self.disclosed += sorted(texts)
        return texts

    def _tell(
        self,
        rows: Rows,
        records: list[Record],
        sealed: Mapping[int, Mapping[str, str]],
        texts: Mapping[str, str],
    ) -> None:
        closed = {digest for own in sealed.values() for digest in own.values()} - texts.keys()
        gone = erased.find(self._store, self._view.chain, closed)
        said = {digest: opened(text).value for digest, text in texts.items()}
        said |= {one: CLOSED if one not in gone else erased_on(gone[one].ground) for one in closed}
        seen = [Seen(with_texts(one.body, said), one.header) for one in records]
        with self._looking(self._telling) as connection:
            entries = told(connection, self._telling, seen)
            with_capacities(connection, self._telling, entries)
        for (position, data), entry in zip(rows, entries, strict=True):
            values = {
                name: opened(texts[digest]).value if digest in texts else None
                for name, digest in sealed[position].items()
            }
            why = {
                name: f"gewist op grond van: {word(gone[digest].ground)}"
                for name, digest in sealed[position].items()
                if digest in gone
            }
            why |= {
                name: f"weggelaten om {WOO_GROUNDS[ground]}"
                for name in sealed[position]
                if (ground := self._redaction.ground(position, name))
            }
            one = Told(entry, canonical.leaf_hash(data).hex(), values, why)
            self._articles.append(bundle_page.article(one))
