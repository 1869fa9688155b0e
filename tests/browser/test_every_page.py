"""What every page is held to, in both languages: without barriers, small, by itself.

Each address is opened once for each language, and all that is wrong with it is told together.
"""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from api.pages import language
from api.pages.frame import STATIC
from tests.api.doors import Doors
from tests.browser.addresses import ADDRESSES, REFUSED
from tests.browser.seen import clipped, findings

pytestmark = pytest.mark.slow
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
"""What axe looks at; all that it found to be well need not be told, which halves its time."""
MAX_BYTES = 60_000
MAX_SCRIPT_BYTES = 5_000
TELEPHONE, ZOOMED = 320, 640
"""Widths in CSS pixels: a small telephone, and a window of 1280 at 200 %."""
EVERY = [*ADDRESSES, *(path for path, _ in REFUSED)]


@pytest.mark.parametrize("code", ["nl", "en"])
@pytest.mark.parametrize("path", EVERY)
def test_a_page_can_be_used_by_everybody_and_keeps_its_policy(
    pages: Any, path: str, code: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = pages.turn_to(path, language=code)
    found = [f"refused: {one}" for one in pages.faults if "Failed to load resource" not in one]
    if code == "nl":
        found += _otherwise_without_scripts(pages, page, path)
    _keep_picture(page, path, code)
    # axe goes in as a debugger does, which the policy of the page allows as little as it forbids.
    report = axe.run(page, options=OPTIONS)
    found += [report.generate_report()] if report.violations_count else []
    found += findings(page, code)
    found += clipped(page, ZOOMED) + clipped(page, TELEPHONE)
    assert found == []
    assert page.locator("h1").count() == 1
    assert page.get_attribute("html", "lang") == code


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_page_is_small(demonstration: Doors, path: str) -> None:
    answer = demonstration.get(path)
    assert answer.status_code == 200, answer.text
    assert len(answer.content) <= MAX_BYTES
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("path", "status"), REFUSED)
def test_what_is_not_there_is_told_as_a_page(demonstration: Doors, path: str, status: int) -> None:
    answer = demonstration.get(path)
    assert answer.status_code == status
    assert "<h1>" in answer.text


def test_all_scripts_of_our_own_together_are_small(demonstration: Doors) -> None:
    """As they are written, not packed: an auditor reads them."""
    names = sorted(name for name, kind in STATIC.items() if kind == "text/javascript")
    assert names == sorted(path.name for path in files("api").joinpath("static").glob("*.js"))
    scripts = [demonstration.get(f"/static/{name}").content for name in names]
    assert all(len(line) <= 100 for one in scripts for line in one.decode().splitlines())
    assert sum(map(len, scripts)) < MAX_SCRIPT_BYTES


def test_no_page_in_english_says_a_text_that_has_no_english(
    demonstration: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts that a page takes from a variable are in no template; here every one is looked up."""
    missed: set[str] = set()
    known = language.texts("en")

    def text(dutch: str) -> str:
        if dutch and dutch not in known:
            missed.add(dutch)
        return known.get(dutch, dutch)

    noting = replace(language.language("en"), text=text)
    monkeypatch.setattr(language, "language", lambda _: noting)
    for path in EVERY:
        demonstration.get(path, headers={"Cookie": "taal=en"})
    assert missed == set()


def _otherwise_without_scripts(pages: Any, page: Any, path: str) -> list[str]:
    """Return what a page says only with scripts or only without: the check in the browser may."""
    check = {*" ".join(page.locator(".check form").all_inner_texts()).split()}
    told = {*page.inner_text("main").split()}
    without = {*pages.turn_to(path, java_script_enabled=False).inner_text("main").split()}
    alone = (told - check - without) | (without - told)
    return [f"with or without scripts alone: {one}" for one in sorted(alone)]


def _keep_picture(page: Any, path: str, code: str) -> None:
    if folder := os.environ.get("KETENLEDGER_SCREENSHOTS"):
        name = re.sub(r"\W+", "-", path).strip("-") or "ketens"
        page.screenshot(path=Path(folder, f"{name}-{code}.png"), full_page=True)
