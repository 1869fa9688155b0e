"""Fields that belong together: what makes an event of some type possible more often than not.

Nothing here is sure to be possible, and nothing has to be: the rules decide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger.domain import bodies
from ledger.domain.events.roles import OF_AN_ORGANISATION
from ledger.domain.values import later
from tests.domain.given_evidence import vkey
from tests.properties.signing import registration
from tests.properties.world import NOTHING, World

Body = dict[str, Any]

DIRECT = (
    "ActionCancelled", "AgreementTerminated", "BodyEstablished", "BodyDissolved", "BodySucceeded",
    "BodyRemitChanged", "BreachExcused", "ChainConditionDeclared", "ChairRotationAgreed",
    "DecisionRevoked", "EscalationLadderAdopted", "MandateGranted", "MandateRestricted",
    "LogKeyAnnounced", "MandateRevoked", "ObjectiveAdopted", "ObjectiveRevised",
    "OverrideAuthorityGranted", "OverrideAuthorityWithdrawn", "OverrideReviewed", "PartnerAdmitted",
    "PartnerStatusChanged", "PartnerWithdrew", "RoleAssigned", "RoleEnded", "SeatAbolished",
    "SeatAssigned", "SeatCreated", "SeatVacated", "SeatWeightSet", "ChainDissolved",
    "WitnessPolicyAdopted",
)  # fmt: skip
"""What a chain of these tests may leave to the chain manager without a decision."""


def founded(world: World) -> Body:
    """Found a chain: two to five partners, who speaks for them, what needs no decision."""
    names = world.pick.sample(("bd", "uwv", "cbs", "svb", "duo"), world.pick.randint(2, 5))
    founding: Body = {
        "type": "ChainEstablished",
        "name": "Keten",
        "origin": "chosen",
        "objective": "Samen doen wat geen van ons alleen kan.",
        "partners": [
            {
                "organisation": one,
                "name": "Organisatie " * 16 if world.chance(2) else one.upper(),
                "status": "owner",
                "representative": f"p-{one}",
            }
            for one in names
        ],
        "direct": list(DIRECT) if world.chance(50) else sorted(world.some(DIRECT, most=20)),
    }
    if world.chance(40):
        founding["logKey"] = vkey()
    if world.chance(80):
        founding["importAuthority"] = "importeur" if world.chance(70) else f"p-{names[0]}"
    return founding


def _mandate_granted(world: World) -> Body:
    kind = world.one(("organisation", "organisation", "body", "mandate"))
    grantor = world.partner() if kind == "organisation" else world.name(kind)
    holder_kind = world.one(("person", "person", "role", "seat"))
    holder = world.name("assignment" if holder_kind == "role" else holder_kind)
    filled: Body = {
        "grantorKind": kind,
        "grantor": grantor,
        "holderKind": holder_kind,
        "holder": holder,
        "subDelegation": world.chance(60),
        "validFrom": world.date(least=-5, most=5),
    }
    parent = world.state.mandates.all.get(grantor) if kind == "mandate" else None
    if parent is not None and world.chance(70):
        filled |= {"validFrom": max(parent.start, world.day), "validUntil": parent.until}
        filled["scope"] = _scope(parent.scope)
    elif world.chance(50):
        filled["scope"] = {}
    return filled


def _proposed(world: World) -> Body:
    """Ask a body that can decide."""
    voting = sorted(
        name
        for name, body in world.state.bodies.bodies.items()
        if not body.ended and bodies.voting_seats(world.state, body)
    )
    return {"body": world.one(voting)} if voting else {}


def _scope(scope: Any) -> Body:
    plain: Body = {"subjects": list(scope.subjects[:1]), "levels": list(scope.levels[:1])}
    if scope.max_amount_cents is not None:
        plain["maxAmountCents"] = scope.max_amount_cents // 2
    return plain


def _restricted(world: World) -> Body:
    return {"scope": {"subjects": ["ict"], "maxAmountCents": world.pick.randrange(300)}}


def _role_assigned(world: World) -> Body:
    role = world.one(
        ("chain-manager", "chain-office", "line-manager", "chain-coordinator", "reviewer", "other",
         "representative", "archivist", "ecosystem-manager")
    )  # fmt: skip
    own = role in OF_AN_ORGANISATION
    return {"role": role, "label": "Rol", "organisation": world.partner() if own else ""}


def _rule_adopted(world: World) -> Body:
    body, subject = world.name("body"), "ict" if world.chance(20) else ""
    versions = world.state.decision_rules.versions.get((body, subject), ())
    replaces = versions[-1].position if versions else None
    return {"body": body, "subject": subject, "replaces": replaces, "rule": a_rule(world)}


def a_rule(world: World) -> Body:
    """Make up how a body decides: all kinds, mostly sensible."""
    kind = world.one(
        ("unanimity", "consent", "majority", "majority", "majority", "qualified-majority", "tacit",
         "under-mandate")
    )  # fmt: skip
    rule: Body = {
        "kind": kind,
        "base": world.one(("cast", "present", "all-seats")),
        "weight": world.one(("equal", "seat")),
        "tie": world.one(("rejected", "revote", "chair", "chair")),
        "votingDays": world.pick.randint(1, 20),
        "reflectionDays": world.one((0, 0, 0, 5, 30)),
        "noticeDays": world.one((0, 0, 0, 2)),
        "abstentionsForQuorum": world.chance(50),
        "abstentionsInBase": world.chance(50),
        "substitution": world.chance(40),
        "allPartnersInvited": world.chance(30),
        "earlyClosing": world.one(("never", "all-voted") if kind == "tacit" else _EARLY),
    }
    if kind == "qualified-majority":
        rule["threshold"] = {"num": 2, "den": 3}
    if world.chance(40):
        rule["quorum"] = _quorum(world)
        rule["lateQuorumExtensionDays"] = world.one((0, 3))
    return rule


_EARLY = ("never", "all-voted", "outcome-fixed", "outcome-fixed")


def _quorum(world: World) -> Body:
    of = world.one(("seats", "weight", "weight-in-favour"))
    if world.chance(50):
        return {"of": of, "absolute": world.pick.randint(1, 3)}
    return {"of": of, "fraction": {"num": 1, "den": 2}}


def _agreement_proposed(world: World) -> Body:
    parties = list(world.partners())[: world.pick.randint(2, 4)]
    kind = world.one(("convenant", "convenant", "service-level", "service-level", "other"))
    filled: Body = {
        "kind": kind,
        "parties": parties,
        "validFrom": world.date(least=-3, most=3),
        "validUntil": world.date(least=20, most=400) if world.chance(60) else "",
        "parent": "",
    }
    if kind == "service-level":
        convenants = [
            name
            for name, one in sorted(world.state.agreements.all.items())
            if one.kind == "convenant"
        ]
        parent = world.one(convenants) if convenants else NOTHING
        if convenants and world.chance(90):
            parties = list(world.state.agreements.all[parent].parties)
        filled |= {"parent": parent, "parties": parties, "indicators": [INDICATOR]}
        filled |= {"provider": world.partner(), "consumer": parties[-1] if parties else ""}
    return filled


INDICATOR = {"name": "op-tijd", "unit": "promille", "target": 5, "direction": "at-least"}


def _agreement_amended(world: World) -> Body:
    name = world.name("agreement")
    before = world.state.agreements.all.get(name)
    until = world.date(least=20, most=400) if world.chance(60) else ""
    filled: Body = {"agreement": name, "parties": list(world.partners()), "validUntil": until}
    return filled | (
        {"indicators": [INDICATOR]} if before and before.kind == "service-level" else {}
    )


def _escalation_raised(world: World) -> Body:
    together = list(dict.fromkeys(world.partner() for _ in range(world.pick.randint(1, 2))))
    rung = world.pick.randrange(5)
    steps = {"fromRung": rung, "toRung": rung + (1 if world.chance(90) else 2)}
    return {"jointlyBy": together, "oneSided": len(together) == 1, **steps}


def _ladder(world: World) -> Body:
    count = world.pick.randint(2, 5)
    return {
        "rungs": [
            {"name": f"trede {number}", "termDays": world.pick.randint(0, 9)}
            | ({"forwardsByItself": True, "termDays": 4} if number < count - 1 else {})
            for number in range(count)
        ],
        "horizontalFirst": world.one(("warn", "require")),
    }


def _rotation(world: World) -> Body:
    name = world.name("body")
    body = world.state.bodies.bodies.get(name)
    seats = () if body is None else bodies.voting_seats(world.state, body, world.day)
    order = sorted({seat.organisation for _, seat in seats}) or ["bd"]
    return {"body": name, "order": order, "period": "per-meeting", "months": 0}


def _partner_admitted(world: World) -> Body:
    organisation = world.one(("svb", "duo", "rdw", "bd"))
    person = f"p-{organisation}" if world.chance(80) else world.one(world.names("person") or ["p"])
    consent = {"title": "Instemming", "sha256": "c" * 64}
    filled: Body = {"organisation": organisation, "representative": person, "consent": consent}
    return filled | ({"name": "Lange naam " * 18} if world.chance(3) else {})


def _newest_body(world: World) -> Body:
    """The body that came last ends first, so that a chain keeps one for a while."""
    names = [name for name, one in world.state.bodies.bodies.items() if not one.ended]
    every = world.state.bodies.bodies
    return {"body": max(names, key=lambda name: every[name].position)} if len(names) > 1 else {}


def _meeting_convened(world: World) -> Body:
    return {"startsAt": later(world.now, days=world.pick.randint(1, 15))}


def _recorded(world: World) -> Body:
    accepted = [world.person()] if world.chance(90) else []
    status = world.one(("proposed", "open", "adopted", "in-force", "rejected", "tied", "executed"))
    return {"deviation": "buiten de regels om", "acceptedBy": accepted, "status": status}


def _chair(world: World) -> Body:
    seat = world.name("seat")
    place = world.state.bodies.seats.get(seat)
    return {"seat": seat, "body": place.body if place else NOTHING, "skippedBecause": "ziek"}


def _corrected(world: World) -> Body:
    return {"was": "zo", "becomes": "anders"}


def _log_key(world: World) -> Body:
    return {"logKey": vkey(seed=f"sleutel-{world.pick.randrange(99)}")}


def _witness_policy(world: World) -> Body:
    names = world.state.chains.partners_on(world.day)[: world.pick.randint(0, 3)]
    witnesses = [
        {
            "organisation": one,
            "name": f"getuige-{one}",
            "verifierKey": vkey(f"getuige.{one}.example", world.one((4, 6)), seed=one),
            "url": f"https://getuige.{one}.example",
        }
        for one in names
    ]
    policies = world.state.evidence.policies
    replaces = policies[-1].position if policies else None
    quorum = world.pick.randint(0, len(names) + (1 if world.chance(5) else 0))
    return {"witnesses": witnesses, "quorum": quorum, "replaces": replaces}


def _access_proposed(world: World) -> Body:
    """Somebody without a seat, for a term that begins today or soon."""
    seated = world.state.bodies.by_person
    outside = [one for one in world.names("person") if not seated.get(one)]
    return {
        "reviewer": world.one(outside) if outside else world.person(),
        "organisation": world.partner(),
        "validFrom": world.date(least=0, most=3),
        "validUntil": world.date(least=4, most=40),
        "recordUntil": "",
    }


def _account_opened(world: World) -> Body:
    """A program of a partner, or of the chain, that may record what is open to programs."""
    return {
        "organisation": world.one((world.partner(), "")),
        "eventTypes": list(world.some(sorted(world.state.by_programs), most=3)),
        "classification": world.one(("", "public", "chain", "confidential")),
        "validFrom": world.date(least=0, most=3),
        "validUntil": world.date(least=4, most=40),
    }


LIKELY: dict[str, Callable[[World], Body]] = {
    "AgreementAmended": _agreement_amended,
    "BodyDissolved": _newest_body,
    "BodySucceeded": _newest_body,
    "AgreementProposed": _agreement_proposed,
    "ChainEstablished": founded,
    "ChairRotationAgreed": _rotation,
    "ChairTermStarted": _chair,
    "DecisionRecorded": _recorded,
    "DecisionRuleAdopted": _rule_adopted,
    "EscalationLadderAdopted": _ladder,
    "EscalationRaised": _escalation_raised,
    "LogKeyAnnounced": _log_key,
    "MandateGranted": _mandate_granted,
    "MandateRestricted": _restricted,
    "MeetingConvened": _meeting_convened,
    "PartnerAdmitted": _partner_admitted,
    "ProposalSubmitted": _proposed,
    "RecordCorrected": _corrected,
    "ReviewAccessProposed": _access_proposed,
    "RoleAssigned": _role_assigned,
    "ServiceAccountOpened": _account_opened,
    "WitnessPolicyAdopted": _witness_policy,
    "SigningKeyRegistered": registration,
}
