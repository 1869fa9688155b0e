"""The audit trail over HTTP: who decided what, in which capacity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from api.answer_schemas import page_of
from api.reading import Asked, Listing, Route
from api.timeline import ENTRY
from projections import audit
from projections.views import Conn, Page, Paging, View

Query = Callable[[Conn, View, Paging, str], Page]


def _route(thing: str, operation: str, summary: str, query: Query) -> Route:
    def ask(asked: Asked[Listing]) -> Page:
        return query(asked.connection, asked.view, asked.paging, asked.named(thing))

    path = f"/audit/{thing}/{{{thing}}}"
    return Route(path, operation, summary, ask, page_of(ENTRY), Listing)


ROUTES: Final = (
    _route("person", "auditPerson", "What somebody did or recorded for others.", audit.of_person),
    _route("partner", "auditPartner", "What was done on behalf of a partner.", audit.for_partner),
    _route("decision", "auditDecision", "All that was done on a decision.", audit.of_decision),
)
