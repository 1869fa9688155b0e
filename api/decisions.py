"""Decisions over HTTP: what was asked, how it was decided, what replaced it."""

from __future__ import annotations

from api.parameters import Id, Words
from api.reading import Listing, a_list, an_item
from ledger.domain.events.outcomes import Status
from projections import decision_page, decisions


class Filters(Listing):
    """Which decisions: with this status on the day, of this body, on this subject, with words."""

    status: Status | None = None
    body: Id | None = None
    subject: Id | None = None
    text: Words | None = None
    newest_first: bool = True


ROUTES = (
    a_list(
        "/decisions",
        "decision",
        "Decisions, each with the status it had on the day.",
        decisions.decisions,
        Filters,
    ),
    an_item(
        "/decisions/{decision}",
        "A decision: votes, rule and explanation, mandates, links, corrections and history.",
        decision_page.decision,
    ),
)
