"""Escalations as readers find them: each rung, who took it in hand, by when, and how it ended.

With them the bottlenecks they came from, and the ladders they climbed. What each record adds
stands in `escalation_folds.py`. A term that has run out shows as `overdue`, also when time has not
been recorded yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import Final

from ledger.domain.events.mandates import OverrideAuthorityExercised
from ledger.domain.ladder import DEFAULT_LADDER
from ledger.domain.values import NotFound
from projections.escalation_folds import (
    BOTTLENECK_PARTS,
    ESCALATION_PARTS,
    LADDER_PARTS,
    numbered,
)
from projections.items import find_many, seen_at, with_status
from projections.listing import Wanted, everything, listed
from projections.tables import several, text
from projections.things import Kind, Waiting, Words, last_status, listed_in, picked
from projections.views import Conn, Doc, Page, Paging, View, cursor
from projections.whole import name_organisations, show_links, whole

VERSION = 2
TABLE = listed_in(
    "escalations",
    text("bottleneck"),
    several("organisations"),
    text("decision"),
    indexes=("(chain, bottleneck, since, id)",),
)
OPEN: Final = ("raised", "received", "sent-back", "forwarded")
"""The statuses in which an escalation still has to be solved."""
SHOWN: Final = (
    "subject", "urgency", "bottleneck", "jointlyBy", "oneSided", "rung", "dueAt", "since",
)  # fmt: skip
TITLE_WIDTH: Final = 80
DEFAULT: Final[Doc] = {
    "ladder": "default",
    "rungs": numbered(DEFAULT_LADDER.rungs),
    "horizontalFirst": DEFAULT_LADDER.horizontal_first,
    "positions": [],
}
"""What holds until the chain adopts a ladder of its own."""


def _escalation_row(doc: Doc) -> Doc:
    solved = doc.get("resolved", {})
    return {
        "valid_from": doc["since"][:10],
        "bottleneck": doc.get("bottleneck", ""),
        "organisations": " ".join(doc.get("jointlyBy", [])),
        "decision": solved.get("decision", ""),
        "summary": picked(doc, *SHOWN) | picked(solved, "decision"),
    }


def _escalation_words(doc: Doc) -> Words:
    ends = [doc.get("resolved", {}).get("solution", ""), doc.get("closed", {}).get("lesson", "")]
    political = [one["text"] for one in doc.get("politicalDecisions", [])]
    return Words(doc.get("subject", ""), "\n".join([doc.get("reason", ""), *political, *ends]))


def _waiting(doc: Doc) -> Waiting | None:
    match last_status(doc):
        case "" | "closed":
            return None
        case "resolved":
            return Waiting(what="lesson")
    return Waiting(what="escalation", due_at=doc.get("dueAt", ""))


ESCALATION = Kind(
    name="escalation",
    table=TABLE,
    parts=ESCALATION_PARTS,
    row=_escalation_row,
    words=_escalation_words,
    waiting=_waiting,
)


def _bottleneck_words(doc: Doc) -> Words:
    subject = doc.get("subject", "")
    tried = [one["result"] for one in doc.get("attempts", [])]
    said = [subject, doc.get("interface", ""), doc.get("impact", ""), *tried]
    title = shorten(subject, TITLE_WIDTH, placeholder="…")
    return Words(title, "\n".join(filter(None, said)))


BOTTLENECK = Kind(
    name="bottleneck",
    table=TABLE,
    parts=BOTTLENECK_PARTS,
    row=lambda doc: {
        "valid_from": doc["since"][:10],
        "bottleneck": doc["bottleneck"],
        "organisations": " ".join(doc.get("organisations", [])),
        "summary": picked(doc, "subject", "interface", "organisations", "escalations", "since"),
    },
    words=_bottleneck_words,
)
LADDER = Kind(
    name="ladder",
    table=TABLE,
    parts=LADDER_PARTS,
    row=lambda doc: {
        "valid_from": doc["since"][:10],
        "summary": picked(doc, "rungs", "horizontalFirst", "adopted", "since"),
    },
    words=lambda doc: Words("", "\n".join(rung["name"] for rung in doc.get("rungs", []))),
)
KINDS: Final = (ESCALATION, BOTTLENECK, LADDER)


def escalations(
    connection: Conn,
    view: View,
    paging: Paging,
    *,
    status: str = "",
    organisation: str = "",
    bottleneck: str = "",
    decision: str = "",
    text: str = "",
) -> Page:
    """Return a page of escalations, newest first, each with the rung it is on and its term.

    `status` is a status, or `open` for all that still have to be solved; `decision` the one that
    solved it.
    """
    columns = {"organisations": organisation, "bottleneck": bottleneck, "decision": decision}
    chosen = OPEN if status == "open" else (status,) if status else ()
    wanted = Wanted(columns=columns, status=chosen, text=text, newest_first=True)
    found = listed(connection, view, paging, ESCALATION, wanted)
    ladders = _all_ladders(connection, view) if found.items else []
    for one in found.items:
        names = _rung_names(ladders, one)
        one["rungName"] = names.get(one.get("rung", -1), "")
        one["overdue"] = one.get("status", "") in OPEN and _over(one.get("dueAt", ""), _now(view))
    return found


def escalation(connection: Conn, view: View, name: str) -> Doc:
    """Return an escalation with every rung it stood on, what was tried before, how it ended."""
    doc = whole(connection, view, ESCALATION, name)
    names = _rung_names(_all_ladders(connection, view), doc)
    doc["rungName"] = names.get(doc.get("rung", -1), "")
    for step in doc.get("rungs", []):
        step["name"] = names.get(step["rung"], "")
        until = step.get("left", {}).get("on", _now(view))
        step["overdue"] = _over(step.get("dueAt", ""), until)
    doc["overdue"] = any(one["overdue"] and "left" not in one for one in doc.get("rungs", []))
    _show_uses_of_power(connection, view, doc)
    _show_bottleneck(connection, view, doc)
    name_organisations(connection, view, doc)
    if "resolved" in doc:
        show_links(connection, view, doc["resolved"], {"decision": "decision"})
    titled = {"proposals": "decision", "actions": "action", "lessons": "lesson"}
    show_links(connection, view, doc, titled)
    return doc


def _now(view: View) -> str:
    """Return the last moment of the day that was asked for, or else the moment of asking."""
    return f"{view.valid_on}T23:59:59.999999Z" if view.valid_on else view.now


def _over(due_at: str, moment: str) -> bool:
    return bool(due_at) and due_at <= moment


def _show_uses_of_power(connection: Conn, view: View, doc: Doc) -> None:
    """Say of each bypass which use of doorzettingsmacht it was: what was recorded right after."""
    bypasses = {one["position"]: one for one in doc.get("bypasses", [])}
    for seen in seen_at(connection, view, [position + 1 for position in bypasses]):
        if isinstance(seen.event, OverrideAuthorityExercised) and seen.header.cause in bypasses:
            bypasses[seen.header.cause]["exercise"] = seen.event.exercise


def _show_bottleneck(connection: Conn, view: View, doc: Doc) -> None:
    """Show what it is about, and whether those concerned tried to solve it among themselves."""
    doc["horizontalAttempts"] = []
    if not doc.get("bottleneck"):
        return
    try:
        found = whole(connection, view, BOTTLENECK, doc["bottleneck"])
    except NotFound:
        # This reader may see the escalation, but not what it came from.
        return
    doc["bottleneckSubject"] = found.get("subject", "")
    doc["horizontalAttempts"] = found.get("attempts", [])


def _all_ladders(connection: Conn, view: View) -> list[Doc]:
    """Return every ladder the reader knows of, the default one first, in order of adoption."""
    return [DEFAULT, *everything(connection, view, LADDER, Wanted())]


def _ladder_on(ladders: Sequence[Doc], moment: str) -> Doc:
    """Return the ladder in force at a moment: the last one adopted that had begun by then."""
    return next(one for one in reversed(ladders) if one.get("since", "") <= moment)


def _rung_names(ladders: Sequence[Doc], item: Doc) -> dict[int, str]:
    """Return the names of the rungs of the ladder under which an escalation was raised."""
    raised = item["positions"][0]
    known = [one for one in ladders if not one["positions"] or one["positions"][0] < raised]
    found = _ladder_on(known, item["since"])
    return {rung["rung"]: rung["name"] for rung in found["rungs"]}


def bottlenecks(
    connection: Conn,
    view: View,
    paging: Paging,
    *,
    organisation: str = "",
    status: str = "",
    text: str = "",
) -> Page:
    """Return a page of bottlenecks, newest first, each with the escalations it led to."""
    wanted = Wanted(
        columns={"organisations": organisation},
        status=(status,) if status else (),
        text=text,
        newest_first=True,
    )
    return listed(connection, view, paging, BOTTLENECK, wanted)


def bottleneck(connection: Conn, view: View, name: str) -> Doc:
    """Return a bottleneck with every attempt to solve it, and how its escalations stand."""
    doc = whole(connection, view, BOTTLENECK, name)
    found = find_many(connection, view, ESCALATION, doc.get("escalations", []))
    shown = ("escalation", "subject", "status", "statusSince")
    doc["escalations"] = [picked(with_status(one.doc, view), *shown) for one in found.values()]
    return doc


def ladders(connection: Conn, view: View, paging: Paging) -> Page:
    """Return a page of ladders, newest first and the default one last; one has `inForce`."""
    found = listed(connection, view, paging, LADDER, Wanted(newest_first=True))
    items, following = found.items, found.next
    if not following and len(items) < paging.size:
        items = [*items, dict(DEFAULT)]
    elif not following:
        following = cursor(0, "")  # before the first record: only the default ladder is left
    holding = _ladder_on(_all_ladders(connection, view), _now(view))
    for one in items:
        one["inForce"] = one["ladder"] == holding["ladder"]
    return Page(items, following)


def ladder(connection: Conn, view: View, name: str) -> Doc:
    """Return a ladder with the decision by which it was adopted; `default` is the first one."""
    return dict(DEFAULT) if name == DEFAULT["ladder"] else whole(connection, view, LADDER, name)
