"""What each record adds to a decision: proposal, rounds of voting, outcome, and what came of it.

    {"decision", "title", …, "rounds": [{"electors", "votes", …, "outcome"}], "statuses": […], …}

A round is one vote on it: a tie or a missing invitation may ask for another. A vote that was
changed keeps its earlier readings, oldest first. Nothing is ever taken out.
"""

from __future__ import annotations

from typing import Any, get_args

from ledger.domain.events import decisions as d
from ledger.domain.events import outcomes as o
from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.escalations import EscalationResolved
from ledger.domain.events.meetings import AgendaItemAdded, MeetingConvened, MeetingHeld
from ledger.domain.events.memory import LessonRecorded, RationaleAdded
from ledger.domain.values import Event, Header
from projections.things import Fold, Ids, Part, camel, fields, ids, mark, plain, stamp
from projections.views import Doc

EFFECTS = frozenset(get_args(d.Effect))
PROPOSAL = (
    "title", "problem", "text", "chain_interest", "options", "documents", "cites", "effects",
    "amount_cents", "review_on",
)  # fmt: skip


TAKEN_OVER = (
    "body", "subject", "title", "kind", "text", "topics", "proposed_on", "proposers", "sponsors",
    "status_label", "decided_at", "mandate", "cites", "documents", "reference", "evidence",
    "deviation", "accepted_by",
)  # fmt: skip


def _proposed(doc: Doc, event: d.ProposalSubmitted, header: Header) -> None:
    if doc["decision"] != event.decision:
        _cited(doc, event, header)
        return
    doc |= fields(event, "body", "subject", *PROPOSAL, "escalation", "prepared_by")
    doc["proposed"] = stamp(header)
    mark(doc, header, "proposed")


def _cited(doc: Doc, event: Any, header: Header) -> None:
    known: list[Doc] = doc.setdefault("citedBy", [])
    for citation in event.cites:
        said = (event.decision, citation.relation)
        new = said not in [(one["decision"], one["relation"]) for one in known]
        if citation.decision == doc["decision"] and new:
            cited = {"decision": event.decision, **fields(citation, "relation", "note")}
            known.append({**cited, **stamp(header)})


def _amended(doc: Doc, event: d.ProposalAmended, header: Header) -> None:
    if doc["decision"] != event.decision:
        _cited(doc, event, header)
        return
    after = fields(event, *PROPOSAL)
    names = [camel(name) for name in PROPOSAL]
    before = {name: doc.pop(name) for name in names if name in doc}
    changed = [name for name in names if before.get(name) != after.get(name)]
    doc |= after
    entry = {**stamp(header), "reason": event.reason, "changed": changed, "was": before}
    doc.setdefault("amendments", []).append(entry)


def _not_cited(doc: Doc, event: d.EarlierDecisionNotCited, header: Header) -> None:
    doc["notCited"] = {"earlier": list(event.earlier), **stamp(header)}


def _withdrawn(doc: Doc, event: d.ProposalWithdrawn, header: Header) -> None:
    doc["withdrawn"] = {"reason": event.reason, **stamp(header)}
    mark(doc, header, "withdrawn")


def _opened(doc: Doc, event: d.DeliberationOpened, header: Header) -> None:
    doc.setdefault("rounds", []).append({"opened": stamp(header), **fields(event, "meeting")})


def _round(doc: Doc) -> Doc:
    """Return the round of voting that is going on, or the last one."""
    rounds: list[Doc] = doc.setdefault("rounds", [])
    if not rounds:
        rounds.append({})
    return rounds[-1]


def _electorate(doc: Doc, event: d.ElectorateFixed, header: Header) -> None:
    if "electors" in _round(doc):
        doc["rounds"].append({})
    _round(doc).update(
        rule=event.rule,
        parameters=plain(event.parameters),
        electors=plain(event.electors),
        deadline=event.deadline,
        votes=[],
        **fields(event, "not_invited"),
    )
    mark(doc, header, "open")


def _voted(doc: Doc, event: d.VoteCast, header: Header) -> None:
    votes: list[Doc] = _round(doc).setdefault("votes", [])
    vote: Doc = {"seat": event.seat, **fields(event, "choice", "reason"), **stamp(header)}
    for number, before in enumerate(votes):
        if before["seat"] == event.seat:
            earlier: list[Doc] = before.pop("earlier", [])
            earlier.append(before)
            votes[number] = {**vote, "earlier": earlier}
            return
    votes.append(vote)


def _extended(doc: Doc, event: d.DeadlineExtended, header: Header) -> None:
    now = _round(doc)
    extension = {"was": now.get("deadline", ""), **fields(event, "deadline", "reason")}
    now.setdefault("extensions", []).append({**extension, **stamp(header)})
    now["deadline"] = event.deadline


def _dissent(doc: Doc, event: d.DissentRecorded, header: Header) -> None:
    doc.setdefault("dissents", []).append({**fields(event, "seat", "reason"), **stamp(header)})


def _advice(doc: Doc, event: d.AdviceIssued, header: Header) -> None:
    doc.setdefault("advice", []).append({**fields(event, "weight", "text"), **stamp(header)})


def _advice_answered(doc: Doc, event: d.AdviceAnswered, header: Header) -> None:
    answer = {"accepted": event.accepted, "reason": event.reason, **stamp(header)}
    for advice in doc.get("advice", []):
        if advice["position"] == event.advice:
            advice["answer"] = answer
            return
    doc.setdefault("answers", []).append({"advice": event.advice, **answer})


def _outcome(status: str) -> Fold:
    def fold(doc: Doc, event: o.Outcome, header: Header) -> None:
        found = fields(event, "rule", "tally", "because", *_only_in(event))
        _round(doc)["outcome"] = {"outcome": status, **found, **stamp(header)}
        mark(doc, header, status)

    return fold


def _only_in(event: o.Outcome) -> tuple[str, ...]:
    return tuple(name for name in ("in_force_at", "resolved_by") if hasattr(event, name))


def _tie_broken(doc: Doc, event: o.TieBroken, header: Header) -> None:
    _round(doc)["tieBroken"] = {**fields(event, "choice", "reason"), **stamp(header)}


def _under_mandate(doc: Doc, event: o.DecisionTakenUnderMandate, header: Header) -> None:
    doc["mandate"] = event.mandate
    doc["takenUnderMandate"] = {**fields(event, "mandate", "outcome", "reason"), **stamp(header)}
    mark(doc, header, event.outcome)


def _took_force(doc: Doc, _event: o.DecisionTookForce, header: Header) -> None:
    doc["inForce"] = stamp(header)
    mark(doc, header, "in-force")


def _effect_failed(doc: Doc, event: o.EffectFailed, header: Header) -> None:
    failed = {"effect": event.effect, **fields(event, "effect_type", "rule", "reason")}
    doc.setdefault("effectsFailed", []).append({**failed, **stamp(header)})


def effect_recorded(doc: Doc, event: Event, header: Header) -> None:
    """Note what was recorded under a decision: the event's type, and the thing it made, if any."""
    force = doc.get("inForce", {}).get("position", -1)
    if header.cause != force or type(event) not in EFFECTS:
        return
    made = event.CREATES
    entry: Doc = {"position": header.position, "on": header.on, "type": type(event).__name__}
    if made:
        entry |= {"kind": made, "id": getattr(event, made)}
    doc.setdefault("effectsRecorded", []).append(entry)


def _superseded(doc: Doc, event: o.DecisionSuperseded, header: Header) -> None:
    _replaced(doc, event, header)
    if doc["decision"] == event.decision:
        mark(doc, header, "superseded")


def _replaced(doc: Doc, event: Any, header: Header) -> None:
    """Show a replacement on both decisions, and which of the two says so."""
    said = {**fields(event, "stated_by"), "oneSided": event.stated_by != "both", **stamp(header)}
    if doc["decision"] == event.decision:
        doc.setdefault("supersededBy", []).append({"decision": event.by_decision, **said})
    else:
        doc.setdefault("supersedes", []).append({"decision": event.decision, **said})


def _revoked(doc: Doc, event: o.DecisionRevoked, header: Header) -> None:
    doc["revoked"] = {"reason": event.reason, **stamp(header)}
    mark(doc, header, "revoked")


def _executed(doc: Doc, event: o.DecisionExecuted, header: Header) -> None:
    doc["executed"] = {"evidence": event.evidence, **stamp(header)}
    mark(doc, header, "executed")


def _recorded(doc: Doc, event: o.DecisionRecorded, header: Header) -> None:
    if doc["decision"] != event.decision:
        _cited(doc, event, header)
        return
    doc |= fields(event, *TAKEN_OVER)
    doc["recorded"] = stamp(header)
    mark(doc, header, event.status, label=event.status_label)


def _status_recorded(doc: Doc, event: o.DecisionStatusRecorded, header: Header) -> None:
    mark(doc, header, event.status, label=event.status_label)
    doc["statuses"][-1] |= fields(event, "resolved_on", "mandate", "reference", "evidence")
    if event.mandate:
        doc["mandate"] = event.mandate


def _disputed(doc: Doc, event: o.OutcomeDisputed, header: Header) -> None:
    found = fields(event, "claimed", "reason", "documents")
    doc.setdefault("disputes", []).append({**found, **stamp(header)})


def _explained(doc: Doc, event: RationaleAdded, header: Header) -> None:
    doc.setdefault("rationale", []).append({"text": event.text, **stamp(header)})


def _link(field: str, name: str) -> Fold:
    """Note under `field` which other thing spoke of this decision, once each."""

    def fold(doc: Doc, event: Any, _header: Header) -> None:
        found: list[str] = doc.setdefault(field, [])
        if getattr(event, name) not in found:
            found.append(getattr(event, name))

    return fold


def _with_cited(event: Any, _header: Header) -> list[str]:
    return [event.decision, *(citation.decision for citation in event.cites)]


def _on_agenda(event: MeetingConvened, _header: Header) -> list[str]:
    return [item.decision for item in event.agenda if item.decision]


_OWN: Ids = ids("decision")
_BOTH: Ids = ids("decision", "by_decision")

PARTS: dict[type[Event], Part] = {
    d.ProposalSubmitted: Part(_with_cited, _proposed),
    d.EarlierDecisionNotCited: Part(_OWN, _not_cited),
    d.ProposalAmended: Part(_with_cited, _amended),
    d.ProposalWithdrawn: Part(_OWN, _withdrawn),
    d.DeliberationOpened: Part(_OWN, _opened),
    d.ElectorateFixed: Part(_OWN, _electorate),
    d.VoteCast: Part(_OWN, _voted, quiet=True),
    d.DeadlineExtended: Part(_OWN, _extended),
    d.DissentRecorded: Part(_OWN, _dissent),
    d.AdviceIssued: Part(_OWN, _advice),
    d.AdviceAnswered: Part(_OWN, _advice_answered),
    o.DecisionAdopted: Part(_OWN, _outcome("adopted")),
    o.DecisionRejected: Part(_OWN, _outcome("rejected")),
    o.DecisionTied: Part(_OWN, _outcome("tied")),
    o.DecisionLapsed: Part(_OWN, _outcome("lapsed")),
    o.DecisionDeferred: Part(_OWN, _outcome("deferred")),
    o.TieBroken: Part(_OWN, _tie_broken),
    o.DecisionTakenUnderMandate: Part(_OWN, _under_mandate),
    o.DecisionTookForce: Part(_OWN, _took_force),
    o.EffectFailed: Part(_OWN, _effect_failed),
    o.DecisionSuperseded: Part(_BOTH, _superseded),
    o.SupersessionRecorded: Part(_BOTH, _replaced),
    o.DecisionRevoked: Part(_OWN, _revoked),
    o.DecisionExecuted: Part(_OWN, _executed),
    o.DecisionRecorded: Part(_with_cited, _recorded),
    o.DecisionStatusRecorded: Part(_OWN, _status_recorded),
    o.OutcomeDisputed: Part(_OWN, _disputed),
    RationaleAdded: Part(_OWN, _explained),
    LessonRecorded: Part(ids("decisions"), _link("lessons", "lesson"), quiet=True),
    ActionAssigned: Part(_OWN, _link("actions", "action"), quiet=True),
    EscalationResolved: Part(_OWN, _link("solves", "escalation"), quiet=True),
    MeetingHeld: Part(ids("decisions"), _link("meetings", "meeting"), quiet=True),
    MeetingConvened: Part(_on_agenda, _link("meetings", "meeting"), quiet=True),
    AgendaItemAdded: Part(_OWN, _link("meetings", "meeting"), quiet=True),
}
