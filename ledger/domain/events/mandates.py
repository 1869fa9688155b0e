"""Events of mandates: authority given, passed on, narrowed, ended; doorzettingsmacht."""

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from ledger.domain.values import (
    Cents,
    Date,
    Event,
    Level,
    NewSlug,
    OptionalDate,
    OptionalSlug,
    PersonId,
    Prose,
    Slug,
    Text,
)


class MandateScope(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename="camel",
):
    """How far a mandate reaches. An empty list or no ceiling sets no limit in that respect.

    `subjects` are subject labels as used in proposals and agreements; `max_amount_cents` is the
    ceiling of one act in euro cents; `levels` are the levels of the bodies it may be used in.
    """

    subjects: Annotated[tuple[Slug, ...], Meta(max_length=100)] = ()
    max_amount_cents: Cents | None = None
    levels: Annotated[tuple[Level, ...], Meta(max_length=3)] = ()


class MandateGranted(Event, frozen=True, kw_only=True):
    """Authority to act for somebody else.

    The grantor is a body (by decision), an organisation, or the holder of a mandate that may be
    passed on (`parent`). The holder is a person, a role assignment or a seat; whoever fills that
    role or seat on the day acts under it.
    """

    SENTENCE = "{grantor} geeft {holder} mandaat {mandate} vanaf {valid_from}."
    WHO = ("decision",)
    CREATES = "mandate"

    mandate: NewSlug = ""
    grantor_kind: Literal["body", "organisation", "mandate"]
    grantor: Slug
    holder_kind: Literal["person", "role", "seat"]
    holder: Slug
    scope: MandateScope = MandateScope()
    conditions: Text = ""
    valid_from: Date
    valid_until: OptionalDate = ""
    sub_delegation: bool = False

    def who(self) -> tuple[str, ...]:
        """Return the capacities that may record it: each grants only what is theirs."""
        if self.grantor_kind == "organisation":
            return ("grantor",)
        return ("grantor",) if self.grantor_kind == "mandate" else self.WHO


class MandateAccepted(Event, frozen=True, kw_only=True):
    """The holder accepts the mandate."""

    SENTENCE = "Mandaat {mandate} is aanvaard."
    WHO = ("mandate-holder",)

    mandate: Slug


class MandateRestricted(Event, frozen=True, kw_only=True):
    """The scope becomes narrower from a day on; earlier acts stay lawful."""

    SENTENCE = "Mandaat {mandate} is beperkt vanaf {valid_from}: {reason}"
    WHO = ("grantor", "decision")

    mandate: Slug
    scope: MandateScope
    valid_from: Date
    reason: Prose


class MandateRevoked(Event, frozen=True, kw_only=True):
    """The mandate ends; `valid_until` is the first day without it. Earlier acts stay lawful."""

    SENTENCE = "Mandaat {mandate} is ingetrokken per {valid_until}: {reason}"
    WHO = ("grantor", "decision")

    mandate: Slug
    valid_until: Date
    reason: Prose


class MandateLapsed(Event, frozen=True, kw_only=True):
    """The term of a mandate has run out."""

    SENTENCE = "Mandaat {mandate} is verlopen."
    WHO = ("rules",)

    mandate: Slug


class OverrideAuthorityGranted(Event, frozen=True, kw_only=True):
    """Doorzettingsmacht: a role may push through in what the chain calls an emergency."""

    SENTENCE = "Doorzettingsmacht {authority} is verleend aan {holder} vanaf {valid_from}."
    WHO = ("decision",)
    CREATES = "authority"

    authority: NewSlug = ""
    holder: Slug
    scope: Prose
    emergency_definition: Prose
    valid_from: Date
    valid_until: OptionalDate = ""


class OverrideAuthorityExercised(Event, frozen=True, kw_only=True):
    """The power is used: towards whom, what was ordered, which emergency."""

    SENTENCE = "Doorzettingsmacht {authority} is gebruikt jegens {towards}: {instruction}"
    WHO = ("override-holder",)
    CREATES = "exercise"

    exercise: NewSlug = ""
    authority: Slug
    towards: Slug
    instruction: Prose
    emergency_reason: Prose


class SeatsInformed(Event, frozen=True, kw_only=True):
    """All seats of a body are told at once of the use of doorzettingsmacht."""

    SENTENCE = "Alle zetels zijn geïnformeerd over {exercise}: {seats}."
    WHO = ("rules",)

    exercise: Slug
    seats: Annotated[tuple[Slug, ...], Meta(max_length=1000)]
    persons: Annotated[tuple[PersonId, ...], Meta(max_length=1000)] = ()


class OverrideReviewed(Event, frozen=True, kw_only=True):
    """The board looked back at one use of doorzettingsmacht."""

    SENTENCE = "Het gebruik {exercise} van doorzettingsmacht is beoordeeld: {outcome}"
    WHO = ("decision",)

    exercise: Slug
    outcome: Prose
    justified: bool
    meeting: OptionalSlug = ""


class OverrideAuthorityWithdrawn(Event, frozen=True, kw_only=True):
    """Doorzettingsmacht ends; `valid_until` is the first day without it."""

    SENTENCE = "Doorzettingsmacht {authority} is ingetrokken per {valid_until}: {reason}"
    WHO = ("decision",)

    authority: Slug
    valid_until: Date
    reason: Prose


OverrideEvent = (
    OverrideAuthorityGranted
    | OverrideAuthorityExercised
    | SeatsInformed
    | OverrideReviewed
    | OverrideAuthorityWithdrawn
)
MandateEvent = (
    MandateGranted
    | MandateAccepted
    | MandateRestricted
    | MandateRevoked
    | MandateLapsed
    | OverrideEvent
)
EVENTS: tuple[type[Event], ...] = get_args(MandateEvent)
BY_RULES: tuple[type[Event], ...] = (MandateLapsed, SeatsInformed)
