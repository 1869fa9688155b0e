"""The event types as data: which there are, who may record them, and the schema of each."""

from __future__ import annotations

import inspect

from fastapi import FastAPI
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.act_paths import BASE, PATHS
from api.answer_schemas import ANY, answered, named, page_of
from api.answers import answer, listing
from ledger import catalogue
from ledger.catalogue import Type
from ledger.domain.values import NotFound, Refused

SCHEMA_MEDIA_TYPE = "application/schema+json"
PATH = "/v1/event-types"


class EventType(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One event type, and the path at which it is recorded, if it may be from outside at all."""

    event_type: str
    capability: str
    description: str
    sentence: str
    capacities: tuple[str, ...]
    scope: str
    by_rules: bool
    sealed_fields: tuple[str, ...] = ()
    recorded_at: str = ""


def install(app: FastAPI) -> None:
    """Add the routes of the event types."""
    app.add_api_route(
        PATH,
        list_event_types,
        operation_id="listEventTypes",
        summary="All event types.",
        tags=["event types"],
        response_class=Response,
        openapi_extra=answered(page_of(named(EventType))),
    )
    app.add_api_route(
        f"{PATH}/{{type}}",
        get_event_type,
        operation_id="getEventType",
        summary="The JSON Schema of one event type; the newest version where none is named.",
        tags=["event types"],
        response_class=Response,
        openapi_extra=answered(ANY, "A JSON Schema (2020-12).", media_type=SCHEMA_MEDIA_TYPE),
    )


async def list_event_types(request: Request) -> Response:
    """Answer all event types, in the order of the catalogue."""
    return listing(request, [_shown(one) for one in catalogue.TYPES.values()])


async def get_event_type(request: Request) -> Response:
    """Answer the JSON Schema of one event type."""
    name = str(request.path_params["type"])
    try:
        schema = catalogue.json_schema(name)
    except Refused as error:
        raise NotFound(f"De soort gebeurtenis {name[:80]!r} bestaat niet.") from error
    return answer(schema, media_type=SCHEMA_MEDIA_TYPE)


def _shown(one: Type) -> EventType:
    path = "" if one.by_rules else PATHS[one.title]
    return EventType(
        event_type=one.name,
        capability=one.capability,
        description=inspect.getdoc(one.kind) or one.title,
        sentence=one.kind.SENTENCE,
        capacities=one.kind.WHO,
        scope=one.kind.SCOPE,
        by_rules=one.by_rules,
        sealed_fields=catalogue.sealed_fields(one.kind),
        recorded_at=BASE + path if path else "",
    )
