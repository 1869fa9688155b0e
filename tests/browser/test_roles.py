"""Roles in a browser: who held one on a day, by keyboard alone; and what is over its day."""

from __future__ import annotations

from typing import Any

import pytest

from api.charts import HELD
from tests.browser.addresses import BASE

pytestmark = pytest.mark.slow


def test_who_had_a_role_on_a_day_is_asked_by_keyboard(pages: Any) -> None:
    page = pages.open(f"{BASE}/rollen?rol=chain-manager&dag=2007-01-01")
    assert "Op 1 januari 2007 had niemand de rol ketenmanager." in page.inner_text("#antwoord")
    page.locator("#dag").focus()
    page.locator("#dag").fill("2009-06-01")
    page.keyboard.press("Enter")
    page.wait_for_url("**dag=2009-06-01**")
    told = page.inner_text("#antwoord")
    assert "Op 1 juni 2009 was dit ketenmanager: ketenmanager. Vanaf 1 juli 2007" in told
    assert "B-2007-03" in told


def test_the_drawing_and_the_table_tell_the_same_terms(pages: Any) -> None:
    page = pages.open(f"{BASE}/rollen?geldig_op=2010-03-01")
    terms = page.locator("svg.chart g.term")
    assert terms.count() == page.locator("table tbody tr").count() > 5
    dark = page.locator(f"svg.chart g.term path[fill='{HELD[0]}']").count()
    assert dark == page.locator("table tbody td strong").count() > 5


def test_an_action_that_was_late_on_the_day_says_so(pages: Any) -> None:
    page = pages.open(f"{BASE}/acties?geldig_op=2034-12-30")
    assert "over tijd" not in page.inner_text("main")
    assert "Het archief van de opbouwjaren overdragen" in page.inner_text("main")
    page.goto(f"{BASE}/acties?geldig_op=2035-01-01")
    assert "over tijd" in page.inner_text("main")
