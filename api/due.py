"""What is due over HTTP: everything that waits for somebody or for a day, the nearest first.

`validOn` tells what is overdue on a day. What was done since does not wait any more, so for a day
that is over `knownAt` has to be given too: what was known then to wait.
"""

from __future__ import annotations

from typing import Literal

from api.answer_schemas import identified, page_of
from api.parameters import Day, Id
from api.problems import Problem
from api.reading import Asked, Listing, Route
from projections.due import due
from projections.views import Page

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


def ask(asked: Asked[Filters]) -> Page:
    """Answer a page of what waits; Problem (malformed) for a past day by all that is known now."""
    view, given = asked.view, asked.parameters
    if given.known_at is None and view.valid_on and view.valid_on < view.now[:10]:
        raise Problem(
            "malformed",
            f"validOn: {view.valid_on} is voorbij, en wat sindsdien is gedaan, wacht niet meer; "
            "vraag met knownAt wat er toen wachtte.",
        )
    return due(asked.connection, view, asked.paging, **asked.filters)


ROUTES = (
    Route(
        "/due",
        "listDue",
        "What waits, the nearest day first; whether it is overdue.",
        ask,
        page_of(identified("kind")),
        Filters,
    ),
)
