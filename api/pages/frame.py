"""What stands around the screens: the first page, the files, the switch of language, the theme."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Coroutine
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import lending, problems, session
from api.demo_story_script import CHAIN
from api.demo_tour import FIRST, tour
from api.pages.language import COOKIE, LANGUAGES, chosen
from api.pages.paper import printed
from api.pages.posted import guarded, local, posted
from api.pages.site import problem_page
from api.problems import Problem
from ledger.domain.values import NotFound
from projections.chains import chains
from projections.views import Paging

STATIC: Final = {
    "style.css": "text/css",
    "page.js": "text/javascript",
    "check.js": "text/javascript",
}
"""The files of our own that a page loads, and nothing else in that folder."""
YEAR_SECONDS: Final = 31_536_000
MAX_THEME_BYTES: Final = 262_144
MAX_CHAINS: Final = 200


def install(app: FastAPI) -> None:
    """Add the pages and files that belong to no chain."""
    for path, endpoint, method in (
        ("/", _guarded(_chains), "GET"),
        ("/static/{name}", _guarded(_static), "GET"),
        ("/theme.css", _guarded(_theme), "GET"),
    ):
        app.add_api_route(path, endpoint, include_in_schema=False, methods=[method])
    app.add_api_route(
        "/ketens/{rest:path}", _guarded(_nothing), include_in_schema=False, methods=["GET", "POST"]
    )
    app.add_api_route("/taal", guarded(_language), include_in_schema=False, methods=["POST"])


def _guarded(
    show: Callable[[Request], Response],
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await run_in_threadpool(show, request)
        except problems.TOLD as error:
            return problem_page(request, problems.told(error, request))

    return endpoint


def _chains(request: Request) -> Response:
    with lending.connection(request) as lent:
        found = chains(lent, lending.accesses_of(request, lent), Paging("", MAX_CHAINS)).items
    told = any(one["chain"] == CHAIN and one.get("demo") for one in found)
    content = {
        "chains": found,
        "here": "/",
        "session": session.current(request),
        "tour": tour() if told else (),
        "first": FIRST,
    }
    return printed("chains.html", chosen(request), content)


def _static(request: Request) -> Response:
    name = str(request.path_params["name"])
    if name not in STATIC:
        raise NotFound(f"Het bestand {name[:80]!r} bestaat niet.")
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    content, tag = _file(name, packed=packed)
    headers = {"ETag": tag, "Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=f"{STATIC[name]}; charset=utf-8", headers=headers)


@cache
def _file(name: str, *, packed: bool) -> tuple[bytes, str]:
    content = files("api").joinpath("static", name).read_bytes()
    content = gzip.compress(content, mtime=0) if packed else content
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _theme(request: Request) -> Response:
    """Answer the style sheet of the organisation that runs this server; empty where it has none."""
    path = request.app.state.settings.folder / "theme.css"
    content = path.read_bytes() if path.is_file() else b""
    if len(content) > MAX_THEME_BYTES:
        raise NotFound(f"theme.css is langer dan {MAX_THEME_BYTES} bytes en wordt niet gebruikt.")
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(content, media_type="text/css; charset=utf-8", headers=headers)


def _nothing(request: Request) -> Response:
    raise NotFound(f"Het adres {problems.place(request.scope)} bestaat niet.")


async def _language(request: Request) -> Response:
    """Keep which language somebody reads, and lead back to the page they came from."""
    fields = await posted(request)
    code = fields.first("taal")
    if code not in LANGUAGES:
        raise Problem("malformed", f"taal: {code[:20]!r}; verwacht {' of '.join(LANGUAGES)}.")
    answer = RedirectResponse(local(fields.first("terug")), status_code=303)
    secure = request.app.state.settings.address.startswith("https://")
    answer.set_cookie(
        COOKIE, code, max_age=YEAR_SECONDS, httponly=True, samesite="lax", path="/", secure=secure
    )
    return answer
