"""Meetings over HTTP: agenda, attendance, who was not admitted."""

from __future__ import annotations

from typing import Literal

from api.parameters import Id
from api.reading import Listing, a_list, an_item
from projections import meetings


class Filters(Listing):
    """Which meetings: of this body, with this status on the day."""

    body: Id | None = None
    status: Literal["convened", "held", "cancelled"] | None = None


ROUTES = (
    a_list("/meetings", "meeting", "Meetings, newest first.", meetings.meetings, Filters),
    an_item(
        "/meetings/{meeting}",
        "A meeting: agenda, attendance per seat, refused substitutes, minutes.",
        meetings.meeting,
    ),
)
