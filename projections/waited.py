"""What waited on a day that is over: actions, votes, escalations and meetings, the nearest first.

`due` tells what waits by all that is known; what was done since is no longer there. Here the day is
asked instead: how each thing stood at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from projections.actions import actions
from projections.decisions import decisions
from projections.escalations import escalations
from projections.meetings import meetings
from projections.views import MAX_LIMIT, Conn, Doc, Page, Paging, View

ALL: Final = Paging("", MAX_LIMIT)
"""Of each sort so many at most: the ones that began last."""


def waited(connection: Conn, view: View) -> Page:
    """Return what waited at the end of the day of the view, in the form in which `due` tells it.

    `next` is empty: a day has one page, with at most MAX_LIMIT of each sort.
    """
    found = [
        *_actions(actions(connection, view, ALL, status="open")),
        *_timed(decisions(connection, view, ALL, status="open"), "decision", "vote", "deadline"),
        *_timed(escalations(connection, view, ALL, status="open"), "escalation", "escalation"),
        *_timed(
            meetings(connection, view, ALL, status="convened"), "meeting", "meeting", "startsAt"
        ),
    ]
    end = f"{view.day}T23:59:59.999999Z"
    for one in found:
        day, moment = one.get("dueOn", ""), one.get("dueAt", "")
        one["overdue"] = bool(day and day < view.day) or bool(moment and moment < end)
    return Page(sorted(found, key=_when))


def _actions(page: Page) -> Iterator[Doc]:
    for one in page.items:
        item: Doc = {"kind": "action", "id": one["action"], "title": one.get("title", "")}
        due_on = {"dueOn": one["dueOn"]} if one.get("dueOn") else {}
        yield {**item, "what": "action", "owner": one.get("organisation", ""), **due_on}


def _timed(page: Page, kind: str, what: str, moment: str = "dueAt") -> Iterator[Doc]:
    for one in page.items:
        title = one.get("title") or one.get("subject") or one.get("bodyName", "")
        item: Doc = {"kind": kind, "id": one[kind], "title": title, "what": what}
        due_at = {"dueAt": one[moment]} if one.get(moment) else {}
        yield {**item, "owner": one.get("body", ""), **due_at}


def _when(one: Doc) -> tuple[str, str, str]:
    return (one.get("dueOn") or one.get("dueAt") or "9999", one["kind"], one["id"])
