"""How an agreement stands on a day: which version holds, who keeps it, how it changed.

Works on what was found, without asking the database.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from ledger.domain.values import day_start, within
from projections.agreement_folds import missing_signatures, open_breaches
from projections.differences import field_differences, text_differences
from projections.things import picked
from projections.views import Doc
from projections.whole import resting_on

OF_A_VERSION: Final = (
    "version", "parties", "indicators", "amountCents", "openMatters", "text", "document",
)  # fmt: skip
COMPARED: Final = (
    "parties", "indicators", "amountCents", "openMatters", "document", "validFrom", "validUntil",
)  # fmt: skip
IN_TIME: Final = ("measurements", "breaches", "excuses", "implementation", "nonCompliance")
"""What happened under an agreement, told up to the day."""


def stand(item: Doc, day: str) -> None:
    """Tell which version holds on a day, and the status that the days of its terms bring.

    Reads `terms`, `validUntil` and `terminatedOn` of the item.
    """
    agreed: list[Doc] = item.get("terms", [])
    until = item.get("validUntil", "")
    holding = version_on(agreed, until, day)
    item["valid"] = holding is not None
    if holding is not None:
        item["inForceVersion"] = holding["version"]
        if item.get("status") == "proposed":
            since = min(one["validFrom"] for one in agreed)
            item |= {"status": "in-force", "statusSince": day_start(since)}
    over = bool(until) and until <= day
    if over and item.get("status", "") in ("proposed", "in-force"):
        ended = "terminated" if item.get("terminatedOn") == until else "expired"
        item |= {"status": ended, "statusSince": day_start(until)}


def version_on(agreed: list[Doc], until: str, day: str) -> Doc | None:
    """Return the term of the version that holds on a day: the newest that has begun, or None."""
    begun = [one for one in agreed if one["validFrom"] <= day]
    if not begun or (until and until <= day):
        return None
    last = begun[-1]
    in_term = within(day, start=last["validFrom"], until=last.get("validUntil", ""))
    return last if in_term else None


def show(doc: Doc, day: str) -> None:
    """Put what holds on the day where a reader looks first, and how the parties keep it.

    Where no version holds then, the last one is shown, and `valid` is false.
    """
    if "terminated" in doc:
        doc["terminatedOn"] = doc["terminated"]["validUntil"]
    stand(doc, day)
    _only_until(doc, day)
    _show_signatures(doc)
    doc["waitsFor"] = missing_signatures(doc)
    doc["openBreaches"] = open_breaches(doc)
    _note(doc, "ended", _ended(doc, day))
    versions: list[Doc] = doc.get("versions", [])
    number = doc.get("inForceVersion")
    shown = next((one for one in versions if one["version"] == number), [{}, *versions][-1])
    doc |= picked(shown, *OF_A_VERSION)
    doc["indicators"] = [_indicator(doc, one) for one in shown.get("indicators", [])]
    doc["implementation"] = [_keeping(doc, shown, name) for name in shown.get("parties", [])]
    for before, after in pairwise(versions):
        after["changes"] = differences(before, after)


def differences(before: Doc, after: Doc) -> Doc:
    """Return how a version differs from the one before it, in its fields and in its text."""
    return {
        "since": before["version"],
        "fields": field_differences(before, after, COMPARED),
        "text": text_differences(before.get("text", ""), after.get("text", "")),
    }


def _only_until(doc: Doc, day: str) -> None:
    """Leave out what happened after the day; a version and its signatures tell of their term."""
    for name in IN_TIME:
        if name in doc:
            doc[name] = [one for one in doc[name] if one["on"][:10] <= day]
    for breach in doc.get("breaches", []):
        for later in ("excused", "restored"):
            if later in breach and breach[later]["on"][:10] > day:
                del breach[later]


def _show_signatures(doc: Doc) -> None:
    """Say of each signature under which mandate it was set, and which decision put the text."""
    for version in doc.get("versions", []):
        for signature in version["signatures"]:
            _note(signature, "mandate", resting_on(signature, "mandate"))
        _note(version, "decision", resting_on(version.get("put", {}), "decision"))
    _note(doc, "decision", resting_on(doc.get("proposed", {}), "decision"))


def _note(doc: Doc, field: str, value: object) -> None:
    """Fill in a field, where there is something to fill in."""
    if value:
        doc[field] = value


def _ended(doc: Doc, day: str) -> Doc | None:
    """Tell how and when it ended, or will end as somebody said; None while it just runs."""
    until = doc.get("validUntil", "")
    if "terminated" in doc and doc["terminatedOn"] <= (until or doc["terminatedOn"]):
        return {"how": "terminated", **doc["terminated"]}
    if until and until <= day:
        return {"how": "expired", "validUntil": until, **doc.get("expired", {})}
    return None


def _indicator(doc: Doc, indicator: Doc) -> Doc:
    """Tell of an indicator what was measured, when it was missed, and whether it is now."""
    name = indicator["name"]
    measured = [one for one in doc.get("measurements", []) if one["indicator"] == name]
    breaches = [one for one in doc.get("breaches", []) if one["indicator"] == name]
    missed = any("restored" not in one for one in breaches)
    state = "breached" if missed else "kept" if measured else "unmeasured"
    return {**indicator, "state": state, "measurements": measured, "breaches": breaches}


def _keeping(doc: Doc, version: Doc, party: str) -> Doc:
    """Tell of a party whether it signed, carried it through in its line, and kept it."""
    confirmed = [one for one in doc.get("implementation", []) if one.get("organisation") == party]
    agreed, until = doc.get("terms", []), doc.get("validUntil", "")
    for one in confirmed:
        then = version_on(agreed, until, one["on"][:10])
        _note(one, "version", then and then["version"])
    missed = [one for one in doc.get("nonCompliance", []) if one["organisation"] == party]
    return {
        "organisation": party,
        "signed": any(one["organisation"] == party for one in version["signatures"]),
        "confirmed": any(one.get("version") == version["version"] for one in confirmed),
        "confirmations": confirmed,
        "nonCompliance": missed,
    }
