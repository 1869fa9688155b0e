"""Decisions, escalations and agreements by keyboard, and a decision on paper."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.addresses import BASE

pytestmark = pytest.mark.slow

# Text outside its box, in the drawing: the names of the boxes for which that is so.
OUTSIDE = """() => [...document.querySelectorAll("svg.graph g")].filter(group => {
    const box = group.querySelector("rect").getBBox(), text = group.querySelector("text").getBBox();
    return text.x < box.x || text.x + text.width > box.x + box.width
        || text.y < box.y || text.y + text.height > box.y + box.height;
}).map(group => group.textContent)"""
PAPER = 680
"""What fits on A4 between margins of 15 mm, in CSS pixels."""
VISIBLE = "selector => document.querySelector(selector).checkVisibility()"


def follow(page: Any, name: str) -> None:
    """Go to a link on the page by its name and open it, with the keyboard alone."""
    link = page.get_by_role("link", name=name, exact=True).first
    link.focus()
    _enter(page)


def _enter(page: Any) -> None:
    """Press Enter, and wait until the page it leads to is there."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_who_decided_and_what_replaced_it_is_found_by_keyboard(pages: Any) -> None:
    page = pages.open(f"{BASE}?geldig_op=2012-01-01")
    follow(page, "Besluiten")
    page.get_by_label("Woorden in de tekst").focus()
    page.keyboard.type("eigen kosten")
    _enter(page)
    follow(page, "Ieder draagt de eigen kosten van de keten")
    assert (
        page.locator("main .warning").first.inner_text().startswith("Dit besluit is vervangen door")
    )
    assert page.locator("svg.whole text").all_text_contents() == ["voor 3"]
    votes = page.get_by_role("region", name="Stemmen per partner").inner_text()
    assert votes.count("houder van zetel stuurgroep-") == 3
    assert page.locator("ol.course > li.done").count() == 5
    follow(page, "Gemeenschappelijke kosten verdelen")
    assert page.url.endswith("/besluiten/B-2010-02?geldig_op=2012-01-01")
    assert "vervangt: besluit B-2006-01" in page.locator("main").inner_text()


def test_on_a_day_before_it_was_replaced_a_decision_is_in_force(pages: Any) -> None:
    page = pages.open(f"{BASE}/besluiten/B-2006-01?geldig_op=2010-01-01")
    assert "van kracht" in page.locator(".lead").inner_text()
    assert page.locator("main .warning").count() == 0


def test_an_escalation_leads_by_its_rungs_to_the_decision(pages: Any) -> None:
    page = pages.open(f"{BASE}/escalaties")
    follow(page, "Correctieberichten")
    rungs = page.locator("ol.ladder > li")
    headings = rungs.locator("h3").all_inner_texts()
    assert [text.split(":")[0] for text in headings[1:]] == [f"Trede {n}" for n in (1, 2, 3, 4)]
    assert "verstreken" in rungs.nth(1).inner_text()
    assert "vanzelf doorgezet naar trede 2" in rungs.nth(1).inner_text()
    follow(page, "B-2009-03")
    assert "komt uit en lost op: escalatie E-2009-01" in page.locator("main").inner_text()


def test_two_days_of_an_agreement_are_compared_by_keyboard(pages: Any) -> None:
    page = pages.open(f"{BASE}/afspraken/CV-2008")
    # Nobody has to type: the last two versions stand ready.
    assert (page.input_value("#van"), page.input_value("#tot")) == ("2008-05-01", "2014-05-01")
    page.get_by_label("Van", exact=True).fill("2010-01-01")
    page.get_by_label("Tot", exact=True).fill("2015-01-01")
    page.get_by_role("button", name="Vergelijk").focus()
    _enter(page)
    assert "spreken elkaar aan" in page.locator("#verschil ~ .changes del").inner_text()
    assert "evalueren elk jaar" in page.locator("#verschil ~ .changes ins").inner_text()


def test_a_decision_on_paper_has_its_proof_and_no_controls(pages: Any) -> None:
    page = pages.open(f"{BASE}/besluiten/B-2007-04")
    assert page.evaluate(OUTSIDE) == []
    page.emulate_media(media="print")
    for gone in ("nav.screens", "nav.crumbs", ".as-of", ".on-screen", ".skip"):
        assert not page.evaluate(VISIBLE, gone), gone
    for there in (".proof svg", ".proof .hash", ".on-paper", ".standing", "ol.course"):
        assert page.evaluate(VISIBLE, there), there
    page.set_viewport_size({"width": PAPER, "height": 960})
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER
    # "Today" means nothing on a sheet that somebody finds in a file years later.
    said = page.locator(".on-paper").inner_text()
    assert said.startswith("De stand op ")
    assert re.search(
        r"tot en met gebeurtenis \d+\. Opgevraagd op .+ http\S+/besluiten/B-2007-04$", said
    )
    digest = page.locator(".proof .hash").inner_text().replace(" ", "").replace("\n", "")
    address = page.locator(".proof a[href*='/proof/']").get_attribute("href")
    assert len(digest) == 64
    assert address.endswith(f"/proof/{digest}")
    assert page.request.get(address).ok
