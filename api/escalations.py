"""Escalations over HTTP: which rungs a matter climbed, by when, and how it ended."""

from __future__ import annotations

from typing import Literal

from api.parameters import Id
from api.reading import Listing, a_list, an_item
from projections import escalations

Status = Literal["raised", "received", "sent-back", "forwarded", "resolved", "closed"]


class Filters(Listing):
    """Which escalations: with this status on the day, of this organisation, of this bottleneck."""

    status: Status | None = None
    organisation: Id | None = None
    bottleneck: Id | None = None


ROUTES = (
    a_list(
        "/escalations",
        "escalation",
        "Escalations, newest first.",
        escalations.escalations,
        Filters,
    ),
    an_item(
        "/escalations/{escalation}",
        "An escalation: every rung it stood on, by when, and how it was solved.",
        escalations.escalation,
    ),
    a_list("/bottlenecks", "bottleneck", "Bottlenecks, newest first.", escalations.bottlenecks),
    an_item(
        "/bottlenecks/{bottleneck}",
        "A bottleneck with every attempt to solve it among those concerned.",
        escalations.bottleneck,
    ),
    a_list(
        "/escalation-ladders",
        "ladder",
        "Ladders that were adopted, newest first.",
        escalations.ladders,
    ),
)
