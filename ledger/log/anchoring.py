"""Anchoring: asks a time-stamping authority to stamp checkpoints, now and then.

At most one checkpoint of a chain per interval, and in the end always the last one: a chain that
grew is asked for as soon as its last anchor is an interval old. Of several processes one asks, the
one that could claim the chain. An answer is verified before it is kept; anything else is a failure,
after which the next question waits longer and longer. None of this touches recording or signing.
"""

import logging
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from ledger.log import trace_context
from ledger.log.anchor import Anchor, Anchors
from ledger.log.asking import NoAnswer, Patience, ask
from ledger.log.beat import Beat
from ledger.log.checkpoint import BadCheckpoint, read_text
from ledger.log.merkle import NotInTree
from ledger.log.note import BadNote, read_note
from ledger.log.store import Store, StoreUnavailable
from ledger.log.time_stamp import (
    MAX_TOKEN_BYTES,
    StampKind,
    StampRefused,
    Trusted,
    accepted,
    question,
)
from ledger.log.tree_tables import Checkpoint, TreeTables

ANSWER_SECONDS: Final = 15.0
CLAIM_SECONDS: Final = 120.0
"""How long a claim holds of a process that never came back; more than asking can take."""

FIRST_PAUSE_SECONDS: Final = 60.0
LONGEST_PAUSE_SECONDS: Final = 3_600.0
POLL_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0

QUERY: Final = "application/timestamp-query"
REPLY: Final = "application/timestamp-reply"

LOG = logging.getLogger(__name__)

AnchorKind = StampKind | Literal["unreachable", "checkpoint"]


class AnchorRefused(Exception):
    """No time stamp that holds could be had for a chain; says in Dutch why."""

    def __init__(self, chain: str, kind: AnchorKind, why: str) -> None:
        super().__init__(f"Keten {chain} krijgt geen tijdstempel: {why}")
        self.chain = chain
        self.kind: AnchorKind = kind


class Authority(NamedTuple):
    """A time-stamping authority: where it is asked, and what its answers are checked with."""

    url: str
    trusted: Trusted
    seconds: float = ANSWER_SECONDS
    """How long an answer may take."""


class Anchoring:
    """Asks one authority for the chains in a store."""

    def __init__(
        self,
        store: Store,
        authority: Authority,
        *,
        interval_seconds: float,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self.anchors = Anchors(store)
        self._tables = TreeTables(store)
        self._authority = authority
        self._interval_seconds = interval_seconds
        self._first_pause_seconds = first_pause_seconds

    def anchor(self, chain: str) -> Anchor:
        """Return the time stamp over the last checkpoint; asks for it where there is none yet.

        Raises NotInTree for a chain that is not signed, AnchorRefused, or StoreUnavailable.
        """
        last = self._tables.checkpoint(chain)
        if last is None:
            raise NotInTree(f"Keten {chain} heeft geen getekend log.")
        found = self.anchors.by(chain, last.size, self._authority.url)
        if found is not None:
            return found
        stamped, token = self._asked(chain, last)
        self.anchors.keep(
            chain, last.size, authority=self._authority.url, stamped=stamped, token=token
        )
        self.anchors.clear(chain)
        # Read back, since another process may have been first.
        kept = self.anchors.by(chain, last.size, self._authority.url)
        if kept is None:
            raise StoreUnavailable("een tijdstempel die net is bewaard, is er niet.")
        return kept

    def due(self) -> list[str]:
        """Return the chains that a time stamp should be asked for now."""
        return self.anchors.due(self._interval_seconds)

    def look(self) -> list[str]:
        """Ask for each chain that is due and that no other process has; return those anchored."""
        return [chain for chain in self.due() if self._tried(chain)]

    @trace_context.own()
    def _tried(self, chain: str) -> bool:
        failures = self.anchors.claim(chain, CLAIM_SECONDS)
        if failures is None:
            return False
        if chain not in self.due():
            self.anchors.clear(chain)
            return False
        try:
            self.anchor(chain)
        except AnchorRefused as refused:
            pause = min(self._first_pause_seconds * 2 ** min(failures, 20), LONGEST_PAUSE_SECONDS)
            self.anchors.failed(chain, refused.kind, pause)
            LOG.warning("%s (volgende poging na %d s)", refused, pause)
            return False
        return True

    def _asked(self, chain: str, last: Checkpoint) -> tuple[datetime, bytes]:
        """Return moment and token of a fresh answer that holds."""
        stamped = last.note.encode()
        _require_of(chain, last)
        asked = question(stamped)
        since = datetime.now(UTC)
        try:
            answer = ask(
                self._authority.url,
                asked.data,
                Patience(self._authority.seconds, self._authority.seconds),
                limit_bytes=MAX_TOKEN_BYTES,
                media_type=QUERY,
                proxied=True,
            )
        except NoAnswer as error:
            why = f"{self._authority.url}: {error}."
            raise AnchorRefused(chain, "unreachable", why) from error
        if answer.status != 200:
            why = f"{self._authority.url} antwoordde met {answer.status}."
            raise AnchorRefused(chain, "unreachable", why)
        if answer.media_type != REPLY:
            why = f"{self._authority.url} antwoordde met {answer.media_type[:80]!a}."
            raise AnchorRefused(chain, "malformed", why)
        try:
            between = (since, datetime.now(UTC))
            moment = accepted(
                answer.body, stamped, self._authority.trusted, nonce=asked.nonce, asked=between
            )
        except StampRefused as refused:
            raise AnchorRefused(chain, refused.kind, str(refused)) from refused
        return moment, answer.body


class Anchorer(Beat):
    """A thread that has checkpoints stamped, until it is stopped."""

    SKIPPED = "De tijdstempels wachten op de database"

    def __init__(self, anchoring: Anchoring, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._anchoring = anchoring
        super().__init__("ketenledger-anchor", poll_seconds)

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Stop; an answer that is waited for longer than this is not kept, and asked again."""
        super().stop(timeout_seconds)

    def _work(self) -> None:
        self._anchoring.look()


def fault_of(chain: str, anchor: Anchor, tables: TreeTables, trusted: Trusted) -> str | None:
    """Return in Dutch what is wrong with an anchor as it is kept; None if it holds.

    The nonce and the moments of question and answer are not kept, so those are not looked at.
    """
    return fault_over(chain, anchor, tables.checkpoint(chain, anchor.size), trusted)


def fault_over(chain: str, anchor: Anchor, last: Checkpoint | None, trusted: Trusted) -> str | None:
    """The same, where the checkpoint that is stamped was read already; None if it is not there."""
    if last is None:
        return f"controlepunt {anchor.size} is er niet meer."
    try:
        _require_of(chain, last)
        moment = accepted(anchor.token, last.note.encode(), trusted)
    except (AnchorRefused, StampRefused) as refused:
        return str(refused)
    if moment != anchor.stamped:
        return f"de tijdstempel zegt {moment:%Y-%m-%dT%H:%M:%SZ}, en dat staat er niet."
    return None


def _require_of(chain: str, last: Checkpoint) -> None:
    """Refuse to have a note stamped that is not the checkpoint of its row."""
    try:
        head = read_text(read_note(last.note.encode()).text)
    except (BadNote, BadCheckpoint) as error:
        raise AnchorRefused(chain, "checkpoint", f"controlepunt {last.size}: {error}") from error
    if (head.size, head.root) != (last.size, last.root):
        why = f"controlepunt {last.size} zegt iets anders dan de rij waarin het staat."
        raise AnchorRefused(chain, "checkpoint", why)
