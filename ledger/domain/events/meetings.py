"""Events of meetings: convened with an agenda, attended in person, held, minuted."""

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from ledger.domain.values import (
    Document,
    Event,
    Instant,
    Label,
    NewSlug,
    OptionalSlug,
    PersonId,
    Position,
    Prose,
    Slug,
    Text,
)


class AgendaItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One point of an agenda, about a proposal or not."""

    subject: Label
    decision: OptionalSlug = ""


Agenda = Annotated[tuple[AgendaItem, ...], Meta(max_length=100)]
Documents = Annotated[tuple[Document, ...], Meta(max_length=100)]


class MeetingConvened(Event, frozen=True, kw_only=True):
    """A body is called together; every seat is invited and has the documents."""

    SENTENCE = "{body} is bijeengeroepen voor {starts_at}."
    WHO = ("chair", "chain-manager", "chain-office", "member")
    CREATES = "meeting"

    meeting: NewSlug = ""
    body: Slug
    starts_at: Instant
    place: Annotated[str, Meta(max_length=200)] = ""
    agenda: Agenda = ()
    documents: Documents = ()


class AgendaItemAdded(Event, frozen=True, kw_only=True):
    """A point comes on the agenda, by hand or because a rule demands it (`origin`, a position)."""

    SENTENCE = "Op de agenda van {meeting}: {subject}"
    WHO = ("chair", "chain-manager", "chain-office", "member")

    meeting: Slug
    subject: Label
    decision: OptionalSlug = ""
    origin: Position | None = None


class AgendaItemPlanned(Event, frozen=True, kw_only=True):
    """A point waits for the next meeting of a body (`origin` is the position that demands it)."""

    SENTENCE = "Voor de volgende vergadering van {body}: {subject}"
    WHO = ("rules",)

    body: Slug
    subject: Label
    origin: Position


class AttendanceRecorded(Event, frozen=True, kw_only=True):
    """A seat is present, in the person of its holder or of somebody the rule allows."""

    SENTENCE = "{person} is aanwezig voor zetel {seat} bij {meeting}."
    WHO = ("chair", "chain-manager", "chain-office", "seat")

    meeting: Slug
    seat: Slug
    person: PersonId


class SubstituteRefused(Event, frozen=True, kw_only=True):
    """Somebody came in a holder's place and was not admitted as such; at most as a listener."""

    SENTENCE = "De vervanging van zetel {seat} door {person} bij {meeting} is geweigerd: {reason}"
    WHO = ("chair", "chain-manager", "chain-office")

    meeting: Slug
    seat: Slug
    person: PersonId
    stayed_as: Literal["left", "listener"]
    reason: Prose


class MeetingHeld(Event, frozen=True, kw_only=True):
    """The meeting took place."""

    SENTENCE = "De vergadering {meeting} is gehouden."
    WHO = ("chair", "chain-manager", "chain-office")

    meeting: Slug
    summary: Text = ""
    decisions: Annotated[tuple[Slug, ...], Meta(max_length=100)] = ()
    actions: Annotated[tuple[Slug, ...], Meta(max_length=100)] = ()


class MeetingCancelled(Event, frozen=True, kw_only=True):
    """The meeting does not take place."""

    SENTENCE = "De vergadering {meeting} gaat niet door: {reason}"
    WHO = ("chair", "chain-manager", "chain-office")

    meeting: Slug
    reason: Prose


class MinutesAdopted(Event, frozen=True, kw_only=True):
    """The minutes are adopted, fixed by their digest."""

    SENTENCE = "Het verslag van {meeting} is vastgesteld."
    WHO = ("chair", "chain-manager", "chain-office", "decision")

    meeting: Slug
    minutes: Document


MeetingEvent = (
    MeetingConvened
    | AgendaItemAdded
    | AgendaItemPlanned
    | AttendanceRecorded
    | SubstituteRefused
    | MeetingHeld
    | MeetingCancelled
    | MinutesAdopted
)
EVENTS: tuple[type[Event], ...] = get_args(MeetingEvent)
BY_RULES: tuple[type[Event], ...] = (AgendaItemPlanned,)
