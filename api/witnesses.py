"""Witnesses behind the doors: who is sent the checkpoints of a chain, and what came of it.

The policy of a chain is an event of that chain, so the rules' own state says who its witnesses are
and from which record on. Here it becomes what the feeder asks for, with a store of its own, so that
a witness never keeps anybody else waiting.
"""

from __future__ import annotations

from datetime import UTC
from typing import Final, Literal

from msgspec import Struct

from api.log_policy import witnesses_of
from ledger.domain import evidence
from ledger.domain.values import NotFound, instant
from ledger.ledger import BrokenLog, Ledger
from ledger.log.checkpoint import Head
from ledger.log.courier import SENTENCES, Courier
from ledger.log.feed_tables import Feed, FeedTables, Standing, mark
from ledger.log.feeder import Feeder, InForce, Pace, PolicyUnknown, conflict, newest_policy
from ledger.log.log_key import KeyFolder, KeyRefused
from ledger.log.policy import Witness
from ledger.log.published import Published, PublishedTree
from ledger.log.store import Store
from ledger.log.tree import Tree

CONNECTIONS: Final = 2
MAX_TOLD: Final = 100
"""How many troubles with witnesses the health of the server looks at."""

NO_ADDRESS: Final = "het beleid noemt geen adres"

Status = Literal["pass", "warn", "fail"]
WORSE: Final[tuple[Status, ...]] = ("pass", "warn", "fail")


class Trouble(Struct, frozen=True):
    """A witness of a chain (the name of its key) of which something is wrong, and what."""

    chain: str
    witness: str
    problem: str


class WitnessesState(Struct, frozen=True):
    """How it goes with the witnesses of all chains.

    `warn` where a witness is in trouble; `fail` where one knows more or otherwise than we do, which
    ends the signing of that chain, or where nothing is sent any more.
    """

    status: Status
    troubles: list[Trouble]


class WitnessState(Struct, frozen=True, rename="camel"):
    """How it stands with one witness: what it knows of the log and cosigned of it.

    `standing` is sound where it knows a part of our log, ahead or different where it knows more or
    another, unknown before it was heard.
    """

    witness: str
    key: str
    url: str
    standing: Standing
    size: int
    cosigned: int
    problem: str
    heard_at: str | None
    next_at: str | None


class ChainWitnesses(Struct, frozen=True, rename="camel"):
    """The witnesses of one chain: `needed` of them make the quorum, `published` is what met it.

    `refusals` counts what was kept of answers that end the signing.
    """

    status: Status
    needed: int
    published: int
    signed: int
    witnesses: list[WitnessState]
    refusals: int


class Witnessing:
    """The feeder of a server and what it asks; runs from `start` until `stop`."""

    def __init__(
        self, store: Store, keys: KeyFolder, ledger: Ledger, *, pace: Pace | None = None
    ) -> None:
        self._ledger = ledger
        self._keys = keys
        self.unnamed: set[str] = set()
        self._tree = Tree(store)
        self._feeds = FeedTables(store)
        courier = Courier(self._tree, self._feeds, keys)
        more = {} if pace is None else {"pace": pace}
        self.feeder = Feeder(self._tree, self._feeds, courier, self.policies, **more)
        self.published = Published(self._tree, store, self.policies)
        self.tree = PublishedTree(store, self.published)

    def start(self) -> None:
        """Begin to send."""
        self.feeder.start()

    def stop(self) -> None:
        """Send nothing more."""
        self.feeder.stop()

    def gate(self, chain: str, head: Head) -> str | None:  # noqa: ARG002
        """Return in Dutch why the chain must not be signed on; the gate of the integrator.

        Signing with a key that the record does not name goes on, and is told by health.
        """
        named = self._named(chain)
        if named and set(self._signing(chain)) - set(named):
            self.unnamed.add(chain)
        else:
            self.unnamed.discard(chain)
        return self.feeder.gate(chain)

    def signed(self, chain: str, head: Head) -> None:  # noqa: ARG002
        """Hear that a chain was signed."""
        self.feeder.wake()

    def policies(self, chain: str) -> list[InForce]:
        """Return the policies that a chain adopted, each from the size that holds its record."""
        try:
            state = self._ledger.state(chain)
        except NotFound:
            return []
        except BrokenLog as error:
            raise PolicyUnknown(f"de getuigen van keten {chain} zijn niet te lezen") from error
        adopted = sorted(state.evidence.policies, key=lambda one: one.position)
        return [InForce(one.position + 1, witnesses_of(one)) for one in adopted]

    def unnamed_keys(self, chain: str) -> list[str]:
        """Return the keys that sign for a chain though its record does not name them."""
        named = self._named(chain)
        return [one for one in self._signing(chain) if one not in named]

    def _named(self, chain: str) -> tuple[str, ...]:
        try:
            return evidence.log_keys(self._ledger.state(chain))
        except (NotFound, BrokenLog):
            return ()

    def _signing(self, chain: str) -> list[str]:
        try:
            return [str(one.verifier) for one in self._keys.key(chain).signers]
        except KeyRefused:
            return []

    def state(self) -> WitnessesState:
        """Return how it goes with the witnesses that the chains have now."""
        troubled = [one for one in self._feeds.troubled(MAX_TOLD) if self._wanted(one)]
        refused = any(one.standing in SENTENCES for one in troubled)
        broken = refused or not self.feeder.running
        return WitnessesState(
            "fail" if broken else "warn" if troubled else "pass",
            [Trouble(one.chain, one.witness, _problem(one)) for one in troubled],
        )

    def of_chain(self, chain: str) -> ChainWitnesses:
        """Return how it stands with the witnesses of one chain; raises PolicyUnknown."""
        policy = newest_policy(self.policies(chain))
        last, published = self._tree.checkpoint(chain), self.published.checkpoint(chain)
        signed = 0 if last is None else last.size
        seen = 0 if published is None else published.size
        feeds = self._feeds.feeds(chain)
        told = [_told(one, feeds.get(mark(one.verifier))) for one in policy.witnesses]
        refused = conflict(policy.witnesses, feeds) is not None
        warned = seen < signed or any(one.problem for one in told)
        return ChainWitnesses(
            "fail" if refused else "warn" if warned else "pass",
            policy.needed,
            seen,
            signed,
            told,
            len(self._feeds.refusals(chain)),
        )

    def _wanted(self, feed: Feed) -> bool:
        """Tell whether the chain still has this witness."""
        try:
            witnesses = newest_policy(self.policies(feed.chain)).witnesses
        except PolicyUnknown:
            return True
        return (feed.witness, feed.key_id) in {mark(one.verifier) for one in witnesses}


def _problem(feed: Feed) -> str:
    return feed.problem or SENTENCES.get(feed.standing, "")


def _told(witness: Witness, feed: Feed | None) -> WitnessState:
    nowhere = "" if witness.url else NO_ADDRESS
    key = str(witness.verifier)
    if feed is None:
        return WitnessState(witness.name, key, witness.url, "unknown", 0, 0, nowhere, None, None)
    problem = _problem(feed) or nowhere
    return WitnessState(
        witness.name,
        key,
        witness.url,
        feed.standing,
        feed.size,
        feed.cosigned,
        problem,
        None if feed.heard_at is None else instant(feed.heard_at.astimezone(UTC)),
        instant(feed.next_at.astimezone(UTC)) if problem else None,
    )
