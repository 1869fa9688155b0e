"""Every event type that may be asked for has one address, and its path speaks of its fields."""

import re

import msgspec
import pytest
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from api.act_paths import BASE, PATHS
from api.act_routes import ActRoute, Acts
from ledger import catalogue
from tests.api.doors import Doors

RECORDABLE = [one for one in catalogue.NEWEST.values() if not one.by_rules]


def test_every_recordable_event_type_has_a_path_and_no_other_has() -> None:
    assert sorted(PATHS) == sorted(one.title for one in RECORDABLE)


def test_no_two_event_types_share_a_path() -> None:
    shapes = [re.sub(r"\{\w+\}", "{}", path) for path in PATHS.values()]
    assert len(set(shapes)) == len(shapes)


@pytest.mark.parametrize("one", RECORDABLE, ids=lambda one: one.title)
def test_what_a_path_names_is_a_field_of_the_event(one: catalogue.Type) -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(one.kind)}
    assert set(re.findall(r"\{(\w+)\}", PATHS[one.title])) <= fields


@pytest.mark.parametrize("one", RECORDABLE, ids=lambda one: one.title)
def test_a_path_is_kebab_case_and_ends_in_a_collection(one: catalogue.Type) -> None:
    assert re.fullmatch(r"(?:/[a-z]+(?:-[a-z]+)*(?:/\{\w+\}(?=/))?)+", PATHS[one.title])


@pytest.mark.parametrize("one", [one for one in RECORDABLE if one.kind.CREATES], ids=str)
def test_what_makes_a_thing_does_not_name_it_in_its_path(one: catalogue.Type) -> None:
    assert f"{{{one.kind.CREATES}}}" not in PATHS[one.title]


async def unknown(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("no route was to be asked")


@pytest.fixture(scope="module")
def routes(doors: Doors) -> dict[str, ActRoute]:
    """The routes that record, by their path below a chain."""
    found = [one for one in doors.app.routes if isinstance(one, ActRoute)]
    return {one.path.removeprefix(BASE): one for one in found}


@pytest.fixture(scope="module")
def table(routes: dict[str, ActRoute]) -> Acts:
    return Acts(unknown, routes)


def asked(path: str, method: str = "POST") -> Scope:
    return {"type": "http", "method": method, "path": path, "root_path": ""}


@pytest.mark.parametrize("path", [*PATHS.values(), "/records"])
def test_the_table_leads_where_the_patterns_lead(
    doors: Doors, table: Acts, routes: dict[str, ActRoute], path: str
) -> None:
    named = re.sub(r"\{(\w+)\}", r"een-\1", BASE + path)
    scope = asked(named)
    assert table.find(scope) is routes[path]
    first = next(one for one in doors.app.routes if one.matches(asked(named))[0] is Match.FULL)
    assert first is routes[path]
    assert scope["path_params"] == first.matches(asked(named))[1]["path_params"]
    assert scope["route"] is first


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
        "",
    ],
)
def test_the_table_leaves_every_other_address_to_the_patterns(table: Acts, path: str) -> None:
    scope = asked(path)
    assert table.find(scope) is None
    assert "route" not in scope


def test_the_table_knows_only_what_records(table: Acts) -> None:
    path = f"{BASE}/decisions"
    assert table.find(asked(path)) is not None
    for method in ("GET", "HEAD", "PUT", "OPTIONS", "post"):
        assert table.find(asked(path, method)) is None
    assert table.find({"type": "lifespan"}) is None


@pytest.mark.parametrize("path", ["/{chain}", "/decisions/votes", "/decisions/{decision}/{vote}"])
def test_an_address_in_which_words_and_names_do_not_take_turns_is_not_taken(
    routes: dict[str, ActRoute], path: str
) -> None:
    with pytest.raises(ValueError, match="take turns"):
        Acts(unknown, {path: routes["/records"]})
