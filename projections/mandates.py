"""Mandates as readers find them: who may act for whom, how far, until when; and doorzettingsmacht.

A mandate that was narrowed or ended keeps what it was: an act of last year was done under the
mandate of last year. Every use of doorzettingsmacht stands on its own, with who was told and how
it was reviewed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ledger.domain.events import mandates as m
from ledger.domain.events.outcomes import (
    DecisionRecorded,
    DecisionStatusRecorded,
    DecisionTakenUnderMandate,
)
from ledger.domain.values import Header, day_start
from projections.capacities import with_capacities
from projections.items import find_many, with_status
from projections.listing import Wanted, everything, listed
from projections.names import Ref, titles
from projections.tables import text
from projections.things import (
    Kind,
    Part,
    Waiting,
    Words,
    fields,
    ids,
    listed_in,
    mark,
    picked,
    plain,
    stamp,
)
from projections.views import Conn, Doc, Page, Paging, View
from projections.whole import parts, whole

VERSION = 1
TABLE = listed_in(
    "mandates",
    text("holder"),
    text("grantor"),
    text("authority"),
    indexes=("(chain, holder, since, id)",),
)
REFERS: Final = {"organisation": "partner", "role": "assignment"}
SHOWN = ("grantorKind", "grantor", "holderKind", "holder", "scope", "subDelegation")


def _granted(doc: Doc, event: m.MandateGranted, header: Header) -> None:
    if doc["mandate"] != event.mandate:
        doc.setdefault("passedOn", []).append(event.mandate)
        return
    doc |= fields(
        event, "grantor_kind", "grantor", "holder_kind", "holder", "conditions", "valid_from",
        "valid_until",
    )  # fmt: skip
    doc["scope"] = plain(event.scope)
    doc["subDelegation"] = event.sub_delegation
    doc["granted"] = stamp(header)
    mark(doc, header, "granted", on=day_start(event.valid_from))


def _of_mandate(event: m.MandateGranted, _header: Header) -> tuple[str, ...]:
    """The new mandate, and the one it was passed on from."""
    passed_on = event.grantor_kind == "mandate"
    return (event.mandate, event.grantor) if passed_on else (event.mandate,)


def _accepted(doc: Doc, _event: m.MandateAccepted, header: Header) -> None:
    doc["accepted"] = stamp(header)


def _restricted(doc: Doc, event: m.MandateRestricted, header: Header) -> None:
    entry = {**fields(event, "valid_from", "reason"), "scope": plain(event.scope)}
    doc.setdefault("restrictions", []).append({**entry, **stamp(header)})
    mark(doc, header, "restricted", on=day_start(event.valid_from))


def _ended(doc: Doc, event: Any, header: Header) -> None:
    """Let it end on a day, unless it ended earlier already."""
    before = doc.get("validUntil", "")
    doc["validUntil"] = min(filter(None, (before, event.valid_until)))
    doc["ended"] = {"was": before, **fields(event, "valid_until", "reason"), **stamp(header)}
    mark(doc, header, "revoked", on=day_start(event.valid_until))


def _lapsed(doc: Doc, _event: m.MandateLapsed, header: Header) -> None:
    mark(doc, header, "lapsed")


def _used(doc: Doc, event: Any, header: Header) -> None:
    doc.setdefault("used", []).append({**fields(event, "decision"), **stamp(header)})


def _mandate_row(doc: Doc) -> Doc:
    summary = picked(doc, *SHOWN)
    if doc.get("restrictions"):
        summary["restrictions"] = [picked(one, "validFrom", "scope") for one in doc["restrictions"]]
    summary["accepted"] = "accepted" in doc
    return {
        **_term(doc),
        "holder": doc.get("holder", ""),
        "grantor": doc.get("grantor", ""),
        "summary": summary,
    }


def _term(doc: Doc) -> Doc:
    return {"valid_from": doc.get("validFrom", ""), "valid_until": doc.get("validUntil", "")}


MANDATE = Kind(
    name="mandate",
    table=TABLE,
    parts={
        m.MandateGranted: Part(_of_mandate, _granted),
        m.MandateAccepted: Part(ids("mandate"), _accepted),
        m.MandateRestricted: Part(ids("mandate"), _restricted),
        m.MandateRevoked: Part(ids("mandate"), _ended),
        m.MandateLapsed: Part(ids("mandate"), _lapsed),
        DecisionTakenUnderMandate: Part(ids("mandate"), _used),
        DecisionRecorded: Part(ids("mandate"), _used),
        DecisionStatusRecorded: Part(ids("mandate"), _used),
    },
    row=_mandate_row,
    words=lambda doc: Words(
        "", "\n".join([*doc.get("scope", {}).get("subjects", []), doc.get("conditions", "")])
    ),
    dated=True,
)


def _authority_granted(doc: Doc, event: m.OverrideAuthorityGranted, header: Header) -> None:
    doc |= fields(event, "holder", "scope", "emergency_definition", "valid_from", "valid_until")
    doc["granted"] = stamp(header)
    mark(doc, header, "granted", on=day_start(event.valid_from))


def _exercised(doc: Doc, event: m.OverrideAuthorityExercised, _header: Header) -> None:
    doc.setdefault("exercises", []).append(event.exercise)


AUTHORITY = Kind(
    name="authority",
    table=TABLE,
    parts={
        m.OverrideAuthorityGranted: Part(ids("authority"), _authority_granted),
        m.OverrideAuthorityExercised: Part(ids("authority"), _exercised),
        m.OverrideAuthorityWithdrawn: Part(ids("authority"), _ended),
    },
    row=lambda doc: {
        **_term(doc),
        "holder": doc.get("holder", ""),
        "authority": doc["authority"],
        "summary": picked(doc, "holder", "scope", "emergencyDefinition", "exercises"),
    },
    words=lambda doc: Words("", f"{doc.get('scope', '')}\n{doc.get('emergencyDefinition', '')}"),
    dated=True,
)


def _use(doc: Doc, event: m.OverrideAuthorityExercised, header: Header) -> None:
    doc |= fields(event, "authority", "towards", "instruction", "emergency_reason")
    doc["exercised"] = stamp(header)
    mark(doc, header, "exercised")


def _informed(doc: Doc, event: m.SeatsInformed, header: Header) -> None:
    doc["informed"] = {**fields(event, "seats", "persons"), **stamp(header)}


def _reviewed(doc: Doc, event: m.OverrideReviewed, header: Header) -> None:
    judged = {**fields(event, "outcome", "meeting"), "justified": event.justified}
    doc["review"] = {**judged, **stamp(header)}
    mark(doc, header, "reviewed")


EXERCISE = Kind(
    name="exercise",
    table=TABLE,
    parts={
        m.OverrideAuthorityExercised: Part(ids("exercise"), _use),
        m.SeatsInformed: Part(ids("exercise"), _informed),
        m.OverrideReviewed: Part(ids("exercise"), _reviewed),
    },
    row=lambda doc: {
        "valid_from": doc["since"][:10],
        "authority": doc.get("authority", ""),
        "summary": picked(doc, "authority", "towards", "instruction", "since", "review"),
    },
    words=lambda doc: Words("", f"{doc.get('instruction', '')}\n{doc.get('emergencyReason', '')}"),
    waiting=lambda doc: None if "review" in doc else Waiting(what="review"),
)
KINDS = (MANDATE, AUTHORITY, EXERCISE)


def mandates(
    connection: Conn, view: View, paging: Paging, *, holder: str = "", grantor: str = ""
) -> Page:
    """Return a page of mandates; where a day was asked for, those that hold on that day."""
    wanted = Wanted(columns={"holder": holder, "grantor": grantor})
    found = listed(connection, view, paging, MANDATE, wanted)
    _name_both(connection, view, found.items)
    for one in found.items:
        _narrow(one, view)
    return found


def mandate(connection: Conn, view: View, name: str) -> Doc:
    """Return a mandate with its restrictions, its end, and what was decided under it."""
    doc = whole(connection, view, MANDATE, name)
    _name_both(connection, view, [doc])
    _narrow(doc, view)
    doc["valid"] = _holds(doc, view.day)
    return doc


def authorities(connection: Conn, view: View, paging: Paging) -> Page:
    """Return a page of grants of doorzettingsmacht, each with every use that was made of it."""
    found = listed(connection, view, paging, AUTHORITY, Wanted())
    _name_holders(connection, view, found.items)
    for one in found.items:
        used = Wanted(columns={"authority": one["authority"]})
        one["exercises"] = everything(connection, view, EXERCISE, used)
    return found


def authority(connection: Conn, view: View, name: str) -> Doc:
    """Return one grant of doorzettingsmacht with every use that was made of it."""
    doc = whole(connection, view, AUTHORITY, name)
    _name_holders(connection, view, [doc])
    doc["valid"] = _holds(doc, view.day)
    used = Wanted(columns={"authority": name})
    doc["exercises"] = everything(connection, view, EXERCISE, used)
    return doc


def exercise(connection: Conn, view: View, name: str) -> Doc:
    """Return one use of doorzettingsmacht: towards whom, why, who was told, how it was judged."""
    return whole(connection, view, EXERCISE, name)


def exercises_named(connection: Conn, view: View, names: Sequence[str]) -> list[Doc]:
    """Return these uses of doorzettingsmacht in this order; what is unknown is left out."""
    found = find_many(connection, view, EXERCISE, names)
    docs = [with_status(found[name].doc, view) for name in names if name in found]
    with_capacities(connection, view, [one for one in parts(docs) if "under" in one])
    return docs


def _holds(doc: Doc, day: str) -> bool:
    """Whether a mandate or power is within its term on a day."""
    until = doc.get("validUntil", "")
    return doc.get("validFrom", "9999") <= day and (not until or day < until)


def _name_holders(connection: Conn, view: View, authorities: list[Doc]) -> None:
    """Tell how the role is called to which each doorzettingsmacht was given."""
    known = titles(connection, view, {("assignment", one.get("holder", "")) for one in authorities})
    for one in authorities:
        ref = ("assignment", one.get("holder", ""))
        if ref in known:
            one["holderName"] = known[ref]


def _narrow(mandate: Doc, view: View) -> None:
    """Show as `scope` how far it reached on the day; what it was granted with stays beside it."""
    begun = [one for one in mandate.get("restrictions", []) if one["validFrom"] <= view.day]
    if begun:
        mandate["grantedScope"] = mandate.get("scope", {})
        mandate["scope"] = max(begun, key=lambda one: str(one["validFrom"]))["scope"]


def _name_both(connection: Conn, view: View, mandates: list[Doc]) -> None:
    known = titles(connection, view, {ref for one in mandates for ref in _ends(one).values()})
    for one in mandates:
        for end, ref in _ends(one).items():
            if ref in known:
                one[f"{end}Name"] = known[ref]


def _ends(mandate: Doc) -> dict[str, Ref]:
    """Return the thing at either end of a mandate: who gave it, and who has it."""
    found: dict[str, Ref] = {}
    for end in ("grantor", "holder"):
        kind = str(mandate.get(f"{end}Kind", ""))
        if kind:
            found[end] = (REFERS.get(kind, kind), mandate[end])
    return found
