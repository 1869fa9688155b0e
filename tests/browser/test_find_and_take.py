"""Finding what was decided before, by keyboard, and taking the evidence of it along."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ledger import verify
from tests.api.doors import Doors
from tests.browser.addresses import BASE
from tests.browser.conftest import CHAIN

pytestmark = pytest.mark.slow


def test_a_search_leads_by_kind_to_the_story_of_a_subject(pages: Any) -> None:
    page = pages.open(f"{BASE}/zoeken")
    page.locator("#zoek").fill("kosten")
    page.locator("#zoek").press("Enter")
    assert page.locator("mark").count()
    page.get_by_role("link", name="Besluiten (").press("Enter")
    assert page.locator("#soort").input_value() == "decision"
    page.goto(f"{BASE}/onderwerpen")
    page.get_by_role("link", name="financiering").press("Enter")
    text = page.inner_text("main")
    assert text.index("Ieder draagt de eigen kosten") < text.index("Vervangen door")
    assert "Vervangt Ieder draagt de eigen kosten van de keten" in text


def test_nothing_found_says_what_can_be_tried(pages: Any) -> None:
    page = pages.open(f"{BASE}/zoeken?zoek=vliegtuig&geldig_op=2009-10-05")
    assert "Niets gevonden" in page.inner_text("main")
    assert page.get_by_role("link", name="Zoek in de stand van vandaag").is_visible()


def test_chosen_evidence_is_told_downloaded_and_proven(
    pages: Any, demonstration: Doors, tmp_path: Path
) -> None:
    page = pages.open(f"{BASE}/bewijs")
    page.locator("#over").select_option("decision:B-2009-03")
    page.get_by_role("button", name="Bekijk wat erin komt").first.press("Enter")
    page.wait_for_url("**over=*")
    told = page.inner_text("section.notice")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download de bundel").press("Enter")
    taken = tmp_path / "bundel.zip"
    waiting.value.save_as(taken)
    held = zipfile.ZipFile(io.BytesIO(taken.read_bytes())).namelist()
    records = [name for name in held if name.startswith("records/") and name.endswith(".json")]
    assert f"{len(records)} vastleggingen" in told
    key = demonstration.get(f"/log/{CHAIN}/key").text.strip()
    given = [sys.executable, verify.__file__, str(taken), "--expect-key", key]
    assert subprocess.run(given, check=False, timeout=60, capture_output=True).returncode == 0
