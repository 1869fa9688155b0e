"""Events of a chain and its partners: founded, steered by a joint objective, ended."""

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from ledger.domain.values import (
    Date,
    Document,
    Event,
    Label,
    NewSlug,
    OptionalSlug,
    PersonId,
    Prose,
    Slug,
    Text,
    VerifierKey,
)

PartnerStatus = Literal["owner", "partner", "participant"]
Organisations = Annotated[tuple[Slug, ...], Meta(max_length=200)]


class Identifiers(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Official numbers of an organisation, as text, because leading zeros count.

    `oin` has 20 digits (organisatie-identificatienummer), `rsin` 9 digits that pass the
    eleven-test, `kvk` 8 digits (chamber of commerce).
    """

    oin: Annotated[str, Meta(pattern=r"^(?!\n)$|^\d{20}(?!\n)$")] = ""
    rsin: Annotated[str, Meta(pattern=r"^(?!\n)$|^\d{9}(?!\n)$")] = ""
    kvk: Annotated[str, Meta(pattern=r"^(?!\n)$|^\d{8}(?!\n)$")] = ""


class FoundingPartner(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """An organisation that founds the chain, and who speaks for it from the first day."""

    organisation: Slug
    name: Label
    status: PartnerStatus
    representative: PersonId
    identifiers: Identifiers = Identifiers()


class ChainEstablished(Event, frozen=True, kw_only=True):
    """A chain starts: at least two independent organisations with a joint objective.

    It is the one act under its own authority. What follows from it by the rules: the partners are
    admitted, their representatives registered and seated in a first steering group, which
    decides by unanimity until the partners adopt something else. `direct` lists the event types
    that may be recorded without a decision (the governance model); `import_authority` is who may
    record history. `log_key` is the verifier key of the chain's log, where it is signed from the
    start. `demo` says that it was founded where anybody could be anybody: such a chain proves
    nothing about people, for ever. The server fills it in, nobody else.
    """

    SENTENCE = "De keten {name} is opgericht."
    WHO = ("founder",)
    SCOPE = "public"

    name: Label
    origin: Literal["chosen", "imposed"]
    legal_basis: Text = ""
    reasons: Annotated[tuple[Label, ...], Meta(max_length=20)] = ()
    objective: Prose
    partners: Annotated[tuple[FoundingPartner, ...], Meta(max_length=200)]
    import_authority: OptionalSlug = ""
    log_key: VerifierKey = ""
    demo: bool = False
    direct: Annotated[tuple[Label, ...], Meta(max_length=200)] = ()


class GovernanceModelAdopted(Event, frozen=True, kw_only=True):
    """Which event types the chain records without a decision, from now on."""

    SENTENCE = "Het besturingsmodel is vastgesteld; rechtstreeks vast te leggen: {direct}."
    WHO = ("decision",)

    direct: Annotated[tuple[Label, ...], Meta(max_length=200)]
    reason: Prose


class ObjectiveAdopted(Event, frozen=True, kw_only=True):
    """A joint objective, supported by every partner; a chain may have more than one."""

    SENTENCE = "De ketendoelstelling is vastgesteld: {text}"
    WHO = ("decision",)
    CREATES = "objective"

    objective: NewSlug = ""
    text: Prose
    targets: Annotated[tuple[Label, ...], Meta(max_length=50)] = ()
    supported_by: Organisations


class ObjectiveRevised(Event, frozen=True, kw_only=True):
    """A new objective replaces an earlier one; every partner supports it."""

    SENTENCE = "De ketendoelstelling {supersedes} is herzien: {text}"
    WHO = ("decision",)
    CREATES = "objective"

    objective: NewSlug = ""
    supersedes: Slug
    text: Prose
    targets: Annotated[tuple[Label, ...], Meta(max_length=50)] = ()
    supported_by: Organisations


class PartnerAdmitted(Event, frozen=True, kw_only=True):
    """An organisation joins the chain, and consents to that itself."""

    SENTENCE = "{name} ({organisation}) is toegetreden als {status}."
    WHO = ("decision",)
    SCOPE = "public"

    organisation: Slug
    name: Label
    status: PartnerStatus
    representative: PersonId
    identifiers: Identifiers = Identifiers()
    consent: Document | None = None
    effective_on: Date


class PartnerStatusChanged(Event, frozen=True, kw_only=True):
    """A partner becomes owner, partner or participant."""

    SENTENCE = "{organisation} is voortaan {status}."
    WHO = ("decision",)
    SCOPE = "public"

    organisation: Slug
    status: PartnerStatus
    legal_basis: Text = ""


class PartnerWithdrew(Event, frozen=True, kw_only=True):
    """A partner leaves the chain from a day on."""

    SENTENCE = "{organisation} treedt uit per {effective_on}."
    WHO = ("partner", "decision")
    SCOPE = "public"

    organisation: Slug
    notice: Prose
    effective_on: Date


class PartnershipEnded(Event, frozen=True, kw_only=True):
    """The last day of a withdrawn partner has passed; its seats and roles end with it."""

    SENTENCE = "{organisation} is geen partner van de keten meer."
    WHO = ("rules",)
    SCOPE = "public"

    organisation: Slug


class DrivingProblemRecorded(Event, frozen=True, kw_only=True):
    """The societal problem that none can solve alone, or the chance that only a chain can take."""

    SENTENCE = "Het dominante ketenprobleem is vastgelegd: {text}"
    WHO = ("chain-manager", "chain-office", "member")

    text: Prose
    documents: Annotated[tuple[Document, ...], Meta(max_length=50)] = ()


class ContributionCommitted(Event, frozen=True, kw_only=True):
    """A partner commits its own contribution to the joint objective."""

    SENTENCE = "{organisation} zegt toe: {contribution}"
    WHO = ("partner",)

    organisation: Slug
    contribution: Prose
    period: Label
    management_contract: Text = ""


class ChainConditionDeclared(Event, frozen=True, kw_only=True):
    """The chain is in crisis, building up or stable; the chain manager's part changes with it."""

    SENTENCE = "De keten verkeert in de toestand {condition}: {reason}"
    WHO = ("chain-manager", "member", "decision")

    condition: Literal["crisis", "build-up", "stable"]
    reason: Prose


class ChainDissolved(Event, frozen=True, kw_only=True):
    """The chain ends once all obligations are closed; its record stays readable."""

    SENTENCE = "De keten is ontbonden: {reason}"
    WHO = ("decision",)
    SCOPE = "public"

    reason: Prose
    archive_transfer_plan: Prose


ChainEvent = (
    ChainEstablished
    | GovernanceModelAdopted
    | ObjectiveAdopted
    | ObjectiveRevised
    | PartnerAdmitted
    | PartnerStatusChanged
    | PartnerWithdrew
    | PartnershipEnded
    | DrivingProblemRecorded
    | ContributionCommitted
    | ChainConditionDeclared
    | ChainDissolved
)
EVENTS: tuple[type[Event], ...] = get_args(ChainEvent)
BY_RULES: tuple[type[Event], ...] = (PartnershipEnded,)
