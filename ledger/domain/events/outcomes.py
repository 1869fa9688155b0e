"""Events of outcomes: computed by the rule, in force, replaced, disputed, or taken elsewhere."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ledger.domain.values import (
    MAX_INTEGER,
    Count,
    Document,
    Event,
    Instant,
    Label,
    NewSlug,
    OptionalDate,
    OptionalInstant,
    OptionalSlug,
    PersonId,
    Position,
    Prose,
    Slug,
    Text,
)

Status = Literal[
    "proposed",
    "withdrawn",
    "open",
    "adopted",
    "in-force",
    "rejected",
    "tied",
    "lapsed",
    "deferred",
    "superseded",
    "revoked",
    "executed",
]
"""Where a decision stands. `adopted` still waits out its reflection time."""


class Citation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An earlier decision that this one confirms, departs from, supersedes or rests on."""

    decision: Slug
    relation: Literal["confirms", "departs-from", "supersedes", "rests-on"]
    note: Text = ""


Citations = Annotated[tuple[Citation, ...], Meta(max_length=100)]
Documents = Annotated[tuple[Document, ...], Meta(max_length=100)]


class Tally(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The counts an outcome rests on, in seats and in weight, and what they were compared with.

    `reached` is the weight in favour times the threshold's denominator, `needed` the base weight
    times its numerator: whole numbers, so that anybody can check the comparison.
    """

    seats: Count
    seats_for: Count
    seats_against: Count
    seats_abstained: Count
    seats_silent: Count
    weight: Count
    weight_for: Count
    weight_against: Count
    weight_abstained: Count
    base: Count
    reached: Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
    needed: Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
    quorum_found: Count
    quorum_needed: Count
    quorum_met: bool


class Outcome(Event, frozen=True, kw_only=True):
    """What the rule computed: which rule, which counts, and why in a sentence."""

    WHO = ("rules",)

    decision: Slug
    rule: Position
    tally: Tally
    because: Prose


class DecisionAdopted(Outcome, frozen=True, kw_only=True):
    """The rule says yes; it takes force at `in_force_at`, after the rule's reflection time."""

    SENTENCE = "Besluit {decision} is aangenomen: {because}"

    in_force_at: Instant


class DecisionRejected(Outcome, frozen=True, kw_only=True):
    """The rule says no."""

    SENTENCE = "Voorstel {decision} is verworpen: {because}"


class DecisionTied(Outcome, frozen=True, kw_only=True):
    """As much for as against: the rule asks a new vote or the chair."""

    SENTENCE = "De stemmen over {decision} staken: {because}"

    resolved_by: Literal["revote", "chair"]


class DecisionLapsed(Outcome, frozen=True, kw_only=True):
    """The term ended without a quorum."""

    SENTENCE = "Voorstel {decision} is vervallen: {because}"


class DecisionDeferred(Outcome, frozen=True, kw_only=True):
    """No outcome counts because a partner was not invited in time; deliberation can open again."""

    SENTENCE = "Voorstel {decision} is aangehouden: {because}"


class TieBroken(Event, frozen=True, kw_only=True):
    """The chair decides a tie."""

    SENTENCE = "De voorzitter beslist bij {decision}: {choice}"
    WHO = ("chair",)

    decision: Slug
    choice: Literal["for", "against"]
    reason: Prose


class DecisionTakenUnderMandate(Event, frozen=True, kw_only=True):
    """The holder of a mandate decides on the spot for the body that gave it."""

    SENTENCE = "Over {decision} is beslist onder mandaat {mandate}: {outcome}"
    WHO = ("mandate-holder",)

    decision: Slug
    mandate: Slug
    outcome: Literal["adopted", "rejected"]
    reason: Prose


class DecisionTookForce(Event, frozen=True, kw_only=True):
    """The decision binds from now on; its effects are recorded under it."""

    SENTENCE = "Besluit {decision} is van kracht."
    WHO = ("rules",)
    AUTHORISES = True

    decision: Slug


class EffectFailed(Event, frozen=True, kw_only=True):
    """An effect had become impossible; `effect` counts from 0, `rule` is what refused it."""

    SENTENCE = "Gevolg {effect} van {decision} kon niet worden vastgelegd ({rule}): {reason}"
    WHO = ("rules",)

    decision: Slug
    effect: Count
    effect_type: Label
    rule: Label
    reason: Prose


class DecisionSuperseded(Event, frozen=True, kw_only=True):
    """Another decision takes its place; `stated_by` tells which of the two says so."""

    SENTENCE = "Besluit {decision} is vervangen door {by_decision}."
    WHO = ("rules",)

    decision: Slug
    by_decision: Slug
    stated_by: Literal["both", "successor", "predecessor"] = "both"


class DecisionRevoked(Event, frozen=True, kw_only=True):
    """The decision no longer holds and nothing replaces it."""

    SENTENCE = "Besluit {decision} is ingetrokken: {reason}"
    WHO = ("decision",)

    decision: Slug
    reason: Prose


class DecisionExecuted(Event, frozen=True, kw_only=True):
    """What was decided has been carried through."""

    SENTENCE = "Besluit {decision} is uitgevoerd: {evidence}"
    WHO = ("chain-manager", "chain-office", "line-manager")

    decision: Slug
    evidence: Prose


class DecisionRecorded(Event, frozen=True, kw_only=True):
    """A decision taken before or outside the ledger, labelled with where it comes from.

    Either imported from a source, or a deviation from the rules with its reason and who
    accepted it. `status_label` and `topics` are the source's own words; `evidence` is what shows
    this in the source, such as a revision.
    """

    SENTENCE = "Besluit {decision} is overgenomen: {title} ({status_label})"
    WHO = ("chain-office", "chain-manager", "member")
    CREATES = "decision"

    decision: NewSlug = ""
    body: OptionalSlug = ""
    subject: OptionalSlug = ""
    title: Label
    kind: Annotated[str, Meta(max_length=100)] = ""
    text: Text = ""
    topics: Annotated[tuple[Label, ...], Meta(max_length=20)] = ()
    proposed_on: OptionalDate = ""
    proposers: Annotated[tuple[PersonId, ...], Meta(max_length=200)] = ()
    sponsors: Annotated[tuple[PersonId, ...], Meta(max_length=200)] = ()
    status: Status
    status_label: Annotated[str, Meta(max_length=100)] = ""
    decided_at: OptionalInstant = ""
    mandate: OptionalSlug = ""
    cites: Citations = ()
    documents: Documents = ()
    reference: Annotated[str, Meta(max_length=500)] = ""
    evidence: Annotated[str, Meta(max_length=200)] = ""
    deviation: Text = ""
    accepted_by: Annotated[tuple[PersonId, ...], Meta(max_length=200)] = ()


class DecisionStatusRecorded(Event, frozen=True, kw_only=True):
    """A decision taken over from elsewhere got another status there; the source's word is kept.

    `resolved_on` is the day the source itself gives for the resolution, where it gives one.
    """

    SENTENCE = "Besluit {decision} heeft status {status_label} ({status})."
    WHO = ("chain-office", "chain-manager")

    decision: Slug
    status: Status
    status_label: Annotated[str, Meta(max_length=100)] = ""
    resolved_on: OptionalDate = ""
    mandate: OptionalSlug = ""
    reference: Annotated[str, Meta(max_length=500)] = ""
    evidence: Annotated[str, Meta(max_length=200)] = ""


class SupersessionRecorded(Event, frozen=True, kw_only=True):
    """History says that one decision replaced another, and which of the two says so."""

    SENTENCE = "Volgens {stated_by} is {decision} vervangen door {by_decision}."
    WHO = ("chain-office", "chain-manager")

    decision: Slug
    by_decision: Slug
    stated_by: Literal["both", "successor", "predecessor"]


class OutcomeDisputed(Event, frozen=True, kw_only=True):
    """Somebody says that reality was otherwise than the computed outcome; both stand."""

    SENTENCE = "De uitkomst van {decision} wordt betwist: {reason}"
    WHO = ("anyone",)

    decision: Slug
    claimed: Label
    reason: Prose
    documents: Documents = ()
