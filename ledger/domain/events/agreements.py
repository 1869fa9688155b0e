"""Events of agreements: convenants, service levels and the like, signed by those they bind."""

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from ledger.domain.values import (
    Cents,
    Count,
    Date,
    Document,
    Event,
    Label,
    NewSlug,
    OptionalDate,
    OptionalSlug,
    Prose,
    Slug,
    Text,
)

AgreementKind = Literal["convenant", "service-level", "delivery-contract", "other"]
AgreementSubject = Literal[
    "tasks",
    "responsibilities",
    "powers",
    "demarcation",
    "contributions",
    "planning",
    "added-value",
    "escalation",
    "other",
]


class Indicator(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is measured under a service level agreement, and what it must reach.

    `target` and measurements are whole numbers in the indicator's own `unit` (choose the unit so
    that no fraction is needed, such as tenths of a percent); `direction` says which side is good.
    """

    name: Slug
    definition: Text = ""
    unit: Label
    target: Count
    direction: Literal["at-least", "at-most"]


class AgreementProposed(Event, frozen=True, kw_only=True):
    """A text on which parties want to agree; it binds nobody who has not signed it.

    A service level agreement stands under its convenant (`parent`). A delivery contract may have
    one party, when `consumer` or `text` names who receives outside the chain. `open_matters` names
    what is deliberately left open. `valid_until` is the first day outside the term.
    """

    SENTENCE = "Afspraak {agreement} is voorgelegd: {title}"
    WHO = ("chain-manager", "chain-office", "member", "decision")
    CREATES = "agreement"

    agreement: NewSlug = ""
    kind: AgreementKind
    title: Label
    subjects: Annotated[tuple[AgreementSubject, ...], Meta(max_length=9)] = ()
    text: Text = ""
    document: Document | None = None
    parties: Annotated[tuple[Slug, ...], Meta(max_length=200)]
    parent: OptionalSlug = ""
    provider: OptionalSlug = ""
    consumer: OptionalSlug = ""
    indicators: Annotated[tuple[Indicator, ...], Meta(max_length=50)] = ()
    amount_cents: Cents | None = None
    open_matters: Annotated[tuple[Label, ...], Meta(max_length=50)] = ()
    valid_from: Date
    valid_until: OptionalDate = ""


class AgreementSigned(Event, frozen=True, kw_only=True):
    """A party signs a version, in the person of somebody it mandated."""

    SENTENCE = "{organisation} heeft versie {version} van {agreement} ondertekend."
    WHO = ("signatory",)

    agreement: Slug
    organisation: Slug
    version: Annotated[int, Meta(ge=1, le=10_000)]


class AgreementEnteredIntoForce(Event, frozen=True, kw_only=True):
    """The last named party has signed this version; it binds them from its first day."""

    SENTENCE = "Versie {version} van {agreement} is van kracht vanaf {valid_from}."
    WHO = ("rules",)

    agreement: Slug
    version: Annotated[int, Meta(ge=1, le=10_000)]
    signatories: Annotated[tuple[Slug, ...], Meta(max_length=200)]
    valid_from: Date


class AgreementAmended(Event, frozen=True, kw_only=True):
    """A new version is put before the parties; the version in force stays so until all signed."""

    SENTENCE = "Van {agreement} ligt een nieuwe versie voor: {reason}"
    WHO = ("chain-manager", "chain-office", "member", "decision")

    agreement: Slug
    reason: Prose
    text: Text = ""
    document: Document | None = None
    parties: Annotated[tuple[Slug, ...], Meta(max_length=200)]
    indicators: Annotated[tuple[Indicator, ...], Meta(max_length=50)] = ()
    amount_cents: Cents | None = None
    open_matters: Annotated[tuple[Label, ...], Meta(max_length=50)] = ()
    valid_from: Date
    valid_until: OptionalDate = ""


class AgreementTerminated(Event, frozen=True, kw_only=True):
    """The agreement ends before its time; `valid_until` is the first day without it."""

    SENTENCE = "{agreement} is beëindigd per {valid_until}: {reason}"
    WHO = ("signatory", "decision")

    agreement: Slug
    organisation: OptionalSlug = ""
    valid_until: Date
    reason: Prose


class AgreementExpired(Event, frozen=True, kw_only=True):
    """The term of the agreement has run out, the agreed one or the one it was shortened to."""

    SENTENCE = "{agreement} is verlopen."
    WHO = ("rules",)

    agreement: Slug


class ServiceLevelMeasured(Event, frozen=True, kw_only=True):
    """What was measured for one indicator over one period, in the indicator's unit."""

    SENTENCE = "{indicator} van {agreement} over {period}: {measured}"
    WHO = ("partner", "chain-manager", "chain-office", "service-account")

    agreement: Slug
    organisation: OptionalSlug = ""
    indicator: Slug
    period: Label
    measured: Count


class ServiceLevelBreached(Event, frozen=True, kw_only=True):
    """A measurement misses its target."""

    SENTENCE = "{agreement} is geschonden: {indicator} was {measured}, afgesproken is {target}."
    WHO = ("rules",)

    agreement: Slug
    indicator: Slug
    period: Label
    measured: Count
    target: Count


class BreachExcused(Event, frozen=True, kw_only=True):
    """The consumer accepts the reason of a breach; the breach stays visible."""

    SENTENCE = "De schending van {indicator} in {agreement} is verontschuldigd: {reason}"
    WHO = ("partner", "decision")

    agreement: Slug
    organisation: OptionalSlug = ""
    indicator: Slug
    reason: Prose


class ServiceLevelRestored(Event, frozen=True, kw_only=True):
    """A measurement reaches its target again after a breach."""

    SENTENCE = "{indicator} van {agreement} is weer op peil: {measured}."
    WHO = ("rules",)

    agreement: Slug
    indicator: Slug
    period: Label
    measured: Count


class ImplementationConfirmed(Event, frozen=True, kw_only=True):
    """A partner confirms that it has carried the agreement through in its own line."""

    SENTENCE = "{organisation} heeft {agreement} ingevoerd."
    WHO = ("partner", "line-manager")

    agreement: Slug
    organisation: Slug
    note: Text = ""


class NonComplianceSignalled(Event, frozen=True, kw_only=True):
    """Somebody guarding the agreements sees that a partner does not keep one."""

    SENTENCE = "Niet-naleving van {agreement} door {organisation} is gesignaleerd: {finding}"
    WHO = ("chain-manager", "chain-coordinator", "chain-office", "member", "line-manager")

    agreement: Slug
    organisation: Slug
    finding: Prose


AgreementEvent = (
    AgreementProposed
    | AgreementSigned
    | AgreementEnteredIntoForce
    | AgreementAmended
    | AgreementTerminated
    | AgreementExpired
    | ServiceLevelMeasured
    | ServiceLevelBreached
    | BreachExcused
    | ServiceLevelRestored
    | ImplementationConfirmed
    | NonComplianceSignalled
)
EVENTS: tuple[type[Event], ...] = get_args(AgreementEvent)
BY_RULES: tuple[type[Event], ...] = (
    AgreementEnteredIntoForce,
    AgreementExpired,
    ServiceLevelBreached,
    ServiceLevelRestored,
)
