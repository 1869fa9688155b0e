"""Cookies that say who somebody is: for this very host alone, and out of reach of scripts.

    __Host-sessie       where the server is reached by https
    sessie              on loopback, where a browser takes no cookie that wants https

A name that begins with `__Host-` is taken by a browser only with `Secure`, for the whole host and
without a domain (RFC 6265bis, section 4.1.3.2). So no neighbour on another host of the same domain
can plant one, which nothing but the prefix keeps from happening.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from api.settings import Settings

HOST_ONLY: Final = "__Host-"


def given(request: Request, name: str) -> str:
    """Return the value of a cookie that a request carries; empty where it carries none."""
    return request.cookies.get(_full(request, name), "")


def put(request: Request, answer: Response, name: str, value: str, *, seconds: int) -> None:
    """Let the browser keep a cookie for so long."""
    answer.set_cookie(
        _full(request, name),
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=_secure(request),
    )


def take_away(request: Request, answer: Response, name: str) -> None:
    """Let the browser forget a cookie."""
    answer.delete_cookie(
        _full(request, name), path="/", httponly=True, samesite="lax", secure=_secure(request)
    )


def _full(request: Request, name: str) -> str:
    return f"{HOST_ONLY}{name}" if _secure(request) else name


def _secure(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return settings.address.startswith("https://")
