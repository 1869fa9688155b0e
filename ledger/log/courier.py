"""The courier: brings a checkpoint of a log to a witness, and judges what it answers.

It speaks C2SP tlog-witness from the side of the log:

    200   its own cosignature in it is verified and kept; other lines mean nothing
    409   the size that the witness knows: tried again from there, or it knows more than we do
    422   it does not believe that we grew: what it shows others must tell which log it knows
    else  it does not know us, does not want to, or has trouble of its own

What a witness shows others (`GET <address>/<SHA-256 of the origin>/checkpoint`) is a checkpoint
signed by our log or by the witness. Of a size that we have not signed it is ahead; with a root that
is not ours it knows a different log. Either way the log must not be signed on: a restored backup
looks like this. What was sent and answered is kept.

An answer that proves nothing changes nothing, whatever it says. Nothing of what another wrote is
shown to people.
"""

import time
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from ledger.log.asking import Answer, NoAnswer, Patience, ask
from ledger.log.checkpoint import BadCheckpoint, Head, read_number, read_text, to_base64
from ledger.log.feed_tables import Claimed, Evidence, FeedTables, Heard, Standing
from ledger.log.log_key import KeyRefused, Keys
from ledger.log.merkle import NotInTree
from ledger.log.note import (
    BadNote,
    Note,
    Signature,
    UntrustedNote,
    open_note,
    read_note,
    read_signature,
    verified,
)
from ledger.log.note_keys import BadKey, BadSignature
from ledger.log.policy import Witness
from ledger.log.tree import Checkpoint, Tree, TreeDamaged
from ledger.log.witness import origin_hash

MAX_ROUNDS: Final = 4
"""How often one sending is tried anew after the witness says which size it knows."""

MAX_ANSWER_BYTES: Final = 65_536
"""Room for a note with more than twenty signatures of the largest kind."""

MAX_SKEW_SECONDS: Final = 600
"""How far the clock of a witness may be from ours: a cosignature says when it was made."""

MAX_LINES: Final = 200

FOR_ANSWER: Final = Patience(silence_seconds=5.0, answer_seconds=10.0)
FOR_LOOKING: Final = Patience(silence_seconds=2.0, answer_seconds=4.0)
"""Signing waits for this, once."""

SENTENCES: Final[dict[Standing, str]] = {
    "ahead": "de getuige kent een groter log dan hier is getekend",
    "different": "de getuige kent een ander log dan het onze",
}

Clock = Callable[[], float]
"""Tells the seconds since 1970."""


class Failed(Exception):
    """A sending that came to nothing and says nothing about our log; says in Dutch why."""


class Silent(Failed):
    """The witness did not answer at all."""


class Shown(NamedTuple):
    """What a witness shows others of our log: which standing follows, and the answer itself."""

    standing: Literal["sound", "ahead", "different"]
    size: int
    answer: Answer


class Courier:
    """Goes between the log and its witnesses; safe to share between threads."""

    def __init__(
        self,
        tree: Tree,
        feeds: FeedTables,
        keys: Keys,
        *,
        clock: Clock = time.time,
        patience: Patience = FOR_ANSWER,
        look_patience: Patience = FOR_LOOKING,
    ) -> None:
        self._tree = tree
        self._feeds = feeds
        self._keys = keys
        self._clock = clock
        self._patience = patience
        self._look_patience = look_patience

    def bring(self, chain: str, witness: Witness, claimed: Claimed, size: int) -> Heard:
        """Send the checkpoint of this size and return what it came to, with what it gave kept.

        A witness that knows more gets the newest one. Raises Failed, or StoreUnavailable.
        """
        old, told = claimed.size, -1
        for _ in range(MAX_ROUNDS):
            going = self._newest(chain)
            if old <= size:
                going = self._tree.checkpoint(chain, size) or going
            # Known from an earlier answer: whether it still holds, it says only when asked.
            old = min(old, going.size)
            sent = self._request(chain, old, going)
            answer = self._asked(f"{witness.url.rstrip('/')}/add-checkpoint", sent, self._patience)
            if answer.status == 200:
                self._keep(chain, witness, going, answer)
                return Heard(going.size, going.size, "sound")
            if answer.status == 422:
                return self._unbelieved(
                    chain, witness, old, Evidence(going.size, 422, sent, answer.body)
                )
            if answer.status != 409:
                raise Failed(_said(answer.status))
            told, before = _told_size(answer), told
            if told > self._newest(chain).size:
                return self._refused(
                    chain, witness, "ahead", told, Evidence(going.size, 409, sent, answer.body)
                )
            if told == old == before:
                raise Failed("de getuige noemt de omvang die wij hem al gaven")
            old = told
        raise Failed("de getuige noemt telkens een andere omvang")

    def look(self, chain: str, witness: Witness) -> Heard | None:
        """Return how a witness stands to our log by what it shows others; None if it shows none.

        Raises Failed, or StoreUnavailable.
        """
        shown = self._shown(chain, witness)
        if shown is None:
            return None
        if shown.standing == "sound":
            return Heard(shown.size, 0, "sound")
        last = self._tree.checkpoint(chain)
        size, note = (0, "") if last is None else (last.size, last.note)
        evidence = Evidence(size, shown.answer.status, note.encode(), shown.answer.body)
        return self._refused(chain, witness, shown.standing, shown.size, evidence)

    def _shown(self, chain: str, witness: Witness) -> Shown | None:
        try:
            key = self._keys.key(chain)
            address = f"{witness.url.rstrip('/')}/{origin_hash(key.origin)}/checkpoint"
            answer = self._asked(address, None, self._look_patience)
            if answer.status == 404:
                return None
            if answer.status != 200:
                raise Failed(_said(answer.status))
            note, _ = open_note(answer.body, [*key.verifiers, witness.verifier])
            head = read_text(note.text)
        except (BadNote, BadCheckpoint, BadKey) as error:
            raise Failed("wat de getuige toont, is geen controlepunt van dit log") from error
        except KeyRefused as error:
            raise Failed("de sleutel van het log is niet te lezen") from error
        if head.origin != key.origin:
            raise Failed("wat de getuige toont, is het controlepunt van een ander log")
        return Shown(self._standing(chain, head), head.size, answer)

    def _standing(self, chain: str, head: Head) -> Literal["sound", "ahead", "different"]:
        # Read after the answer: a checkpoint is committed before anybody gets to see it.
        last = self._tree.checkpoint(chain)
        if head.size > (0 if last is None else last.size):
            return "ahead"
        return "sound" if self._root(chain, head.size) == head.root else "different"

    def _unbelieved(self, chain: str, witness: Witness, old: int, evidence: Evidence) -> Heard:
        """Judge the answer that our proof does not hold by what the witness shows others.

        Where it shows a part of our own log, or had nothing to compare with, the answer is wrong.
        """
        try:
            shown = self._shown(chain, witness)
        except Failed:
            return self._refused(chain, witness, "different", old, evidence)
        if shown is None and old:
            return self._refused(chain, witness, "different", old, evidence)
        if shown is None or shown.standing == "sound":
            raise Failed("de getuige verwerpt een bewijs dat klopt")
        more = evidence._replace(answer=evidence.answer + b"\n" + shown.answer.body)
        return self._refused(chain, witness, shown.standing, shown.size, more)

    def _refused(
        self, chain: str, witness: Witness, standing: Standing, size: int, evidence: Evidence
    ) -> Heard:
        self._feeds.refuse(chain, witness.verifier, standing, evidence)
        return Heard(size, 0, standing, SENTENCES[standing])

    def _keep(self, chain: str, witness: Witness, sent: Checkpoint, answer: Answer) -> None:
        """Keep the cosignature of the witness itself, verified over what we sent."""
        text = read_note(sent.note.encode()).text
        for line in _lines(answer.body):
            found = _signature(line)
            if found is None or (found.name, found.key_id) != (
                witness.verifier.name,
                witness.verifier.key_id,
            ):
                continue
            try:
                at = witness.verifier.verify(text, found.data)
            except BadSignature as error:
                raise Failed("de medeondertekening klopt niet") from error
            if at is None or abs(at - self._clock()) > MAX_SKEW_SECONDS:
                raise Failed("de medeondertekening is niet van nu")
            if not self._kept(chain, witness, sent):
                self._tree.tables.put_cosignature(chain, sent.size, found)
            return
        raise Failed("in het antwoord staat geen medeondertekening met de afgesproken sleutel")

    def _kept(self, chain: str, witness: Witness, sent: Checkpoint) -> bool:
        """Tell whether a good one is kept: the first says since when the witness knows it."""
        note = self._tree.tables.cosigned(chain, sent)
        try:
            return any(True for _ in verified(note, [witness.verifier]))
        except UntrustedNote:
            return False

    def _request(self, chain: str, old: int, going: Checkpoint) -> bytes:
        try:
            proof = self._tree.consistency(chain, old, going.size)
        except (NotInTree, TreeDamaged) as error:
            raise Failed("het eigen log is niet te lezen") from error
        hashes = "".join(f"{to_base64(one)}\n" for one in proof)
        note: Note = read_note(going.note.encode())
        return f"old {old}\n{hashes}\n".encode() + note.encode()

    def _root(self, chain: str, size: int) -> bytes:
        try:
            return self._tree.root(chain, size)
        except (NotInTree, TreeDamaged) as error:
            raise Failed("het eigen log is niet te lezen") from error

    def _newest(self, chain: str) -> Checkpoint:
        last = self._tree.checkpoint(chain)
        if last is None:
            raise Failed("het log is nog niet getekend")
        return last

    def _asked(self, url: str, body: bytes | None, patience: Patience) -> Answer:
        try:
            return ask(url, body, patience, limit_bytes=MAX_ANSWER_BYTES)
        except NoAnswer as error:
            raise Silent(str(error)) from error


def _told_size(answer: Answer) -> int:
    """Return the size in a 409: its first word, whatever kind of text it says it is."""
    words = answer.body[:100].split()
    try:
        return read_number(words[0].decode("ascii"))
    except (IndexError, UnicodeDecodeError, BadCheckpoint) as error:
        raise Failed("de getuige noemt geen omvang") from error


def _lines(body: bytes) -> list[str]:
    return body.decode("utf-8", "replace").split("\n")[:MAX_LINES]


def _signature(line: str) -> Signature | None:
    try:
        return read_signature(line.rstrip("\r"))
    except BadNote:
        return None


def _said(status: int) -> str:
    known = {
        400: "de getuige begrijpt het verzoek niet",
        403: "de getuige kent de sleutel van dit log niet",
        404: "de getuige volgt dit log niet",
    }
    return f"{known.get(status, 'de getuige kan nu niet')} (antwoord {status})"
