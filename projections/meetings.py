"""Meetings as readers find them: what was on the agenda, who was there for which seat, what came
of it."""

from __future__ import annotations

from ledger.domain.events import meetings as m
from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.decisions import DeliberationOpened
from ledger.domain.events.mandates import OverrideReviewed
from ledger.domain.values import Header
from projections.listing import Wanted, listed
from projections.names import titles
from projections.stands import stands
from projections.tables import moment, text
from projections.things import (
    Kind,
    Part,
    Waiting,
    Words,
    fields,
    ids,
    last_status,
    listed_in,
    mark,
    picked,
    stamp,
)
from projections.views import Conn, Doc, Page, Paging, View
from projections.whole import whole

VERSION = 1
TABLE = listed_in(
    "meetings", text("body"), moment("starts_at"), indexes=("(chain, body, since, id)",)
)


def _convened(doc: Doc, event: m.MeetingConvened, header: Header) -> None:
    doc |= fields(event, "body", "starts_at", "place", "documents")
    doc["agenda"] = [fields(item, "subject", "decision") for item in event.agenda]
    doc["convened"] = stamp(header)
    mark(doc, header, "convened")


def _item_added(doc: Doc, event: m.AgendaItemAdded, header: Header) -> None:
    item = {**fields(event, "subject", "decision", "origin"), **stamp(header)}
    doc.setdefault("agenda", []).append(item)


def _attended(doc: Doc, event: m.AttendanceRecorded, header: Header) -> None:
    entry = {**fields(event, "seat", "person"), **stamp(header)}
    doc.setdefault("attendance", []).append(entry)


def _substitute_refused(doc: Doc, event: m.SubstituteRefused, header: Header) -> None:
    entry = {**fields(event, "seat", "person", "stayed_as", "reason"), **stamp(header)}
    doc.setdefault("refusedSubstitutes", []).append(entry)


def _held(doc: Doc, event: m.MeetingHeld, header: Header) -> None:
    doc["held"] = {**fields(event, "summary"), **stamp(header)}
    _linked(doc, "decisions", event.decisions)
    _linked(doc, "actions", event.actions)
    mark(doc, header, "held")


def _linked(doc: Doc, name: str, ids: tuple[str, ...]) -> None:
    doc[name] = list(dict.fromkeys([*doc.get(name, []), *ids]))


def _cancelled(doc: Doc, event: m.MeetingCancelled, header: Header) -> None:
    doc["cancelled"] = {"reason": event.reason, **stamp(header)}
    mark(doc, header, "cancelled")


def _minutes(doc: Doc, event: m.MinutesAdopted, header: Header) -> None:
    doc["minutes"] = {**fields(event, "minutes")["minutes"], **stamp(header)}


def _deliberated(doc: Doc, event: DeliberationOpened, _header: Header) -> None:
    _linked(doc, "decisions", (event.decision,))


def _action(doc: Doc, event: ActionAssigned, _header: Header) -> None:
    _linked(doc, "actions", (event.action,))


def _review(doc: Doc, event: OverrideReviewed, _header: Header) -> None:
    _linked(doc, "reviewed", (event.exercise,))


def _row(doc: Doc) -> Doc:
    summary = picked(doc, "body", "startsAt", "place", "decisions", "actions")
    summary["agendaItems"] = len(doc.get("agenda", []))
    summary["present"] = len({one["seat"] for one in doc.get("attendance", [])})
    return {
        "valid_from": doc["since"][:10],
        "body": doc.get("body", ""),
        "starts_at": doc.get("startsAt", ""),
        "summary": summary,
    }


def _words(doc: Doc) -> Words:
    subjects = [item["subject"] for item in doc.get("agenda", [])]
    told_of = doc.get("held", {}).get("summary", "")
    return Words("", "\n".join([doc.get("place", ""), *subjects, told_of]))


def _waiting(doc: Doc) -> Waiting | None:
    match last_status(doc):
        case "convened":
            return Waiting(what="meeting", due_at=doc["startsAt"], owner=doc["body"])
        case "held" if "minutes" not in doc:
            return Waiting(what="minutes", owner=doc.get("body", ""))
    return None


MEETING = Kind(
    name="meeting",
    table=TABLE,
    parts={
        m.MeetingConvened: Part(ids("meeting"), _convened),
        m.AgendaItemAdded: Part(ids("meeting"), _item_added),
        m.AttendanceRecorded: Part(ids("meeting"), _attended),
        m.SubstituteRefused: Part(ids("meeting"), _substitute_refused),
        m.MeetingHeld: Part(ids("meeting"), _held),
        m.MeetingCancelled: Part(ids("meeting"), _cancelled),
        m.MinutesAdopted: Part(ids("meeting"), _minutes),
        DeliberationOpened: Part(ids("meeting"), _deliberated),
        ActionAssigned: Part(ids("meeting"), _action),
        OverrideReviewed: Part(ids("meeting"), _review),
    },
    row=_row,
    words=_words,
    waiting=_waiting,
)
KINDS = (MEETING,)


def meetings(
    connection: Conn, view: View, paging: Paging, *, body: str = "", status: str = ""
) -> Page:
    """Return a page of meetings, the last one convened first."""
    wanted = Wanted(columns={"body": body}, status=(status,) if status else (), newest_first=True)
    found = listed(connection, view, paging, MEETING, wanted)
    known = titles(connection, view, {("body", one.get("body", "")) for one in found.items})
    for one in found.items:
        one["bodyName"] = known.get(("body", one.get("body", "")), one.get("body", ""))
    return found


def meeting(connection: Conn, view: View, name: str) -> Doc:
    """Return a meeting with its agenda, who attended for which seat, and who was not admitted.

    A point of the agenda about a proposal says how that stands on the day of the view.
    """
    doc = whole(connection, view, MEETING, name)
    people = [*doc.get("attendance", []), *doc.get("refusedSubstitutes", [])]
    proposals = {
        ("decision", item["decision"]) for item in doc.get("agenda", []) if "decision" in item
    }
    known = titles(
        connection,
        view,
        {("person", one["person"]) for one in people}
        | {("seat", one["seat"]) for one in people}
        | {("body", doc.get("body", ""))}
        | proposals,
    )
    stood = stands(connection, view, proposals)
    if ("body", doc.get("body", "")) in known:
        doc["bodyName"] = known["body", doc["body"]]
    for one in people:
        one["function"] = known.get(("person", one["person"]), "")
        one["organisationName"] = known.get(("seat", one["seat"]), "")
    for item in doc.get("agenda", []):
        ref = ("decision", item.get("decision", ""))
        item.update(stood.get(ref, {}))
        if ref in known:
            item["title"] = known[ref]
    return doc
