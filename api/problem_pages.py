"""A page for each kind of problem: plain HTML without styles or scripts."""

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


def install(app: FastAPI) -> None:
    """Add the pages; they stand outside `/v1` and outside the OpenAPI document."""
    app.add_api_route(
        "/problems/{kind}", problem, include_in_schema=False, response_class=HTMLResponse
    )


async def problem(request: Request) -> HTMLResponse:
    """Answer what a kind of problem means: the `type` of a problem leads here."""
    slug = str(request.path_params["kind"])
    kind = KINDS.get(slug)
    if kind is None:
        raise NotFound(f"Er is geen probleem met kenmerk {slug[:80]!r}.")
    content = f"<p>{escape(kind.meaning)}</p>\n<p>HTTP-status {kind.status}</p>"
    return HTMLResponse(PAGE.format(title=escape(kind.title), content=content))
