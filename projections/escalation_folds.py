"""What each record adds to an escalation, a bottleneck and a ladder.

    {"escalation", "rungs": [{"rung", "arrived", "received", "dueAt", "expired", "left"}],
     "bypasses", "politicalDecisions", "resolved", "closed", …}

A step is one stay on a rung: an escalation that was sent back may stand on the same rung again.
"""

from __future__ import annotations

from typing import Any

from ledger.domain.events import escalations as e
from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.decisions import ProposalSubmitted
from ledger.domain.events.memory import LessonRecorded
from ledger.domain.values import RULES, Event, Header
from projections.adding import appended, linked
from projections.things import Fold, Ids, Part, fields, ids, mark, plain, position_id, stamp
from projections.views import Doc


def _raised(doc: Doc, event: e.EscalationRaised, header: Header) -> None:
    doc |= fields(event, "bottleneck", "subject", "reason", "urgency", "jointly_by", "documents")
    doc |= {"oneSided": event.one_sided, "fromRung": event.from_rung, "raised": stamp(header)}
    _arrived(doc, event.to_rung, header, how="raised", reason=event.reason)
    mark(doc, header, "raised")


def _arrived(doc: Doc, rung: int, header: Header, *, how: str, reason: str) -> None:
    """Go to a rung: what was before it is left, and its term no longer runs."""
    arrived: Doc = {"how": how, "reason": reason, **stamp(header)}
    if header.by == RULES:
        arrived["byItself"] = True
    _left(doc, {**arrived, "toRung": rung})
    doc.setdefault("rungs", []).append({"rung": rung, "arrived": arrived})
    doc["rung"] = rung


def _left(doc: Doc, left: Doc) -> None:
    steps = doc.get("rungs", [])
    if steps:
        steps[-1].setdefault("left", left)
    doc.pop("dueAt", None)


def _moved(how: str) -> Fold:
    def fold(doc: Doc, event: Any, header: Header) -> None:
        _arrived(doc, event.to_rung, header, how=how, reason=event.reason)
        mark(doc, header, how)

    return fold


def _step(doc: Doc, rung: int) -> Doc:
    """Return the stay on a rung; who may not see how it came there still sees that it did."""
    steps: list[Doc] = doc.setdefault("rungs", [])
    if not steps or steps[-1]["rung"] != rung:
        steps.append({"rung": rung})
        doc["rung"] = rung
    return steps[-1]


def _received(doc: Doc, event: e.EscalationReceived, header: Header) -> None:
    _step(doc, event.rung)["received"] = stamp(header)
    mark(doc, header, "received")


def _term_set(doc: Doc, event: e.EscalationTermSet, _header: Header) -> None:
    _step(doc, event.rung)["dueAt"] = event.due_at
    doc["dueAt"] = event.due_at


def _term_expired(doc: Doc, event: e.EscalationTermExpired, header: Header) -> None:
    _step(doc, event.rung)["expired"] = stamp(header)


def _unprepared(doc: Doc, _event: e.HorizontalAttemptMissing, header: Header) -> None:
    doc["horizontalAttemptMissing"] = stamp(header)


def _bypassed(doc: Doc, event: e.EmergencyBypassInvoked, header: Header) -> None:
    skipped = list(range(doc.get("rung", -1) + 1, event.to_rung))
    bypass = {**fields(event, "authority", "to_rung", "reason"), "skipped": skipped}
    doc.setdefault("bypasses", []).append({**bypass, **stamp(header)})
    _arrived(doc, event.to_rung, header, how="emergency", reason=event.reason)
    mark(doc, header, "forwarded")


def _resolved(doc: Doc, event: e.EscalationResolved, header: Header) -> None:
    doc["resolved"] = {**fields(event, "decision", "solution"), **stamp(header)}
    _left(doc, {"how": "resolved", **stamp(header)})
    mark(doc, header, "resolved")


def _closed(doc: Doc, event: e.EscalationClosed, header: Header) -> None:
    doc["closed"] = {"lesson": event.lesson, **stamp(header)}
    mark(doc, header, "closed")


_OWN: Ids = ids("escalation")
ESCALATION_PARTS: dict[type[Event], Part] = {
    e.EscalationRaised: Part(_OWN, _raised),
    e.HorizontalAttemptMissing: Part(_OWN, _unprepared),
    e.EscalationReceived: Part(_OWN, _received),
    e.EscalationTermSet: Part(_OWN, _term_set),
    e.EscalationSentBack: Part(_OWN, _moved("sent-back")),
    e.EscalationForwarded: Part(_OWN, _moved("forwarded")),
    e.EscalationTermExpired: Part(_OWN, _term_expired),
    e.EmergencyBypassInvoked: Part(_OWN, _bypassed),
    e.PoliticalDecisionReceived: Part(
        _OWN,
        appended("politicalDecisions", "authority_name", "text", "reference", "document"),
    ),
    e.EscalationResolved: Part(_OWN, _resolved),
    e.EscalationClosed: Part(_OWN, _closed),
    ProposalSubmitted: Part(_OWN, linked("proposals", "decision")),
    ActionAssigned: Part(_OWN, linked("actions", "action")),
    LessonRecorded: Part(_OWN, linked("lessons", "lesson")),
}


def _signalled(doc: Doc, event: e.BottleneckSignalled, header: Header) -> None:
    doc |= fields(event, "subject", "interface", "organisations", "impact")
    doc["signalled"] = stamp(header)
    mark(doc, header, "signalled")


def _led_to(doc: Doc, event: e.EscalationRaised, header: Header) -> None:
    linked("escalations", "escalation")(doc, event, header)
    mark(doc, header, "raised")


BOTTLENECK_PARTS: dict[type[Event], Part] = {
    e.BottleneckSignalled: Part(ids("bottleneck"), _signalled),
    e.HorizontalResolutionAttempted: Part(
        ids("bottleneck"), appended("attempts", "organisations", "result")
    ),
    e.EscalationRaised: Part(ids("bottleneck"), _led_to),
}


def _adopted(doc: Doc, event: e.EscalationLadderAdopted, header: Header) -> None:
    doc["rungs"] = numbered(event.rungs)
    doc["horizontalFirst"] = event.horizontal_first
    doc["adopted"] = stamp(header)


def numbered(rungs: tuple[e.Rung, ...]) -> list[Doc]:
    """Return the rungs of a ladder from the work floor up, each with its number."""
    return [{"rung": number, **plain(rung)} for number, rung in enumerate(rungs)]


LADDER_PARTS: dict[type[Event], Part] = {
    e.EscalationLadderAdopted: Part(position_id, _adopted),
}
