"""An organisation's own style sheet changes how every page looks, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.api.doors import Doors
from tests.browser.addresses import BASE
from tests.browser.seen import findings

pytestmark = pytest.mark.slow
DARK: Final = """
:root {
  --utrecht-document-color: #e6e6e6;
  --utrecht-document-background-color: #101418;
  --utrecht-document-font-family: monospace;
  --utrecht-link-color: #9ecbff;
  --utrecht-link-visited-color: #d3b3ff;
  --utrecht-heading-color: #bcd8f5;
  --utrecht-page-header-background-color: #30001f;
  --utrecht-page-header-color: #ffe3f3;
  --utrecht-navigation-background-color: #1c242c;
  --utrecht-border-color: #8b99a8;
  --utrecht-focus-outline-color: #000;
  --utrecht-focus-inverse-outline-color: #fefefe;
  --utrecht-button-background-color: #9ecbff;
  --utrecht-button-color: #101418;
  --utrecht-form-control-background-color: #1c242c;
  --utrecht-form-control-color: #e6e6e6;
  --utrecht-mark-background-color: #5c4a00;
  --utrecht-mark-color: #fdf3d0;
  --ketenledger-past-background-color: #3d2f00;
  --ketenledger-past-color: #fdf3d0;
  --ketenledger-notice-background-color: #16222e;
  --ketenledger-warning-color: #ff9d8f;
  --ketenledger-muted-color: #b4c0cc;
  --ketenledger-positive-color: #8fe0ac;
  --ketenledger-shadow-color: #fff4;
  --ketenledger-status-background-color: #101418;
  --ketenledger-inserted-background-color: #0c3a1d;
  --ketenledger-inserted-color: #d7f0dd;
  --ketenledger-deleted-background-color: #5e130a;
  --ketenledger-deleted-color: #fbe0dc;
  --ketenledger-chart-strong-background-color: #9ecbff;
  --ketenledger-chart-strong-color: #101418;
  --ketenledger-chart-weak-background-color: #24425f;
  --ketenledger-chart-weak-color: #f0f4f8;
  --ketenledger-chart-stripe-color: #35597c;
  --ketenledger-chart-grid-color: #3a4550;
  --ketenledger-chart-edge-color: #b4c0cc;
  --ketenledger-chart-day-color: #ff9d8f;
}
"""
PAGES: Final = (
    f"{BASE}/besluiten/B-2006-01",
    f"{BASE}/rollen",
    f"{BASE}/cijfers?jaar=2007&geldig_op=2009-01-01",
    f"{BASE}/zoeken?zoek=kosten",
    f"{BASE}/afspraken/CV-2008?van=2010-01-01&tot=2015-01-01",
    f"{BASE}/vastleggen/ProposalSubmitted?effects.0.type=RoleAssigned.v1&options.0.text=Niets",
)
"""Between them every colour of the style sheet is used."""
COLOURS: Final = {"runOnly": ["color-contrast", "link-in-text-block"], "preload": False}
LOOK: Final = """() => [...document.querySelectorAll("body *")].flatMap((one) => {
  const style = getComputedStyle(one);
  const shown = one.checkVisibility() && !one.closest(".code");
  return shown ? [style.color, style.backgroundColor, ...(one.ownerSVGElement ? [style.fill] : [])]
    : [];
})"""


@pytest.fixture
def dark(demonstration: Doors) -> Iterator[None]:
    """The demonstration in the dark."""
    theme = demonstration.app.state.settings.folder / "theme.css"
    theme.write_text(DARK, encoding="utf-8")
    yield
    theme.unlink()


def test_a_mounted_theme_restyles_everything_and_can_be_read(pages: Any, dark: None) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = pages.open("/")
    for path in PAGES:
        page.goto(path)
        report = axe.run(page, options=COLOURS)
        found = [report.generate_report()] if report.violations_count else []
        assert found + findings(page, "nl") == [], path
        light = {one for one in page.evaluate(LOOK) if "255, 255, 255" in one}
        assert light == set(), path
