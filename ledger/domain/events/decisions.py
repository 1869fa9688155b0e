"""Events of decisions: proposed with their effects, deliberated, voted on, closed."""

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from ledger.domain.events.actions import ActionAssigned, ActionCancelled
from ledger.domain.events.agreements import (
    AgreementAmended,
    AgreementProposed,
    AgreementTerminated,
    BreachExcused,
)
from ledger.domain.events.bodies import (
    BodyDissolved,
    BodyEstablished,
    BodyRemitChanged,
    BodySucceeded,
    ChairRotationAgreed,
    ChairTermStarted,
    SeatAbolished,
    SeatAssigned,
    SeatCreated,
    SeatVacated,
    SeatWeightSet,
)
from ledger.domain.events.chains import (
    ChainConditionDeclared,
    ChainDissolved,
    GovernanceModelAdopted,
    ObjectiveAdopted,
    ObjectiveRevised,
    PartnerAdmitted,
    PartnerStatusChanged,
    PartnerWithdrew,
)
from ledger.domain.events.decision_rules import DecisionRule, DecisionRuleAdopted
from ledger.domain.events.escalations import EscalationLadderAdopted
from ledger.domain.events.evidence import LogKeyAnnounced, WitnessPolicyAdopted
from ledger.domain.events.mandates import (
    MandateGranted,
    MandateRestricted,
    MandateRevoked,
    OverrideAuthorityGranted,
    OverrideAuthorityWithdrawn,
    OverrideReviewed,
)
from ledger.domain.events.meetings import MinutesAdopted
from ledger.domain.events.outcomes import (
    Citations,
    DecisionAdopted,
    DecisionDeferred,
    DecisionExecuted,
    DecisionLapsed,
    DecisionRecorded,
    DecisionRejected,
    DecisionRevoked,
    DecisionStatusRecorded,
    DecisionSuperseded,
    DecisionTakenUnderMandate,
    DecisionTied,
    DecisionTookForce,
    Documents,
    EffectFailed,
    OutcomeDisputed,
    SupersessionRecorded,
    TieBroken,
)
from ledger.domain.events.reviews import ReviewAccessWithdrawn
from ledger.domain.events.roles import RoleAssigned, RoleEnded
from ledger.domain.events.service_accounts import (
    ServiceAccountOpened,
    ServiceAccountRevoked,
    ServiceKeyReplaced,
)
from ledger.domain.events.signing_keys import SignatureRuleAdopted, SigningKeyRevoked
from ledger.domain.values import (
    Cents,
    Count,
    Event,
    Instant,
    Label,
    NewSlug,
    OptionalDate,
    OptionalSlug,
    Position,
    Prose,
    Slug,
    Text,
)

Effect = (
    ActionAssigned
    | ActionCancelled
    | AgreementAmended
    | AgreementProposed
    | AgreementTerminated
    | BodyDissolved
    | BodyEstablished
    | BodyRemitChanged
    | BodySucceeded
    | BreachExcused
    | ChainConditionDeclared
    | ChainDissolved
    | ChairRotationAgreed
    | ChairTermStarted
    | DecisionRevoked
    | DecisionRuleAdopted
    | EscalationLadderAdopted
    | GovernanceModelAdopted
    | LogKeyAnnounced
    | MandateGranted
    | MandateRestricted
    | MandateRevoked
    | MinutesAdopted
    | ObjectiveAdopted
    | ObjectiveRevised
    | OverrideAuthorityGranted
    | OverrideAuthorityWithdrawn
    | OverrideReviewed
    | PartnerAdmitted
    | PartnerStatusChanged
    | PartnerWithdrew
    | ReviewAccessWithdrawn
    | RoleAssigned
    | RoleEnded
    | SeatAbolished
    | SeatAssigned
    | SeatCreated
    | SeatVacated
    | SeatWeightSet
    | WitnessPolicyAdopted
    | SignatureRuleAdopted
    | SigningKeyRevoked
    | ServiceAccountOpened
    | ServiceAccountRevoked
    | ServiceKeyReplaced
)
"""What a decision may record when it takes force."""

Choice = Literal["for", "against", "abstain"]


class Option(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A way that was considered, and why it was not taken."""

    text: Prose
    why_not: Prose


Options = Annotated[tuple[Option, ...], Meta(max_length=50)]
Effects = Annotated[tuple[Effect, ...], Meta(max_length=100)]


class ProposalSubmitted(Event, frozen=True, kw_only=True):
    """A decision is asked of a body, with what it would record when adopted (`effects`).

    `subject` groups decisions on the same matter; an earlier decision on it has to be cited.
    `chain_interest` weighs the proposal against the interest of the chain. On `review_on` the
    body means to look again whether the decision still does what it was taken for.
    """

    SENTENCE = "Voorstel {decision} aan {body}: {title}"
    WHO = ("member", "chain-manager", "chain-office", "line-manager", "chain-coordinator")
    CREATES = "decision"

    decision: NewSlug = ""
    body: Slug
    subject: Slug
    title: Label
    problem: Text = ""
    text: Text = ""
    chain_interest: Prose
    options: Options = ()
    documents: Documents = ()
    cites: Citations = ()
    effects: Effects = ()
    amount_cents: Cents | None = None
    review_on: OptionalDate = ""
    escalation: OptionalSlug = ""
    prepared_by: OptionalSlug = ""


class EarlierDecisionNotCited(Event, frozen=True, kw_only=True):
    """The proposal touches a subject on which the chain decided before, without saying so."""

    SENTENCE = "{decision} noemt eerdere besluiten over dit onderwerp niet: {earlier}."
    WHO = ("rules",)

    decision: Slug
    earlier: Annotated[tuple[Slug, ...], Meta(max_length=100)]


class ProposalAmended(Event, frozen=True, kw_only=True):
    """The proposal changes before deliberation opens; what stands here replaces it all."""

    SENTENCE = "Voorstel {decision} is gewijzigd: {reason}"
    WHO = ("proposer", "chain-manager", "chain-office")

    decision: Slug
    reason: Prose
    title: Label
    problem: Text = ""
    text: Text = ""
    chain_interest: Prose
    options: Options = ()
    documents: Documents = ()
    cites: Citations = ()
    effects: Effects = ()
    amount_cents: Cents | None = None
    review_on: OptionalDate = ""


class ProposalWithdrawn(Event, frozen=True, kw_only=True):
    """The proposal is taken back before an outcome."""

    SENTENCE = "Voorstel {decision} is ingetrokken: {reason}"
    WHO = ("proposer", "chain-manager")

    decision: Slug
    reason: Prose


class DeliberationOpened(Event, frozen=True, kw_only=True):
    """Voting starts, in a meeting or in writing. What counts is frozen in `ElectorateFixed`."""

    SENTENCE = "De beraadslaging over {decision} is geopend."
    WHO = ("chair", "chain-manager", "chain-office", "proposer")

    decision: Slug
    meeting: OptionalSlug = ""


class Elector(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A seat with its organisation, weight and holder (empty when vacant) as they were then."""

    seat: Slug
    organisation: Slug
    weight: Count
    holder: Annotated[str, Meta(max_length=64)] = ""


class ElectorateFixed(Event, frozen=True, kw_only=True):
    """Electorate, weights, rule version (its position) and deadline are frozen."""

    SENTENCE = "Voor {decision} geldt de regel van gebeurtenis {rule}; stemmen kan tot {deadline}."
    WHO = ("rules",)

    decision: Slug
    rule: Position
    parameters: DecisionRule
    electors: Annotated[tuple[Elector, ...], Meta(max_length=1000)]
    deadline: Instant
    not_invited: Annotated[tuple[Slug, ...], Meta(max_length=1000)] = ()


class VoteCast(Event, frozen=True, kw_only=True):
    """A seat takes its position. Casting again while it is open replaces it; both stay visible."""

    SENTENCE = "Zetel {seat} stemt {choice} over {decision}."
    WHO = ("seat", "substitute")

    decision: Slug
    seat: Slug
    choice: Choice
    reason: Text = ""


class DeadlineExtended(Event, frozen=True, kw_only=True):
    """The deadline found no quorum; the rule gives more time, once."""

    SENTENCE = "De stemtermijn van {decision} is verlengd tot {deadline}: {reason}"
    WHO = ("rules",)

    decision: Slug
    deadline: Instant
    reason: Prose


class DissentRecorded(Event, frozen=True, kw_only=True):
    """A seat has its dissent put on record."""

    SENTENCE = "Zetel {seat} tekent bij {decision} een afwijkend standpunt aan: {reason}"
    WHO = ("seat",)

    decision: Slug
    seat: Slug
    reason: Prose


class AdviceIssued(Event, frozen=True, kw_only=True):
    """Advice on a proposal, more or less binding."""

    SENTENCE = "Advies ({weight}) over {decision}: {text}"
    WHO = (
        "chain-manager",
        "chain-coordinator",
        "line-manager",
        "member",
        "reviewer",
        "archivist",
        "ecosystem-manager",
    )

    decision: Slug
    weight: Literal["free", "weighty", "binding"]
    text: Prose


class AdviceAnswered(Event, frozen=True, kw_only=True):
    """The body follows the advice at that position, or says why not."""

    SENTENCE = "Het advies van gebeurtenis {advice} over {decision} is beantwoord: {reason}"
    WHO = ("chair", "chain-manager", "proposer")

    decision: Slug
    advice: Position
    accepted: bool
    reason: Prose


DecisionEvent = (
    ProposalSubmitted
    | EarlierDecisionNotCited
    | ProposalAmended
    | ProposalWithdrawn
    | DeliberationOpened
    | ElectorateFixed
    | VoteCast
    | DeadlineExtended
    | DissentRecorded
    | AdviceIssued
    | AdviceAnswered
    | DecisionAdopted
    | DecisionRejected
    | DecisionTied
    | DecisionLapsed
    | DecisionDeferred
    | TieBroken
    | DecisionTakenUnderMandate
    | DecisionTookForce
    | EffectFailed
    | DecisionSuperseded
    | DecisionRevoked
    | DecisionExecuted
    | DecisionRecorded
    | DecisionStatusRecorded
    | SupersessionRecorded
    | OutcomeDisputed
)
EVENTS: tuple[type[Event], ...] = get_args(DecisionEvent)
BY_RULES: tuple[type[Event], ...] = (
    EarlierDecisionNotCited,
    ElectorateFixed,
    DeadlineExtended,
    DecisionAdopted,
    DecisionRejected,
    DecisionTied,
    DecisionLapsed,
    DecisionDeferred,
    DecisionTookForce,
    EffectFailed,
    DecisionSuperseded,
)
