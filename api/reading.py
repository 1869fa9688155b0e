"""Reading over HTTP: what every route that reads a chain has in common.

    GET /v1/chains/{chain}/...?knownAt=<position or moment>&validOn=<day>&atLeast=<position>

A capability's file names its paths, its filters, and the function that asks the read model; this
file finds out who reads, waits for `atLeast`, lends a connection, and makes pages. Everything a
route answers goes through one view, so through one filter of scopes.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import FastAPI, Query
from msgspec import Struct
from pydantic import AfterValidator, BeforeValidator, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import identity, lending
from api.act_paths import BASE, IN_BRACES
from api.answer_schemas import answered, identified, page_of
from api.answers import MEDIA_TYPE, answer, listing
from api.identity import Identity
from api.parameters import Day, Parameters, as_known_at, as_words, in_path
from api.problems import Problem
from ledger.domain.values import MAX_INTEGER, Refused
from projections.reached import Shown
from projections.views import (
    DEFAULT_LIMIT,
    MAX_CURSOR,
    MAX_LIMIT,
    ChainUnknown,
    Conn,
    Doc,
    Page,
    Paging,
    View,
)

FIRST_PAUSE_SECONDS: Final = 0.005
LONGEST_PAUSE_SECONDS: Final = 0.25
"""How often is looked, by who is not told, whether the read models have reached a position."""

KnownAt = Annotated[int | str, BeforeValidator(as_known_at)]
Cursor = Annotated[str, AfterValidator(as_words), Field(max_length=MAX_CURSOR)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Position = Annotated[int, Field(ge=0, le=MAX_INTEGER)]


class AsOf(Parameters):
    """For which moment a question is asked, on both axes of time."""

    known_at: KnownAt | None = None
    valid_on: Day | None = None
    at_least: Position | None = None


class Listing(AsOf):
    """The same for a list, and which part of it."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


P = TypeVar("P", bound=AsOf)


class Asked(Struct, Generic[P], frozen=True):
    """One question: the connection to ask it on, the view it is asked in, its parameters."""

    connection: Conn
    view: View
    parameters: P
    request: Request

    @property
    def paging(self) -> Paging:
        """Which part of a list is asked for."""
        asked = self.parameters
        return Paging(asked.cursor, asked.limit) if isinstance(asked, Listing) else Paging()

    @property
    def filters(self) -> dict[str, Any]:
        """The parameters of this route alone; what was not given is empty."""
        own = self.parameters.model_dump(exclude=set(Listing.model_fields))
        return {name: "" if value is None else value for name, value in own.items()}

    def named(self, name: str) -> str:
        """Return the id of the thing that the path names."""
        return in_path(self.request, name)


class Route(Struct, frozen=True):
    """One address below a chain, what it answers, and how it is told in the OpenAPI document."""

    path: str
    operation: str
    summary: str
    ask: Callable[[Asked[Any]], Doc | Page | Response]
    schema: dict[str, Any]
    parameters: type[AsOf] = AsOf
    media_type: str = MEDIA_TYPE


def a_list(
    path: str,
    thing: str,
    summary: str,
    query: Callable[..., Page],
    parameters: type[Listing] = Listing,
) -> Route:
    """Return the route of a list of things; its own parameters are the query's own."""

    def ask(asked: Asked[Any]) -> Page:
        return query(asked.connection, asked.view, asked.paging, **asked.filters)

    operation = f"list{camel(path)}"
    return Route(path, operation, summary, ask, page_of(identified(thing)), parameters)


def an_item(path: str, summary: str, query: Callable[[Conn, View, str], Doc]) -> Route:
    """Return the route of one thing, named by the last part of the path."""
    thing = IN_BRACES.findall(path)[-1]

    def ask(asked: Asked[AsOf]) -> Doc:
        return query(asked.connection, asked.view, asked.named(thing))

    return Route(path, f"get{camel(thing)}", summary, ask, identified(thing))


def camel(path: str) -> str:
    """Return the words of a path in one: `/decision-rules` is `DecisionRules`."""
    return "".join(word[0].upper() + word[1:] for word in re.findall(r"[A-Za-z]+", path))


def install(app: FastAPI, tag: str, routes: Iterable[Route]) -> None:
    """Add the routes of one capability."""
    for route in routes:
        app.add_api_route(
            BASE + route.path,
            _endpoint(route),
            operation_id=route.operation,
            summary=route.summary,
            tags=[tag],
            response_class=Response,
            openapi_extra=answered(route.schema, media_type=route.media_type),
        )


def _endpoint(route: Route) -> Callable[..., Coroutine[Any, Any, Response]]:
    async def read(request: Request, parameters: Any) -> Response:
        reader = await identity.who(request)
        end = time.monotonic() + request.app.state.settings.at_least_seconds
        await _reached(request, parameters.at_least, end)
        try:
            # In a thread, where waiting for the database blocks nobody.
            return await run_in_threadpool(_answered, route, request, parameters, reader)
        except ChainUnknown:
            if parameters.at_least is not None:
                # As late as of a chain that is not there: how long it takes tells nothing either.
                await asyncio.sleep(end - time.monotonic())
            raise

    # The parameters differ per route, so their type cannot stand in the signature above.
    read.__annotations__["parameters"] = Annotated[route.parameters, Query()]
    return read


async def _reached(request: Request, position: int | None, end: float) -> None:
    """Wait until the read models hold a position, until the end; no thread waits with us.

    The runner of this process tells it at once; it is looked for where another process does it.
    """
    if position is None:
        return
    chain = in_path(request, "chain")
    shown: Shown = request.app.state.shown
    pause = FIRST_PAUSE_SECONDS
    told = _Told()
    with shown.ringing(chain, position, told.ring):
        while not await told.within(pause):
            if await run_in_threadpool(shown.wait, chain, position, 0):
                return
            left = end - time.monotonic()
            if left <= 0:
                raise await run_in_threadpool(lending.waited_in_vain, request, chain, position)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS, left)


class _Told:
    """One who waits in an event loop to be told something by another thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()

    def ring(self) -> None:
        """Tell it, from any thread; in a loop that has ended nobody waits any more."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._told.set)

    async def within(self, seconds: float) -> bool:
        """Wait to be told; False when that takes too long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._told.wait(), seconds)
        return self._told.is_set()


def _answered(route: Route, request: Request, parameters: AsOf, reader: Identity) -> Response:
    with lending.looking(
        request,
        in_path(request, "chain"),
        reader,
        at_least=parameters.at_least,
        known_at=parameters.known_at,
        valid_on=parameters.valid_on or "",
    ) as (lent, view):
        try:
            found = route.ask(Asked(lent, view, parameters, request))
        except Refused as refusal:
            # No act was refused here, only a question: the rule's own sentence is about acts.
            raise Problem("malformed", f"{refusal.reason}.", rule=refusal.rule) from refusal
    if isinstance(found, Response):
        given = found
    elif isinstance(found, Page):
        # The pages that follow show the same state, also while the chain grows.
        given = listing(
            request, found.items, found.next, more_than=found.more_than, knownAt=view.known_at
        )
    else:
        given = answer(found)
    given.headers[lending.KNOWN_AT] = str(view.known_at)
    return given
