"""Addresses of a chain by their words: one look in a table instead of a walk along all patterns.

    GET /v1/chains/{chain}/decisions/{decision}   ->   GET, (decisions), one name

Below a chain words and names take turns, so the words tell which route it is. The web framework
tries its routes in turn, two hundred and more of them, each with a pattern of its own. The table
stands before them as a route like any other; what it does not know is left to the patterns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from fastapi.routing import APIRoute
from starlette._utils import get_route_path
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from api.act_paths import BASE, IN_BRACES

R = TypeVar("R", bound=APIRoute)
Key = tuple[str, tuple[str, ...], int]
"""A method, the words of an address below a chain, and how many names stand between them."""
_BEGINNING: Final = BASE.partition("{")[0]


class RouteTable(BaseRoute, Generic[R]):
    """Those of some routes whose address is one of words and names in turn, below a chain."""

    def __init__(self, routes: Iterable[R]) -> None:
        self._routes: dict[Key, tuple[R, tuple[str, ...]]] = {}
        for route in routes:
            words, names = _parts(route.path)
            if names and all(map(_is_name, names)) and not any(map(_is_name, words)):
                known = (route, tuple(IN_BRACES.findall(route.path)))
                for method in route.methods or ():
                    self._routes.setdefault((method, tuple(words), len(names)), known)

    def find(self, scope: Scope) -> R | None:
        """Return the route of a request, and note in the scope what its address names."""
        if scope["type"] != "http":
            return None
        words, names = _parts(get_route_path(scope))
        known = self._routes.get((scope["method"], tuple(words), len(names)))
        if known is None or not all(names):
            return None
        route, called = known
        scope["route"] = route
        scope["path_params"] = dict(zip(called, names, strict=True))
        return route

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell the framework whether this is a request of one of these routes."""
        route = self.find(scope)
        return (Match.NONE, {}) if route is None else (Match.FULL, {"endpoint": route.endpoint})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the route that was found take the request."""
        await scope["route"].handle(scope, receive, send)


def _parts(path: str) -> tuple[list[str], list[str]]:
    """Return the words of an address below a chain, and its names from that of the chain on."""
    if not path.startswith(_BEGINNING):
        return [], []
    chain, *parts = path[len(_BEGINNING) :].split("/")
    return parts[::2], [chain, *parts[1::2]]


def _is_name(part: str) -> bool:
    return IN_BRACES.fullmatch(part) is not None
