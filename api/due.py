"""What is due over HTTP: everything that waits for somebody or for a day, the nearest first."""

from __future__ import annotations

from typing import Literal

from api.parameters import Day, Id
from api.reading import Listing, a_list
from projections.due import due

What = Literal[
    "vote",
    "deliberation",
    "reflection",
    "escalation",
    "lesson",
    "action",
    "meeting",
    "minutes",
    "signature",
    "expiry",
    "review",
]


class Filters(Listing):
    """What waits: of this sort, for this owner, up to and including this day."""

    what: What | None = None
    owner: Id | None = None
    until: Day | None = None


ROUTES = (
    a_list(
        "/due", "kind", "What waits, the nearest day first; whether it is overdue.", due, Filters
    ),
)
