"""What each record adds to an agreement: versions, signatures, measurements, and how it is kept.

    {"agreement", "versions": [{"version", "parties", "signatures", "inForce", …}],
     "measurements": […], "breaches": [{…, "excused", "restored"}], "statuses": […], …}

A version lies before its parties until all have signed; the one in force stays so meanwhile. A
version that gave way before it was signed by all stays visible as `replaced`.
"""

from __future__ import annotations

from typing import Any

from ledger.domain.events import agreements as a
from ledger.domain.events.actions import ActionAssigned
from ledger.domain.values import Event, Header, day_start
from projections.adding import appended, linked
from projections.things import Ids, Part, fields, ids, mark, stamp
from projections.views import Doc

TEXT = (
    "text", "document", "parties", "indicators", "amount_cents", "open_matters", "valid_from",
    "valid_until",
)  # fmt: skip


def _proposed(doc: Doc, event: a.AgreementProposed, header: Header) -> None:
    if doc["agreement"] != event.agreement:
        doc.setdefault("framed", []).append(event.agreement)
        return
    doc |= fields(event, "kind", "title", "subjects", "parent", "provider", "consumer")
    doc["proposed"] = stamp(header)
    _new_version(doc, event, header)
    mark(doc, header, "proposed")


def _new_version(doc: Doc, event: Any, header: Header) -> Doc:
    versions: list[Doc] = doc.setdefault("versions", [])
    if versions and "inForce" not in versions[-1]:
        versions[-1]["replaced"] = {"position": header.position, "on": header.on}
    number = versions[-1]["version"] + 1 if versions else 1
    version: Doc = {"version": number, "signatures": [], "put": stamp(header)}
    versions.append({**version, **fields(event, *TEXT)})
    return versions[-1]


def _amended(doc: Doc, event: a.AgreementAmended, header: Header) -> None:
    _new_version(doc, event, header)["reason"] = event.reason


def _version(doc: Doc, number: int) -> Doc:
    """Return a version by its number; who may not see its text still sees that there was one."""
    versions: list[Doc] = doc.setdefault("versions", [])
    for version in versions:
        if version["version"] == number:
            return version
    unseen: Doc = {"version": number, "signatures": []}
    versions.append(unseen)
    versions.sort(key=lambda one: int(one["version"]))
    return unseen


def _signed(doc: Doc, event: a.AgreementSigned, header: Header) -> None:
    signature = {"organisation": event.organisation, **stamp(header)}
    _version(doc, event.version)["signatures"].append(signature)


def _in_force(doc: Doc, event: a.AgreementEnteredIntoForce, header: Header) -> None:
    first = not terms(doc)
    version = _version(doc, event.version)
    version |= {"inForce": {"signatories": list(event.signatories), **stamp(header)}}
    version["validFrom"] = event.valid_from
    if first:
        mark(doc, header, "in-force", on=max(header.on, day_start(event.valid_from)))


def _terminated(doc: Doc, event: a.AgreementTerminated, header: Header) -> None:
    doc["terminated"] = {**fields(event, "organisation", "valid_until", "reason"), **stamp(header)}
    # What was not in force ends at once.
    ends = max(header.on, day_start(event.valid_until)) if terms(doc) else header.on
    mark(doc, header, "terminated", on=ends)
    # A first day that was still to come does not bring it to life again.
    ahead = [one["on"] for one in doc["statuses"] if one["on"] > ends]
    if ahead:
        mark(doc, header, "terminated", on=max(ahead))


def _expired(doc: Doc, _event: a.AgreementExpired, header: Header) -> None:
    doc["expired"] = stamp(header)
    if doc.get("terminated", {}).get("validUntil", "9999-12-31") > header.day:
        mark(doc, header, "expired")


def _measured(doc: Doc, event: a.ServiceLevelMeasured, header: Header) -> None:
    entry = fields(event, "indicator", "period", "measured", "organisation")
    doc.setdefault("measurements", []).append({**entry, "met": True, **stamp(header)})


def _breached(doc: Doc, event: a.ServiceLevelBreached, header: Header) -> None:
    breach = fields(event, "indicator", "period", "measured", "target")
    doc.setdefault("breaches", []).append({**breach, **stamp(header)})
    for measurement in doc.get("measurements", []):
        if measurement["position"] == header.cause:
            measurement["met"] = False


def _excused(doc: Doc, event: a.BreachExcused, header: Header) -> None:
    """Put the excuse with the last breach of the indicator, which stays visible."""
    excuse = {**fields(event, "indicator", "organisation", "reason"), **stamp(header)}
    for breach in reversed(doc.get("breaches", [])):
        if breach["indicator"] == event.indicator:
            breach["excused"] = excuse
            return
    doc.setdefault("excuses", []).append(excuse)


def _restored(doc: Doc, event: a.ServiceLevelRestored, header: Header) -> None:
    restored = {**fields(event, "indicator", "period", "measured"), **stamp(header)}
    doc.setdefault("restorations", []).append(restored)
    for breach in doc.get("breaches", []):
        if breach["indicator"] == event.indicator and "restored" not in breach:
            breach["restored"] = {**fields(event, "period", "measured"), **stamp(header)}


_OWN: Ids = ids("agreement")
PARTS: dict[type[Event], Part] = {
    a.AgreementProposed: Part(ids("agreement", "parent"), _proposed),
    a.AgreementAmended: Part(_OWN, _amended),
    a.AgreementSigned: Part(_OWN, _signed),
    a.AgreementEnteredIntoForce: Part(_OWN, _in_force),
    a.AgreementTerminated: Part(_OWN, _terminated),
    a.AgreementExpired: Part(_OWN, _expired),
    a.ServiceLevelMeasured: Part(_OWN, _measured),
    a.ServiceLevelBreached: Part(_OWN, _breached),
    a.BreachExcused: Part(_OWN, _excused),
    a.ServiceLevelRestored: Part(_OWN, _restored),
    a.ImplementationConfirmed: Part(_OWN, appended("implementation", "organisation", "note")),
    a.NonComplianceSignalled: Part(_OWN, appended("nonCompliance", "organisation", "finding")),
    ActionAssigned: Part(_OWN, linked("actions", "action")),
}


def terms(doc: Doc) -> list[Doc]:
    """Return the term of every version that all its parties signed, in order of version."""
    shown = ("version", "validFrom", "validUntil")
    return [
        {name: one[name] for name in shown if name in one}
        for one in doc.get("versions", [])
        if "inForce" in one
    ]


def ends_on(doc: Doc) -> str:
    """Return the first day on which nothing of it holds any more; empty is open."""
    agreed = terms(doc)
    term = agreed[-1].get("validUntil", "") if agreed else ""
    ended = doc.get("terminated", {}).get("validUntil", "")
    return min(filter(None, (term, ended)), default="")


def draft(doc: Doc) -> Doc | None:
    """Return the version that lies before its parties, or None."""
    versions: list[Doc] = doc.get("versions", [])
    return versions[-1] if versions and "inForce" not in versions[-1] else None


def missing_signatures(doc: Doc) -> list[str]:
    """Return the parties that have not signed what lies before them."""
    before = draft(doc) or {}
    signed = {one["organisation"] for one in before.get("signatures", [])}
    return [name for name in before.get("parties", []) if name not in signed]


def open_breaches(doc: Doc) -> list[Doc]:
    """Return the breaches after which nothing was measured that reached the target."""
    return [one for one in doc.get("breaches", []) if "restored" not in one]
