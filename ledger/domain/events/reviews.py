"""Events of reviews: who from outside may read along, how far, until when, and what they ask."""

from typing import Annotated, get_args

from msgspec import Meta

from ledger.domain.values import (
    Date,
    Event,
    Label,
    NewSlug,
    OptionalDate,
    OptionalInstant,
    OptionalSlug,
    PersonId,
    Prose,
    Scope,
    Slug,
    Text,
)


class ReviewAccessProposed(Event, frozen=True, kw_only=True):
    """A partner proposes that a reviewer reads along for a while; a second one grants it.

    `classification` is the most closed one they may read, `recordFrom` and `recordUntil` (the first
    day outside) are the days of recording they may read of, `asOf` the moment after which nothing
    is shown to them. `validUntil` is the first day without access.
    """

    SENTENCE = (
        "{organisation} stelt voor dat {reviewer} ({commission}) meeleest van {valid_from} tot "
        "{valid_until}: {reason}"
    )
    WHO = ("partner",)
    CREATES = "review"

    review: NewSlug = ""
    organisation: Slug
    reviewer: PersonId
    commission: Label
    classification: Scope
    record_from: OptionalDate = ""
    record_until: OptionalDate = ""
    as_of: OptionalInstant = ""
    valid_from: Date
    valid_until: Date
    reason: Prose


class ReviewAccessSupported(Event, frozen=True, kw_only=True):
    """Somebody of another partner supports the proposal, which grants the access."""

    SENTENCE = "{organisation} steunt toegang {review}."
    WHO = ("partner",)

    review: Slug
    organisation: Slug


class ReviewAccessGranted(Event, frozen=True, kw_only=True):
    """Two partners want it: the reviewer reads along in the term that was proposed."""

    SENTENCE = "Toegang {review} is verleend door {organisations}."
    WHO = ("rules",)

    review: Slug
    organisations: Annotated[tuple[Slug, ...], Meta(min_length=2, max_length=2)]


class ReviewAccessWithdrawn(Event, frozen=True, kw_only=True):
    """The access or its proposal ends at once: by one of the two partners, or by a decision.

    `organisation` is the partner that withdraws it; it is empty where a decision does.
    """

    SENTENCE = "Toegang {review} is ingetrokken ({organisation}): {reason}"
    WHO = ("partner", "decision")

    review: Slug
    organisation: OptionalSlug = ""
    reason: Prose


class ReviewAccessLapsed(Event, frozen=True, kw_only=True):
    """The term of the access, or of a proposal that nobody supported, has run out."""

    SENTENCE = "Toegang {review} is verlopen."
    WHO = ("rules",)

    review: Slug


class EvidenceRequested(Event, frozen=True, kw_only=True):
    """A reviewer asks for evidence within the access they have."""

    SENTENCE = "Onder toegang {review} is om bewijs gevraagd: {question}"
    WHO = ("review-access",)
    CREATES = "evidence_request"

    evidence_request: NewSlug = ""
    review: Slug
    question: Prose


class EvidenceRequestAnswered(Event, frozen=True, kw_only=True):
    """A request for evidence is answered: with a bundle, or with the reason why there is none.

    `bundle` is its number in the register of bundles that were handed out.
    """

    SENTENCE = "Bewijsvraag {evidence_request} is beantwoord met bundel {bundle}: {text}"
    WHO = ("chain-office", "chain-manager", "partner")

    evidence_request: Slug
    bundle: OptionalSlug = ""
    text: Text = ""


ReviewEvent = (
    ReviewAccessProposed
    | ReviewAccessSupported
    | ReviewAccessGranted
    | ReviewAccessWithdrawn
    | ReviewAccessLapsed
    | EvidenceRequested
    | EvidenceRequestAnswered
)
EVENTS: tuple[type[Event], ...] = get_args(ReviewEvent)
BY_RULES: tuple[type[Event], ...] = (ReviewAccessGranted, ReviewAccessLapsed)
