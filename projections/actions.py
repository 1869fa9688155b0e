"""Actions as readers find them: what an organisation will do, by when, and whether it is done.

An action that was not done by its last day is overdue from the next day on, for whoever asks, also
when time has not been recorded yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ledger.domain.events import actions as a
from ledger.domain.events.meetings import MeetingHeld
from ledger.domain.values import Header, day_start, later
from projections.adding import linked
from projections.items import find_many, with_status
from projections.listing import Wanted
from projections.names import titles
from projections.reckoned import reckoned
from projections.tables import text
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
from projections.whole import name_organisations, show_links, whole

VERSION = 1
TABLE = listed_in(
    "actions",
    text("organisation"),
    text("decision"),
    text("agreement"),
    text("escalation"),
    text("meeting"),
    indexes=("(chain, organisation, since, id)", "(chain, decision, since, id)"),
)
ORIGINS: Final = ("decision", "agreement", "escalation", "meeting")
SHOWN: Final = ("title", "organisation", "role", "dueOn", *ORIGINS)
OPEN: Final = ("assigned", "delayed", "overdue")
"""The statuses in which an action is still to be done."""


def _assigned(doc: Doc, event: a.ActionAssigned, header: Header) -> None:
    doc |= fields(event, "title", "text", "organisation", "role", "due_on", *ORIGINS)
    doc["assigned"] = {"dueOn": event.due_on, **stamp(header)}
    mark(doc, header, "assigned")


def _delayed(doc: Doc, event: a.ActionDelayed, header: Header) -> None:
    delay = {"was": doc.get("dueOn", ""), **fields(event, "due_on", "reason"), **stamp(header)}
    doc.setdefault("delays", []).append(delay)
    doc["dueOn"] = event.due_on
    _mark_last(doc, header, "delayed")


def _completed(doc: Doc, event: a.ActionCompleted, header: Header) -> None:
    doc["completed"] = {**fields(event, "evidence", "documents"), **stamp(header)}
    _mark_last(doc, header, "completed")


def _cancelled(doc: Doc, event: a.ActionCancelled, header: Header) -> None:
    doc["cancelled"] = {"reason": event.reason, **stamp(header)}
    _mark_last(doc, header, "cancelled")


def _mark_last(doc: Doc, header: Header, status: str) -> None:
    """What was done in time and told late ends that it was overdue meanwhile."""
    mark(doc, header, status, on=max(header.on, *(one["on"] for one in doc["statuses"]), ""))


def _overdue(doc: Doc, _event: a.ActionOverdue, header: Header) -> None:
    mark(doc, header, "overdue")


def _words(doc: Doc) -> Words:
    reasons = [one["reason"] for one in doc.get("delays", [])]
    evidence = doc.get("completed", {}).get("evidence", "")
    said = [doc.get("text", ""), doc.get("role", ""), *reasons, evidence]
    return Words(doc.get("title", ""), "\n".join(filter(None, said)))


def _waiting(doc: Doc) -> Waiting | None:
    if last_status(doc) not in OPEN:
        return None
    owner = doc.get("organisation", "")
    return Waiting(what="action", due_on=doc.get("dueOn", ""), owner=owner)


ACTION = Kind(
    name="action",
    table=TABLE,
    parts={
        a.ActionAssigned: Part(ids("action"), _assigned),
        a.ActionCompleted: Part(ids("action"), _completed),
        a.ActionDelayed: Part(ids("action"), _delayed),
        a.ActionCancelled: Part(ids("action"), _cancelled),
        a.ActionOverdue: Part(ids("action"), _overdue),
        MeetingHeld: Part(ids("actions"), linked("meetings", "meeting")),
    },
    row=lambda doc: {
        "valid_from": doc["since"][:10],
        **{name: doc.get(name, "") for name in ("organisation", *ORIGINS)},
        "summary": picked(doc, *SHOWN),
    },
    words=_words,
    waiting=_waiting,
)
KINDS = (ACTION,)


def actions(
    connection: Conn,
    view: View,
    paging: Paging,
    *,
    status: str = "",
    organisation: str = "",
    decision: str = "",
    agreement: str = "",
    escalation: str = "",
    meeting: str = "",
    text: str = "",
) -> Page:
    """Return a page of actions, newest first, with the status each had on the day of the view.

    `status` is a status, or `open` for all that is still to be done.
    """
    came_from = {
        "decision": decision,
        "agreement": agreement,
        "escalation": escalation,
        "meeting": meeting,
    }
    wanted = Wanted(
        columns={"organisation": organisation, **came_from},
        status=_possible(status),
        text=text,
        newest_first=True,
    )
    found = reckoned(
        connection,
        view,
        paging,
        ACTION,
        wanted,
        reckon=lambda item: _reckon(item, view),
        keep=(lambda item: item["status"] == status) if status in OPEN else None,
    )
    owners = {("partner", one.get("organisation", "")) for one in found.items}
    known = titles(connection, view, owners)
    for one in found.items:
        owner = one.get("organisation", "")
        one["organisationName"] = known.get(("partner", owner), owner)
    return found


def _possible(status: str) -> tuple[str, ...]:
    """Return the recorded statuses of what may be in this status on the day: time does the rest."""
    if status == "open" or status in OPEN:
        return OPEN
    return (status,) if status else ()


def action(connection: Conn, view: View, name: str) -> Doc:
    """Return an action with every delay, what it came from, and how it ended."""
    doc = whole(connection, view, ACTION, name)
    _reckon(doc, view)
    name_organisations(connection, view, doc)
    kinds = {kind: kind for kind in ORIGINS}
    show_links(connection, view, doc, {**kinds, "meetings": "meeting"})
    return doc


def actions_named(connection: Conn, view: View, names: Sequence[str]) -> list[Doc]:
    """Return what a list shows of these actions, in this order; what is unknown is left out."""
    found = find_many(connection, view, ACTION, names)
    shown = [with_status(found[name].doc, view) for name in names if name in found]
    for doc in shown:
        _reckon(doc, view)
    return [picked(doc, ACTION.name, *SHOWN, "status", "statusSince", "overdue") for doc in shown]


def _reckon(item: Doc, view: View) -> None:
    """Tell whether the last day of an open action is over on the day of the view."""
    due_on = item.get("dueOn", "")
    is_open = item.get("status", "") in OPEN
    item["overdue"] = is_open and bool(due_on) and due_on < view.day
    if item["overdue"] and item["status"] != "overdue":
        item["status"] = "overdue"
        item["statusSince"] = later(day_start(due_on), days=1)
