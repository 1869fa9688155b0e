"""Chains and their partners over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import lending
from api.answer_schemas import answered, identified, page_of
from api.answers import listing
from api.parameters import Parameters
from api.reading import Asked, AsOf, Cursor, Limit, Listing, Route, a_list, an_item
from projections import chains
from projections.views import DEFAULT_LIMIT, Doc, Paging


class Part(Parameters):
    """Which part of the list of chains."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


def _chain(asked: Asked[AsOf]) -> Doc:
    return chains.chain(asked.connection, asked.view)


ROUTES = (
    Route(
        "",
        "getChain",
        "A chain: its partners and objectives, and how it came about.",
        _chain,
        identified("chain"),
    ),
    a_list("/partners", "partner", "Partners, also those that left.", chains.partners),
    an_item("/partners/{partner}", "A partner with its terms and contributions.", chains.partner),
    a_list("/objectives", "objective", "Objectives, newest first.", chains.objectives, Listing),
)


def install(app: FastAPI) -> None:
    """Add the list of all chains, the one route that reads more than one of them."""
    app.add_api_route(
        "/v1/chains",
        list_chains,
        operation_id="listChains",
        summary="The chains of which the reader may know anything.",
        tags=["chains"],
        response_class=Response,
        openapi_extra=answered(page_of(identified("chain"))),
    )


async def list_chains(request: Request, part: Annotated[Part, Query()]) -> Response:
    """Answer one page of chains."""
    return await run_in_threadpool(_page, request, part)


def _page(request: Request, part: Part) -> Response:
    with lending.connection(request) as lent:
        may_see = lending.accesses_of(request, lent)
        found = chains.chains(lent, may_see, Paging(part.cursor, part.limit))
    return listing(request, found.items, found.next)
