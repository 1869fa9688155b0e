"""Drawings of terms: what is drawn, that every text can be read, and that none covers another."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from api.bars import Share, shares
from api.charts import HELD, INK, LINE, OTHERWISE, PAPER, STRIPE, Bar, Lane, gantt, width
from api.pages.roles import lanes_of

LANES = (
    Lane("ketenmanager", (Bar("2007-07-01", "2010-12-01", "an"), Bar("2011-02-07", "", "ben"))),
    Lane("waarnemer", (Bar("2010-12-01", "2011-02-07", "coen", "acting"),)),
    Lane("bestuur <1>", (Bar("2009-01-01", "2009-01-02", "x" * 200, "vacant"),)),
)


def drawing(day: str = "2009-06-01") -> ET.Element:
    return ET.fromstring(gantt(LANES, day, "2026-11-22", "een dag", "label"))


def luminance(colour: str) -> float:
    colour = colour.rstrip(")").rpartition(" ")[2]
    colour = colour if len(colour) == 7 else "#" + "".join(2 * one for one in colour[1:])
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_reckoned_as_wcag_has_it() -> None:
    assert round(contrast("#ffffff", "#000000"), 1) == 21.0
    assert contrast("#777777", "#ffffff") < 4.5
    assert contrast("var(--ink, #777)", "#ffffff") == contrast("#777777", "#ffffff")


def test_every_text_stands_out_from_what_it_stands_on() -> None:
    grounds = [HELD, OTHERWISE, (STRIPE, OTHERWISE[1]), (PAPER, INK), (PAPER, LINE)]
    assert all(contrast(ground, ink) >= 4.5 for ground, ink in grounds)
    svg = drawing()
    inks = {text.get("fill", svg.get("fill", "")) for text in svg.iter("text")}
    assert inks <= {ink for _, ink in grounds}


def test_the_bar_of_the_day_is_dark_and_the_others_are_light() -> None:
    def fills(day: str) -> list[str | None]:
        return [one[0].get("fill") for one in drawing(day).iter("g")]

    assert fills("2009-06-01") == [HELD[0], OTHERWISE[0], "url(#acting)", PAPER]
    assert fills("2010-12-01") == [OTHERWISE[0], OTHERWISE[0], "url(#acting)", PAPER]
    assert fills("2020-01-01") == [OTHERWISE[0], HELD[0], "url(#acting)", PAPER]


def test_no_text_covers_another_or_the_line_of_the_day() -> None:
    for day in ("2007-07-01", "2009-06-01", "2010-12-15", "2026-11-22"):
        svg = drawing(day)
        [line] = [one for one in svg.iter("path") if one.get("class") == "day"]
        at = float(line.get("d", "").split()[0][1:])
        spans = [_span(one) for one in svg.iter("text")]
        for number, (y, left, right) in enumerate(spans):
            assert 0 <= left < right <= 1000
            assert y <= 16 or not left <= at <= right
            assert not any(
                y == other and left < end and start < right
                for other, start, end in spans[number + 1 :]
            )


def test_a_text_that_has_no_room_is_left_to_the_table() -> None:
    texts = [one.text for one in drawing().iter("text")]
    assert "ben" in texts
    assert "x" * 200 not in texts


def test_a_name_is_written_as_text_and_not_as_markup() -> None:
    assert "bestuur <1>" in [one.text for one in drawing().iter("text")]


def test_nothing_is_drawn_where_there_is_no_term() -> None:
    assert gantt((), "2009-06-01", "2026-11-22", "een dag", "label") == ""


def test_between_two_terms_a_role_is_shown_as_vacant() -> None:
    first = {"name": "manager", "person": "an", "validFrom": "2020-01-01"}
    ended = {**first, "validUntil": "2021-01-01"}
    later = {**first, "person": "ben", "validFrom": "2022-01-01", "label": "Waarnemend manager"}
    [lane] = lanes_of([later, ended], "niemand")
    assert [(bar.text, bar.look) for bar in lane.bars] == [
        ("an", "term"),
        ("niemand", "vacant"),
        ("ben", "acting"),
    ]
    assert len(lanes_of([first, later], "niemand")) == 2


def _span(text: ET.Element) -> tuple[float, float, float]:
    """Return how high a text stands, and from where to where it goes."""
    x, wide = float(text.get("x", "")), width(text.text or "")
    left = x - wide / 2 if text.get("text-anchor") == "middle" else x
    return float(text.get("y", "")), left, left + wide


def test_the_parts_of_a_whole_stand_side_by_side_and_fill_it() -> None:
    parts = (Share("voor", 2), Share("tegen", 0), Share("niet gestemd", 1, missing=True))
    svg = ET.fromstring(shares(parts, str, "Hoe de zetels stemden"))
    found = [one for one in svg.iter() if one.tag.endswith("rect") and one.find("*") is not None]
    wide = [float(one.get("width", "0")) for one in found]
    assert wide[0] == pytest.approx(2 * wide[1], abs=0.2)
    assert float(found[1].get("x", "0")) == pytest.approx(1 + wide[0], abs=0.2)
    assert [one.get("stroke-dasharray") for one in found] == [None, "4 3"]
    texts = [one.text for one in svg.iter() if one.tag.endswith("text")]
    assert texts == ["voor 2", "1"]
    assert shares((Share("voor", 0),), str, "leeg") == ""
