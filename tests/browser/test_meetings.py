"""From a body to its meeting, to what was decided there, and to an action, by keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.addresses import BASE
from tests.browser.test_decisions import follow

pytestmark = pytest.mark.slow


def test_a_body_leads_to_its_meeting_and_on_to_what_was_decided(pages: Any) -> None:
    page = pages.open(f"{BASE}/overleggen/stuurgroep")
    follow(page, "19 februari 2007")
    assert page.inner_text("h1").endswith("van 19 februari 2007")
    assert "Een bestuurder komt zelf" in page.inner_text("main")
    follow(page, "Opdracht tot een integrale probleemanalyse")
    assert page.url.endswith("/besluiten/B-2007-01")
    assert "besproken in: vergadering V-2007-01" in page.inner_text("main")


def test_a_decision_leads_to_its_action_and_that_to_how_it_ended(pages: Any) -> None:
    page = pages.open(f"{BASE}/besluiten/B-2007-02")
    follow(page, "A-2007-01")
    steps = page.locator("ol.course > li strong").all_inner_texts()
    assert steps == ["uitgezet", "over tijd", "afgerond"]
    follow(page, "De conclusies van de integrale probleemanalyse overnemen")
    assert page.url.endswith("/besluiten/B-2007-02")


def test_the_register_leads_to_every_use_of_doorzettingsmacht(pages: Any) -> None:
    page = pages.open(f"{BASE}/mandaten")
    given = page.locator("tr", has=page.get_by_role("rowheader", name="MD-2008-02")).inner_text()
    assert "besluit B-2008-03 (Mandaat om storingen" in given
    follow(page, "DM-2007-01")
    assert page.inner_text("nav.screens [aria-current=true]") == "Mandaten"
    assert "terecht" in page.locator("section", has_text="DG-2008-01").inner_text()


def test_figures_of_a_year_are_reached_by_keyboard_and_have_their_table(pages: Any) -> None:
    page = pages.open(f"{BASE}/cijfers")
    follow(page, "2007")
    assert page.inner_text("h1") == "Cijfers van 2007"
    table = page.locator("section", has=page.locator("#decisions"))
    table.locator("summary").press("Enter")
    assert "juni 2007" in table.locator("table").inner_text()
    assert page.request.get(page.get_attribute("a[download]", "href")).ok
