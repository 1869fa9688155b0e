"""The next step of what is under way: a vote in an open voting, a signature, a rung further up.

Each course takes one thing at random and lists what could come next for it in the natural course of
things; the rules and the capacities decide whether it may.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ledger.domain.agreement_state import Agreement
from ledger.domain.decision_state import Decision
from ledger.domain.escalation_state import Escalation
from ledger.domain.mandates import Mandate
from ledger.domain.meetings import Meeting
from ledger.domain.reviews import Review
from ledger.domain.service_accounts import ServiceAccount
from ledger.domain.signing_keys import SigningKey
from ledger.domain.values import within
from tests.properties.world import World

Body = dict[str, Any]
Thing = TypeVar("Thing")
REASON = "omdat het zo is afgesproken"


def _of_one(
    world: World,
    things: Mapping[str, Thing],
    steps: Callable[[World, str, Thing], list[Body]],
) -> list[Body]:
    """Return the next steps of the first of these things, in a random order, that has any."""
    names = world.pick.sample(sorted(things), len(things))
    return next((found for name in names if (found := steps(world, name, things[name]))), [])


def _decisions(world: World) -> list[Body]:
    return _of_one(world, world.state.decisions.all, _decision)


def _votings(world: World) -> list[Body]:
    votings = {name: one for name, one in world.state.decisions.all.items() if one.status == "open"}
    return _of_one(world, votings, _decision)


def _decision(world: World, name: str, one: Decision) -> list[Body]:
    match one.status:
        case "proposed" if not one.imported:
            return [_opening(world, name, one)]
        case "open":
            mandated = _mandated(world, name, one) if world.chance(10) else []
            return mandated or _voting(world, name, one)
        case "tied":
            choice = world.one(("for", "against"))
            broken = {"type": "TieBroken", "decision": name, "choice": choice, "reason": REASON}
            return [broken, _opening(world, name, one)]
        case "deferred":
            return [_opening(world, name, one)] if world.chance(20) else []
        case _:
            return _afterwards(world, name, one) if world.chance(20) else []


def _afterwards(world: World, name: str, one: Decision) -> list[Body]:
    """Carry a decision out or take it back; tell how one from elsewhere went on."""
    own = {"decision": name}
    if one.imported:
        status = world.one(("open", "adopted", "in-force", "executed", "revoked"))
        return [{"type": "DecisionStatusRecorded", **own, "status": status}]
    return [
        {"type": "DecisionExecuted", **own, "evidence": REASON},
        {"type": "DecisionRevoked", **own, "reason": REASON},
        {"type": "OutcomeDisputed", **own, "claimed": "anders", "reason": REASON},
    ]


def _opening(world: World, name: str, one: Decision) -> Body:
    meetings = sorted(
        meeting for meeting, at in world.state.meetings.all.items() if at.body == one.body
    )
    chosen = world.one(meetings) if meetings and world.chance(50) else ""
    return {"type": "DeliberationOpened", "decision": name, "meeting": chosen}


def _voting(world: World, name: str, one: Decision) -> list[Body]:
    """Whoever has not voted, mostly in favour; seldom somebody again."""
    asked = world.state.decisions.deliberation(name)
    left = [elector.seat for elector in asked.electors if elector.seat not in asked.votes]
    seats = left if left and world.chance(90) else [elector.seat for elector in asked.electors]
    agreed = one.position % 10 < 6 and world.chance(95)
    choices = ("for",) if agreed else ("for", "against", "for", "against", "abstain")
    vote = {"type": "VoteCast", "decision": name}
    return [{**vote, "seat": seat, "choice": world.one(choices)} for seat in seats]


def _mandated(world: World, name: str, one: Decision) -> list[Body]:
    taken = {"type": "DecisionTakenUnderMandate", "decision": name, "reason": REASON}
    outcome = world.one(("adopted", "adopted", "rejected"))
    mandates = sorted(world.state.mandates.all.items())
    return [
        {**taken, "mandate": mandate, "outcome": outcome}
        for mandate, given in mandates
        if given.grantor == one.body or given.grantor_kind == "mandate"
    ]


def _agreements(world: World) -> list[Body]:
    return _of_one(world, world.state.agreements.all, _agreement)


def _agreement(world: World, name: str, one: Agreement) -> list[Body]:
    own = {"agreement": name}
    if one.draft is not None:
        signed = {"type": "AgreementSigned", **own, "version": one.draft.number}
        left = [party for party in one.draft.parties if party not in one.draft.signed]
        return [{**signed, "organisation": party} for party in left]
    measured = {"type": "ServiceLevelMeasured", **own, "period": "2024"}
    level = world.pick.randrange(10)
    steps: list[Body] = [
        {**measured, "indicator": indicator.name, "measured": level}
        for indicator in one.newest.indicators
    ] * 3
    steps += [
        {"type": "BreachExcused", **own, "indicator": indicator, "reason": REASON}
        for indicator in sorted(one.breaches)
    ]
    party = {**own, "organisation": world.partner()}
    steps.append({"type": "ImplementationConfirmed", **party})
    steps.append({"type": "NonComplianceSignalled", **party, "finding": REASON})
    if world.chance(10):
        until = world.date(least=0, most=40)
        return [{"type": "AgreementTerminated", **party, "validUntil": until, "reason": REASON}]
    return steps


def _escalations(world: World) -> list[Body]:
    return _of_one(world, world.state.escalations.all, _escalation)


def _escalation(world: World, name: str, one: Escalation) -> list[Body]:
    own = {"escalation": name}
    if one.status == "resolved":
        return [{"type": "EscalationClosed", **own, "lesson": REASON}]
    if one.status == "closed":
        return []
    if not one.received and world.chance(60):
        return [{"type": "EscalationReceived", **own, "rung": one.rung}]
    if one.rung == world.state.escalations.ladder_of(name).top and world.chance(60):
        decided = {"authorityName": "minister", "text": REASON, "reference": "brief"}
        return [{"type": "PoliticalDecisionReceived", **own, **decided}]
    powers = world.names("authority")
    if powers and world.chance(20):
        bypass = {"type": "EmergencyBypassInvoked", **own, "reason": REASON}
        return [{**bypass, "authority": world.one(powers), "toRung": one.rung + 2}]
    up = one.rung + (1 if world.chance(90) else 2)
    return [
        {"type": "EscalationForwarded", **own, "reason": REASON, "toRung": up},
        {"type": "EscalationForwarded", **own, "reason": REASON, "toRung": up},
        {"type": "EscalationSentBack", **own, "reason": REASON, "toRung": max(one.rung - 1, 0)},
        _resolved(world, name),
    ]


def _resolved(world: World, name: str) -> Body:
    resolved: Body = {"type": "EscalationResolved", "escalation": name}
    decisions = world.names("decision")
    if decisions and world.chance(40):
        return {**resolved, "decision": world.one(decisions)}
    return {**resolved, "solution": REASON}


def _bottlenecks(world: World) -> list[Body]:
    return _of_one(world, world.state.escalations.bottlenecks, _bottleneck)


def _bottleneck(world: World, name: str, tried: bool) -> list[Body]:
    """Talk about it among partners, or take it up the ladder."""
    together = list(dict.fromkeys(world.partner() for _ in range(3)))
    raised = {
        "type": "EscalationRaised",
        "bottleneck": name,
        "subject": "Knelpunt",
        "reason": REASON,
        "jointlyBy": together,
        "oneSided": len(together) == 1,
        "fromRung": 1,
        "toRung": 2,
    }
    talks = {"type": "HorizontalResolutionAttempted", "bottleneck": name, "result": REASON}
    return [raised] if tried else [raised, {**talks, "organisations": together}]


def _meetings(world: World) -> list[Body]:
    return _of_one(world, world.state.meetings.all, _meeting)


def _meeting(world: World, name: str, one: Meeting) -> list[Body]:
    own = {"meeting": name}
    if one.status == "held":
        minutes = {"title": "Verslag", "sha256": "e" * 64}
        return [] if one.minuted else [{"type": "MinutesAdopted", **own, "minutes": minutes}]
    if one.status == "cancelled":
        return []
    if world.chance(8):
        return [{"type": "MeetingCancelled", **own, "reason": REASON}]
    seats = [seat for seat in world.state.bodies.bodies[one.body].seats if seat not in one.present]
    if not seats or world.chance(20):
        return [{"type": "MeetingHeld", **own}]
    return [_present(world, name, world.one(seats))]


def _present(world: World, meeting: str, seat: str) -> Body:
    holdings = world.state.bodies.seats[seat].holdings
    person = holdings[-1].person if holdings and world.chance(80) else world.person()
    there = {"meeting": meeting, "seat": seat, "person": person}
    if world.chance(15):
        return {"type": "SubstituteRefused", **there, "stayedAs": "left", "reason": REASON}
    return {"type": "AttendanceRecorded", **there}


def _actions(world: World) -> list[Body]:
    left = [
        name
        for name, one in sorted(world.state.actions.all.items())
        if one.status in ("open", "overdue")
    ]
    if not left:
        return []
    own = {"action": world.one(left)}
    later_on = {"dueOn": world.date(least=1, most=90), "reason": REASON}
    return [
        {"type": "ActionCompleted", **own, "evidence": REASON},
        {"type": "ActionDelayed", **own, **later_on},
        {"type": "ActionCancelled", **own, "reason": REASON},
    ]


def _mandates(world: World) -> list[Body]:
    return _of_one(world, world.state.mandates.all, _mandate)


def _mandate(world: World, name: str, one: Mandate) -> list[Body]:
    """Accept it, pass on a part of it, make it narrower or end it."""
    part = {"subjects": list(one.scope.subjects[:1]), "maxAmountCents": world.pick.randrange(50)}
    given = {
        "type": "MandateGranted",
        "grantorKind": "mandate",
        "grantor": name,
        "holderKind": "person",
        "holder": world.person(),
        "validFrom": max(one.start, world.day),
        "validUntil": one.until,
        "scope": part,
        "subDelegation": world.chance(70),
    }
    narrower = {"mandate": name, "scope": part, "validFrom": max(one.start, world.day)}
    ended = {"mandate": name, "validUntil": max(one.start, world.day), "reason": REASON}
    return [
        *([] if one.accepted else [{"type": "MandateAccepted", "mandate": name}]),
        *([given, given] if one.sub_delegation else []),
        {"type": "MandateRestricted", **narrower, "reason": REASON},
        *([{"type": "MandateRevoked", **ended}] if world.chance(20) else []),
    ]


def _powers(world: World) -> list[Body]:
    """Give the chain manager doorzettingsmacht; use it; look back at each use."""
    state = world.state
    if not state.mandates.overrides.authorities:
        managers = [name for name, one in state.roles.assignments.items() if one.role == MANAGER]
        given = {"type": "OverrideAuthorityGranted", "scope": "alles", "validFrom": world.day}
        emergency = {"emergencyDefinition": "de betaling stopt"}
        return [{**given, **emergency, "holder": name} for name in sorted(managers)]
    reviewed = sorted(state.mandates.overrides.exercises.items())
    review = {"type": "OverrideReviewed", "outcome": REASON, "justified": True}
    waiting: list[Body] = [{**review, "exercise": name} for name, done in reviewed if not done]
    if waiting:
        return waiting
    use = {"towards": "bd", "instruction": REASON, "emergencyReason": REASON}
    power = {"type": "OverrideAuthorityExercised", "authority": world.name("authority")}
    return [{**power, **use}] if world.chance(30) else []


MANAGER = "chain-manager"


def _seats(world: World) -> list[Body]:
    """Fill a seat that nobody holds."""
    return [
        {"type": "SeatAssigned", "seat": name, "person": world.person(), "validFrom": world.day}
        for name, one in sorted(world.state.bodies.seats.items())
        if not one.abolished and (not one.holdings or one.holdings[-1].until)
    ]


def _roles(world: World) -> list[Body]:
    """Fill the roles that nobody has today."""
    filled = {
        one.role
        for one in world.state.roles.assignments.values()
        if within(world.day, start=one.start, until=one.until)
    }
    roles = ((MANAGER, ""), ("chain-office", ""), ("chain-coordinator", world.partner()))
    free = [one for one in world.names("person") if not world.state.bodies.by_person.get(one)]
    person = world.one(free) if free and world.chance(90) else world.person()
    assigned = {"type": "RoleAssigned", "person": person, "validFrom": world.day}
    return [
        {**assigned, "role": role, "organisation": organisation}
        for role, organisation in roles
        if role not in filled
    ]


def _end(world: World) -> list[Body]:
    """Dissolve a chain that has lived a while and has nothing open."""
    state = world.state
    things = (state.decisions, state.agreements, state.escalations, state.actions)
    over = state.size > OLD and not any(one.unfinished() for one in things)
    end = {"type": "ChainDissolved", "reason": REASON, "archiveTransferPlan": REASON}
    return [end] if over and world.chance(30) else []


def _keys(world: World) -> list[Body]:
    """Accept a key that waits for it; now and then end one."""
    return _of_one(world, world.state.signing_keys.all, _key)


def _key(world: World, name: str, one: SigningKey) -> list[Body]:
    if not one.accepted and not one.until:
        return [{"type": "SigningKeyAccepted", "signingKey": name}]
    over = world.date(least=-2, most=20)
    end = {"type": "SigningKeyRevoked", "signingKey": name, "validUntil": over, "reason": REASON}
    return [end] if world.chance(20) else []


def _access(world: World) -> list[Body]:
    """Support access that waits for a second partner, use what runs, answer what was asked."""
    open_requests = {
        name: one for name, one in world.state.reviews.requests.items() if not one.answered
    }
    answers: list[Body] = [
        {"type": "EvidenceRequestAnswered", "evidenceRequest": name, "text": REASON}
        for name in sorted(open_requests)[:1]
    ]
    return answers or _of_one(world, world.state.reviews.all, _review)


def _review(world: World, name: str, one: Review) -> list[Body]:
    own = {"review": name}
    if one.ended:
        return []
    if one.granted < 0:
        others = [found for found in world.partners() if found not in one.organisations]
        return [{"type": "ReviewAccessSupported", **own, "organisation": org} for org in others]
    asked = {"type": "EvidenceRequested", **own, "question": REASON}
    partner = world.one(one.organisations)
    end = {"type": "ReviewAccessWithdrawn", **own, "organisation": partner, "reason": REASON}
    return [end] if world.chance(20) else [asked]


def _programs(world: World) -> list[Body]:
    """Let a program do something, or a partner open an account where there is none."""
    if world.chance(60):
        return []
    found = _of_one(world, world.state.service_accounts.all, _program)
    return found or [_opening_of_account(world)]


def _opening_of_account(world: World) -> Body:
    return {
        "type": "ServiceAccountOpened",
        "organisation": world.partner(),
        "purpose": REASON,
        "classification": "chain",
        "eventTypes": sorted(world.state.by_programs),
        "keyDigest": f"{world.pick.randrange(2**32):064x}",
        "validFrom": world.day,
        "validUntil": world.date(least=2, most=60),
    }


def _program(world: World, name: str, one: ServiceAccount) -> list[Body]:
    """Let a program note something; now and then its key is replaced or it is revoked."""
    own = {"serviceAccount": name, "reason": REASON}
    if one.revoked:
        return []
    if world.chance(15):
        return [{"type": "ServiceAccountRevoked", **own}]
    if world.chance(30):
        digest = f"{world.pick.randrange(2**32):064x}"
        return [{"type": "ServiceKeyReplaced", **own, "keyDigest": digest}]
    note = {"target": world.position(), "label": "meting", "text": REASON}
    return [{"type": "EventAnnotated", **note}]


OLD = 60
COURSES: tuple[Callable[[World], list[Body]], ...] = (
    _decisions, _votings, _votings, _votings, _votings, _votings, _votings, _agreements,
    _escalations, _bottlenecks, _meetings, _actions, _mandates, _powers, _seats, _roles, _keys,
    _access, _programs, _end,
)  # fmt: skip
"""For each kind of thing: what could come next for one that is under way; nothing where none is."""
