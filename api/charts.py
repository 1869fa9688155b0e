"""Drawings of terms over time: one lane for each role, one bar for each time that somebody held it.

    held then     dark bar, light text          held at another time   light bar, dark text
    acting        striped bar                   nobody                 empty bar with a broken edge
    no end known  a bar that ends in a point    the day                a line with a light edge

Texts are measured by the widths of a wide sans serif: what does not fit in its bar stands beside
it, or is left to the table that tells the same. Everything is drawn with attributes, so that it
needs no style, and with colours of which every text stands out by 4.5 to 1 at least; a style sheet
can change them by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from markupsafe import escape
from msgspec import Struct

MAX_LANES: Final = 60
"""How many lanes a drawing has at most; the table beside it has all."""
WIDTH: Final = 1000
LANE: Final = 34
BAR: Final = 24
TOP: Final = 46
BOTTOM: Final = 10
FONT: Final = 14
GAP: Final = 8
POINT: Final = 9
MIN_BAR: Final = 3
MAX_LABELS: Final = 330
YEAR_STEPS: Final = (1, 2, 5, 10, 20, 50)
NARROW: Final = frozenset("ijlft.,:;'|!()-[] ")
WIDE: Final = frozenset("mwMW@%—–…")


def themed(name: str, colour: str) -> str:
    """Return a colour that a style sheet can change by name, and that needs none."""
    return f"var(--{name}, {colour})"


INK: Final = themed("utrecht-document-color", "#1a1a1a")
PAPER: Final = themed("utrecht-document-background-color", "#fff")
GRID: Final = themed("ketenledger-chart-grid-color", "#c9d1d9")
EDGE: Final = themed("ketenledger-chart-edge-color", "#4a5560")
LINE: Final = themed("ketenledger-chart-day-color", "#8a1f11")
HELD: Final = (
    themed("ketenledger-chart-strong-background-color", "#10355c"),
    themed("ketenledger-chart-strong-color", "#fff"),
)
OTHERWISE: Final = (
    themed("ketenledger-chart-weak-background-color", "#d5e0eb"),
    themed("ketenledger-chart-weak-color", "#1a1a1a"),
)
STRIPE: Final = themed("ketenledger-chart-stripe-color", "#a9c0d6")
"""Text stands on a strong bar, a weak one with or without stripes, or on paper."""


class Bar(Struct, frozen=True):
    """A term: from a day up to, not including, another (empty: no end known), and its text.

    `look` is `term`, `acting` or `vacant`.
    """

    start: str
    end: str
    text: str
    look: str = "term"


class Lane(Struct, frozen=True):
    """What stands on one line: its name, and bars that follow each other in time."""

    name: str
    bars: tuple[Bar, ...]


class Scale(Struct, frozen=True):
    """Where a day stands: the first and last day drawn, and the edges between which that is."""

    first: int
    last: int
    left: float

    def x(self, day: str) -> float:
        """Return the place of a day, within the drawing."""
        days = min(max(date.fromisoformat(day).toordinal(), self.first), self.last) - self.first
        room = WIDTH - GAP - POINT - self.left
        return round(self.left + room * days / max(self.last - self.first, 1), 1)


class Room(Struct, frozen=True):
    """Where a bar stands, how far its text may reach, and the line that the text keeps clear of."""

    start: float
    wide: float
    y: int
    limit: float
    line: float


def gantt(lanes: Sequence[Lane], day: str, today: str, day_said: str, label: str) -> str:
    """Return the lanes as SVG, with a line at `day`; nothing at all where there is no lane.

    `day_said` is that day in words, `label` what the drawing is and where its table stands.
    """
    drawn = lanes[:MAX_LANES]
    days = [end for lane in drawn for bar in lane.bars for end in (bar.start, bar.end) if end]
    if not days:
        return ""
    scale = Scale(
        date.fromisoformat(min(*days, day)).toordinal(),
        date.fromisoformat(max(*days, day, today)).toordinal(),
        min(max(width(lane.name) for lane in drawn), MAX_LABELS) + 2 * GAP,
    )
    height = TOP + len(drawn) * LANE + BOTTOM
    parts = [
        _stripes(),
        *_years(scale, height, day),
        *(part for number, lane in enumerate(drawn) for part in _lane(scale, lane, number, day)),
        *_day(scale, day, day_said, height),
    ]
    return (
        f'<svg class="chart" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'font-size="{FONT}" fill="{INK}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )


def width(text: str) -> float:
    """Return how wide a text is at most, in pixels."""
    ems = (0.36 if one in NARROW else 1.0 if one in WIDE else 0.66 for one in text)
    return FONT * sum(ems)


def shortened(text: str, room: float) -> str:
    """Return a text that fits, cut off at an ellipsis where it has to be."""
    if width(text) <= room:
        return text
    while text and width(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def holds(bar: Bar, day: str) -> bool:
    """Whether a term is under way on a day."""
    return bar.start <= day and (not bar.end or day < bar.end)


def _stripes() -> str:
    return (
        '<defs><pattern id="acting" width="10" height="10" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="10" height="10" fill="{OTHERWISE[0]}"/>'
        f'<rect width="4" height="10" fill="{STRIPE}"/></pattern></defs>'
    )


def _years(scale: Scale, height: int, day: str) -> list[str]:
    """Return a line for each year or few years, with a number where it touches no other text."""
    first, last = (date.fromordinal(one).year for one in (scale.first, scale.last))
    room = (WIDTH - scale.left) / max((scale.last - scale.first) / 365.25, 1)
    wanted = width("2026") + 2 * GAP
    step = next((step for step in YEAR_STEPS if step * room >= wanted), YEAR_STEPS[-1])
    parts = []
    for year in range(first + 1 + (-(first + 1)) % step, last + 1, step):
        x = scale.x(f"{year:04}-01-01")
        parts.append(f'<path d="M{x} {TOP - 4}V{height}" stroke="{GRID}"/>')
        if abs(x - scale.x(day)) > wanted / 2:
            parts.append(
                f'<text class="year" x="{x}" y="{TOP - 8}" text-anchor="middle">{year}</text>'
            )
    return parts


def _lane(scale: Scale, lane: Lane, number: int, day: str) -> list[str]:
    y = TOP + number * LANE
    name = escape(shortened(lane.name, scale.left - 2 * GAP))
    parts = [
        f'<path d="M0 {y}H{WIDTH}" stroke="{GRID}"/>'
        f'<text class="lane" x="{GAP}" y="{y + 22}">{name}</text>'
    ]
    following = [scale.x(bar.start) for bar in lane.bars[1:]]
    for bar, limit in zip(lane.bars, [*following, float(WIDTH)], strict=True):
        parts.append(_bar(scale, bar, y + (LANE - BAR) // 2, day, limit))
    return parts


def _bar(scale: Scale, bar: Bar, y: int, day: str, limit: float) -> str:
    start = scale.x(bar.start)
    end = scale.x(bar.end) if bar.end else WIDTH - GAP - POINT
    wide = max(end - start, MIN_BAR)
    fill, ink = HELD if holds(bar, day) else OTHERWISE
    stroke = f'stroke="{EDGE}"'
    if bar.look == "acting":
        fill, ink = "url(#acting)", OTHERWISE[1]
    if bar.look == "vacant":
        fill, ink, stroke = PAPER, INK, f'stroke="{EDGE}" stroke-dasharray="4 3"'
    shape = _pointed(start, wide, y) if not bar.end else _box(start, wide, y)
    return f'<g class="{bar.look}"><path d="{shape}" fill="{fill}" {stroke}/>' + (
        _text(bar, Room(start, wide, y, limit, scale.x(day)), ink) + "</g>"
    )


def _box(x: float, wide: float, y: int) -> str:
    return f"M{x} {y}h{wide:.1f}v{BAR}h-{wide:.1f}z"


def _pointed(x: float, wide: float, y: int) -> str:
    """Return a bar that goes on: it ends in a point."""
    half = BAR // 2
    return f"M{x} {y}h{wide:.1f}l{POINT} {half}l-{POINT} {half}h-{wide:.1f}z"


def _text(bar: Bar, room: Room, ink: str) -> str:
    """Return the text in its bar, or else beside it; nothing where it has no room.

    It keeps clear of the line at the day.
    """
    start, wide, line, size = room.start, room.wide, room.line, width(bar.text)
    inside = [(x, x + size + GAP <= start + wide) for x in (start + GAP, line + GAP)]
    beside = start + wide + POINT + GAP
    places = [(x, ink) for x, fits in inside if fits and x >= start + GAP]
    places += [(beside, INK)] if beside + size <= room.limit else []
    for x, colour in places:
        if x + size < line - 4 or x > line + 4:
            kind = "inside" if x < start + wide else "beside"
            return (
                f'<text class="{kind}" x="{x:.1f}" y="{room.y + 17}" fill="{colour}">'
                f"{escape(bar.text)}</text>"
            )
    return ""


def _day(scale: Scale, day: str, said: str, height: int) -> list[str]:
    """Return the line at the day, light on both sides so that it shows on any bar."""
    x = scale.x(day)
    half = width(said) / 2
    at = min(max(x, half + GAP), WIDTH - half - GAP)
    line = f'd="M{x} 22V{height}"'
    return [
        f'<path class="halo" {line} stroke="{PAPER}" stroke-width="7"/>',
        f'<path class="day" {line} stroke="{LINE}" stroke-width="3"/>',
        f'<text class="day" x="{at:.1f}" y="16" text-anchor="middle" font-weight="700" '
        f'fill="{LINE}">{escape(said)}</text>',
    ]
