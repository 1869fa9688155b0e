"""Events of service accounts: which program may read or record what, by which key, until when."""

from typing import Annotated, Literal, get_args

from msgspec import Meta

from ledger.domain.values import (
    Date,
    Event,
    Label,
    NewSlug,
    OptionalSlug,
    Prose,
    Sha256,
    Slug,
)

Reads = Literal["", "public", "chain", "confidential"]
"""The most closed classification that a program may read; empty is nothing at all."""


def openers(organisation: str, classification: str) -> tuple[str, ...]:
    """Return the capacities that may open such an account, or give it another key.

    Nobody alone opens what is not theirs to share: a partner lets its own program read what its
    people read, the chain office what is public, and the chain the rest.
    """
    if classification == "confidential":
        return ("decision",)
    if organisation:
        return ("partner", "decision")
    if classification == "chain":
        return ("decision",)
    return ("chain-office", "chain-manager", "decision")


class ServiceAccountOpened(Event, frozen=True, kw_only=True):
    """A program gets an account: with its key it reads and records what is named here, no more.

    `organisation` is the partner whose program it is; empty for one of the chain as a whole.
    `classification` is the most closed one it may read, empty for nothing. `eventTypes` names what
    it may record, without version, of the few types that are open to programs. `keyDigest` is the
    SHA-256 of its key; the key itself stands nowhere. `validUntil` is the first day without it.
    """

    SENTENCE = (
        "Dienstaccount {service_account} ({organisation}) is geopend van {valid_from} tot "
        "{valid_until}: {purpose}"
    )
    WHO = ("partner", "chain-office", "chain-manager", "decision")
    CREATES = "service_account"

    service_account: NewSlug = ""
    organisation: OptionalSlug = ""
    purpose: Prose
    classification: Reads = ""
    event_types: Annotated[tuple[Label, ...], Meta(max_length=20)] = ()
    key_digest: Sha256
    valid_from: Date
    valid_until: Date

    def who(self) -> tuple[str, ...]:
        """Return the capacities that may record it: the wider it reaches, the fewer."""
        return openers(self.organisation, self.classification)


class ServiceKeyReplaced(Event, frozen=True, kw_only=True):
    """The account has another key from now on; the one before is worth nothing at once."""

    SENTENCE = "Dienstaccount {service_account} heeft een andere sleutel: {reason}"
    WHO = ("account-keeper", "decision")

    service_account: Slug
    key_digest: Sha256
    reason: Prose


class ServiceAccountRevoked(Event, frozen=True, kw_only=True):
    """The account ends at once and for good, by whoever is responsible for it."""

    SENTENCE = "Dienstaccount {service_account} is ingetrokken: {reason}"
    WHO = ("partner", "chain-office", "chain-manager", "decision")

    service_account: Slug
    reason: Prose


ServiceAccountEvent = ServiceAccountOpened | ServiceKeyReplaced | ServiceAccountRevoked
EVENTS: tuple[type[Event], ...] = get_args(ServiceAccountEvent)
BY_RULES: tuple[type[Event], ...] = ()
