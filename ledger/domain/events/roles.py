"""Events of roles: who does what for the chain, from when until when."""

from typing import Annotated, Literal, get_args

from msgspec import Meta

from ledger.domain.values import (
    Date,
    Event,
    NewSlug,
    OptionalDate,
    OptionalSlug,
    PersonId,
    Prose,
    Slug,
    Text,
)

RoleKind = Literal[
    "chain-manager",
    "chain-coordinator",
    "line-manager",
    "chain-office",
    "reviewer",
    "archivist",
    "auditor",
    "ecosystem-manager",
    "representative",
    "other",
]
OF_AN_ORGANISATION = ("chain-coordinator", "line-manager", "representative")
"""Roles that an organisation fills itself."""


class RoleAssigned(Event, frozen=True, kw_only=True):
    """Somebody gets a role. `label` names a role of the chain's own making (kind `other`).

    The organisation's own people are appointed by that organisation; everybody else by decision.
    """

    SENTENCE = "{person} is {role} {label} {organisation} vanaf {valid_from}."
    WHO = ("decision",)
    CREATES = "assignment"

    assignment: NewSlug = ""
    role: RoleKind
    label: Annotated[str, Meta(max_length=200)] = ""
    person: PersonId
    organisation: OptionalSlug = ""
    result_obligation: Text = ""
    valid_from: Date
    valid_until: OptionalDate = ""

    def who(self) -> tuple[str, ...]:
        """Return the capacities that may record it: an organisation appoints its own people."""
        return ("partner", "decision") if self.role in OF_AN_ORGANISATION else self.WHO


class RoleEnded(Event, frozen=True, kw_only=True):
    """A role ends; `valid_until` is the first day without it."""

    SENTENCE = "De rol {assignment} eindigt per {valid_until}: {reason}"
    WHO = ("partner", "self", "decision")

    assignment: Slug
    valid_until: Date
    reason: Prose


RoleEvent = RoleAssigned | RoleEnded
EVENTS: tuple[type[Event], ...] = get_args(RoleEvent)
BY_RULES: tuple[type[Event], ...] = ()
