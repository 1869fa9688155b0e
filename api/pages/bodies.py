"""Bodies and their seats: who sits where on the day, which seats are vacant, and who sat before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from msgspec.structs import replace

from api.pages.site import Asked, Screen
from projections.bodies import BODY, bodies, body, seat, seats_of
from projections.capacities import with_capacities
from projections.items import find_many
from projections.meetings import meetings
from projections.names import titles
from projections.views import Doc, Paging

MEETINGS: Final = 5
"""How many meetings the page of a body names; the list of meetings has them all."""


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather the bodies of a chain with their seats; those that are no more come last."""
    page = bodies(asked.connection, asked.view, asked.paging())
    for one in page.items:
        _show_whether_over(asked, one)
    page.items.sort(key=lambda one: bool(one["over"]))
    return {"items": page.items, "next": page.next}


def show(asked: Asked) -> dict[str, Any]:
    """Gather one body."""
    doc = body(asked.connection, asked.view, asked.named("body"))
    with_capacities(asked.connection, asked.view, doc["history"])
    _show_whether_over(asked, doc)
    held = meetings(asked.connection, asked.view, Paging("", MEETINGS), body=doc["body"])
    others = [doc.get("parent", ""), doc.get("successor", ""), *doc.get("predecessors", [])]
    known = titles(asked.connection, asked.view, {("body", one) for one in others if one})
    names = {name: title for (_, name), title in known.items()}
    return {"body": doc, "names": names, "meetings": held.items}


def show_seat(asked: Asked) -> dict[str, Any]:
    """Gather one seat with all who ever held it, and the body in which it stands."""
    doc = seat(asked.connection, asked.view, asked.named("seat"))
    with_capacities(asked.connection, asked.view, doc["history"])
    name = str(doc.get("body", ""))
    found = find_many(asked.connection, asked.view, BODY, [name])
    within = found[name].doc if name in found else {"body": name}
    return {"seat": doc, "body": within, "over": is_over(within, asked.view.day)}


def _show_whether_over(asked: Asked, body: Doc) -> None:
    """Tell whether a body is no more; its seats are then shown as they were on its last day."""
    body["over"] = is_over(body, asked.view.day)
    if body["over"]:
        last = date.fromisoformat(body["validUntil"]) - timedelta(days=1)
        then = replace(asked.view, valid_on=str(last))
        body["seats"] = seats_of(asked.connection, then, body["body"])


def is_over(body: Doc, day: str) -> bool:
    """Whether a body is no more on a day."""
    until = str(body.get("validUntil", ""))
    return bool(until) and until <= day


SCREENS: Final = (
    Screen("/overleggen", "bodies.html", show_list),
    Screen("/overleggen/{body}", "body.html", show),
    Screen("/zetels/{seat}", "seat.html", show_seat),
)
