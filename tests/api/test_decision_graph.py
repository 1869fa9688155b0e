"""The drawing of what a decision hangs together with: it fits, it is complete, it is safe."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from api.decision_graph import EDGE, MAX_BOXES, PADDING, WIDTH, broken, draw, shown, width
from api.pages.decision_links import Link, Links

OWN = Link("before", (), "decision", "B-1", "", "Het besluit zelf")
ROOM = WIDTH - 2 * PADDING


def related(side: str, number: int, title: str = "Iets anders") -> Link:
    day = f"20{number:02}-01-01T00:00:00Z"
    return Link(side, ("vervangt",), "decision", f"B-{side}-{number}", "besluit", title, day)  # type: ignore[arg-type]  # test data


def boxes(svg: str) -> list[tuple[int, str]]:
    """Return where each box begins, and all it says."""
    root = ElementTree.fromstring(svg)
    found = []
    for group in root.iter("g"):
        rect = group.find("rect")
        assert rect is not None
        found.append((int(rect.attrib["x"]), " ".join(group.itertext())))
    return found


def test_what_came_before_stands_left_and_what_came_after_right() -> None:
    svg = draw(Links(OWN, (related("before", 1), related("after", 2))), "tekening")
    [before, own, after] = boxes(svg)
    assert before[0] < own[0] < after[0]
    assert ("B-before-1" in before[1], "B-1" in own[1], "B-after-2" in after[1]) == (True,) * 3
    assert len(re.findall("<path ", svg)) == 2


def test_without_anything_before_the_decision_stands_first() -> None:
    [own, after] = boxes(draw(Links(OWN, (related("after", 2),)), "tekening"))
    assert own[0] == EDGE < after[0]


def test_at_most_twenty_five_boxes_are_drawn_and_the_rest_is_counted() -> None:
    many = tuple(related(side, number) for side in ("before", "after") for number in range(40))
    links = Links(OWN, many)
    found = boxes(draw(links, "tekening"))
    assert len(found) <= 25
    left_out = [int(text.split()[1]) for _, text in found if text.startswith("+ ")]
    assert len(shown(links)) + sum(left_out) == len(many)
    assert len(shown(links)) == MAX_BOXES


def test_those_nearest_in_time_are_drawn() -> None:
    names = {one.id for one in shown(Links(OWN, tuple(related("before", n) for n in range(40))))}
    assert "B-before-39" in names
    assert "B-before-0" not in names


def test_every_line_fits_its_box() -> None:
    long = "Productieverstoringsverantwoordingsafspraak " * 9 + "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"
    lines = broken(long, ROOM, 3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(width(line) <= ROOM for line in lines)
    assert broken("kort", ROOM, 3) == ("kort",)
    assert "".join(broken("W" * 40, ROOM, 99)) == "W" * 40


def test_a_title_never_becomes_markup() -> None:
    svg = draw(Links(OWN, (related("after", 1, "<script>&\"'</script>"),)), 'een "tekening"')
    assert "<script" not in svg
    assert "<script>&" in boxes(svg)[1][1]
