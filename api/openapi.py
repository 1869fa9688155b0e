"""The OpenAPI 3.1 document of the doors, as the Dutch API design rules want it.

FastAPI tells the routes and their parameters. Added here: what every answer has (`API-Version`, the
problems it may be), the parts of the path, and the schemas of the events, which come from the very
types that are recorded. Paths stand below the server's `/v1`, but for those
that name another server.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import act_schemas, problems
from api.act_paths import IN_BRACES
from api.act_schemas import REF
from api.answer_schemas import ANY, answered
from api.doorway import API_VERSION
from api.event_types import EventType
from api.health import Alive, Health
from api.integrity import Integrity
from api.receipts import RecordReceipt
from api.timestamps import Timestamp
from ledger.domain.values import SLUG_PATTERN

ROOT: Final = "/v1"
PATH: Final = f"{ROOT}/openapi.json"
METHODS: Final = ("get", "post")
FRAMEWORK_SCHEMAS: Final = ("HTTPValidationError", "ValidationError")
READING: Final = (
    "malformed",
    "unauthenticated",
    "not-allowed",
    "not-found",
    "address-too-long",
    "too-many",
    "unavailable",
)
RECORDING: Final = (
    *READING,
    "too-slow",
    "refused",
    "too-large",
    "unsupported-media-type",
)
ANSWERS: Final = (Alive, Health, Integrity, EventType, RecordReceipt, Timestamp)
DESCRIPTION: Final = """\
What a chain of organisations decided, by whom, in which role, under which mandate and rule.

Every event is recorded once and never changed. Lists answer `items` and `next`, the address of the
following page. `knownAt` and `validOn` ask for the state as it was known at a moment and as it
holds on a day; `atLeast` waits until the answer counts a position. Errors are
`application/problem+json`; `rule` is the number of the rule that said no.
"""


def install(app: FastAPI) -> None:
    """Serve the document; it is made at the first request and kept."""
    made: list[bytes] = []
    making = asyncio.Lock()

    async def openapi() -> Response:
        async with making:
            if not made:
                # It takes a second, in which others are served.
                made.append(await run_in_threadpool(_bytes_of, app))
        return Response(made[0], media_type="application/json")

    app.add_api_route(
        PATH,
        openapi,
        operation_id="openapi",
        summary="This document.",
        tags=["server"],
        openapi_extra=answered(ANY, "An OpenAPI 3.1 document."),
    )


def _bytes_of(app: FastAPI) -> bytes:
    return msgspec.json.encode(document(app))


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of this application."""
    made = get_openapi(
        title="ketenledger",
        version=API_VERSION,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=app.routes,
        servers=[{"url": app.state.settings.base_url.rstrip("/") + ROOT}],
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
    )
    return {
        **made,
        "info": {**made["info"], "contact": CONTACT},
        "paths": {
            path.removeprefix(ROOT): _path(path, one, app.state.settings.base_url)
            for path, one in made["paths"].items()
        },
        "components": _components(made.get("components", {})),
    }


def _path(path: str, operations: dict[str, Any], base_url: str) -> dict[str, Any]:
    # What belongs to a log has its address beside that of the API, where clients of logs look.
    elsewhere = {} if path.startswith(ROOT) else {"servers": [{"url": base_url.rstrip("/") or "/"}]}
    return {
        method: {**_operation(path, method, one), **elsewhere} for method, one in operations.items()
    }


def _operation(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    named = [_path_parameter(name) for name in IN_BRACES.findall(path)]
    answers = {
        status: {**one, "headers": {"API-Version": {"$ref": "#/components/headers/ApiVersion"}}}
        for status, one in operation["responses"].items()
        if status.startswith("2")
    }
    kinds = RECORDING if method == "post" else READING
    errors = {
        str(problems.KINDS[kind].status): {"$ref": f"#/components/responses/{_pascal(kind)}"}
        for kind in kinds
    }
    return {
        **operation,
        "parameters": [*named, *operation.get("parameters", [])],
        "responses": {**answers, **errors},
    }


def _path_parameter(name: str) -> dict[str, Any]:
    positions = ("position", "target", "advice")
    schema: dict[str, Any] = {"type": "string", "pattern": SLUG_PATTERN}
    if name in positions:
        schema = {"type": "integer", "minimum": 0}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _components(made: dict[str, Any]) -> dict[str, Any]:
    own = {
        name: schema
        for name, schema in made.get("schemas", {}).items()
        if name not in FRAMEWORK_SCHEMAS
    }
    _, answers = msgspec.json.schema_components(ANSWERS, ref_template=REF)
    schemas = {**own, **act_schemas.components(), **answers, "Problem": PROBLEM}
    return {
        "schemas": {name: _told(schemas[name]) for name in sorted(schemas)},
        "responses": {_pascal(slug): _problem(kind) for slug, kind in problems.KINDS.items()},
        "headers": {"ApiVersion": API_VERSION_HEADER},
        "securitySchemes": {"bearer": BEARER},
    }


def _told(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema as people read it: no indentation of the source, no default it refuses."""
    told = dict(schema)
    if "description" in told:
        told["description"] = inspect.cleandoc(told["description"])
    if "properties" in told:
        told["properties"] = {
            name: _without_void_default(one) for name, one in told["properties"].items()
        }
    return told


def _without_void_default(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave out an empty default of a field that, where it is given, is not empty."""
    if schema.get("default") != "" or re.search(schema.get("pattern", ""), ""):
        return schema
    return {name: value for name, value in schema.items() if name != "default"}


def _problem(kind: problems.Kind) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": f"{kind.title}. {kind.meaning}",
        "content": {problems.MEDIA_TYPE: {"schema": schema}},
    }


def _pascal(slug: str) -> str:
    return "".join(part.capitalize() for part in slug.split("-"))


CONTACT: Final = {
    "name": "ketenledger",
    "url": "https://example.org/ketenledger",
    "email": "ketenledger@example.org",
}
API_VERSION_HEADER: Final[dict[str, Any]] = {
    "description": "The full version of this API.",
    "schema": {"type": "string", "examples": [API_VERSION]},
}
BEARER: Final[dict[str, Any]] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": (
        "An access token of the issuer that this server trusts, or the key of a service account of "
        "the chain in the address (`ketenledger_...`). On a server in development mode "
        "`ketenledger token <person>` prints a token."
    ),
}
PROBLEM: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457), with the number of the rule that said no.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "rule": {"type": "string", "examples": ["D3"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "name", "reason"],
                "properties": {
                    "in": {"type": "string"},
                    "name": {"type": "string"},
                    "reason": {"type": "string"},
                },
            },
        },
    },
}
