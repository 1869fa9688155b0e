"""The way of an act to what records it: found by the words of its address, and handed on at once.

FastAPI tells these routes in its document and would take a request for them as any other: through
the layers that serve every kind of route. Acts come in by the thousand, so they are taken before
that. What the table of their addresses does not know goes on to FastAPI, and there every act is
read and answered by the same function (ADR 0049).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.fields import fields
from api.parameters import Id, Moment, Parameters
from api.route_table import RouteTable
from ledger.domain import values

KEY: Final = "idempotency-key"
SIGNATURE: Final = "act-signature"


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

    def __init__(self, app: ASGIApp, table: RouteTable[ActRoute]) -> None:
        self._app = app
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._table.find(scope)
        if found is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            answer = await found.answered(request)
        except problems.EXPECTED as error:
            answer = await problems.handle(request, error)
        await answer(scope, receive, send)


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
