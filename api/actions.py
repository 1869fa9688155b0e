"""Actions over HTTP: who does what by when, and whether it is overdue."""

from __future__ import annotations

from typing import Literal

from api.parameters import Id
from api.reading import Listing, a_list, an_item
from projections import actions


class Filters(Listing):
    """Which actions: with this status on the day, of this organisation, under this decision."""

    status: Literal["assigned", "delayed", "overdue", "completed", "cancelled"] | None = None
    organisation: Id | None = None
    decision: Id | None = None


ROUTES = (
    a_list("/actions", "action", "Actions, newest first.", actions.actions, Filters),
    an_item("/actions/{action}", "An action: delays, evidence, who did what.", actions.action),
)
