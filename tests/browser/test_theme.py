"""An organisation's own style sheet changes how every page looks, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.doors import Doors
from tests.browser.addresses import BASE

pytestmark = pytest.mark.slow
THEME = """
:root {
  --utrecht-page-header-background-color: #5a0040;
  --utrecht-link-color: #7a0000;
  --utrecht-document-font-family: monospace;
}
"""
LOOK = """() => ["header.top", "main a:not(:visited)", "body"].map((one) => {
  const style = getComputedStyle(document.querySelector(one));
  return [style.backgroundColor, style.color, style.fontFamily];
})"""


def test_a_mounted_theme_changes_colours_and_letters(pages: Any, demonstration: Doors) -> None:
    plain = pages.open(BASE).evaluate(LOOK)
    theme = demonstration.app.state.settings.folder / "theme.css"
    theme.write_text(THEME, encoding="utf-8")
    try:
        page = pages.open(BASE)
        header, link, body = page.evaluate(LOOK)
    finally:
        theme.unlink()
    assert pages.faults == []
    assert (header[0], link[1], body[2]) == ("rgb(90, 0, 64)", "rgb(122, 0, 0)", "monospace")
    assert header[0] != plain[0][0]
    assert link[1] != plain[1][1]
    assert body[2] != plain[2][2]
