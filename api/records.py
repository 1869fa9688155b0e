"""Records over HTTP: what was recorded, and the exact bytes that are stored of it.

Whoever wants to check a record asks for its bytes: the SHA-256 of a zero byte and these bytes is
its leaf hash, which the `ETag` names.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from api.answer_schemas import page_of
from api.parameters import as_position
from api.reading import Asked, AsOf, Route
from api.timeline import ENTRY, Filters, chosen
from projections.records import record, records, stored
from projections.views import Doc, Page

RAW: Final = "application/octet-stream"
WHOLE: Final[dict[str, Any]] = {
    **ENTRY,
    "properties": {
        **ENTRY["properties"],
        "body": {"type": "object", "description": "The event, with its `type`."},
        "header": {"$ref": "#/components/schemas/Header"},
        "leafHash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    },
}


def _records(asked: Asked[Filters]) -> Page:
    return records(asked.connection, asked.view, asked.paging, chosen(asked.parameters))


def _record(asked: Asked[AsOf]) -> Doc | Response:
    if RAW in asked.request.headers.get("Accept", ""):
        return _raw(asked)
    return record(asked.connection, asked.view, _position(asked))


def _raw(asked: Asked[AsOf]) -> Response:
    found = stored(asked.connection, asked.view, _position(asked))
    return Response(found.data, media_type=RAW, headers={"ETag": f'"{found.leaf_hash.hex()}"'})


def _position(asked: Asked[AsOf]) -> int:
    return as_position(str(asked.request.path_params["position"]))


ROUTES = (
    Route(
        "/records",
        "listRecords",
        "Records in order, each with the sentence it stands for.",
        _records,
        page_of(ENTRY),
        Filters,
    ),
    Route(
        "/records/{position}",
        "getRecord",
        "One record: event, header and leaf hash; or its bytes, as application/octet-stream.",
        _record,
        WHOLE,
    ),
    Route(
        "/records/{position}/raw",
        "getRecordBytes",
        "The exact bytes of a record: what was stored and hashed.",
        _raw,
        {"type": "string", "contentMediaType": "application/json"},
        media_type=RAW,
    ),
)
