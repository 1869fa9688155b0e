"""Events of the chain memory: lessons, reasons given later, corrections and notes."""

from typing import Annotated, get_args

from msgspec import Meta

from ledger.domain.values import (
    Event,
    Label,
    NewSlug,
    OptionalSlug,
    Position,
    Prose,
    Quote,
    Slug,
    Text,
)

Slugs = Annotated[tuple[Slug, ...], Meta(max_length=100)]


class LessonRecorded(Event, frozen=True, kw_only=True):
    """What was the problem, how it was approached, what solved it, by which decisions."""

    SENTENCE = "Les {lesson} over {subject}: {solution}"
    WHO = ("anyone",)
    CREATES = "lesson"

    lesson: NewSlug = ""
    subject: Slug
    problem: Prose
    approach: Prose
    solution: Prose
    decisions: Slugs = ()
    escalation: OptionalSlug = ""


class RationaleAdded(Event, frozen=True, kw_only=True):
    """Why a decision was taken, told afterwards."""

    SENTENCE = "Bij besluit {decision} is achteraf toegelicht: {text}"
    WHO = ("anyone",)

    decision: Slug
    text: Prose


class RecordCorrected(Event, frozen=True, kw_only=True):
    """A clerical mistake in a record: both readings stay visible.

    `field` is a JSON Pointer (RFC 6901) into the body of the record at `target`; `was` and
    `becomes` are the two readings as text. It never changes an outcome, a date of voting or who
    acted.
    """

    SENTENCE = (
        "Gebeurtenis {target} is gecorrigeerd: er stond “{was}”, er hoort te staan “{becomes}”. "
        "{reason}"
    )
    WHO = ("chain-office", "chain-manager", "chair")

    target: Position
    field: Annotated[str, Meta(pattern=r"^(?:/(?:[^~/]|~[01])*)+(?!\n)$", max_length=200)]
    was: Quote
    becomes: Text
    reason: Prose


class EventAnnotated(Event, frozen=True, kw_only=True):
    """A note beside a record, also after its thing was closed."""

    SENTENCE = "Bij gebeurtenis {target} is aangetekend: {text}"
    WHO = ("anyone", "service-account")

    target: Position
    label: Label
    text: Prose


MemoryEvent = LessonRecorded | RationaleAdded | RecordCorrected | EventAnnotated
EVENTS: tuple[type[Event], ...] = get_args(MemoryEvent)
BY_RULES: tuple[type[Event], ...] = ()
