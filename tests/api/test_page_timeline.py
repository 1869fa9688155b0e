"""The page of the timeline: what it can be narrowed to, and what stays in its links."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from api.pages import site
from api.pages.timeline import SCREENS
from api.problems import Problem
from projections.capacities import capacities
from projections.views import Conn
from tests.api.test_page_items import PUBLIC, asked, printed_page
from tests.projections.given import reading, taken_in
from tests.projections.scenes import everything

[SCREEN] = SCREENS


@pytest.fixture(scope="module")
def whole(shared_database: str) -> Iterator[Conn]:
    """The demonstration chain."""
    taken_in(shared_database, everything())
    with reading(shared_database) as connection:
        yield connection


def shown(connection: Conn, query: str = "", **more: frozenset[str]) -> str:
    request, template = asked(connection, SCREEN, query=query, **more)  # type: ignore[arg-type]  # the reader
    return printed_page(request, template, SCREEN)


def options(page: str, name: str) -> dict[str, bool]:
    """Return the values of a choice, and whether each is the one that is chosen."""
    [choice] = re.findall(rf'<select id="{name}".*?</select>', page, re.DOTALL)
    return {
        value: bool(selected)
        for value, selected in re.findall(r'<option value="([^"]*)"( selected)?>', choice)
    }


def test_the_choices_are_the_partners_and_roles_that_the_chain_has(whole: Conn) -> None:
    page = shown(whole, "partner=uwv&rol=representative")
    partners, roles = options(page, "partner"), options(page, "rol")
    assert [one for one, selected in partners.items() if selected] == ["uwv"]
    assert [one for one, selected in roles.items() if selected] == ["representative"]
    assert {"", "uwv", "cbs"} <= set(partners)
    assert {"", "chain-manager", "chain-office", "representative"} <= set(roles)
    assert "auditor" not in roles
    for text in ("Role at the time", "all roles", "all partners", "chain manager"):
        assert text in page


def test_only_what_was_done_in_the_role_is_shown(whole: Conn) -> None:
    request, _ = asked(whole, SCREEN, query="rol=chain-manager")
    found = SCREEN.gather(request)
    assert isinstance(found, dict)
    entries = [one for group in found["entries"] for one in group]
    grounds = capacities(whole, request.view, {at for one in entries for at in one["under"]})
    assert entries
    for one in entries:
        assert "chain-manager" in {grounds[at].get("role") for at in one["under"]}
    assert "Nothing happened" in shown(whole, "rol=chain-manager&sinds=2020-01-01&tot=2020-01-01")


def test_the_links_and_the_bar_of_dates_keep_what_was_chosen(whole: Conn) -> None:
    query = "partner=uwv&rol=&soort=decisions"
    request, _ = asked(whole, SCREEN, query=query)
    assert ("partner", "uwv") in site._other_fields(request)
    onward = site._onward(request, "verder")
    assert "partner=uwv" in onward
    assert "soort=decisions" in onward
    assert onward.endswith("vanaf=verder")


@pytest.mark.parametrize("query", ["partner=geen-partner", "rol=geen-rol", "rol=auditor"])
def test_what_the_chain_does_not_have_is_refused(whole: Conn, query: str) -> None:
    with pytest.raises(Problem, match=query.split("=")[0]):
        shown(whole, query)


def test_a_reader_is_offered_only_the_roles_that_they_may_know_of(whole: Conn) -> None:
    assert set(options(shown(whole, reader=PUBLIC), "rol")) == {""}


def test_from_the_timeline_one_can_look_for_words(whole: Conn) -> None:
    [form] = re.findall(r'<form[^>]*action="[^"]*/zoeken".*?</form>', shown(whole), re.DOTALL)
    assert 'role="search"' in form
    assert 'name="zoek"' in form
