"""What the organisation that runs this server states: privacy, and accessibility (S12).

    /privacy             what stays, what can be erased, how to ask
    /toegankelijkheid    how far the pages can be used by everybody, in the form the law asks for

Who they are and how to reach them stands in the settings; where nothing was set, the pages say so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.pages.language import chosen
from api.pages.paper import printed
from api.pages.posted import guarded
from api.session import MAX_AGE_SECONDS

WRITTEN_ON: Final = "2026-11-22"
"""The day on which the accessibility statement was last held against the pages."""
SESSION_HOURS: Final = MAX_AGE_SECONDS // 3600


def install(app: FastAPI) -> None:
    """Add both statements."""
    for path, template in (
        ("/privacy", "privacy.html"),
        ("/toegankelijkheid", "accessibility.html"),
    ):
        app.add_api_route(path, guarded(_shown(template)), include_in_schema=False)


def _shown(template: str) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        settings = request.app.state.settings
        content = {
            "here": request.url.path,
            "organisation": settings.organisation,
            "contact": settings.contact,
            "address": settings.address,
            "written_on": WRITTEN_ON,
            "session_hours": SESSION_HOURS,
        }
        return printed(template, chosen(request), content)

    return show
