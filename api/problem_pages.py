"""A page for each kind of problem: the `type` of a problem leads here."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.pages.language import chosen
from api.pages.paper import printed
from api.problems import KINDS
from ledger.domain.values import NotFound


def install(app: FastAPI) -> None:
    """Add the pages; they stand outside `/v1` and outside the OpenAPI document."""
    app.add_api_route(
        "/problems/{kind}", problem, include_in_schema=False, response_class=HTMLResponse
    )


async def problem(request: Request) -> HTMLResponse:
    """Answer what a kind of problem means, and what somebody can do about it."""
    slug = str(request.path_params["kind"])
    kind = KINDS.get(slug)
    if kind is None:
        raise NotFound(f"Er is geen probleem met kenmerk {slug[:80]!r}.")
    return printed("problem_kind.html", chosen(request), {"kind": kind, "here": request.url.path})
