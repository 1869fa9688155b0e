"""Decisions: proposed with their effects, deliberated, voted on; the outcome follows by the rule.

    proposed -> open -> adopted -> in-force -> superseded | revoked | executed
             -> withdrawn       -> rejected | lapsed
                        tied, deferred -> open again

`decision_state.py` holds what a decision is and becomes, `outcomes.py` what follows from votes and
from time; here is what may be recorded. Rules D1 to D25.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ledger.domain import (
    bodies,
    competence,
    decision_state,
    escalation_state,
    mandates,
    meetings,
    outcomes,
    people,
)
from ledger.domain.decision_state import UNDECIDED, VALID, Decisions, known
from ledger.domain.events.chains import ObjectiveAdopted, ObjectiveRevised
from ledger.domain.events.decisions import (
    AdviceAnswered,
    AdviceIssued,
    DeadlineExtended,
    DecisionEvent,
    DeliberationOpened,
    DissentRecorded,
    EarlierDecisionNotCited,
    ElectorateFixed,
    ProposalAmended,
    ProposalSubmitted,
    ProposalWithdrawn,
    VoteCast,
)
from ledger.domain.events.outcomes import (
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
    EffectFailed,
    OutcomeDisputed,
    SupersessionRecorded,
    TieBroken,
)
from ledger.domain.rule import Rule
from ledger.domain.values import Header, Refused, later, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("D1", "Een besluit krijgt een kenmerk dat nog niet in gebruik is.", "default"),
    Rule("D2", "Een voorstel gaat naar een werkend overleg met stemhebbende zetels.", "[S] K:1049"),
    Rule("D3", "Wie een besluit noemt, noemt een bestaand besluit.", "default"),
    Rule("D4", "Een voorstel noemt eerdere besluiten, niet zichzelf.", "[S] K:1463-1470"),
    Rule("D5", "De gevolgen van een voorstel zijn mogelijk als het wordt ingediend.", "default"),
    Rule("D6", "Een voorstel wijzigt en opent alleen voordat er een uitkomst is.", "default"),
    Rule(
        "D7",
        "Tussen uitnodiging of indiening en opening ligt de afgesproken termijn.",
        "[S] K:1118",
    ),
    Rule("D8", "Gestemd wordt zolang de stemming open is.", "default"),
    Rule("D9", "Alleen een zetel uit het vastgestelde kiescollege stemt.", "default"),
    Rule("D10", "Een besluit vervangt een geldend besluit, en dat één keer.", "[S] K:1463-1470"),
    Rule(
        "D11", "De voorzitter beslist alleen als de stemmen staken en de regel dat zegt.", "default"
    ),
    Rule(
        "D12", "Beslissen onder mandaat blijft binnen een mandaat van dit overleg.", "[S] K:726-745"
    ),
    Rule("D13", "Intrekken kan alleen voordat er een uitkomst is.", "default"),
    Rule("D14", "Alleen een geldend besluit wordt ingetrokken of uitgevoerd.", "default"),
    Rule(
        "D15",
        "Een besluit van elders heeft een bron, of een afwijking met wie haar aanvaardde.",
        "[S] K:276-279",
    ),
    Rule("D16", "Een status overnemen kan alleen bij een overgenomen besluit.", "default"),
    Rule("D17", "Betwist wordt een uitkomst die er is.", "default"),
    Rule("D18", "Een antwoord op advies wijst een eerdere vastlegging aan.", "[S] K:826-830"),
    Rule("D19", "Een afwijkend standpunt komt van een zetel van dit overleg.", "default"),
    Rule(
        "D20",
        "Over de keten beslist een strategisch overleg, een ander overleg over zichzelf.",
        "[S] K:1118-1129",
    ),
    Rule("D21", "Een genoemde vergadering is van dit overleg en niet afgelast.", "default"),
    Rule("D22", "Wie stemt, is houder van de zetel of een toegelaten vervanger.", "[S] K:975"),
    Rule(
        "D23", "Over een voorstel dat onder mandaat wordt beslist, wordt niet gestemd.", "default"
    ),
    Rule("D24", "Over de ketendoelstelling beslissen alle partners, eensgezind.", "[S] K:886-905"),
    Rule("D25", "Een stap in een besluit ligt niet voor de vorige stap.", "default"),
)

__all__ = ["FOLLOWS", "RULES", "Decisions", "check", "due", "evolve", "follow", "known"]

FOLLOWS = outcomes.FOLLOWS
ALARMS = "alarms"
STEPS = frozenset(
    {
        ProposalAmended,
        ProposalWithdrawn,
        DeliberationOpened,
        TieBroken,
        DecisionTakenUnderMandate,
        DecisionSuperseded,
        DecisionRevoked,
        DecisionExecuted,
    }
)
"""What brings a decision further, or to its end."""
evolve = decision_state.evolve
follow = outcomes.follow
due = outcomes.due


def check(chain: ChainState, event: DecisionEvent, header: Header) -> None:
    """Refuse what the procedure does not allow. Consequences come from the rules themselves."""
    if type(event) in STEPS:
        _in_order(chain, event.decision, header)
    match event:  # what comes most stands first
        case VoteCast():
            _vote_cast(chain, event, header)
        case DecisionAdopted() | DecisionTookForce() | ElectorateFixed() | DecisionRejected():
            known(chain, event.decision)
        case DeliberationOpened():
            _deliberation_opened(chain, event, header)
        case ProposalSubmitted():
            _proposal_submitted(chain, event)
        case ProposalAmended():
            _proposal_amended(chain, event)
        case ProposalWithdrawn():
            _standing(chain, event.decision, UNDECIDED, "D13")
        case DissentRecorded():
            _dissent_recorded(chain, event, header)
        case AdviceAnswered():
            _advice_answered(chain, event, header)
        case TieBroken():
            _tie_broken(chain, event)
        case DecisionTakenUnderMandate():
            _taken_under_mandate(chain, event, header)
        case DecisionSuperseded():
            _standing(chain, event.decision, VALID, "D10")
        case DecisionRevoked():
            _standing(chain, event.decision, VALID, "D14")
        case DecisionExecuted():
            _standing(chain, event.decision, VALID, "D14")
            waits = event.decision in chain.decisions.pending
            require(not waits, "D14", f"{event.decision} is nog niet van kracht")
        case DecisionRecorded():
            _decision_recorded(chain, event, header)
        case DecisionStatusRecorded():
            _status_recorded(chain, event)
        case SupersessionRecorded():
            known(chain, event.decision)
            known(chain, event.by_decision)
        case OutcomeDisputed():
            _outcome_disputed(chain, event)
        case AdviceIssued() | EarlierDecisionNotCited() | DeadlineExtended() | EffectFailed():
            known(chain, event.decision)
        case DecisionTied() | DecisionLapsed() | DecisionDeferred():
            known(chain, event.decision)
        case _:
            assert_never(event)


def _standing(chain: ChainState, name: str, wanted: frozenset[str], rule: str) -> None:
    status = known(chain, name).status
    require(status in wanted, rule, f"{name} staat op {status}")


def _in_order(chain: ChainState, decision: str, header: Header) -> None:
    """However late it is recorded, nothing happens between two steps that are already told."""
    now = known(chain, decision)
    in_order = now.status_on <= header.on
    require(in_order, "D25", f"{decision} staat al sinds {now.status_on} op {now.status}")


def _new(chain: ChainState, decision: str) -> None:
    free = decision not in chain.decisions.all
    require(free, "D1", f"het kenmerk {decision} is al van een ander besluit")


def _proposal_submitted(chain: ChainState, event: ProposalSubmitted) -> None:
    _new(chain, event.decision)
    body = chain.bodies.bodies.get(event.body)
    if body is None or body.ended:
        raise Refused("D2", f"overleg {event.body} bestaat niet of werkt niet meer")
    seats = bodies.voting_seats(chain, body)
    require(seats, "D2", f"overleg {event.body} heeft geen stemhebbende zetels")
    prepared = not event.prepared_by or event.prepared_by in chain.bodies.bodies
    require(prepared, "D2", f"overleg {event.prepared_by}, dat het voorbereidde, bestaat niet")
    if event.escalation:
        escalation_state.known(chain, event.escalation)
    _cited(chain, event.decision, event, body=event.body)
    competence.about_effects(chain, event.body, event.effects)


def _proposal_amended(chain: ChainState, event: ProposalAmended) -> None:
    _standing(chain, event.decision, frozenset({"proposed", "deferred"}), "D6")
    own = not known(chain, event.decision).imported
    require(own, "D6", f"{event.decision} is overgenomen en hier nooit voorgelegd")
    body = known(chain, event.decision).body
    _cited(chain, event.decision, event, body=body)
    competence.about_effects(chain, body, event.effects)


def _cited(
    chain: ChainState, decision: str, event: ProposalSubmitted | ProposalAmended, *, body: str
) -> None:
    for cited in event.cites:
        require(cited.decision != decision, "D4", f"{decision} noemt zichzelf")
        status = known(chain, cited.decision).status
        valid = cited.relation != "supersedes" or status in VALID
        require(valid, "D10", f"{cited.decision} staat op {status} en geldt niet")
        own = cited.relation != "supersedes" or competence.about_decision(
            chain, body, cited.decision
        )
        require(own, "D20", f"{body} gaat niet over besluit {cited.decision}")


def _dissent_recorded(chain: ChainState, event: DissentRecorded, header: Header) -> None:
    body = bodies.seat_of(chain, event.seat, header.day).body
    decided = known(chain, event.decision).body
    require(body == decided, "D19", f"zetel {event.seat} hoort bij {body}, niet {decided}")


def _advice_answered(chain: ChainState, event: AdviceAnswered, header: Header) -> None:
    known(chain, event.decision)
    before = event.advice < header.position
    require(before, "D18", f"gebeurtenis {event.advice} is er nog niet")


def _outcome_disputed(chain: ChainState, event: OutcomeDisputed) -> None:
    status = known(chain, event.decision).status
    require(status not in ("proposed", "open"), "D17", f"{event.decision} is nog {status}")


def _deliberation_opened(chain: ChainState, event: DeliberationOpened, header: Header) -> None:
    decision = known(chain, event.decision)
    fresh = decision.status in ("proposed", "deferred", "tied") and not decision.imported
    require(fresh, "D6", f"{event.decision} staat op {decision.status}")
    version = outcomes.version_for(chain, event.decision, moment=header.on)
    told_at = chain.decisions.deliberation(event.decision).submitted_at
    if event.meeting:
        meeting = meetings.known(chain, event.meeting)
        fits = meeting.body == decision.body and meeting.status != "cancelled"
        require(fits, "D21", f"{event.meeting} is van {meeting.body} ({meeting.status})")
        told_at = max(told_at, meeting.convened_at)
    earliest = later(told_at, days=version.rule.notice_days)
    in_time = earliest <= header.on
    require(in_time, "D7", f"openen kan vanaf {earliest}, niet op {header.on}")


def _vote_cast(chain: ChainState, event: VoteCast, header: Header) -> None:
    # Votes come by the hundred, so a reason is put into words only where there is one to give.
    decision, seat, day = known(chain, event.decision), event.seat, header.day
    if decision.status != "open":
        raise Refused("D8", f"{event.decision} staat op {decision.status}")
    if decision.status_on > header.on:
        raise Refused("D8", f"de stemming is geopend op {decision.status_on}")
    asked = chain.decisions.deliberation(event.decision)
    if header.on >= asked.deadline:
        raise Refused("D8", f"de stemming sloot op {asked.deadline}")
    newer = asked.voted_on.get(seat, "")
    if newer > header.on:
        raise Refused("D25", f"zetel {seat} stemde daarna nog, op {newer}")
    if asked.rule is not None and asked.rule.kind == "under-mandate":
        raise Refused("D23", f"over {event.decision} beslist een mandaathouder")
    if not asked.elects(seat):
        raise Refused("D9", f"zetel {seat} hoort niet bij het kiescollege")
    if chain.roles.holds(header.by, "chain-office", day):
        raise Refused("G14", f"{header.by} werkt bij het ketenbureau")
    term = bodies.holder(bodies.seat_of(chain, seat, day), day)
    in_person = term is not None and term.person == header.by
    if not in_person and not decision.substitution:
        raise Refused("D22", f"{header.by} is op {day} niet de houder van {seat}")


def _tie_broken(chain: ChainState, event: TieBroken) -> None:
    decision = known(chain, event.decision)
    rule = chain.decisions.deliberation(event.decision).rule
    by_chair = decision.status == "tied" and rule is not None and rule.tie == "chair"
    require(by_chair, "D11", f"{event.decision} staat op {decision.status}")


def _taken_under_mandate(
    chain: ChainState, event: DecisionTakenUnderMandate, header: Header
) -> None:
    decision = known(chain, event.decision)
    undecided = decision.status in UNDECIDED
    require(undecided, "D6", f"{event.decision} staat op {decision.status}")
    effects = chain.decisions.deliberation(event.decision).effects
    joint = any(isinstance(one, ObjectiveAdopted | ObjectiveRevised) for one in effects)
    require(not joint, "D24", f"{event.decision} gaat over de ketendoelstelling")
    scope = mandates.reach(chain, event.mandate, header.day)
    if scope is None:
        raise Refused("D12", f"{event.mandate} reikt op {header.day} nergens toe")
    root = mandates.root(chain, event.mandate)
    own = root.grantor_kind == "body" and root.grantor == decision.body
    require(own, "D12", f"{event.mandate} komt niet van {decision.body}")
    level = chain.bodies.bodies[decision.body].level
    covered = mandates.covers(
        scope,
        subjects=(decision.subject,),
        amount_cents=decision.amount_cents,
        level=level,
    )
    require(covered, "D12", f"{event.mandate} dekt {decision.subject} op niveau {level} niet")


def _decision_recorded(chain: ChainState, event: DecisionRecorded, header: Header) -> None:
    _new(chain, event.decision)
    explained = header.source is not None or (event.deviation and event.accepted_by)
    require(explained, "D15", "zonder bron ontbreekt de reden of wie de afwijking aanvaardde")
    for person in (*event.proposers, *event.sponsors, *event.accepted_by):
        people.known(chain, person)
    if event.body:
        exists = event.body in chain.bodies.bodies
        require(exists, "D2", f"overleg {event.body} bestaat niet")
    _mandate_named(chain, event.mandate)
    for cited in event.cites:
        known(chain, cited.decision)


def _status_recorded(chain: ChainState, event: DecisionStatusRecorded) -> None:
    taken_over = known(chain, event.decision).imported
    require(taken_over, "D16", f"{event.decision} is in deze keten zelf voorgelegd")
    _mandate_named(chain, event.mandate)


def _mandate_named(chain: ChainState, mandate: str) -> None:
    exists = not mandate or mandate in chain.mandates.all
    require(exists, "D12", f"mandaat {mandate} bestaat niet")
