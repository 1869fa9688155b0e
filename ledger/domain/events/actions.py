"""Events of actions: agreed measures, kept under watch until they are done."""

from typing import Annotated, get_args

from msgspec import Meta

from ledger.domain.values import (
    Date,
    Document,
    Event,
    Label,
    NewSlug,
    OptionalSlug,
    Prose,
    Slug,
    Text,
)


class ActionAssigned(Event, frozen=True, kw_only=True):
    """An organisation will do something, in a role, before the end of a day."""

    SENTENCE = "Actie {action} voor {organisation}: {title}, uiterlijk {due_on}."
    WHO = ("chain-manager", "chain-office", "chair", "member", "decision")
    CREATES = "action"

    action: NewSlug = ""
    title: Label
    text: Text = ""
    organisation: Slug
    role: Label
    due_on: Date
    decision: OptionalSlug = ""
    agreement: OptionalSlug = ""
    escalation: OptionalSlug = ""
    meeting: OptionalSlug = ""


class ActionCompleted(Event, frozen=True, kw_only=True):
    """The action is done; the evidence says how that can be seen."""

    SENTENCE = "Actie {action} is afgerond: {evidence}"
    WHO = ("action-owner", "chain-manager", "chain-office")

    action: Slug
    evidence: Prose
    documents: Annotated[tuple[Document, ...], Meta(max_length=50)] = ()


class ActionDelayed(Event, frozen=True, kw_only=True):
    """The action gets more time, with a reason."""

    SENTENCE = "Actie {action} is uitgesteld tot {due_on}: {reason}"
    WHO = ("action-owner", "chain-manager", "chair")

    action: Slug
    due_on: Date
    reason: Prose


class ActionCancelled(Event, frozen=True, kw_only=True):
    """The action is no longer needed."""

    SENTENCE = "Actie {action} vervalt: {reason}"
    WHO = ("chain-manager", "chair", "decision")

    action: Slug
    reason: Prose


class ActionOverdue(Event, frozen=True, kw_only=True):
    """The day has passed and the action is not done."""

    SENTENCE = "Actie {action} is over tijd."
    WHO = ("rules",)

    action: Slug


ActionEvent = ActionAssigned | ActionCompleted | ActionDelayed | ActionCancelled | ActionOverdue
EVENTS: tuple[type[Event], ...] = get_args(ActionEvent)
BY_RULES: tuple[type[Event], ...] = (ActionOverdue,)
