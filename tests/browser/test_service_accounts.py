"""A service account by keyboard alone: a key made, the account opened, used, and ended."""

from __future__ import annotations

from typing import Any

import pytest

from api import service_keys
from tests.api.doors import Doors
from tests.api.programs import bearer, day
from tests.browser.seen import clipped, findings
from tests.browser.test_every_page import OPTIONS, TELEPHONE
from tests.browser.test_recording import chain as chain
from tests.browser.test_recording import enter, fill_in
from tests.browser.test_reviews import follow, record, signed_in

pytestmark = pytest.mark.slow


def barriers(page: Any) -> list[str]:
    """Return what stands in anybody's way on a page as it is now."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    report = axe.run(page, options=OPTIONS)
    found = [report.generate_report()] if report.violations_count else []
    return found + findings(page, "nl") + clipped(page, TELEPHONE)


def test_a_program_is_let_in_and_out_by_keyboard(
    pages: Any, demonstration: Doors, chain: str
) -> None:
    page = signed_in(pages, chain, "p-bd", "/dienstaccounts")
    page.get_by_role("button", name="Maak een sleutel").focus()
    enter(page)
    key = page.inner_text("section.notice code")
    assert service_keys.FORM.fullmatch(key)
    assert barriers(page) == []

    follow(page, "Open een dienstaccount met deze sleutel")
    fill_in(page, serviceAccount="meter", organisation="bd", purpose="Meet de aanlevering.")
    # How a date is typed depends on the browser's own language.
    for name, on in (("validFrom", day(0)), ("validUntil", day(30))):
        page.fill(f"#v-{name}", on)
    record(page)
    assert page.inner_text("h1") == "Dienstaccount meter"
    assert key not in page.content()

    headers = bearer(key)
    assert demonstration.get(f"/v1/chains/{chain}", headers=headers).status_code != 401
    page.goto(f"/ketens/{chain}/dienstaccounts")
    assert "Meet de aanlevering." in page.inner_text("table")
    assert barriers(page) == []
    follow(page, "Een dienstaccount intrekken")
    fill_in(page, reason="Klaar.")
    record(page)
    assert barriers(page) == []
    assert "ingetrokken" in page.inner_text("main")
    assert demonstration.get(f"/v1/chains/{chain}", headers=headers).status_code == 401
