"""Events of bodies and seats: where the chain decides, and who sits there for whom."""

from typing import Annotated, Literal, get_args

from msgspec import Meta

from ledger.domain.values import (
    Date,
    Event,
    Label,
    Level,
    NewSlug,
    OptionalDate,
    OptionalSlug,
    PersonId,
    Prose,
    Slug,
    Text,
)

BodyKind = Literal[
    "chain-board",
    "steering-group",
    "line-managers-meeting",
    "production-meeting",
    "change-meeting",
    "working-group",
    "core-team",
    "chain-team",
    "chain-office",
    "other",
]


class BodyEstablished(Event, frozen=True, kw_only=True):
    """A body of the chain starts to exist."""

    SENTENCE = "Het overleg {name} ({body}) is ingesteld."
    WHO = ("decision",)
    CREATES = "body"

    body: NewSlug = ""
    name: Label
    kind: BodyKind
    level: Level
    parent: OptionalSlug = ""
    remit: Text = ""
    records_scope: Literal["", "public", "chain", "confidential"] = ""
    heartbeat_days: Annotated[int, Meta(ge=0, le=3660)] = 0


class BodyRemitChanged(Event, frozen=True, kw_only=True):
    """What a body is for has changed."""

    SENTENCE = "De opdracht van {body} is gewijzigd."
    WHO = ("decision",)

    body: Slug
    remit: Prose


class BodySucceeded(Event, frozen=True, kw_only=True):
    """Another body takes over; this one ends."""

    SENTENCE = "{body} is opgevolgd door {successor}."
    WHO = ("decision",)

    body: Slug
    successor: Slug


class BodyDissolved(Event, frozen=True, kw_only=True):
    """A body ends without a successor."""

    SENTENCE = "{body} is opgeheven: {reason}"
    WHO = ("decision",)

    body: Slug
    reason: Prose


class SeatCreated(Event, frozen=True, kw_only=True):
    """An organisation gets a place in a body; an advisory seat has a voice and no vote.

    `valid_from` is for a place that is given today and begins later, such as that of an
    organisation that will be a partner by then.
    """

    SENTENCE = "{organisation} heeft zetel {seat} in {body}."
    WHO = ("decision",)
    CREATES = "seat"

    seat: NewSlug = ""
    body: Slug
    organisation: OptionalSlug = ""
    advisory: bool = False
    valid_from: OptionalDate = ""


class SeatAbolished(Event, frozen=True, kw_only=True):
    """A seat ends to exist."""

    SENTENCE = "Zetel {seat} is vervallen: {reason}"
    WHO = ("decision",)

    seat: Slug
    reason: Prose


class SeatAssigned(Event, frozen=True, kw_only=True):
    """Somebody holds a seat from a day on, until a day or until further notice."""

    SENTENCE = "{person} bekleedt zetel {seat} vanaf {valid_from}."
    WHO = ("partner", "decision")

    seat: Slug
    person: PersonId
    valid_from: Date
    valid_until: OptionalDate = ""


class SeatVacated(Event, frozen=True, kw_only=True):
    """The holder leaves the seat; the vacancy is visible from that day."""

    SENTENCE = "Zetel {seat} is vrij vanaf {valid_until}: {reason}"
    WHO = ("partner", "seat", "decision")

    seat: Slug
    valid_until: Date
    reason: Prose


class SeatWeightSet(Event, frozen=True, kw_only=True):
    """A seat weighs more or less than one, under a rule the partners adopted."""

    SENTENCE = "Zetel {seat} weegt {weight}."
    WHO = ("decision",)

    seat: Slug
    weight: Annotated[int, Meta(ge=0, le=1_000_000)]


class ChairRotationAgreed(Event, frozen=True, kw_only=True):
    """The organisations hold the gavel in turn, in this order."""

    SENTENCE = "Het voorzitterschap van {body} rouleert: {order}."
    WHO = ("decision",)

    body: Slug
    order: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=100)]
    period: Literal["per-meeting", "months"]
    months: Annotated[int, Meta(ge=0, le=120)] = 0


class ChairTermStarted(Event, frozen=True, kw_only=True):
    """A seat takes the chair; whoever had it until now hands it over."""

    SENTENCE = "Zetel {seat} zit {body} voor."
    WHO = ("member", "chain-manager", "chain-office", "decision")

    body: Slug
    seat: Slug
    skipped_because: Text = ""


class CommitmentDeclared(Event, frozen=True, kw_only=True):
    """A holder declares readiness: time, presence in person, mandate without reserve, openness."""

    SENTENCE = "De houder van zetel {seat} verklaart: {statement}"
    WHO = ("seat",)

    seat: Slug
    statement: Prose


BodyEvent = (
    BodyEstablished
    | BodyRemitChanged
    | BodySucceeded
    | BodyDissolved
    | SeatCreated
    | SeatAbolished
    | SeatAssigned
    | SeatVacated
    | SeatWeightSet
    | ChairRotationAgreed
    | ChairTermStarted
    | CommitmentDeclared
)
EVENTS: tuple[type[Event], ...] = get_args(BodyEvent)
BY_RULES: tuple[type[Event], ...] = ()
