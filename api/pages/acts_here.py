"""Shortcuts: what the person who looks at a thing may do with it, each a form already filled in.

    {% import "acts.html" as acts with context %}    {{ acts.here("decision", decision.decision) }}

Offered is what the state of the thing allows and for which the person has a capacity now, by the
same rules of who may record that count when it is recorded. Whoever is not signed in, or looks at
another moment than now, is offered nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlencode

from msgspec import Struct

from api.pages.act_form import draft, header_of, state_of
from api.pages.act_titles import TITLES
from api.pages.site import Asked
from ledger import catalogue, policy
from ledger.domain import bodies
from ledger.domain.chain import ChainState
from ledger.domain.values import NotAllowed

Fields = dict[str, Any]
Test = Callable[[Any], bool]


def _always(_: Any) -> bool:
    return True


def _while(*statuses: str) -> Test:
    return lambda thing: thing.status in statuses


def _held(seat: Any) -> bool:
    return bool(seat.holdings) and not seat.holdings[-1].until


class Act(Struct, frozen=True):
    """An event type that can be about a thing, and what the thing has to be like for it."""

    type: str
    when: Test = _always


class Link(Struct, frozen=True):
    """A shortcut as the page shows it."""

    title: str
    href: str


OFFERED: Final[dict[str, tuple[Act, ...]]] = {
    "decision": (
        Act("VoteCast", _while("open")),
        Act("DeliberationOpened", _while("proposed", "deferred")),
        Act("TieBroken", _while("tied")),
        Act("ProposalAmended", _while("proposed")),
        Act("DecisionTakenUnderMandate", _while("proposed")),
        Act("AdviceIssued", _while("proposed", "open")),
        Act("ProposalWithdrawn", _while("proposed", "open", "deferred")),
        Act("DissentRecorded", _while("open", "adopted", "in-force")),
        Act("DecisionExecuted", _while("in-force")),
        Act("OutcomeDisputed", _while("adopted", "rejected", "in-force", "lapsed", "executed")),
        Act("RationaleAdded", _while("adopted", "in-force", "executed", "rejected")),
    ),
    "agreement": (
        Act("AgreementSigned", lambda one: one.draft is not None),
        Act("ServiceLevelMeasured", lambda one: one.kind == "service-level"),
        Act("ImplementationConfirmed", _while("in-force")),
        Act("NonComplianceSignalled", _while("in-force")),
        Act("AgreementAmended", _while("in-force")),
        Act("AgreementTerminated", _while("in-force")),
    ),
    "action": (
        Act("ActionCompleted", _while("open", "overdue")),
        Act("ActionDelayed", _while("open", "overdue")),
        Act("ActionCancelled", _while("open", "overdue")),
    ),
    "escalation": (
        Act("EscalationReceived", lambda one: one.status == "open" and not one.received),
        Act("EscalationResolved", _while("open")),
        Act("EscalationForwarded", _while("open")),
        Act("EscalationSentBack", _while("open")),
        Act("PoliticalDecisionReceived", _while("open")),
        Act("EscalationClosed", _while("resolved")),
    ),
    "meeting": (
        Act("AgendaItemAdded", _while("convened")),
        Act("AttendanceRecorded", _while("convened")),
        Act("MeetingHeld", _while("convened")),
        Act("MeetingCancelled", _while("convened")),
        Act("MinutesAdopted", _while("held")),
    ),
    "mandate": (
        Act("MandateAccepted", lambda one: not one.accepted),
        Act("MandateRestricted"),
        Act("MandateRevoked"),
    ),
    "authority": (Act("OverrideAuthorityExercised"),),
    "bottleneck": (Act("HorizontalResolutionAttempted"), Act("EscalationRaised")),
    "body": (Act("ProposalSubmitted"), Act("MeetingConvened"), Act("ChairTermStarted")),
    "seat": (
        Act("SeatAssigned", lambda seat: not _held(seat)),
        Act("SeatVacated", _held),
        Act("CommitmentDeclared", _held),
    ),
    "assignment": (Act("RoleEnded"),),
    "review": (
        Act("ReviewAccessSupported", lambda one: one.granted < 0 and not one.ended),
        Act("EvidenceRequested", lambda one: one.granted >= 0 and not one.ended),
        Act("ReviewAccessWithdrawn", lambda one: not one.ended),
    ),
    "serviceAccount": (
        Act("ServiceKeyReplaced", lambda one: not one.revoked),
        Act("ServiceAccountRevoked", lambda one: not one.revoked),
    ),
    "evidenceRequest": (Act("EvidenceRequestAnswered", lambda one: not one.answered),),
}
"""What can be done with a thing, by its kind, the most usual first."""

THINGS: Final[dict[str, Callable[[ChainState], Any]]] = {
    "decision": lambda chain: chain.decisions.all,
    "agreement": lambda chain: chain.agreements.all,
    "action": lambda chain: chain.actions.all,
    "escalation": lambda chain: chain.escalations.all,
    "meeting": lambda chain: chain.meetings.all,
    "mandate": lambda chain: chain.mandates.all,
    "authority": lambda chain: chain.mandates.overrides.authorities,
    "bottleneck": lambda chain: chain.escalations.bottlenecks,
    "body": lambda chain: chain.bodies.bodies,
    "seat": lambda chain: chain.bodies.seats,
    "assignment": lambda chain: chain.roles.assignments,
    "review": lambda chain: chain.reviews.all,
    "evidenceRequest": lambda chain: chain.reviews.requests,
    "serviceAccount": lambda chain: chain.service_accounts.all,
}

ENDS: Final = {
    "mandate": "until",
    "authority": "until",
    "assignment": "until",
    "body": "ended",
    "seat": "abolished",
}
"""Where a thing says from which day on it is no more; empty is open."""


def acts_on(asked: Asked, kind: str, name: str) -> list[Link]:
    """Return what the reader may do now with a thing, each with the address of its form."""
    if not asked.reader.person or not asked.as_of.now or kind not in OFFERED:
        return []
    state = state_of(asked)
    thing = THINGS[kind](state).get(name)
    if thing is None or over(kind, thing, asked.view.now[:10]):
        return []
    found = []
    for act in OFFERED[kind]:
        given = _given(state, asked, act, kind, name) if act.when(thing) else None
        if given is not None:
            title = asked.language.text(TITLES[act.type])
            href = f"/ketens/{quote(asked.chain)}/vastleggen/{act.type}?{urlencode(given)}"
            found.append(Link(title, href))
    return found


def over(kind: str, thing: Any, day: str) -> bool:
    """Whether a thing that has a last day is behind it: nothing can be done with it any more."""
    end = str(getattr(thing, ENDS[kind])) if kind in ENDS else ""
    return bool(end) and end <= day


def _given(state: ChainState, asked: Asked, act: Act, kind: str, name: str) -> Fields | None:
    """Return the fields of a form that are known for this person; None where they may not."""
    header = header_of(state, asked, asked.reader.person)
    wanted = catalogue.find(act.type).kind
    for given in _candidates(state, asked, act, {kind: name}):
        try:
            policy.lawful(state, draft(wanted, given), header)
        except NotAllowed:
            continue
        return given
    return None


def _candidates(state: ChainState, asked: Asked, act: Act, given: Fields) -> list[Fields]:
    """Return in which ways a form could be filled in: by seat, by organisation, or only so."""
    names = set(catalogue.find(act.type).kind.__struct_fields__)
    person, today = asked.reader.person, asked.view.now[:10]
    seats = [name for name, _ in bodies.seats_held(state, person, today)]
    if "seat" in names and "seat" not in given and "decision" in given:
        body = state.decisions.all[given["decision"]].body
        return [{**given, "seat": one} for one in seats if state.bodies.seats[one].body == body]
    if act.type == "AgreementSigned":
        newest = state.agreements.all[given["agreement"]].newest
        unsigned = [one for one in newest.parties if one not in newest.signed]
        return [{**given, "organisation": one, "version": newest.number} for one in unsigned]
    if "organisation" in names and "organisation" not in given:
        roles = [one.organisation for one in state.roles.held(person, today)]
        mine = dict.fromkeys([*roles, *(state.bodies.seats[one].organisation for one in seats)])
        own = [one for one in mine if one]
        if "review" in given:
            fit = _of_review(state, act, given, own, person=person)
            return [{**given, "organisation": one} for one in fit]
        return [given, *({**given, "organisation": one} for one in own)]
    return [given]


def _of_review(
    state: ChainState, act: Act, given: Fields, own: list[str], *, person: str
) -> list[str]:
    """Return for which partners somebody may support an access (a second one), or withdraw it."""
    review = state.reviews.all[given["review"]]
    if act.type == "ReviewAccessWithdrawn":
        return [one for one in own if one in review.organisations]
    if person in (review.proposer, review.reviewer):
        return []
    return [one for one in own if one not in review.organisations]
