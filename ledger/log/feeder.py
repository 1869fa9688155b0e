"""The feeder: sends the newest checkpoint of each chain to the witnesses of its policy.

What is still to be sent follows from the tables: a witness that has not cosigned what is being sent
is due. All are sent the same checkpoint, the newest at the time, since a quorum is met by one;
those in between are skipped. Each witness is asked in a thread of its own, one question at a time,
so that a slow one holds up nobody. After a failure the next try comes later and later, with some
chance in it, up to a limit. Once in a process each witness is sent the newest also where it has
cosigned that before: then it is alive, or it knows more than a restored backup.

Several processes may feed at once: who takes the row of a chain and witness has it for as long as
one sending may take. A sending that was done twice does no harm.

Before a chain is signed for the first time in a process, each witness is asked what it knows of it
(`Feeder.gate`): where one is ahead of us or knows another log, we are an old copy and sign nothing.
One that does not answer forbids nothing, but is told about.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from ledger.log import trace_context
from ledger.log.courier import SENTENCES, Courier, Failed, Silent
from ledger.log.feed_tables import Claimed, Feed, FeedTables, Heard, mark
from ledger.log.policy import Policy, Witness
from ledger.log.store import StoreUnavailable
from ledger.log.tree import Tree

LOG = logging.getLogger(__name__)

MAX_AT_ONCE: Final = 64
"""How many witnesses are asked at the same time."""

MAX_DOUBLINGS: Final = 16
LOOK_SECONDS: Final = 5.0
"""How long signing waits for what the witnesses say, once for each chain and witness."""

SILENT_SECONDS: Final = 30.0
"""How long signing waits for no answer of a witness that gave none."""

STOP_SECONDS: Final = 3.0
"""How long a question in hand may take when the server stops; it is asked again later."""


class PolicyUnknown(Exception):
    """The record of a chain cannot be read, so nobody knows its witnesses; says in Dutch why."""


class InForce(NamedTuple):
    """A policy and the first size of the log that it holds for."""

    size: int
    policy: Policy


Policies = Callable[[str], Sequence[InForce]]
"""Gives all policies that a chain adopted, oldest first; raises PolicyUnknown."""


class Pace(NamedTuple):
    """How often is sent, in seconds: after a success, after failures, and at most how late."""

    poll: float = 1.0
    between: float = 1.0
    first: float = 1.0
    most: float = 60.0
    rest: float = 0.2
    lease: float = 45.0
    together: float = 5.0
    """How long the witnesses are waited for before a newer checkpoint is sent to all."""


PACE: Final = Pace()


class Due(NamedTuple):
    """A witness that has not cosigned the checkpoint of a chain that is being sent."""

    chain: str
    witness: Witness
    size: int


class Feeder:
    """A thread that sees what is due, and one for each witness that is being asked."""

    def __init__(
        self,
        tree: Tree,
        feeds: FeedTables,
        courier: Courier,
        policies: Policies,
        *,
        pace: Pace = PACE,
    ) -> None:
        self._tree = tree
        self._feeds = feeds
        self._courier = courier
        self._policies = policies
        self._pace = pace
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Thread] = {}
        self._settled: dict[tuple[str, str], int] = {}
        self._not_before: dict[tuple[str, str], float] = {}
        self._looked: set[tuple[str, str, str]] = set()
        self._silent: dict[str, float] = {}
        self._adopted: dict[str, tuple[int, list[Witness]]] = {}
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ketenledger-feeder", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread is at work; if not, `failure` may say why."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Say that a chain was signed; never waits."""
        self._wake.set()

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Send nothing more; what is being asked is given a moment, and asked again later."""
        self._stopping.set()
        self._wake.set()
        until = time.monotonic() + timeout_seconds
        for thread in [*self._asking(), *([self._thread] if self._thread.is_alive() else [])]:
            thread.join(max(0.0, until - time.monotonic()))

    def gate(self, chain: str) -> str | None:
        """Return in Dutch why the chain must not be signed further; None if it may be."""
        try:
            witnesses = newest_policy(self._policies(chain)).witnesses
        except PolicyUnknown as error:
            return str(error)
        self.look(chain, witnesses)
        feeds = self._feeds.feeds(chain) if witnesses else {}
        return conflict(witnesses, feeds)

    def look(self, chain: str, witnesses: Iterable[Witness]) -> None:
        """Ask each witness what it knows of the chain, unless this process asked before."""
        asked = {one: (chain, str(one.verifier), one.url) for one in witnesses if one.url}
        with self._lock:
            new = [one for one, known in asked.items() if known not in self._looked]
        threads = [
            threading.Thread(target=self._look, args=(chain, one), daemon=True) for one in new
        ]
        for thread in threads:
            thread.start()
        until = time.monotonic() + LOOK_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        with self._lock:
            self._looked.update(asked[one] for one in new)

    @trace_context.own()
    def _look(self, chain: str, witness: Witness) -> None:
        if time.monotonic() < self._silent.get(witness.url, 0.0):
            return
        try:
            heard = self._courier.look(chain, witness)
            if heard is not None:
                self._feeds.learned(chain, witness.verifier, heard)
        except Failed as failed:
            if isinstance(failed, Silent):
                self._silent[witness.url] = time.monotonic() + SILENT_SECONDS
            self._feeds.not_heard(chain, witness.verifier, str(failed))
        except StoreUnavailable as error:
            LOG.warning("Wat een getuige van keten %s weet, is niet bewaard: %s", chain, error)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._wake.wait(self._pace.poll)
                self._wake.clear()
                self._round()
                # A chain that is signed many times a second needs no more rounds than this.
                self._stopping.wait(self._pace.rest)
        except BaseException as error:
            self.failure = error
            LOG.exception("Het sturen naar getuigen is gestopt.")
            raise

    def _round(self) -> None:
        """Have every witness that is free asked about the chain that waits longest for it."""
        try:
            due = self._due()
        except StoreUnavailable as error:
            LOG.warning("Het sturen naar getuigen wacht op de database: %s", error)
            self._stopping.wait(self._pace.poll)
            return
        for one in sorted(due, key=lambda one: self._not_before.get(_pair(one), 0.0)):
            if not self._begin(one):
                return

    def _due(self) -> list[Due]:
        now = time.monotonic()
        found: list[Due] = []
        for chain, size in self._tree.heads().items():
            found += self._at_one_size(chain, size, self._listed(chain, size))
        with self._lock:
            return [
                one
                for one in found
                if self._settled.get(_pair(one), -1) < one.size
                and self._not_before.get(_pair(one), 0.0) <= now
                and str(one.witness.verifier) not in self._busy
            ]

    def _listed(self, chain: str, size: int) -> list[Witness]:
        """Return the witnesses of a chain that can be asked, as adopted when this was signed."""
        known = self._adopted.get(chain)
        if known is not None and known[0] == size:
            return known[1]
        try:
            witnesses = newest_policy(self._policies(chain)).witnesses
        except PolicyUnknown as error:
            LOG.warning("%s", error)
            return []
        asked = [one for one in witnesses if one.url]
        self._adopted[chain] = (size, asked)
        return asked

    def _at_one_size(self, chain: str, size: int, witnesses: Sequence[Witness]) -> list[Due]:
        """Return these witnesses as due for what is being sent, unless all have the last one."""
        with self._lock:
            lacking = any(
                self._settled.get((chain, str(one.verifier)), -1) < size for one in witnesses
            )
        if not lacking:
            return []
        keys = [one.verifier for one in witnesses]
        pace = self._pace
        target = self._feeds.aim(chain, size, keys, between=pace.between, most=pace.together)
        return [Due(chain, one, target) for one in witnesses]

    def _begin(self, due: Due) -> bool:
        """Ask in a thread of its own, unless the witness is being asked; False: no more now."""
        key = str(due.witness.verifier)
        with self._lock:
            if self._stopping.is_set() or len(self._busy) >= MAX_AT_ONCE:
                return False
            if key in self._busy:
                return True
            thread = threading.Thread(target=self._ask, args=(due,), daemon=True)
            self._busy[key] = thread
            thread.start()
        return True

    @trace_context.own()
    def _ask(self, due: Due) -> None:
        try:
            self._sent(due)
        except StoreUnavailable as error:
            LOG.warning("Het sturen naar getuige %s is niet af: %s", due.witness.name, error)
            self._later(due, self._pace.first)
        finally:
            with self._lock:
                self._busy.pop(str(due.witness.verifier), None)
            self._wake.set()

    def _sent(self, due: Due) -> None:
        """Take the row, send, and keep what came of it."""
        chain, key = due.chain, due.witness.verifier
        claimed = self._feeds.claim(chain, key, self._pace.lease)
        if claimed is None:
            # Another process has it, or it had a failure not long ago.
            self._later(due, self._pace.between)
            return
        if claimed.cosigned >= due.size and _pair(due) in self._settled:
            # Another process did it meanwhile.
            heard = Heard(claimed.size, claimed.cosigned, "sound")
            self._heard(due, claimed, heard)
            return
        try:
            heard = self._courier.bring(chain, due.witness, claimed, due.size)
        except Failed as failed:
            wait = self._wait(claimed)
            self._feeds.failed(chain, key, str(failed), tries=claimed.tries + 1, wait=wait)
            LOG.warning("Getuige %s, keten %s: %s", due.witness.name, chain, failed)
            self._later(due, wait)
            return
        self._heard(due, claimed, heard)

    def _heard(self, due: Due, claimed: Claimed, heard: Heard) -> None:
        chain, key = due.chain, due.witness.verifier
        sound = heard.standing == "sound"
        wait = 0.0 if sound else self._wait(claimed)
        tries = 0 if sound else claimed.tries + 1
        self._feeds.heard(chain, key, heard, tries=tries, wait=wait)
        if sound:
            with self._lock:
                self._settled[_pair(due)] = heard.cosigned
        else:
            LOG.error("Getuige %s, keten %s: %s", due.witness.name, chain, heard.problem)
        self._later(due, wait)

    def _wait(self, claimed: Claimed) -> float:
        """Return how long to wait after one more failure: about twice as long as before."""
        longest = min(self._pace.most, self._pace.first * 2.0 ** min(claimed.tries, MAX_DOUBLINGS))
        return longest * (0.5 + secrets.randbelow(501) / 1000)

    def _later(self, due: Due, seconds: float) -> None:
        with self._lock:
            self._not_before[_pair(due)] = time.monotonic() + seconds

    def _asking(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._busy.values())


def newest_policy(adopted: Sequence[InForce]) -> Policy:
    """Return the policy that holds now; of a chain without one it names nobody."""
    return adopted[-1].policy if adopted else Policy()


def conflict(witnesses: Iterable[Witness], feeds: Mapping[tuple[str, str], Feed]) -> str | None:
    """Return in Dutch which witness forbids to sign on, and why; None where none does."""
    for witness in witnesses:
        feed = feeds.get(mark(witness.verifier))
        if feed is not None and feed.standing in SENTENCES:
            return f"{SENTENCES[feed.standing]} ({witness.name}, omvang {feed.size})."
    return None


def _pair(due: Due) -> tuple[str, str]:
    return due.chain, str(due.witness.verifier)
