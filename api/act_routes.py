"""The way of an act to what records it: found by the words of its address, and handed on at once.

    POST /v1/chains/{chain}/decisions/{decision}/votes   ->   (decisions, votes)

FastAPI tells these routes in its document and would find them as any other: by trying a hundred
patterns in turn, and by reading a request through the layers that serve every kind of route. Acts
come in by the thousand, so a table stands before that. What the table does not know goes on to
FastAPI, and there every act is read and answered by the same function (ADR 0049).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette._utils import get_route_path
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.act_paths import BASE, IN_BRACES
from api.fields import fields
from api.parameters import Id, Moment, Parameters
from ledger.domain import values

KEY: Final = "idempotency-key"
SIGNATURE: Final = "act-signature"
Words = tuple[str, ...]
"""The words of an address without the names between them."""
_BEGINNING: Final = BASE.partition("{")[0]


class ActParameters(Parameters):
    """How an act is recorded, beside the event itself."""

    on: Moment | None = None
    by: Id | None = None
    scope: values.Scope | None = None
    dry_run: bool = False


NO_PARAMETERS: Final = ActParameters()


class ActRoute(APIRoute):
    """A route that records. Its endpoint takes the request, its parameters, its key and signature.

    FastAPI reads of the endpoint what the document says; the request is read here.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return self.answered

    async def answered(self, request: Request) -> Response:
        """Return the answer to a request; raises what `problems` tells."""
        given = fields(request.scope)
        key, signature = given.get(KEY, ""), given.get(SIGNATURE, "")
        answer: Response = await self.endpoint(request, _parameters(request), key, signature)
        return answer


class Acts:
    """The application with the table of its routes that record before it."""

    def __init__(self, app: ASGIApp, routes: Mapping[str, ActRoute]) -> None:
        self._app = app
        self._routes = {_words(path): _Known(path, route) for path, route in routes.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self.find(scope)
        if found is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            answer = await found.answered(request)
        except problems.EXPECTED as error:
            answer = await problems.handle(request, error)
        await answer(scope, receive, send)

    def find(self, scope: Scope) -> ActRoute | None:
        """Return the route of an act, and note in the scope what its address names."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return None
        path = get_route_path(scope)
        if not path.startswith(_BEGINNING):
            return None
        chain, *parts = path[len(_BEGINNING) :].split("/")
        known = self._routes.get(tuple(parts[::2]))
        names = [chain, *parts[1::2]]
        if known is None or len(names) != len(known.names) or not all(names):
            return None
        scope["route"] = known.route
        scope["path_params"] = dict(zip(known.names, names, strict=True))
        return known.route


class _Known:
    """A route, and the names of what stands between the words of its address."""

    __slots__ = ("names", "route")

    def __init__(self, path: str, route: ActRoute) -> None:
        self.route = route
        self.names = tuple(IN_BRACES.findall(BASE + path))


def _words(path: str) -> Words:
    """Return the words of a path below a chain; names stand between them, one at a time."""
    parts = path.split("/")[1:]
    if any(("{" in part) != bool(number % 2) for number, part in enumerate(parts)):
        raise ValueError(f"{path}: words and names take turns, beginning with a word")
    return tuple(parts[::2])


def _parameters(request: Request) -> ActParameters:
    """Return the query of a request as parameters; raises RequestValidationError."""
    if not request.scope["query_string"]:
        return NO_PARAMETERS
    given = request.query_params
    # Of what is asked twice the last counts, as on the routes that read.
    asked = {name: given[name] for name in given}
    try:
        return ActParameters.model_validate(asked)
    except ValidationError as error:
        found = [{**one, "loc": ("query", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(found) from error
