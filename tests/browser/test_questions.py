"""What a newcomer can find out from the first page on by clicking alone, with a date at most.

Taking evidence home and verifying it is in `test_find_and_take.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import CHAIN

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(pages: Any) -> Any:
    """The overview of the demonstration chain, reached from the first page."""
    page = pages.open("/")
    page.locator(f"main a[href*='{CHAIN}']").first.click()
    return page


def click(page: Any, name: str) -> None:
    """Click a link by its name and wait for where it leads."""
    page.get_by_role("link", name=name, exact=True).first.click()
    page.wait_for_load_state()


def test_who_decided_is_found_without_scripts_in_a_window_at_twice_its_size(pages: Any) -> None:
    page = pages.open(
        "/", java_script_enabled=False, viewport={"width": 640, "height": 360}, locale="nl-NL"
    )
    click(page, "Wie besloot tot het noodherstel, in welke rol en onder welk mandaat?")
    assert "Beslist door regisseur-uwv – mandaat MD-2008-03" in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_who_decided_in_which_role_and_under_which_mandate(chain: Any) -> None:
    click(chain, "Besluiten")
    chain.locator("main a[href*='/besluiten/B-2008-04']").first.click()
    said = chain.inner_text("main")
    assert "Beslist door regisseur-uwv – mandaat MD-2008-03 van MD-2008-02; ketenregisseur" in said
    chain.locator("main a[href*='/mandaten/MD-2008-03']").first.click()
    mandate = chain.inner_text("main")
    assert "Gegeven door" in mandate
    assert "ketenregisseur" in mandate
    # Narrowed later: what it reached when it was used stands beside what it reached in the end.
    assert "Ten hoogste €\xa025.000,00 per handeling" in mandate
    assert "Ten hoogste €\xa010.000,00 per handeling" in mandate
    assert "Noodherstel van de berichtenwachtrij (B-2008-04)" in mandate
    chain.locator("main a[href*='/mandaten/MD-2008-02']").first.click()
    assert chain.inner_text("h1") == "Mandaat MD-2008-02"


def test_what_replaced_a_decision_and_what_was_known_before(chain: Any) -> None:
    click(chain, "Besluiten")
    click(chain, "Ieder draagt de eigen kosten van de keten")
    assert chain.locator("main .warning").count()
    chain.get_by_text("Geavanceerd").click()
    chain.fill("#bekend_op", "200")
    chain.get_by_role("button", name="Toon", exact=True).click()
    chain.wait_for_url("**bekend_op=200*")
    assert "zoals bekend op gebeurtenis 200" in chain.inner_text(".as-of")
    assert "van kracht" in chain.inner_text(".lead")
    assert chain.locator("main .warning").count() == 0
    click(chain, "Nu")
    click(chain, "Gemeenschappelijke kosten verdelen")
    assert "/besluiten/B-2010-02" in chain.url


def test_what_was_known_then_is_found_from_the_first_page_by_clicking_alone(pages: Any) -> None:
    page = pages.open("/")
    assert "De klok is voor het verhaal gezet" in page.inner_text("main")
    click(page, "Wat stond er eind 2008 nog in dit verslag?")
    assert "zoals bekend op 31 december 2008" in page.inner_text(".as-of")
    assert "21 januari 2007" in page.inner_text("main")
    assert "21 januari 2008" not in page.inner_text("main")
    click(page, "Nu")
    assert "Hersteld op 5 januari 2009" in page.inner_text("main")
    assert "Samenvatting: stond er als Het bestuur" in page.inner_text("main")
    click(page, "Toon wat er bekend was voor deze correctie")
    assert "bekend_op=192" in page.url
    assert "21 januari 2008" not in page.inner_text("main")


def test_between_what_happened_and_when_it_was_entered_a_day_knows_the_one_before(
    chain: Any,
) -> None:
    click(chain, "Besluiten")
    click(chain, "Oordeel over het gebruik van doorzettingsmacht in januari 2008")
    assert "van kracht sinds 11 februari 2008" in chain.inner_text(".lead")
    assert "vastgelegd op 18 februari 2008" in chain.inner_text(".entries")
    chain.get_by_text("Geavanceerd").click()
    chain.fill("#bekend_op", "15-02-2008")
    chain.get_by_role("button", name="Toon", exact=True).click()
    chain.wait_for_url("**bekend_op=15-02-2008*")
    assert "zoals bekend op 15 februari 2008" in chain.inner_text(".as-of")
    assert "voorgesteld sinds 28 januari 2008" in chain.inner_text(".lead")


def test_who_was_chain_manager_and_where_an_escalation_went(chain: Any) -> None:
    click(chain, "Rollen")
    chain.select_option("#rol", "chain-manager")
    chain.fill("#dag", "2009-06-01")
    chain.get_by_role("button", name="Zoek op").click()
    assert "Op 1 juni 2009 was dit ketenmanager" in chain.inner_text("#antwoord")
    click(chain, "Escalaties")
    click(chain, "Correctieberichten")
    assert chain.locator("ol.ladder > li").count() == 5
    click(chain, "B-2009-03")
    assert "/besluiten/B-2009-03" in chain.url


def test_whether_all_this_is_intact_is_found_in_this_browser(chain: Any) -> None:
    click(chain, "Controle")
    chain.get_by_role("button", name="Controleer nu").click()
    chain.wait_for_selector(".check[aria-busy=false]")
    said = chain.inner_text(".check [role=status]")
    assert said.startswith("Alles wat hier is nagegaan, klopt.")
