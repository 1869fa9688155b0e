"""The table of routes leads where their patterns lead, and leaves alone what it does not know."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from api.act_paths import BASE, PATHS
from api.act_routes import ActRoute
from api.route_table import RouteTable
from tests.api.doors import Doors

LEFT = {
    "/bundles/records",
    "/bundles/{kind}/{id}",
    "/audit/person/{person}",
    "/audit/decision/{decision}",
    "/audit/partner/{partner}",
}
"""Addresses in which words and names do not take turns."""


@pytest.fixture(scope="module")
def routes(doors: Doors) -> list[APIRoute]:
    return [one for one in doors.app.routes if isinstance(one, APIRoute)]


@pytest.fixture(scope="module")
def table(routes: list[APIRoute]) -> RouteTable[APIRoute]:
    return RouteTable(routes)


def asked(path: str, method: str = "POST") -> Scope:
    return {"type": "http", "method": method, "path": path, "root_path": ""}


def by_patterns(routes: list[APIRoute], scope: Scope) -> tuple[APIRoute, Scope]:
    """Return the route that the web framework would choose, and what its pattern names."""
    found = ((one, *one.matches(scope)) for one in routes)
    return next((one, child) for one, match, child in found if match is Match.FULL)


def test_every_address_leads_where_the_patterns_lead(
    routes: list[APIRoute], table: RouteTable[APIRoute]
) -> None:
    known, left = 0, set()
    for route in routes:
        path = re.sub(r"\{(\w+)(:\w+)?\}", r"een-\1", route.path)
        for method in route.methods or ():
            first, named = by_patterns(routes, asked(path, method))
            scope = asked(path, method)
            found = table.find(scope)
            assert found in (first, None), route.path
            if found is not None:
                known += 1
                assert scope["path_params"] == named["path_params"]
                assert scope["route"] is first
            elif route.path.startswith(BASE):
                left.add(route.path.removeprefix(BASE))
    assert known > 130
    assert left == LEFT


def test_every_act_is_in_the_table(table: RouteTable[APIRoute]) -> None:
    for path in [*PATHS.values(), "/records"]:
        named = re.sub(r"\{(\w+)\}", r"een-\1", BASE + path)
        assert isinstance(table.find(asked(named)), ActRoute), path


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chains/k/decisions//votes",
        "/v1/chains//decisions/b/votes",
        "/v1/chains/k/decisions/b/votes/",
        "/v1/chains/k/decisions/b/votes/v",
        "/v1/chains/k/decisions/b",
        "/v1/chains/k/decisions/b/meetings",
        "/v1/chains/k/votes",
        "/v1/chains/k",
        "/v1/chains/",
        "/v2/chains/k/decisions",
        "/ketens/k/decisions",
        "/v1/chains",
        "",
    ],
)
def test_no_act_is_found_at_an_address_that_is_none(table: RouteTable[APIRoute], path: str) -> None:
    scope = asked(path)
    assert table.find(scope) is None
    assert table.matches(scope) == (Match.NONE, {})
    assert "route" not in scope


def test_a_method_is_part_of_the_address(table: RouteTable[APIRoute]) -> None:
    path = "/v1/chains/k/decisions"
    recorded, read = table.find(asked(path)), table.find(asked(path, "GET"))
    assert recorded is not None
    assert read is not None
    assert (recorded.methods, read.methods) == ({"POST"}, {"GET"})
    for method in ("HEAD", "PUT", "OPTIONS", "post", ""):
        assert table.find(asked(path, method)) is None
    assert table.find({"type": "lifespan"}) is None


def test_another_method_is_told_which_there_are(doors: Doors) -> None:
    answer = doors.client.put("/v1/chains/k/decisions", json={})
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    "path",
    ["/{other}", "/decisions/votes", "/decisions/{decision}/{vote}", "/records/{position:int}"],
)
def test_an_address_in_which_words_and_names_do_not_take_turns_is_left_to_the_patterns(
    path: str,
) -> None:
    async def nothing() -> None: ...

    table = RouteTable([APIRoute(BASE + path, nothing)])
    assert table.find(asked("/v1/chains/k" + re.sub(r"[{}]|:int", "", path), "GET")) is None
