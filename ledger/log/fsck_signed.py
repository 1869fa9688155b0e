"""The signed part of a check: each checkpoint row, its signatures, and those of the witnesses.

What a checkpoint says is compared with its row here; whether its root is that of the records is
found where the tree is grown anew (`fsck`).

How far the quorum of the witnesses saw the log is reckoned from cosignatures that hold, under the
policy that the chain had at the size of each checkpoint.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ledger.log.checkpoint import BadCheckpoint, Head, read_text
from ledger.log.flaws import Flaws
from ledger.log.note import BadNote, MalformedNote, Note, open_note, read_note, read_signature
from ledger.log.note_keys import BadSignature, Verifier
from ledger.log.snapshot import SignedRow


class Quorum(NamedTuple):
    """How many of which witnesses must see a checkpoint of this size or later; 0: nobody."""

    since: int
    witnesses: frozenset[Verifier]
    needed: int


class SignedCheck:
    """Checks checkpoints in order of size; counts what it saw."""

    def __init__(
        self,
        flaws: Flaws,
        remarks: Flaws,
        keys: Sequence[Verifier],
        witnesses: Sequence[Verifier],
        quorums: Sequence[Quorum] = (),
    ) -> None:
        self._flaws = flaws
        self._remarks = remarks
        self._keys = keys
        self._witnesses = {(one.name, one.key_id): one for one in witnesses}
        self._quorums = sorted(quorums, key=lambda one: one.since)
        self._origin = keys[0].name if keys else ""
        self._last = 0
        self._times: dict[tuple[str, bytes], int] = {}
        self.checkpoints = 0
        self.cosignatures = 0
        self.witnessed = 0

    def heads(self, rows: Iterable[SignedRow]) -> Iterator[tuple[int, bytes]]:
        """Yield the size and root of each checkpoint, having checked its note and its place."""
        for row in rows:
            self.checkpoints += 1
            if row.previous != self._last:
                what = f"volgt op {row.previous}, maar het vorige is {self._last}"
                self._flaws.add("order", row.size, f"Controlepunt {row.size} {what}.")
            self._last = row.size
            head = self._note(row)
            # What the world was told is the note, so where the row says otherwise the note counts.
            yield row.size, row.root if head is None or head.size != row.size else head.root

    def _note(self, row: SignedRow) -> Head | None:
        try:
            note = read_note(row.note.encode())
            head = read_text(note.text)
        except (BadNote, BadCheckpoint) as error:
            self._flaws.add("checkpoint", row.size, f"Controlepunt {row.size}: {error}")
            return None
        self._origin = self._origin or head.origin
        if (head.origin, head.size, head.root) != (self._origin, row.size, row.root):
            what = "zegt iets anders dan de rij waarin het staat, of is van een ander log"
            self._flaws.add("checkpoint", row.size, f"Controlepunt {row.size} {what}.")
        self._signatures(row)
        held = {self._cosignature(row, note.text, line) for line in row.cosignatures}
        if self._met(row.size, held - {None}):
            self.witnessed = row.size
        return head

    def say_unwitnessed(self) -> None:
        """Tell how far the log is signed beyond what its witnesses saw, where it wants any."""
        if self._quorums and self._quorums[-1].needed and self.witnessed < self._last:
            behind = self._last - self.witnessed
            what = (
                f"De laatste {behind} ondertekende gebeurtenissen zag het quorum van getuigen niet."
            )
            self._remarks.add("unwitnessed", self.witnessed, what, count=behind)

    def _met(self, size: int, held: set[Verifier | None]) -> bool:
        """Tell whether enough of the witnesses of that size are among those that cosigned."""
        policy = next((one for one in reversed(self._quorums) if one.since <= size), None)
        return policy is None or len(policy.witnesses & held) >= policy.needed

    def _signatures(self, row: SignedRow) -> None:
        if not self._keys:
            return
        try:
            open_note(row.note.encode(), self._keys)
        except BadNote as error:
            what = f"is niet door een sleutel van dit log getekend. {error}"
            self._flaws.add("signature", row.size, f"Controlepunt {row.size} {what}")

    def _cosignature(self, row: SignedRow, text: str, line: str) -> Verifier | None:
        """Check a cosignature; return whose it is where it holds."""
        self.cosignatures += 1
        where = f"Een medeondertekening van controlepunt {row.size}"
        try:
            found = read_signature(line)
        except MalformedNote as error:
            self._flaws.add("cosignature", row.size, f"{where} is onleesbaar. {error}")
            return None
        key = (found.name, found.key_id)
        witness = self._witnesses.get(key)
        if witness is None:
            what = f"{where} is van een getuige van wie de sleutel hier niet bekend is."
            self._remarks.add("unknown-witness", row.size, what)
            return None
        try:
            time = witness.verify(text, found.data) or 0
        except BadSignature as error:
            self._flaws.add("cosignature", row.size, f"{where} klopt niet. {error}")
            return None
        if time < self._times.get(key, 0):
            what = f"{where} ({found.name}) is ouder dan die van een eerder controlepunt."
            self._flaws.add("cosignature", row.size, what)
        self._times[key] = max(time, self._times.get(key, 0))
        return witness


def opened_by(note: Note, keys: Iterable[Verifier]) -> bool:
    """Tell whether one of these keys signed a note, and none of them badly."""
    try:
        open_note(note.encode(), keys)
    except BadNote:
        return False
    return True
