"""By keyboard alone: past what repeats, to a screen, to another day, to a choice, to a record."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.pages.language import language
from tests.browser.addresses import BASE

pytestmark = pytest.mark.slow
MAX_STEPS = 200
HERE = "document.activeElement"


def tab_to(page: Any, selector: str) -> None:
    """Press Tab until this element has the focus, a bounded number of times."""
    for _ in range(MAX_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate(f"(wanted) => {HERE}.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} is not reached in {MAX_STEPS} steps from {page.url}")


def enter(page: Any) -> None:
    """Press Enter on what has the focus and wait for the page that it leads to."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_the_first_stop_leads_past_what_every_page_repeats(pages: Any) -> None:
    page = pages.open(BASE)
    page.keyboard.press("Tab")
    assert page.evaluate(f"{HERE}.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate(f"{HERE}.id") == "inhoud"
    page.keyboard.press("Tab")
    assert page.evaluate(f"{HERE}.closest('main') !== null")


def test_nothing_holds_the_keyboard_and_every_stop_can_be_seen(pages: Any) -> None:
    page = pages.open(f"{BASE}/tijdlijn?sinds=2016-01-01")
    stops = 0
    for _ in range(MAX_STEPS * 3):
        page.keyboard.press("Tab")
        if page.evaluate(f"{HERE} === document.body"):
            break
        stops += 1
        shown = page.evaluate(f"(() => {{ const box = {HERE}.getBoundingClientRect();"
                              " return box.width > 0 && box.right > 0; })()")  # fmt: skip
        assert shown, page.evaluate(f"{HERE}.outerHTML")
    else:
        raise AssertionError("Tab never leaves the page")
    assert stops > 10


def test_somebody_finds_a_record_of_another_day_by_keyboard_alone(pages: Any) -> None:
    # How a date is typed depends on the browser's own language.
    page = pages.open(BASE, locale="en-US")
    tab_to(page, "nav.screens a[href$='/tijdlijn']")
    enter(page)
    assert page.inner_text("h1") == "Tijdlijn"
    assert not page.locator("nav.screens summary, .days > summary").first.is_visible()
    tab_to(page, "#geldig_op")
    page.keyboard.type("10052009")
    enter(page)
    assert "5 oktober 2009" in page.inner_text("[role=status]")
    tab_to(page, "#soort")
    page.keyboard.type("Esc")
    tab_to(page, ".filters button")
    enter(page)
    assert "soort=escalations" in page.url
    assert "geldig_op=2009-10-05" in page.url
    assert page.input_value("#soort") == "escalations"
    tab_to(page, "main a.position")
    enter(page)
    assert page.inner_text("h1").startswith("Gebeurtenis ")
    assert "geldig_op=2009-10-05" in page.url


def test_the_timeline_is_narrowed_to_a_period_also_without_scripts_on_a_telephone(
    pages: Any,
) -> None:
    page = pages.open(BASE, java_script_enabled=False, viewport={"width": 320, "height": 640})
    # The menu and the days to choose from are a line each, until they are opened.
    assert page.locator("h1").bounding_box()["y"] < 450
    assert not page.locator("nav.screens li").first.is_visible()
    page.locator("nav.screens summary").press("Enter")
    page.get_by_role("link", name="Tijdlijn", exact=True).press("Enter")
    page.wait_for_url("**/tijdlijn")
    assert not page.locator("#geldig_op").is_visible()
    page.locator(".days > summary").press("Enter")
    page.fill("#geldig_op", "2010-01-01")
    page.locator("#geldig_op").press("Enter")
    page.wait_for_url("**geldig_op=2010-01-01*")
    assert "U bekijkt de stand van 1 januari 2010" in page.inner_text(".as-of")
    assert page.locator("#mensen option[value=ketenmanager]").count() == 1
    page.fill("#sinds", "2008-01-01")
    page.fill("#tot", "2008-12-31")
    page.click(".filters button")
    assert "van 1 januari 2008 tot en met 31 december 2008" in page.inner_text("main")
    moments = page.locator(".entries > li > .when time").evaluate_all(
        "all => all.map(one => one.dateTime.slice(0, 4))"
    )
    assert set(moments) == {"2008"}
    assert page.input_value("#tot") == "2008-12-31"


def test_the_language_changes_by_keyboard_and_keeps_page_and_day(pages: Any) -> None:
    page = pages.open(f"{BASE}/tijdlijn?geldig_op=2009-10-05")
    tab_to(page, "button[name=taal]")
    enter(page)
    assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text("h1") == "Timeline"
    assert "5 October 2009" in page.inner_text("[role=status]")
    assert page.url.endswith(f"{BASE}/tijdlijn?geldig_op=2009-10-05")


def test_the_reference_of_the_api_opens_under_its_own_policy(pages: Any) -> None:
    page = pages.open("/v1/docs")
    page.wait_for_selector(".opblock-tag")
    assert pages.faults == []


def test_somebody_slides_to_another_day_by_keyboard_alone(pages: Any) -> None:
    page = pages.open(f"{BASE}/rollen?rol=chain-manager&bekend_op=200", java_script_enabled=False)
    before = page.inner_text("main")
    tab_to(page, "#schuif")
    page.keyboard.press("Home")
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    assert page.input_value("#schuif") == "30"
    tab_to(page, ".slider button")
    enter(page)
    asked = dict(parse_qsl(urlsplit(page.url).query))
    day = asked.pop("geldig_op")
    assert asked == {"rol": "chain-manager", "bekend_op": "200"}
    assert day > "2006-02"
    assert page.input_value("#schuif") == "30"
    assert language("nl").day(day) in page.inner_text("[role=status]")
    assert page.inner_text("main") != before
    # Enter in the slider itself slides too: it is not taken for the button beside the date.
    tab_to(page, "#schuif")
    page.keyboard.press("Home")
    enter(page)
    assert "geldig_op=2006-01-" in page.url
    assert page.input_value("#schuif") == "0"
