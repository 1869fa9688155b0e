"""Recording in a browser: by keyboard, without scripts, and told live to who is watching."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from api.pages.language import language
from api.problems import SENTENCES
from tests.api.doors import Doors

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(demonstration: Doors) -> str:
    """A chain of its own on the demonstration server, so that nothing else there changes."""
    name = f"bureau-{uuid4().hex[:8]}"
    demonstration.found(name)
    return name


def enter(page: Any) -> None:
    """Press Enter, and wait for the page that comes of it."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def sign_in(page: Any, person: str) -> None:
    """Choose a person by keyboard alone: to the list, their letters, and on."""
    page.focus("#persoon")
    page.keyboard.type(person)
    page.keyboard.press("Tab")
    enter(page)


def fill_in(page: Any, **values: str) -> None:
    for name, value in values.items():
        page.focus(f"#v-{name}")
        page.keyboard.type(value)


def has_the_focus(page: Any, selector: str) -> None:
    """Wait until this has the focus: a page may be there a moment before its autofocus is."""
    page.wait_for_selector(f"{selector}:focus")


def test_a_proposal_by_keyboard_alone(pages: Any, chain: str) -> None:
    page = pages.open(
        f"/aanmelden?keten={chain}&terug=/ketens/{chain}/vastleggen/ProposalSubmitted"
    )
    sign_in(page, "p-bd")
    assert page.inner_text("h1") == "Een voorstel indienen"
    fill_in(page, decision="B-1", title="Eén peildatum")
    enter(page)
    has_the_focus(page, "#fouten")
    assert "Afweging tegen het ketenbelang" in page.inner_text("#fouten")
    assert page.input_value("#v-title") == "Eén peildatum"
    fill_in(page, body="stuurgroep", subject="peildatum", chainInterest="Voor iedereen beter.")
    page.focus("#v-title")
    enter(page)
    has_the_focus(page, ".outcome")
    assert "Voorstel B-1" in page.inner_text(".outcome")
    page.keyboard.press("Tab")
    enter(page)
    assert "/besluiten/B-1" in page.url
    assert "Vastgelegd:" in page.inner_text("main")
    assert "De beraadslaging openen" in page.inner_text(".acts")


def test_a_lost_session_costs_nothing_also_without_scripts(pages: Any, chain: str) -> None:
    page = pages.open(
        f"/ketens/{chain}/vastleggen/BottleneckSignalled",
        java_script_enabled=False,
        viewport={"width": 320, "height": 640},
    )
    page.fill("#v-subject", "Dubbele uitvraag bij werkgevers")
    page.click("form.act > p > button")
    assert "Wat u had ingevuld is niet weg" in page.inner_text("main")
    page.select_option("#persoon", "p-uwv")
    page.click("form.act button")
    assert page.input_value("#v-subject") == "Dubbele uitvraag bij werkgevers"
    page.click("form.act > p > button")
    page.click(".outcome button[value=vast]")
    assert "Vastgelegd:" in page.inner_text("main")


def test_a_refusal_takes_the_focus_and_says_which_rule(
    pages: Any, demonstration: Doors, chain: str
) -> None:
    demonstration.post(f"/v1/chains/{chain}/people", {"person": "p-nieuw", "function": "stagiair"})
    form = f"/ketens/{chain}/vastleggen/BottleneckSignalled"
    page = pages.open(f"/aanmelden?keten={chain}&terug={form}")
    sign_in(page, "p-nieuw")
    fill_in(page, subject="Dubbele uitvraag")
    page.click("form.act > p > button")
    has_the_focus(page, "#weigering")
    said = page.inner_text("#weigering")
    assert f"{SENTENCES['G5'].rstrip('.')}. Gevonden: p-nieuw mist op " in said
    assert "Regel G5" in said
    page.click(".language button")
    page.fill("#v-subject", "Dubbele uitvraag")
    page.click("form.act > p > button")
    said = page.inner_text("#weigering")
    assert f"Rule G5: {language('en').text(SENTENCES['G5'])}" in said
    assert language("en").text(SENTENCES["G5"]) != SENTENCES["G5"]


def test_what_others_record_is_told_without_reloading(
    pages: Any, demonstration: Doors, chain: str
) -> None:
    page = pages.open(f"/ketens/{chain}/tijdlijn")
    assert page.get_attribute(".news", "role") == "status"
    before = page.inner_text("main")
    demonstration.post(f"/v1/chains/{chain}/people", {"function": "medewerker"})
    page.wait_for_selector(".news a:not([hidden])")
    assert page.inner_text(".news") == "1 nieuwe gebeurtenis: toon"
    assert before.strip() in page.inner_text("main")
    page.focus(".news a")
    enter(page)
    assert "medewerker" in page.inner_text(".entries li:first-child")


def test_a_vote_says_before_it_is_recorded_what_follows_and_counts_once_however_often_it_is_sent(
    pages: Any, demonstration: Doors, chain: str
) -> None:
    base = f"/v1/chains/{chain}/decisions"
    proposal = {"decision": "B-1", "body": "stuurgroep", "subject": "peildatum",
                "title": "Eén peildatum", "chainInterest": "Voor iedereen beter."}  # fmt: skip
    demonstration.post(base, proposal)
    demonstration.post(f"{base}/B-1/deliberations", {})
    demonstration.post(f"{base}/B-1/votes", {"seat": "stuurgroep-bd", "choice": "for"})
    before = demonstration.size(chain)
    page = pages.open(f"/aanmelden?keten={chain}&terug=/ketens/{chain}/besluiten/B-1")
    sign_in(page, "p-uwv")
    page.get_by_role("link", name="Stemmen").press("Enter")
    page.wait_for_url("**/vastleggen/VoteCast*")
    page.get_by_label("voor", exact=True).check()
    page.click("form.act > p > button")
    said = page.inner_text(".outcome")
    assert "Hiermee is het besluit aangenomen." in said
    assert "unanimiteit" in said
    assert demonstration.size(chain) == before
    page.locator(".outcome button[value=vast]").dblclick()
    page.wait_for_url("**/besluiten/B-1*")
    assert "Vastgelegd:" in page.inner_text("main")
    votes = demonstration.get(f"{base}/B-1").json()["votes"]
    assert [one["choice"] for one in votes] == ["for", "for"]
    records = demonstration.get(f"/v1/chains/{chain}/records?limit=200").json()["items"]
    cast = [one for one in records if one["type"].startswith("VoteCast")]
    assert len(cast) == 2
