"""The time stamps over the checkpoints of a log, over HTTP, for whoever may know of the chain.

    GET /log/{chain}/timestamps                    which there are, in order of size
    GET /log/{chain}/timestamps/{size}-{n}.tsr     one, as the authority gave it (RFC 3161)
    GET /log/{chain}/timestamps/{size}.note        the bytes that it stamps

The last is the checkpoint of that size with the signatures of the log alone: what witnesses added
is not stamped, and stands in `/log/{chain}/checkpoint`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import FastAPI, Query
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.answer_schemas import answered, named, page_of
from api.answers import listing
from api.log_open import caching, not_signed, require_log
from api.parameters import Parameters, in_path
from api.reading import Cursor, Limit
from ledger.domain.values import NotFound, instant
from ledger.log.anchor import Anchor, Anchors
from ledger.log.anchoring import REPLY
from ledger.log.tree import Tree
from projections.views import DEFAULT_LIMIT

BASE: Final = "/log/{chain}/timestamps"
TEXT: Final = "text/plain; charset=utf-8"
_PLACE: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,4})")
_FILE: Final = re.compile(r"([1-9][0-9]{0,17})(?:\.note|-([1-9][0-9]{0,3})\.tsr)")


class Timestamp(Struct, frozen=True, rename="camel"):
    """A time stamp: `stamped_at` is the moment the authority vouches for, `stored_at` is ours.

    `token` is where the time stamp itself is, `note` where the bytes are that it stamps.
    """

    size: int
    number: int
    authority: str
    stamped_at: str
    stored_at: str
    token: str
    note: str


class Listed(Parameters):
    """Which part of the list."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


def install(app: FastAPI) -> None:
    """Add the addresses of the time stamps."""
    app.add_api_route(
        BASE,
        timestamps,
        operation_id="listTimestamps",
        summary="The time stamps over the checkpoints of the chain's log, in order of size.",
        tags=["log"],
        response_class=Response,
        openapi_extra=answered(page_of(named(Timestamp))),
    )
    app.add_api_route(
        BASE + "/{file}",
        timestamp,
        operation_id="getTimestamp",
        summary="A time stamp (`{size}-{n}.tsr`), or the bytes that it stamps (`{size}.note`).",
        tags=["log"],
        response_class=Response,
        openapi_extra=answered({"type": "string", "format": "binary"}, media_type=REPLY),
    )


async def timestamps(request: Request, asked: Annotated[Listed, Query()]) -> Response:
    """Answer which time stamps there are."""
    return await run_in_threadpool(_listed, request, asked)


async def timestamp(request: Request) -> Response:
    """Answer one file."""
    return await run_in_threadpool(_file, request)


def newest_timestamp(request: Request, chain: str) -> Timestamp | None:
    """Return the time stamp that covers most of a chain; None if it has none."""
    found = _anchors(request).latest(chain)
    return None if found is None else _told(chain, found)


def _listed(request: Request, asked: Listed) -> Response:
    chain = in_path(request, "chain")
    require_log(request, chain)
    if _tree(request).checkpoint(chain) is None:
        raise not_signed(chain)
    place = _PLACE.fullmatch(asked.cursor or "0-0")
    if place is None:
        raise NotFound("Dit vervolg van de lijst is er niet; begin opnieuw.")
    after = int(place[1]), int(place[2])
    found = _anchors(request).listed(chain, after=after, limit=asked.limit + 1)
    shown = found[: asked.limit]
    more = f"{shown[-1].size}-{shown[-1].number}" if len(found) > len(shown) else ""
    return listing(request, [_told(chain, one) for one in shown], more)


def _file(request: Request) -> Response:
    chain, name = in_path(request, "chain"), str(request.path_params["file"])
    for_everybody = require_log(request, chain)
    found = _FILE.fullmatch(name)
    data, media_type = None, TEXT
    if found is not None and found[2]:
        anchor = _anchors(request).numbered(chain, int(found[1]), int(found[2]))
        data, media_type = anchor and anchor.token, REPLY
    elif found is not None:
        checkpoint = _tree(request).checkpoint(chain, int(found[1]))
        data = checkpoint and checkpoint.note.encode()
    if data is None:
        raise NotFound(f"Keten {chain} heeft geen tijdstempel {name[:80]!r}.")
    return Response(data, headers=caching(private=not for_everybody), media_type=media_type)


def _told(chain: str, anchor: Anchor) -> Timestamp:
    base = BASE.format(chain=chain)
    return Timestamp(
        anchor.size,
        anchor.number,
        anchor.authority,
        _moment(anchor.stamped),
        _moment(anchor.at),
        f"{base}/{anchor.file}",
        f"{base}/{anchor.size}.note",
    )


def _moment(moment: datetime) -> str:
    return instant(moment.astimezone(UTC))


def _anchors(request: Request) -> Anchors:
    return Anchors(request.app.state.reading)


def _tree(request: Request) -> Tree:
    tree: Tree = request.app.state.tree
    return tree
