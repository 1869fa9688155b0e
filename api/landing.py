"""The first page, and a page for each kind of problem: plain HTML without styles or scripts."""

from __future__ import annotations

from html import escape

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.problems import KINDS
from ledger.domain.values import NotFound

PAGE = """\
<!doctype html>
<html lang="nl">
<head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main>
<h1>{title}</h1>
{content}
</main></body>
</html>
"""

LANDING = """\
<p>Het geheugen van een keten van organisaties: wie besloot wat, wanneer, in welke rol, onder welk
mandaat en welke regel, en wat kwam ervoor in de plaats.</p>
<ul>
<li><a href="/v1/chains">De ketens</a></li>
<li><a href="/v1/event-types">De soorten gebeurtenissen</a></li>
<li><a href="/v1/openapi.json">De beschrijving van de API (OpenAPI)</a></li>
<li><a href="/v1/health">De toestand van deze server</a></li>
</ul>
"""


def install(app: FastAPI) -> None:
    """Add the pages; they stand outside `/v1` and outside the OpenAPI document."""
    app.add_api_route("/", landing, include_in_schema=False, response_class=HTMLResponse)
    app.add_api_route(
        "/problems/{kind}", problem, include_in_schema=False, response_class=HTMLResponse
    )


async def landing() -> HTMLResponse:
    """Answer the first page."""
    return HTMLResponse(PAGE.format(title="ketenledger", content=LANDING))


async def problem(request: Request) -> HTMLResponse:
    """Answer what a kind of problem means: the `type` of a problem leads here."""
    slug = str(request.path_params["kind"])
    kind = KINDS.get(slug)
    if kind is None:
        raise NotFound(f"Er is geen probleem met kenmerk {slug[:80]!r}.")
    content = f"<p>{escape(kind.meaning)}</p>\n<p>HTTP-status {kind.status}</p>"
    return HTMLResponse(PAGE.format(title=escape(kind.title), content=content))
