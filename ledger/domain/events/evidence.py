"""Events of the evidence: with which keys the log of a chain is signed, and who witnesses it."""

from typing import Annotated, get_args

from msgspec import Meta, Struct

from ledger.domain.values import Date, Event, Position, Prose, Slug, Url, VerifierKey


class LogKeyAnnounced(Event, frozen=True, kw_only=True):
    """A key that signs the log of the chain from a day on, beside the keys before it.

    The first key stands in the founding, of a chain that was signed from the start. Every later one
    is announced here, so that whoever trusts the first finds the others in what it signed.
    """

    SENTENCE = "Vanaf {effective_on} tekent de sleutel {log_key} het log: {reason}"
    WHO = ("chain-manager", "chain-office", "decision")
    SCOPE = "public"

    log_key: VerifierKey
    effective_on: Date
    reason: Prose


class Witness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A witness of a partner: its name in the policy, its key, and where it is asked to cosign."""

    organisation: Slug
    name: Slug
    verifier_key: VerifierKey
    url: Url


Witnesses = Annotated[tuple[Witness, ...], Meta(max_length=64)]


class WitnessPolicyAdopted(Event, frozen=True, kw_only=True):
    """Which witnesses cosign the log of the chain, and how many of them it takes, from now on.

    With a `quorum` of 0 none is required: what witnesses say is collected all the same. `replaces`
    is the position of the policy it takes the place of.
    """

    SENTENCE = (
        "Voortaan ondertekenen ten minste {quorum} van deze getuigen het log mee: {witnesses}."
    )
    WHO = ("decision",)
    SCOPE = "public"

    witnesses: Witnesses
    quorum: Annotated[int, Meta(ge=0, le=64)]
    reason: Prose
    replaces: Position | None = None


EvidenceEvent = LogKeyAnnounced | WitnessPolicyAdopted
EVENTS: tuple[type[Event], ...] = get_args(EvidenceEvent)
BY_RULES: tuple[type[Event], ...] = ()
