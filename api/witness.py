"""The web side of a witness: logs ask it to cosign, monitors read what it cosigned last.

    POST /add-checkpoint                             after C2SP tlog-witness
    GET  /{hex of SHA-256 of the origin}/checkpoint  the last checkpoint, cosigned; 404: none

No one logs in: what counts is who signed a checkpoint. What is cosigned is decided and remembered
by `ledger.log.witness`; here stand only the limits of the web.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ledger.log.witness import (
    MAX_BODY_BYTES,
    TEXT,
    Answer,
    Witness,
    WitnessUnavailable,
)

BODY_SECONDS: Final = 10.0
"""How long a caller may take to send a request."""

Clock = Callable[[], float]
"""Tells the seconds since 1970."""


def create_app(
    witness: Witness, *, clock: Clock = time.time, body_seconds: float = BODY_SECONDS
) -> Starlette:
    """Return the application of a witness."""

    async def add_checkpoint(request: Request) -> Response:
        body = await _read(request, body_seconds)
        if isinstance(body, Answer):
            return _response(body)
        return _response(await run_in_threadpool(_asked, witness, body, int(clock())))

    async def checkpoint(request: Request) -> Response:
        return _response(await run_in_threadpool(_latest, witness, request.path_params["hashed"]))

    routes = [
        Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
        Route("/{hashed}/checkpoint", checkpoint, methods=["GET"]),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return app


def _asked(witness: Witness, body: bytes, now: int) -> Answer:
    try:
        return witness.add_checkpoint(body, now)
    except WitnessUnavailable as error:
        return _said(503, str(error))


def _latest(witness: Witness, hashed: str) -> Answer:
    try:
        found = witness.latest(hashed)
    except WitnessUnavailable as error:
        return _said(503, str(error))
    if found is None:
        return _said(404, "Deze getuige heeft van dit log nog niets medeondertekend.")
    return Answer(200, found)


async def _read(request: Request, seconds: float) -> bytes | Answer:
    """Return the body of a request, or the answer to one that is too long, too slow or broken."""
    too_large = _said(413, f"Het verzoek is groter dan {MAX_BODY_BYTES} bytes.")
    length = request.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > MAX_BODY_BYTES):
        return too_large
    data = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                data += chunk
                if len(data) > MAX_BODY_BYTES:
                    return too_large
    except TimeoutError:
        return _said(408, f"Het verzoek was er niet in {seconds:g} s.")
    except ClientDisconnect:
        return _said(400, "De verbinding brak voor het einde van het verzoek.")
    return bytes(data)


def _said(status: int, sentence: str) -> Answer:
    return Answer(status, f"{sentence}\n".encode(), TEXT)


def _response(answer: Answer) -> Response:
    # As a header, since the framework would add a character set to the kind that sizes have.
    headers = {"Content-Type": answer.content_type, "Cache-Control": "no-store"}
    return Response(answer.body, status_code=answer.status, headers=headers)
