"""The reference of the API as a page: Swagger UI, from the package that is installed here.

    /v1/docs           the page
    /v1/docs/{file}    its own files, and nothing else of that package

The files of Swagger UI come with `fastapi-swagger`, of which no code is used: its own page asks
for inline scripts. Nothing is asked of another host. It has a policy of its own, which allows what
Swagger UI needs and the other pages do not: drawings in its style sheet, as data.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import files
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ledger.domain.values import NotFound

PACKAGE: Final = "fastapi-swagger"
FILES: Final = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
"""The files of Swagger UI that the page loads."""
START: Final = "start.js"
SCRIPT: Final = """\
"use strict";
SwaggerUIBundle({
  url: "/v1/openapi.json", dom_id: "#naslag", deepLinking: true, validatorUrl: null,
  defaultModelsExpandDepth: -1, docExpansion: "none", filter: true,
});
"""
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>API – ketenledger</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/v1/docs/swagger-ui.css">
<script src="/v1/docs/swagger-ui-bundle.js" defer></script>
<script src="/v1/docs/start.js" defer></script>
</head>
<body>
<p><a href="/">ketenledger</a> – <a href="/v1/openapi.json">openapi.json</a></p>
<noscript><p>This reference needs scripts; the document itself does not.</p></noscript>
<main id="naslag"></main>
</body>
</html>
"""


def install(app: FastAPI) -> None:
    """Add the page and its files; they stand outside the OpenAPI document."""
    app.add_api_route("/v1/docs", page, include_in_schema=False)
    app.add_api_route("/v1/docs/{name}", file, include_in_schema=False)


async def page() -> HTMLResponse:
    """Answer the page."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "private, no-cache"}
    return HTMLResponse(PAGE, headers=headers)


async def file(request: Request) -> Response:
    """Answer one file of the page, with a tag by which a browser keeps it."""
    name = str(request.path_params["name"])
    if name not in (START, *FILES):
        raise NotFound(f"Het bestand {name[:80]!r} bestaat niet.")
    content, tag = _file(name)
    headers = {"ETag": tag, "Cache-Control": "public, max-age=86400"}
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    kind = FILES.get(name, "text/javascript")
    return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)


@cache
def _file(name: str) -> tuple[bytes, str]:
    content = SCRIPT.encode() if name == START else _installed(name).read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _installed(name: str) -> Path:
    """Return where the package put a file, without running any code of it."""
    for one in files(PACKAGE) or ():
        if one.name == name:
            return Path(str(one.locate()))
    raise FileNotFoundError(f"{PACKAGE}: {name}")
