"""The style sheet: every colour on a screen has a name that a theme can give another colour."""

from __future__ import annotations

import re
from importlib.resources import files

from api import charts
from tests.browser.test_theme import DARK

SHEET = files("api").joinpath("static", "style.css").read_text("utf-8")
NAMED = re.compile(r"^ +(--[\w-]+): (.+);$", re.MULTILINE)
COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl)a?\(|:[^;{}]*\b(?:white|black|red|green|blue)\b"
)
IN_DRAWING = re.compile(r"var\((--[\w-]+), (#[0-9a-f]+)\)")


def test_no_colour_stands_in_the_style_sheet_but_under_its_name() -> None:
    before, names = SHEET.split(":root {", 1)
    names, rest = names.split("\n}\n", 1)
    on_screen = rest.split("@media print {")[0] + rest.split("@media print {")[1].split("\n}\n")[1]
    assert COLOUR.findall(before + on_screen) == []
    assert COLOUR.findall("a { color: #fff } b { color: white }") != []
    assert len(COLOUR.findall(names)) > 30


def test_every_name_is_used_and_every_used_name_is_given() -> None:
    given = dict(NAMED.findall(SHEET.split("\n}\n", 1)[0]))
    drawn = dict(IN_DRAWING.findall(" ".join(map(str, vars(charts).values()))))
    assert drawn == {name: given.get(name) for name in drawn}
    used = set(re.findall(r"var\((--[\w-]+)\)", SHEET)) | drawn.keys()
    shorthands = {"--paper"}
    assert used - shorthands == given.keys()
    assert all(f"{name}: var(--" in SHEET for name in shorthands)
    colours = {name for name, value in given.items() if COLOUR.match(value)}
    assert colours | {"--utrecht-document-font-family"} == dict(NAMED.findall(DARK)).keys()
