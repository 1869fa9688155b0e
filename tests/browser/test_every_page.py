"""What every page is held to, in both languages: without barriers, small, by itself."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.api.doors import Doors
from tests.browser.addresses import ADDRESSES, REFUSED

pytestmark = pytest.mark.slow
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MAX_BYTES = 60_000
MAX_SCRIPT_BYTES = 5_000
EVERY = pytest.mark.parametrize("path", [*ADDRESSES, *(path for path, _ in REFUSED)])
BOTH = pytest.mark.parametrize("language", ["nl", "en"])


@BOTH
@EVERY
def test_a_page_has_no_barrier_that_axe_finds(pages: Any, path: str, language: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = pages.open(path, language=language, bypass_csp=True)
    found = axe.run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    assert found.violations_count == 0, found.generate_report()
    _keep_picture(page, path, language)


@EVERY
def test_a_page_is_as_wide_as_a_small_telephone_at_most(pages: Any, path: str) -> None:
    page = pages.open(path, viewport={"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@EVERY
def test_a_page_reflows_at_two_hundred_percent(pages: Any, path: str) -> None:
    page = pages.open(path, viewport={"width": 640, "height": 480}, device_scale_factor=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


@EVERY
def test_a_page_keeps_its_own_policy(pages: Any, path: str) -> None:
    pages.open(path)
    refused = [fault for fault in pages.faults if "Failed to load resource" not in fault]
    assert refused == []


@EVERY
def test_a_page_says_the_same_without_scripts(pages: Any, path: str) -> None:
    with_scripts = pages.open(path).inner_text("main")
    without = pages.open(path, java_script_enabled=False).inner_text("main")
    assert _words(without) <= _words(with_scripts)


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


def test_the_script_is_small(demonstration: Doors) -> None:
    assert len(demonstration.get("/static/page.js").content) <= MAX_SCRIPT_BYTES


@EVERY
def test_a_page_has_one_main_heading_and_says_its_language(demonstration: Doors, path: str) -> None:
    for language in ("nl", "en"):
        text = demonstration.get(path, headers={"Cookie": f"taal={language}"}).text
        assert len(re.findall("<h1[ >]", text)) == 1
        assert f'<html lang="{language}">' in text


def _words(text: str) -> set[str]:
    return set(text.split())


def _keep_picture(page: Any, path: str, language: str) -> None:
    if folder := os.environ.get("KETENLEDGER_SCREENSHOTS"):
        name = re.sub(r"\W+", "-", path).strip("-") or "ketens"
        page.screenshot(path=Path(folder, f"{name}-{language}.png"), full_page=True)
