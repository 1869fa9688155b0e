"""Which checkpoint of a log is published: the newest that its witnesses have seen enough of.

The log itself says how many that are: for a checkpoint of a size counts the last policy among the
records up to that size. So what was published stays so when a policy is replaced, and the published
size never falls. A checkpoint under no policy, or under one that asks for no quorum, is published
as soon as it is signed.

Each cosignature is verified before it is passed on or counted: one that does not hold would spoil
the note for whoever knows the key.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ledger.log.checkpoint import MAX_SIZE, tlog_proof
from ledger.log.feed_tables import mark
from ledger.log.feeder import InForce, Policies
from ledger.log.merkle import NotInTree
from ledger.log.note import Note, Signature, read_note, read_signature
from ledger.log.note_keys import BadSignature, Verifier
from ledger.log.policy import Policy, Witness
from ledger.log.store import Store
from ledger.log.tree import Checkpoint, Tree

MAX_CANDIDATES: Final = 256
"""How many checkpoints with cosignatures enough are looked at, newest first."""

# The newest checkpoint in a range of sizes.
SIGNED_WITHIN = """
    SELECT size, root, note, at
    FROM checkpoints
    WHERE chain = %(chain)s AND size BETWEEN %(first)s AND %(last)s
    ORDER BY size DESC
    LIMIT 1
"""

# The first checkpoint that covers a position.
SIGNED_OVER = """
    SELECT size, root, note, at
    FROM checkpoints
    WHERE chain = %(chain)s AND size > %(position)s
    ORDER BY size
    LIMIT 1
"""

# Those with as many keys as the quorum asks for at least, newest first.
COSIGNED_WITHIN = """
    SELECT size
    FROM cosignatures
    WHERE chain = %(chain)s AND size BETWEEN %(first)s AND %(last)s
        AND (witness, key_id) IN (
            SELECT given.witness, given.key_id
            FROM unnest(%(witnesses)s::text[], %(key_ids)s::text[]) AS given (witness, key_id)
        )
    GROUP BY size
    HAVING count(*) >= %(needed)s
    ORDER BY size DESC
    LIMIT %(most)s
"""

# The first checkpoint of each key that covers a position.
COVERING = """
    SELECT first.size, first.line
    FROM unnest(%(witnesses)s::text[], %(key_ids)s::text[]) AS given (witness, key_id)
    CROSS JOIN LATERAL (
        SELECT c.size, c.line
        FROM cosignatures AS c
        WHERE c.chain = %(chain)s AND c.witness = given.witness AND c.key_id = given.key_id
            AND c.size > %(position)s
        ORDER BY c.size
        LIMIT 1
    ) AS first
"""


class Seen(NamedTuple):
    """A witness that cosigned: of which size its checkpoint is, and when (seconds since 1970)."""

    witness: Witness
    size: int
    time: int


class Published:
    """Says what is published of the logs in a tree; safe to share between threads."""

    def __init__(self, tree: Tree, store: Store, policies: Policies) -> None:
        self._tree = tree
        self._store = store
        self._policies = policies
        self._last: dict[str, int] = {}

    def checkpoint(self, chain: str) -> Checkpoint | None:
        """Return the newest checkpoint that meets the policy of its size; None where none does.

        Raises PolicyUnknown.
        """
        # What was published does not become less, so what is below it need not be looked through;
        # if it did (an old copy was put back), readers must see that and not an empty log.
        least = self._last.get(chain, 1)
        found = self._newest(chain, least)
        if found is None and least > 1:
            found = self._newest(chain, 1)
        if found is not None:
            self._last[chain] = found.size
        return found

    def _newest(self, chain: str, least: int) -> Checkpoint | None:
        for last, policy, first in _periods(self._policies(chain)):
            found = self._newest_within(chain, policy, max(first, least), last)
            if found is not None:
                return found
        return None

    def note(self, chain: str, checkpoint: Checkpoint) -> Note:
        """Return a checkpoint with the cosignatures collected for it, as far as they hold."""
        note = self._tree.tables.cosigned(chain, checkpoint)
        keys = {
            (one.verifier.name, one.verifier.key_id): one.verifier
            for adopted in self._policies(chain)
            for one in adopted.policy.witnesses
        }
        return Note(note.text, tuple(one for one in note.signatures if _holds(note, one, keys)))

    def covering(self, chain: str, position: int) -> Checkpoint:
        """Return the published checkpoint, which covers this position; raises NotInTree."""
        found = self.checkpoint(chain)
        if found is None:
            raise NotInTree(f"Van keten {chain} is nog geen controlepunt gepubliceerd.")
        if position >= found.size:
            raise NotInTree(
                f"Het gepubliceerde controlepunt van keten {chain} telt {found.size} "
                f"gebeurtenissen; gebeurtenis {position} hoort daar nog niet bij."
            )
        return found

    def tlog_proof(self, chain: str, position: int) -> str:
        """Return the proof of a record with the published checkpoint; raises NotInTree."""
        found = self.covering(chain, position)
        hashes = self._tree.proof(chain, position, found.size)
        return tlog_proof(position, hashes, str(self.note(chain, found)))

    def signed_over(self, chain: str, position: int) -> Checkpoint | None:
        """Return the first checkpoint that covers a position, published or not."""
        rows = self._store.fetch(SIGNED_OVER, {"chain": chain, "position": position})
        return Checkpoint(*rows[0]) if rows else None

    def seen(self, chain: str, position: int) -> list[Seen]:
        """Return which witnesses of the policy now cosigned a checkpoint that covers a position."""
        adopted = self._policies(chain)
        witnesses = adopted[-1].policy.witnesses if adopted else ()
        by_key = {(one.verifier.name, one.verifier.key_id): one for one in witnesses}
        asked = {"chain": chain, "position": position, **_keys_of(witnesses)}
        found: list[Seen] = []
        for size, line in self._store.fetch(COVERING, asked):
            signature = read_signature(line)
            witness = by_key.get((signature.name, signature.key_id))
            checkpoint = self._tree.checkpoint(chain, size)
            if witness is None or checkpoint is None:
                continue
            at = _time(read_note(checkpoint.note.encode()), signature, witness.verifier)
            if at is not None:
                found.append(Seen(witness, size, at))
        return sorted(found, key=lambda one: witnesses.index(one.witness))

    def _newest_within(
        self, chain: str, policy: Policy, first: int, last: int
    ) -> Checkpoint | None:
        within: dict[str, Any] = {"chain": chain, "first": first, "last": last}
        if not policy.needed:
            rows = self._store.fetch(SIGNED_WITHIN, within)
            return Checkpoint(*rows[0]) if rows else None
        asked = {
            **within,
            **_keys_of(policy.witnesses),
            "needed": policy.needed,
            "most": MAX_CANDIDATES,
        }
        for (size,) in self._store.fetch(COSIGNED_WITHIN, asked):
            found = self._tree.checkpoint(chain, size)
            if found is not None and policy.met(self._held(chain, policy, found)):
                return found
        return None

    def _held(self, chain: str, policy: Policy, checkpoint: Checkpoint) -> set[str]:
        """Return the names of the witnesses of a policy whose cosignature holds."""
        note = self._tree.tables.cosigned(chain, checkpoint)
        keys = {(one.verifier.name, one.verifier.key_id): one for one in policy.witnesses}
        held: set[str] = set()
        for one in note.signatures:
            witness = keys.get((one.name, one.key_id))
            if witness is not None and _time(note, one, witness.verifier) is not None:
                held.add(witness.name)
        return held


class PublishedTree(Tree):
    """The tree as it is handed out: the last checkpoint is the published one."""

    def __init__(self, store: Store, published: Published) -> None:
        super().__init__(store)
        self._published = published

    def published(self, chain: str, size: int | None = None) -> Note | None:
        """Return the published checkpoint with its cosignatures, or the one of this size."""
        if size is not None:
            return super().published(chain, size)
        found = self._published.checkpoint(chain)
        return None if found is None else self._published.note(chain, found)


def _periods(adopted: Sequence[InForce]) -> list[tuple[int, Policy, int]]:
    """Return each policy between the last and first size it holds for, the newest one first."""
    found: list[tuple[int, Policy, int]] = []
    last = MAX_SIZE
    for one in reversed(adopted):
        found.append((last, one.policy, one.size))
        last = one.size - 1
    return [*found, (last, Policy(), 1)]


def _keys_of(witnesses: Sequence[Witness]) -> dict[str, list[str]]:
    marks = [mark(one.verifier) for one in witnesses]
    return {"witnesses": [name for name, _ in marks], "key_ids": [key_id for _, key_id in marks]}


def _holds(note: Note, one: Signature, keys: dict[tuple[str, bytes], Verifier]) -> bool:
    """Tell whether a signature may be passed on: of a key nobody named here, or a good one."""
    key = keys.get((one.name, one.key_id))
    return key is None or _time(note, one, key) is not None


def _time(note: Note, one: Signature, key: Verifier) -> int | None:
    try:
        return key.verify(note.text, one.data)
    except BadSignature:
        return None
