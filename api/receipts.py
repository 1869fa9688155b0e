"""How far a record is: committed, signed, witnessed by k of n, anchored.

    GET /v1/chains/{chain}/records/{position}/receipt

The receipt that is given at the moment of recording says committed, for that is all that is true
then. This one is asked for later. Each stage names the first checkpoint that covers the record;
every later one covers it too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

from api.answer_schemas import named
from api.parameters import as_position
from api.reading import Asked, AsOf, Route
from api.witnesses import Witnessing
from ledger.domain.values import instant
from ledger.log.anchor import Anchor, Anchors
from ledger.log.feeder import newest_policy
from ledger.log.published import Seen
from ledger.log.store import Store
from projections.records import stored
from projections.views import Doc

Stage = Literal["committed", "signed", "witnessed", "anchored"]


class SignedAt(Struct, frozen=True):
    """The checkpoint that first covers a record: its size, and when it was signed."""

    size: int
    at: str


class WitnessedBy(Struct, frozen=True):
    """A witness that cosigned a checkpoint which covers the record: its size, and when."""

    witness: str
    key: str
    size: int
    at: str


class Witnessed(Struct, frozen=True):
    """Who of the witnesses that the chain adopted saw the record: `seen` of the `adopted`.

    `met` tells whether that is as many as the chain wants (`needed`).
    """

    seen: int
    adopted: int
    needed: int
    met: bool
    by: list[WitnessedBy]


class AnchoredBy(Struct, frozen=True):
    """The first time stamp over a checkpoint that covers the record: whose, and when."""

    size: int
    authority: str
    at: str


class RecordReceipt(Struct, frozen=True, rename="camel"):
    """How far a record is: `state` is the last of the stages below that it reached.

    `published` is the size of the published checkpoint, if that covers the record: for that size
    the proof of the record is served with all cosignatures.
    """

    chain: str
    position: int
    leaf_hash: str
    state: Stage
    signed: SignedAt | None
    witnessed: Witnessed
    anchored: AnchoredBy | None
    published: int | None


class Evidence(Struct, frozen=True):
    """Where the stages of a record stand."""

    store: Store
    witnessing: Witnessing

    def receipt(self, chain: str, position: int, leaf_hash: bytes) -> RecordReceipt:
        """Return how far a record is that is stored here; raises PolicyUnknown."""
        published = self.witnessing.published
        first = published.signed_over(chain, position)
        signed = None if first is None else SignedAt(first.size, _said(first.at))
        witnessed = self._witnessed(chain, position)
        found = Anchors(self.store).covering(chain, position)
        anchored = None if found is None else _anchored(found)
        last = published.checkpoint(chain)
        return RecordReceipt(
            chain=chain,
            position=position,
            leaf_hash=leaf_hash.hex(),
            state=_stage(signed, witnessed, anchored),
            signed=signed,
            witnessed=witnessed,
            anchored=anchored,
            published=None if last is None or last.size <= position else last.size,
        )

    def _witnessed(self, chain: str, position: int) -> Witnessed:
        policy = newest_policy(self.witnessing.policies(chain))
        seen = self.witnessing.published.seen(chain, position)
        met = bool(seen) and policy.met({one.witness.name for one in seen})
        by = [_witnessed_by(one) for one in seen]
        return Witnessed(len(seen), len(policy.witnesses), policy.needed, met, by)


def receipt(asked: Asked[AsOf]) -> Doc:
    """Answer how far a record is that the reader may see."""
    state = asked.request.app.state
    position = as_position(str(asked.request.path_params["position"]))
    found = stored(asked.connection, asked.view, position)
    evidence = Evidence(state.reading, state.witnessing)
    answer: Doc = msgspec.to_builtins(evidence.receipt(asked.view.chain, position, found.leaf_hash))
    return answer


ROUTES: Final = (
    Route(
        "/records/{position}/receipt",
        "getReceipt",
        "How far a record is: committed, signed, witnessed by k of n, anchored.",
        receipt,
        named(RecordReceipt),
    ),
)


def _stage(signed: SignedAt | None, witnessed: Witnessed, anchored: AnchoredBy | None) -> Stage:
    if signed is None:
        return "committed"
    if anchored is not None and (witnessed.met or not witnessed.adopted):
        return "anchored"
    return "witnessed" if witnessed.met else "signed"


def _witnessed_by(seen: Seen) -> WitnessedBy:
    at = instant(datetime.fromtimestamp(seen.time, UTC))
    return WitnessedBy(seen.witness.name, str(seen.witness.verifier), seen.size, at)


def _anchored(found: Anchor) -> AnchoredBy:
    return AnchoredBy(found.size, found.authority, _said(found.stamped))


def _said(moment: datetime) -> str:
    return instant(moment.astimezone(UTC))
