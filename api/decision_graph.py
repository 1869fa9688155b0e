"""A drawing of what a decision hangs together with: what came before, itself, and what came after.

Time runs from left to right in three layers. Every box says how it is linked, so that no label
has to find a place along a line. At most MAX_BOXES boxes stand around the decision itself; the list
beside the drawing has all.
Texts are measured by the widths below, which are those of a wide sans serif, and broken to fit.
Colours are those of `charts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from markupsafe import escape
from msgspec import Struct

from api import charts
from api.pages.decision_links import Link, Links

MAX_BOXES: Final = 22
"""How many boxes stand around the decision itself, without the two that count what is left out."""
WIDTH: Final = 250
GAP_ACROSS: Final = 70
GAP_DOWN: Final = 14
EDGE: Final = 4
PADDING: Final = 10
FONT: Final = 14
LINE: Final = 19
MAX_LINES: Final = 3
NARROW: Final = frozenset("ijlft.,:;'|!()-[] ")
WIDE: Final = frozenset("mwMW@%—–…")


class Box(Struct, frozen=True):
    """A box on its place: its top left corner, its lines, and how it looks."""

    x: int
    y: int
    lines: tuple[str, ...]
    look: str

    @property
    def height(self) -> int:
        """How high it is, in pixels."""
        return height(self.lines)


def draw(links: Links, label: str) -> str:
    """Return the drawing as SVG; the label says what it is and where the same is told in words."""
    columns = [_texts(links, "before"), [_own(links.own)], _texts(links, "after")]
    filled = [column for column in columns if column]
    tall = max(_down(column) for column in filled)
    boxes = [_placed(column, number, tall) for number, column in enumerate(filled)]
    middle = boxes[1 if columns[0] else 0][0]
    wide = len(filled) * WIDTH + (len(filled) - 1) * GAP_ACROSS + 2 * EDGE
    parts = [
        *(_line(left, right) for near in pairwise(boxes) for left in near[0] for right in near[1]),
        *(_box(box, own=box is middle) for column in boxes for box in column),
    ]
    return (
        f'<svg class="graph" width="{wide}" height="{tall + 2 * EDGE}" '
        f'viewBox="0 0 {wide} {tall + 2 * EDGE}" font-size="{FONT}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def shown(links: Links) -> tuple[Link, ...]:
    """Return the links that are drawn: all, or else those nearest to the decision in time."""
    before = [one for one in links.others if one.side == "before"]
    after = [one for one in links.others if one.side == "after"]
    room = max(MAX_BOXES - len(before), MAX_BOXES // 2)
    after = after[:room]
    return (*before[-(MAX_BOXES - len(after)) :], *after)


def width(text: str) -> float:
    """Return how wide a text is at most, in pixels."""
    ems = (0.36 if one in NARROW else 1.0 if one in WIDE else 0.66 for one in text)
    return FONT * sum(ems)


def broken(text: str, room: float, most: int) -> tuple[str, ...]:
    """Return a text in lines that fit, at most so many; what is left out ends in an ellipsis."""
    lines: list[str] = []
    line = ""
    for word in (piece for whole in text.split() for piece in _pieces(whole, room)):
        longer = f"{line} {word}".strip()
        if width(longer) <= room:
            line = longer
            continue
        lines.append(line)
        line = word
    lines.append(line)
    if len(lines) <= most:
        return tuple(lines)
    return (*lines[: most - 1], _cut(lines[most - 1], room))


def height(lines: Sequence[str]) -> int:
    """Return how high a box with these lines is, in pixels."""
    return len(lines) * LINE + 2 * PADDING


def _texts(links: Links, side: str) -> list[tuple[tuple[str, ...], str]]:
    drawn = [one for one in shown(links) if one.side == side]
    left_out = sum(one.side == side for one in links.others) - len(drawn)
    columns = [(_lines(one), f"box {one.kind}") for one in drawn]
    return [*columns, ((f"+ {left_out}",), "box rest")] if left_out else columns


def _own(own: Link) -> tuple[tuple[str, ...], str]:
    room = WIDTH - 2 * PADDING
    return ((own.id, *broken(own.title, room, MAX_LINES)), "box own")


def _lines(link: Link) -> tuple[str, ...]:
    """Return the relation, the kind and id, and the title."""
    room = WIDTH - 2 * PADDING
    relation = broken(", ".join(link.relations), room, 2)
    named = broken(f"{link.kind_name} {link.id}", room, 2)
    title = broken(link.title, room, MAX_LINES) if link.title not in ("", link.id) else ()
    return (*relation, *named, *title)


def _down(column: Sequence[tuple[tuple[str, ...], str]]) -> int:
    return sum(height(lines) for lines, _ in column) + GAP_DOWN * (len(column) - 1)


def _placed(column: Sequence[tuple[tuple[str, ...], str]], number: int, tall: int) -> list[Box]:
    """Return the boxes of a column, which stands in the middle of the drawing's height."""
    y = EDGE + (tall - _down(column)) // 2
    found = []
    for lines, look in column:
        found.append(Box(EDGE + number * (WIDTH + GAP_ACROSS), y, lines, look))
        y += height(lines) + GAP_DOWN
    return found


def _line(left: Box, right: Box) -> str:
    start, end = left.x + WIDTH, right.x
    middle = (start + end) // 2
    above, below = left.y + left.height // 2, right.y + right.height // 2
    path = f"M{start} {above}C{middle} {above} {middle} {below} {end} {below}"
    return f'<path class="line" d="{path}" fill="none" stroke="{charts.EDGE}" stroke-width="1.5"/>'


def _box(box: Box, *, own: bool) -> str:
    ground, ink = charts.OTHERWISE if own else (charts.PAPER, charts.INK)
    edge, wide = (charts.HELD[0], "3") if own else (charts.EDGE, "1.5")
    lines = "".join(
        f'<tspan x="{box.x + PADDING}" dy="{LINE if number else 0}">{escape(line)}</tspan>'
        for number, line in enumerate(box.lines)
    )
    return (
        f'<g class="{escape(box.look)}"><rect x="{box.x}" y="{box.y}" width="{WIDTH}" '
        f'height="{box.height}" rx="4" fill="{ground}" stroke="{edge}" stroke-width="{wide}"/>'
        f'<text y="{box.y + PADDING + FONT}" fill="{ink}">{lines}</text></g>'
    )


def _pieces(word: str, room: float) -> list[str]:
    """Return a word, in pieces where it is wider than a line."""
    pieces = [""]
    for letter in word:
        if width(pieces[-1] + letter) > room:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _cut(line: str, room: float) -> str:
    while width(f"{line}…") > room:
        line = line[:-1]
    return f"{line.rstrip()}…"
