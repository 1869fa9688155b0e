"""Access for a reviewer by keyboard alone: proposed, supported, used, withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.doors import Doors
from tests.browser.test_recording import chain as chain
from tests.browser.test_recording import enter, fill_in, has_the_focus, sign_in

pytestmark = pytest.mark.slow


def signed_in(pages: Any, chain: str, person: str, path: str) -> Any:
    """A browser of somebody who signed in and went on to a page."""
    page = pages.open(f"/aanmelden?keten={chain}&terug=/ketens/{chain}{path}")
    sign_in(page, person)
    return page


def follow(page: Any, name: str) -> None:
    page.get_by_role("link", name=name).first.focus()
    enter(page)


def record(page: Any) -> None:
    """Look at what would follow, and record it: both by Enter."""
    page.focus("form.act > p > button")
    enter(page)
    has_the_focus(page, ".outcome")
    page.keyboard.press("Tab")
    enter(page)
    assert "Vastgelegd:" in page.inner_text("main")


def granted(demonstration: Doors, chain: str, review: str = "t-1") -> None:
    base, today = f"/v1/chains/{chain}", datetime.now(UTC).date()
    body = {
        "review": review,
        "organisation": "bd",
        "reviewer": "auditor",
        "commission": "Rekenkamer",
        "classification": "chain",
        "validFrom": today.isoformat(),
        "validUntil": (today + timedelta(days=30)).isoformat(),
        "reason": "Onderzoek.",
    }
    for path, given, actor in (
        ("/people", {"person": "auditor", "function": "reviewer"}, "p-bd"),
        ("/reviews", body, "p-bd"),
    ):
        answer = demonstration.post(base + path, given, actor=actor)
        assert answer.status_code == 201, answer.text


def test_access_is_supported_used_and_withdrawn_by_keyboard(
    pages: Any, demonstration: Doors, chain: str
) -> None:
    granted(demonstration, chain)
    second = signed_in(pages, chain, "p-uwv", "/toegang")
    assert "voorgesteld" in second.inner_text("table")
    follow(second, "Toegang voor een reviewer steunen")
    assert second.inner_text("h1") == "Toegang voor een reviewer steunen"
    record(second)
    reviewer = signed_in(pages, chain, "auditor", "/toegang")
    assert "Nog 30 dagen" in reviewer.inner_text("main")
    follow(reviewer, "Vraag om bewijs")
    fill_in(reviewer, question="Toon het bewijs van besluit B-1.")
    record(reviewer)
    first = signed_in(pages, chain, "p-bd", "/toegang/t-1")
    assert "Toon het bewijs van besluit B-1." in first.inner_text("main")
    assert "Nog niet beantwoord." in first.inner_text("main")
    follow(first, "Toegang van een reviewer intrekken")
    fill_in(first, reason="Klaar.")
    record(first)
    first.goto(f"/ketens/{chain}/toegang")
    assert "ingetrokken" in first.inner_text("table")
    reviewer.goto(f"/ketens/{chain}/toegang")
    assert "Uw toegang" not in reviewer.inner_text("main")
