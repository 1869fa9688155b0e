"""Events of escalations: a bottleneck goes up the ladder rung by rung until it is solved."""

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from ledger.domain.values import (
    Days,
    Document,
    Event,
    Instant,
    Label,
    NewSlug,
    OptionalSlug,
    Prose,
    Slug,
    Text,
)

RungNumber = Annotated[int, Meta(ge=0, le=20)]
Organisations = Annotated[tuple[Slug, ...], Meta(max_length=200)]


class Rung(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One step of the ladder: who deals with it and within how many days (0: no term)."""

    name: Label
    term_days: Days
    forwards_by_itself: bool = False


class EscalationLadderAdopted(Event, frozen=True, kw_only=True):
    """The chain's own ladder; rung 0 is the first in the list."""

    SENTENCE = "De escalatieladder is vastgesteld, met {rungs} als treden."
    WHO = ("decision",)

    rungs: Annotated[tuple[Rung, ...], Meta(min_length=2, max_length=20)]
    horizontal_first: Literal["warn", "require"] = "warn"


class BottleneckSignalled(Event, frozen=True, kw_only=True):
    """Somebody sees a bottleneck in the chain."""

    SENTENCE = "Knelpunt {bottleneck}: {subject}"
    WHO = ("anyone", "service-account")
    CREATES = "bottleneck"

    bottleneck: NewSlug = ""
    subject: Prose
    interface: Annotated[str, Meta(max_length=200)] = ""
    organisations: Organisations = ()
    impact: Text = ""


class HorizontalResolutionAttempted(Event, frozen=True, kw_only=True):
    """The people concerned tried to solve it among themselves first."""

    SENTENCE = "Horizontaal overleg over {bottleneck} door {organisations}: {result}"
    WHO = ("anyone",)

    bottleneck: Slug
    organisations: Organisations
    result: Prose


class EscalationRaised(Event, frozen=True, kw_only=True):
    """A matter is put on a rung of the ladder, jointly or flagged as one-sided."""

    SENTENCE = "Escalatie {escalation} naar trede {to_rung}: {reason}"
    WHO = ("anyone",)
    CREATES = "escalation"

    escalation: NewSlug = ""
    bottleneck: OptionalSlug = ""
    subject: Label
    reason: Prose
    urgency: Literal["normal", "high", "emergency"] = "normal"
    from_rung: RungNumber
    to_rung: RungNumber
    jointly_by: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=200)]
    one_sided: bool = False
    documents: Annotated[tuple[Document, ...], Meta(max_length=50)] = ()


class HorizontalAttemptMissing(Event, frozen=True, kw_only=True):
    """The ladder was climbed without a recorded attempt to solve it horizontally."""

    SENTENCE = "Bij {escalation} is geen horizontaal overleg vastgelegd."
    WHO = ("rules",)

    escalation: Slug


class EscalationReceived(Event, frozen=True, kw_only=True):
    """The rung takes the matter in hand; its term starts to run."""

    SENTENCE = "Escalatie {escalation} is ontvangen op trede {rung}."
    WHO = ("chain-manager", "chain-coordinator", "chain-office", "line-manager", "member")

    escalation: Slug
    rung: RungNumber


class EscalationTermSet(Event, frozen=True, kw_only=True):
    """Until when the rung has to deal with it, from the ladder in force."""

    SENTENCE = "De termijn van {escalation} op trede {rung} loopt tot {due_at}."
    WHO = ("rules",)

    escalation: Slug
    rung: RungNumber
    due_at: Instant


class EscalationSentBack(Event, frozen=True, kw_only=True):
    """The rung returns the matter to the one below."""

    SENTENCE = "Escalatie {escalation} is teruggestuurd naar trede {to_rung}: {reason}"
    WHO = ("chain-manager", "chain-coordinator", "line-manager", "member")

    escalation: Slug
    to_rung: RungNumber
    reason: Prose


class EscalationForwarded(Event, frozen=True, kw_only=True):
    """The matter goes one rung up, by somebody or by itself when the ladder says so."""

    SENTENCE = "Escalatie {escalation} gaat naar trede {to_rung}: {reason}"
    WHO = ("chain-manager", "chain-coordinator", "line-manager", "member")

    escalation: Slug
    to_rung: RungNumber
    reason: Prose


class EscalationTermExpired(Event, frozen=True, kw_only=True):
    """The rung did not deal with it within its term."""

    SENTENCE = "De termijn van {escalation} op trede {rung} is verstreken."
    WHO = ("rules",)

    escalation: Slug
    rung: RungNumber


class EmergencyBypassInvoked(Event, frozen=True, kw_only=True):
    """Rungs are skipped in an emergency, which is a use of doorzettingsmacht (`authority`)."""

    SENTENCE = "Noodroute voor {escalation} naar trede {to_rung}: {reason}"
    WHO = ("override-holder",)

    escalation: Slug
    authority: Slug
    to_rung: RungNumber
    reason: Prose


class PoliticalDecisionReceived(Event, frozen=True, kw_only=True):
    """The politically responsible person decided; the office records what came in."""

    SENTENCE = "Politiek besluit over {escalation} van {authority_name}: {text}"
    WHO = ("chain-office", "chain-manager")

    escalation: Slug
    authority_name: Label
    text: Prose
    reference: Label
    document: Document | None = None


class EscalationResolved(Event, frozen=True, kw_only=True):
    """The matter is solved, by a decision (`decision`) or by a solution in words."""

    SENTENCE = "Escalatie {escalation} is opgelost {decision}: {solution}"
    WHO = ("chain-manager", "chain-coordinator", "line-manager", "member")

    escalation: Slug
    decision: OptionalSlug = ""
    solution: Text = ""


class EscalationClosed(Event, frozen=True, kw_only=True):
    """The escalation is closed and leaves its lesson to the chain memory.

    The lesson's subject is the bottleneck, or the escalation where no bottleneck was named.
    """

    SENTENCE = "Escalatie {escalation} is gesloten; geleerd: {lesson}"
    WHO = ("chain-manager", "chain-office", "chain-coordinator")

    escalation: Slug
    lesson: Prose


EscalationEvent = (
    EscalationLadderAdopted
    | BottleneckSignalled
    | HorizontalResolutionAttempted
    | EscalationRaised
    | HorizontalAttemptMissing
    | EscalationReceived
    | EscalationTermSet
    | EscalationSentBack
    | EscalationForwarded
    | EscalationTermExpired
    | EmergencyBypassInvoked
    | PoliticalDecisionReceived
    | EscalationResolved
    | EscalationClosed
)
EVENTS: tuple[type[Event], ...] = get_args(EscalationEvent)
BY_RULES: tuple[type[Event], ...] = (
    HorizontalAttemptMissing,
    EscalationTermSet,
    EscalationTermExpired,
)
