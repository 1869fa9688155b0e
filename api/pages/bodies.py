"""Bodies and their seats: who sits where on the day, which seats are vacant, and who sat before."""

from __future__ import annotations

from typing import Any, Final

from api.pages.site import Asked, Screen
from projections.bodies import bodies, body, seat
from projections.capacities import with_capacities
from projections.meetings import meetings
from projections.views import Paging

MEETINGS: Final = 5
"""How many meetings the page of a body names; the list of meetings has them all."""


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather the bodies of a chain with their seats."""
    page = bodies(asked.connection, asked.view, asked.paging())
    return {"items": page.items, "next": page.next}


def show(asked: Asked) -> dict[str, Any]:
    """Gather one body."""
    doc = body(asked.connection, asked.view, asked.named("body"))
    with_capacities(asked.connection, asked.view, doc["history"])
    held = meetings(asked.connection, asked.view, Paging("", MEETINGS), body=doc["body"])
    return {"body": doc, "meetings": held.items}


def show_seat(asked: Asked) -> dict[str, Any]:
    """Gather one seat with all who ever held it."""
    doc = seat(asked.connection, asked.view, asked.named("seat"))
    with_capacities(asked.connection, asked.view, doc["history"])
    return {"seat": doc}


SCREENS: Final = (
    Screen("/overleggen", "bodies.html", show_list),
    Screen("/overleggen/{body}", "body.html", show),
    Screen("/zetels/{seat}", "seat.html", show_seat),
)
