"""New events while a page stands open, by server-sent events, so that nobody has to reload.

    GET /ketens/{chain}/stroom?vanaf=<position>        text/event-stream
    id: 341        event: nieuw        data: {"count":3,"text":"3 nieuwe gebeurtenissen: toon"}

`vanaf` is up to where the page counts; told is how many the reader may see since. A browser that
lost the connection comes back by itself with the id of what it was told last. Only a number is
told, with the words for it; what happened is for the page itself, through its own filter.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from fastapi import FastAPI
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import lending
from api.live import Live
from api.pages.language import Language, chosen
from api.pages.posted import guarded
from api.pages.site import BASE
from api.parameters import in_path
from api.problems import Problem
from ledger.domain.values import NotFound
from ledger.log.store import StoreUnavailable
from projections.growth import Growth, growth

SINCE: Final = "vanaf"
LAST: Final = "Last-Event-ID"
HEARTBEAT_SECONDS: Final = 15.0
MAX_SECONDS: Final = 600.0
"""After this a stream ends and the browser opens another: none is held for ever."""
PAUSE_SECONDS: Final = 2.0
"""At least so long between two messages: politely, for who hears them read out."""
RETRY_MS: Final = 5000
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Watch(Struct, frozen=True):
    """Who watches which chain, from which position on, and what they were told last."""

    request: Request
    chain: str
    language: Language
    since: int
    told: int


def install(app: FastAPI) -> None:
    """Add the stream of each chain."""
    app.add_api_route(f"{BASE}/stroom", guarded(_stream), include_in_schema=False, methods=["GET"])


async def _stream(request: Request) -> Response:
    chain = in_path(request, "chain")
    since = _position(request.query_params.get(SINCE, ""))
    given = request.headers.get(LAST, "")
    told = _position(given) if given else since
    watch = Watch(request, chain, chosen(request), since, told)
    live: Live = request.app.state.live
    live.require_room()
    await run_in_threadpool(_newer, watch)
    return StreamingResponse(_told(watch, live), media_type="text/event-stream", headers=HEADERS)


async def _told(watch: Watch, live: Live) -> AsyncIterator[bytes]:
    """Tell what is new as it comes, and that the line is alive while nothing does."""
    with live.waiting(watch.chain) as waiter:
        # Several may have found room at once, before any of them had taken it.
        if live.crowded:
            return
        end, told = time.monotonic() + MAX_SECONDS, watch.told
        yield f"retry: {RETRY_MS}\n\n".encode()
        while time.monotonic() < end and not live.stopping:
            try:
                found = await run_in_threadpool(_newer, watch)
            except (StoreUnavailable, NotFound, Problem):
                # What the reader may see can end while they watch.
                return
            if found.newest > told:
                told = found.newest
                yield _message(watch, found)
                await waiter.wait(PAUSE_SECONDS)
            elif not await waiter.wait(HEARTBEAT_SECONDS):
                yield b": er is niets nieuws\n\n"


def _newer(watch: Watch) -> Growth:
    """Return what came since, as far as this reader may see it; NotFound for no such chain."""
    with lending.looking(watch.request, watch.chain) as (lent, view):
        return growth(lent, view, after=watch.since)


def _message(watch: Watch, found: Growth) -> bytes:
    said = watch.language.counted(
        "%(num)s nieuwe gebeurtenis: toon", "%(num)s nieuwe gebeurtenissen: toon", found.count
    )
    text = said % {"num": watch.language.number(found.count)}
    data = msgspec.json.encode({"count": found.count, "text": text}).decode()
    return f"id: {found.newest}\nevent: nieuw\ndata: {data}\n\n".encode()


def _position(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 16:
        return int(text)
    raise Problem("malformed", f"{SINCE}: {text[:40]!r} is geen positie.")
