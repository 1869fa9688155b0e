"""The timeline over HTTP: what happened, a sentence for each record."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from api.answer_schemas import page_of
from api.parameters import Day, Id, Words
from api.problems import Problem
from api.reading import Asked, Listing, Position, Route
from ledger import catalogue
from ledger.domain.values import Refused
from projections.models import CAPABILITIES
from projections.timeline import Chosen, timeline
from projections.views import Page

MAX_TYPES: Final = 50
CAPABILITY_OF: Final = {
    kind.name: name for name, module in CAPABILITIES.items() for kind in module.KINDS
}
"""The capability of each kind of thing."""


ENTRY: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["position", "type", "on", "at", "by", "scope", "sentence", "things"],
    "properties": {
        "position": {"type": "integer", "minimum": 0},
        "type": {"type": "string", "examples": ["VoteCast.v1"]},
        "on": {"type": "string", "format": "date-time", "description": "When it happened."},
        "at": {"type": "string", "format": "date-time", "description": "When it was recorded."},
        "by": {"type": "string"},
        "recordedBy": {"type": "string"},
        "scope": {"enum": ["public", "chain", "confidential"]},
        "under": {"type": "array", "items": {"type": "integer"}},
        "cause": {"type": "integer"},
        "sentence": {"type": "string", "description": "What happened, in Dutch."},
        "things": {"type": "array", "items": {"type": "object"}},
        "imported": {"type": "object", "description": "Where it was taken over from, if so."},
    },
}
"""One record as people read it."""


def as_type(name: str) -> str:
    """Return the name of an event type as given; ValueError if there is none."""
    try:
        catalogue.find(name)
    except Refused as error:
        raise ValueError("is geen soort gebeurtenis") from error
    return name


def as_kind(name: str) -> str:
    """Return a kind of thing as given; ValueError if there is none."""
    if name not in CAPABILITY_OF:
        raise ValueError(f"is geen soort ding: verwacht {', '.join(CAPABILITY_OF)}")
    return name


TypeName = Annotated[str, AfterValidator(as_type)]
KindName = Annotated[str, AfterValidator(as_kind)]


class Filters(Listing):
    """Which records: of these types, by this person, of this kind, about this thing, from here.

    And for this partner or about it, and done in this role as it was held at the time.
    """

    type: Annotated[list[TypeName], Field(default_factory=list, max_length=MAX_TYPES)]
    by: Id | None = None
    recorded_by: Id | None = None
    kind: KindName | None = None
    thing: Id | None = None
    partner: Id | None = None
    role: Words | None = None
    since: Day | None = None
    first: Annotated[Position | None, Field(alias="from")] = None


class Order(Filters):
    """The same, newest or oldest first."""

    newest_first: bool = True


def chosen(filters: Filters) -> Chosen:
    """Return the choice of records that these parameters make."""
    if filters.thing and not filters.kind:
        raise Problem("malformed", "thing: zeg met kind van welke soort het is.")
    own = CAPABILITY_OF[filters.kind] if filters.kind and not filters.thing else ""
    return Chosen(
        types=tuple(filters.type),
        capability=own,
        by=filters.by or "",
        recorded_by=filters.recorded_by or "",
        kind=filters.kind or "",
        thing=filters.thing or "",
        partner=filters.partner or "",
        role=filters.role or "",
        since=filters.since or "",
        first=filters.first,
    )


def _timeline(asked: Asked[Order]) -> Page:
    own = asked.parameters
    return timeline(
        asked.connection, asked.view, asked.paging, chosen(own), newest_first=own.newest_first
    )


ROUTES = (
    Route(
        "/timeline",
        "listTimeline",
        "What happened, a sentence for each record, newest first.",
        _timeline,
        page_of(ENTRY),
        Order,
    ),
)
