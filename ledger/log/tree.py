"""The tree of each chain as others read it: checkpoints, tiles, bundles of entries, proofs.

Only what the last checkpoint covers is shown: records that were committed but not yet signed are
in no tile and no proof. A proof is made from the tiles on its way and at most 255 leaf hashes,
whatever the size of the log.
"""

from collections.abc import Callable

from ledger.log.checkpoint import tlog_proof
from ledger.log.merkle import NotInTree, consistency, inclusion, root
from ledger.log.note import Note
from ledger.log.store import Store
from ledger.log.tiles import ENTRIES, Tile, bundle, node_reader, parse_path
from ledger.log.tree_tables import Checkpoint, TreeDamaged, TreeTables

__all__ = ["Checkpoint", "NotInTree", "Tree", "TreeDamaged"]


class Tree:
    """Reads the trees in the database of a store; safe to share between threads."""

    def __init__(self, store: Store, *, tables: TreeTables | None = None) -> None:
        self.tables = tables or TreeTables(store)

    def heads(self) -> dict[str, int]:
        """Return the size up to which each chain is signed."""
        return self.tables.signed()

    def checkpoint(self, chain: str, size: int | None = None) -> Checkpoint | None:
        """Return the checkpoint of this size, or the last one; None if there is none."""
        return self.tables.checkpoint(chain, size)

    def published(self, chain: str, size: int | None = None) -> Note | None:
        """Return that checkpoint with the cosignatures collected for it."""
        found = self.checkpoint(chain, size)
        return None if found is None else self.tables.cosigned(chain, found)

    def root(self, chain: str, size: int) -> bytes:
        """Return the root of the first `size` records, of whatever size up to the signed one."""
        return root(size, node_reader(self._signed(chain, size), self._load(chain)))

    def proof(self, chain: str, position: int, size: int | None = None) -> list[bytes]:
        """Return the proof that a record is in the log of this size (default: all that is signed).

        Raises NotInTree for a position or size that the signed log does not have.
        """
        size = self._signed(chain, size)
        return inclusion(position, size, node_reader(size, self._load(chain)))

    def consistency(self, chain: str, old: int, new: int) -> list[bytes]:
        """Return the proof that the log of size `new` only added to that of size `old`."""
        return consistency(old, self._signed(chain, new), node_reader(new, self._load(chain)))

    def position(self, chain: str, leaf: bytes, size: int | None = None) -> int:
        """Return where the record with this leaf hash is in the log; NotInTree if it is not."""
        signed = self._signed(chain, size)
        found = self.tables.find(chain, leaf, signed)
        if found is None:
            raise NotInTree(f"Geen van de {signed} getekende gebeurtenissen heeft deze bladhash.")
        return found

    def tlog_proof(self, chain: str, position: int, size: int | None = None) -> str:
        """Return the proof of a record with the checkpoint of that size: a `.tlog-proof` file.

        Raises NotInTree, also where no checkpoint of exactly this size was signed.
        """
        found = self.checkpoint(chain, size)
        if found is None:
            raise NotInTree(f"Keten {chain} heeft geen controlepunt van deze omvang.")
        note = self.tables.cosigned(chain, found)
        return tlog_proof(position, self.proof(chain, position, found.size), str(note))

    def tile(self, chain: str, path: str) -> bytes | None:
        """Return the tile or bundle at a path such as tile/0/x001/067.p/5; None if there is none.

        Raises TreeDamaged where it existed and somebody took it away.
        """
        try:
            tile = parse_path(path)
        except NotInTree:
            return None
        if not tile.exists(self._signed(chain)):
            return None
        if tile.level == ENTRIES:
            return bundle(self.tables.entries(chain, tile))
        return self.tables.hashes(chain, tile)

    def _load(self, chain: str) -> Callable[[Tile], bytes]:
        return lambda tile: self.tables.hashes(chain, tile)

    def _signed(self, chain: str, size: int | None = None) -> int:
        """Return this size if the signed log is that large; without one the size that is signed."""
        last = self.tables.checkpoint(chain)
        signed = 0 if last is None else last.size
        if size is None:
            return signed
        if not 0 <= size <= signed:
            raise NotInTree(f"Keten {chain} is getekend tot {signed}; {size} is er nog niet.")
        return size
