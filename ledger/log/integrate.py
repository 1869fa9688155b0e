"""Integration: takes committed records into the tree of their chain, and signs the new head.

It is a step of its own behind the commit of the writer: read the last checkpoint and the new leaf
hashes, extend the edge of the tree, and in one transaction keep the tiles that became full and the
signed checkpoint. Everything but the signature follows from committed records, and a note leaves
this process only after its row is committed: so whatever breaks in between, nobody saw anything
that does not stand, and the next run starts from what does.

Each checkpoint names its predecessor, and each has one successor. Of two processes one wins; the
other reads what was signed, checks it against the records, and goes on from there. No clock is
asked.

It signs nothing that is smaller than or differs from what it signed before:

    smaller     checkpoints or records that were there are gone (a restored backup, a truncation)
    different   a record, tile or checkpoint is not what it was
    checkpoint  the last checkpoint was not signed by a key of this log
    key         the key of this log is not there, or not safe
    gate        somebody who knows more (a witness that is ahead) says no

The first time a process sees a chain it compares every leaf hash and every tile with the last
checkpoint; after that, the leaves of the tile that is not full yet, each time.
"""

import threading
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Final, Literal, NamedTuple, NoReturn

from psycopg.errors import UniqueViolation

from ledger.log.checkpoint import BadCheckpoint, Head, read_text
from ledger.log.log_key import KeyRefused, Keys, LogKey
from ledger.log.note import BadNote, open_note
from ledger.log.note_keys import BadKey
from ledger.log.store import Store, StoreUnavailable
from ledger.log.tiles import TILE_WIDTH, Edge, FullTile
from ledger.log.tree import Tree
from ledger.log.tree_tables import Checkpoint, TreeTables

STEP: Final = 64 * TILE_WIDTH
"""How many leaf hashes are taken in at once; a larger backlog gives several checkpoints."""

BUSY_SECONDS: Final = 60.0
"""How long one caller waits for another in this process."""

MAX_KNOWN: Final = 1024
"""Of how many chains the edge stays in memory; the others are compared anew when they grow."""

RefusalKind = Literal["smaller", "different", "checkpoint", "key", "gate"]

Gate = Callable[[str, Head], str | None]
"""Asked before each signature, with the head that stands: a Dutch sentence forbids it."""


class SigningRefused(Exception):
    """The log of this chain must not be signed now; says in Dutch why."""

    def __init__(self, chain: str, kind: RefusalKind, why: str) -> None:
        super().__init__(f"Keten {chain} wordt niet getekend: {why}")
        self.chain = chain
        self.kind: RefusalKind = kind


class Known(NamedTuple):
    """What this process knows to be signed: the edge of the tree, and the checkpoint itself."""

    edge: Edge = Edge()
    note: str = ""


class Integrator(Tree):
    """Extends and signs the trees in the database of a store; safe to share between threads.

    `refusals` says by chain why it is not signed now, for those who ask after the health.
    """

    def __init__(
        self,
        store: Store,
        keys: Keys,
        *,
        gate: Gate | None = None,
        tables: TreeTables | None = None,
    ) -> None:
        super().__init__(store, tables=tables)
        self._store = store
        self._keys = keys
        self._gate = gate
        self._known: dict[str, Known] = {}
        self._working = threading.Lock()
        self.refusals: dict[str, SigningRefused] = {}

    def integrate(self, chain: str) -> Head:
        """Take in and sign all that is committed; return the signed head (size 0: nothing yet).

        Raises SigningRefused, or StoreUnavailable; both leave what was signed as it is.
        """
        if not self._working.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable("een ander is nog bezig met ondertekenen.")
        try:
            head = self._integrate(chain, self._key(chain))
        except SigningRefused as refused:
            self.refusals[chain] = refused
            raise
        finally:
            self._working.release()
        self.refusals.pop(chain, None)
        return head

    def _integrate(self, chain: str, key: LogKey) -> Head:
        lost_at = -1
        while True:
            edge = self._caught_up(chain, key)
            new = self._new_leaves(chain, edge)
            head = Head(key.origin, edge.size, edge.root())
            if not new:
                return head
            if self._gate is not None and (why := self._gate(chain, head)) is not None:
                raise SigningRefused(chain, "gate", why)
            try:
                edge = self._sign(chain, key, edge, new)
            except UniqueViolation as error:
                # Another process signed a successor, so that the edge now moves; if it does not,
                # something stands there that no checkpoint covers.
                if lost_at == edge.size:
                    self._refuse_leftover(chain, edge, error)
                lost_at = edge.size
                continue
            if edge.size % STEP:
                return Head(key.origin, edge.size, edge.root())

    def _key(self, chain: str) -> LogKey:
        try:
            return self._keys.key(chain)
        except KeyRefused as error:
            raise SigningRefused(chain, "key", str(error)) from error

    def _caught_up(self, chain: str, key: LogKey) -> Edge:
        """Return the edge of the tree at the last checkpoint, compared with what we know of it."""
        committed, last = self.tables.stands(chain)
        edge, note = self._known.get(chain, Known())
        signed = 0 if last is None else last.size
        if signed < edge.size:
            why = (
                f"er is getekend tot {edge.size}, maar het laatste controlepunt staat op {signed}."
            )
            raise SigningRefused(chain, "smaller", why)
        if committed < signed:
            why = f"er is getekend tot {signed}, maar er zijn nog {committed} gebeurtenissen."
            raise SigningRefused(chain, "smaller", why)
        if last is None:
            return edge
        if (last.size, last.note) != (edge.size, note):
            _require_ours(chain, key, last)
            edge = self._compared(chain, edge, last.size)
        if edge.root() != last.root:
            why = f"de gebeurtenissen tot {signed} zijn niet die van het controlepunt."
            raise SigningRefused(chain, "different", why)
        self._remember(chain, Known(edge, last.note))
        return edge

    def _new_leaves(self, chain: str, edge: Edge) -> list[bytes]:
        """Return the next leaf hashes, having compared those of the tile that is not full yet."""
        start = edge.size - edge.size % TILE_WIDTH
        leaves = self._leaves(chain, start, STEP - start % STEP)
        row = edge.rows[0] if edge.rows else ()
        for number, known in enumerate(row):
            if number >= len(leaves) or leaves[number] != known:
                why = f"gebeurtenis {start + number} is niet meer wat zij was."
                raise SigningRefused(chain, "different", why)
        return leaves[len(row) :]

    def _sign(self, chain: str, key: LogKey, edge: Edge, new: Sequence[bytes]) -> Edge:
        """Keep and sign the tree with these leaves; raises UniqueViolation if another was first."""
        grown, full = edge.extended(new)
        root = grown.root()
        note = str(key.sign(grown.size, root))
        row = {"size": grown.size, "previous": edge.size, "root": root, "note": note}
        with self._store.connection() as conn:
            if full:
                self.tables.put_tiles(conn, chain, full)
            self.tables.put_checkpoint(conn, chain, row)
        self._remember(chain, Known(grown, note))
        return grown

    def _compared(self, chain: str, edge: Edge, size: int) -> Edge:
        """Return the edge at a size that was signed, from the records, with tiles that agree."""
        while edge.size < size:
            start, limit = edge.size, min(STEP, size - edge.size)
            leaves = self._leaves(chain, start, limit)
            unsound = self.tables.unsound(chain, start, limit)
            if unsound is not None or len(leaves) < limit:
                found = start + len(leaves) if unsound is None else unsound
                why = f"gebeurtenis {found} is niet meer wat zij was."
                raise SigningRefused(chain, "different", why)
            edge, full = edge.extended(leaves)
            self._require_stored(chain, full)
        return edge

    def _require_stored(self, chain: str, full: list[FullTile]) -> None:
        for level, tiles in groupby(full, key=lambda tile: tile.level):
            expected = list(tiles)
            first, last = expected[0].index, expected[-1].index
            stored = {
                tile.index: tile for tile in self.tables.full_tiles(chain, level, first, last)
            }
            for tile in expected:
                if stored.get(tile.index) != tile:
                    why = (
                        f"tegel {tile.index} van niveau {level} is niet die van de gebeurtenissen."
                    )
                    raise SigningRefused(chain, "different", why)

    def _leaves(self, chain: str, start: int, limit: int) -> list[bytes]:
        """Return the leaf hashes from a position on, which follow each other without a hole."""
        found = self.tables.leaves(chain, start, limit)
        for expected, (position, _) in enumerate(found, start=start):
            if position != expected:
                raise SigningRefused(chain, "different", f"gebeurtenis {expected} ontbreekt.")
        return [leaf for _, leaf in found]

    def _refuse_leftover(self, chain: str, edge: Edge, error: UniqueViolation) -> NoReturn:
        why = f"achter controlepunt {edge.size} staan al tegels of controlepunten van een ander."
        raise SigningRefused(chain, "different", why) from error

    def _remember(self, chain: str, known: Known) -> None:
        self._known.pop(chain, None)
        self._known[chain] = known
        if len(self._known) > MAX_KNOWN:
            self._known.pop(next(iter(self._known)))


def _require_ours(chain: str, key: LogKey, last: Checkpoint) -> None:
    """Refuse to go on from a checkpoint that this log did not sign, or that says something else."""
    try:
        note, _ = open_note(last.note.encode(), key.verifiers)
        head = read_text(note.text)
    except (BadNote, BadCheckpoint, BadKey) as error:
        why = f"het laatste controlepunt ({last.size}) is niet van dit log. {error}"
        raise SigningRefused(chain, "checkpoint", why) from error
    if (head.origin, head.size, head.root) != (key.origin, last.size, last.root):
        why = (
            f"het laatste controlepunt ({last.size}) zegt iets anders dan de rij waarin het staat."
        )
        raise SigningRefused(chain, "checkpoint", why)
