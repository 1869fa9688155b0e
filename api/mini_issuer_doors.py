"""The addresses of the issuer of a server in development mode; on any other there are none."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.identity import Trust, require_own_machine
from api.issuer import DISCOVERY, FORM
from api.mini_issuer import KEYS, PATH, TOKEN, MiniIssuer
from api.problems import Problem
from api.request_body import read_bytes
from ledger.log.asking import Answer

MAX_FORM_BYTES = 16_384


def install(app: FastAPI) -> None:
    """Add them, where this server brings its own issuer."""
    trust: Trust = app.state.trust
    if trust.mini is None:
        return
    for path in (PATH + DISCOVERY, KEYS):
        app.add_api_route(path, _told, methods=["GET"], include_in_schema=False)
    app.add_api_route(TOKEN, _granted, methods=["POST"], include_in_schema=False)


async def _told(request: Request) -> Response:
    require_own_machine(request)
    return _sent(_mini(request).answer(request.url.path, None))


async def _granted(request: Request) -> Response:
    require_own_machine(request)
    given = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if given != FORM:
        raise Problem("unsupported-media-type", f"Een vraag om een token komt als {FORM}.")
    form = await read_bytes(request, max_bytes=MAX_FORM_BYTES)
    return _sent(_mini(request).answer(request.url.path, form))


def _mini(request: Request) -> MiniIssuer:
    trust: Trust = request.app.state.trust
    if trust.mini is None:
        raise Problem("not-found", "Deze server brengt geen eigen uitgever mee.")
    return trust.mini


def _sent(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type=answer.media_type)
