"""Drawings of figures: columns side by side for each period, and lines of days under each other.

    columns   one group for each period, in it one column for each series, its figure above it
    lines     one bar for each thing, as long as the days it took, with the days beside it
    shares    one bar for a whole, its parts side by side

Series differ by filling (dark, striped, empty), not by colour alone. Every shape carries what it
stands for as a title. A figure that has no room is left to the table that tells the same. Measures
and colours are those of `charts`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from markupsafe import escape
from msgspec import Struct

from api.charts import (
    BAR,
    BOTTOM,
    EDGE,
    FONT,
    GAP,
    GRID,
    HELD,
    INK,
    LANE,
    MAX_LABELS,
    MIN_BAR,
    OTHERWISE,
    PAPER,
    STRIPE,
    WIDTH,
    shortened,
    width,
)

FILLS: Final = (HELD[0], "url(#striped)", PAPER)
"""How the first, second and third series are filled."""
LEFT: Final = 56
HEAD: Final = 40
PLOT: Final = 180
FOOT: Final = 28
MAX_COLUMN: Final = 34
STEPS: Final = (1, 2, 5)
WHOLE: Final = 288
"""How wide a whole is: as wide as a small telephone has room for."""
LINES: Final = 4
"""Between how many lines, at least, the highest column stands."""

Number = Callable[[float], str]


class Series(Struct, frozen=True):
    """What one sort of column counts: its name, and the figure of each period in order."""

    name: str
    values: tuple[int, ...]


class Line(Struct, frozen=True):
    """One thing and how many days it took; `open` where it goes on."""

    name: str
    days: int
    said: str
    open: bool = False


class Share(Struct, frozen=True):
    """One part of a whole: its name, how much it is; `missing` where it is what did not come."""

    name: str
    value: int
    missing: bool = False


class Plot(Struct, frozen=True):
    """Where columns stand: the figure of the highest line, the left edge, how figures are said."""

    top: int
    left: float
    said: Number


class Column(Struct, frozen=True):
    """One column: where it stands, how wide it may be, its figure, its filling and its name."""

    x: float
    wide: float
    value: int
    fill: str
    name: str


def columns(periods: Sequence[str], series: Sequence[Series], number: Number, label: str) -> str:
    """Return the series as SVG; nothing at all where every figure is nought."""
    highest = max((value for one in series for value in one.values), default=0)
    if not highest:
        return ""
    plot = _plot(_rounded_up(highest), number)
    parts = [
        _stripes(),
        *_legend(series),
        *_scale(plot),
        *(part for place in range(len(periods)) for part in _group(plot, periods, place, series)),
    ]
    return _svg(HEAD + PLOT + FOOT, parts, label)


def lines(things: Sequence[Line], label: str) -> str:
    """Return a bar for each thing as SVG; nothing at all where there is none."""
    if not things:
        return ""
    left = min(max(width(one.name) for one in things), MAX_LABELS) + 2 * GAP
    room = WIDTH - left - max(width(one.said) for one in things) - 2 * GAP
    longest = max(one.days for one in things) or 1
    parts = [_stripes()]
    for place, one in enumerate(things):
        y = place * LANE
        wide = max(round(room * one.days / longest, 1), MIN_BAR)
        fill = FILLS[1] if one.open else FILLS[0]
        parts.append(
            f'<text x="{GAP}" y="{y + 22}">'
            f"{escape(shortened(one.name, left - 2 * GAP))}</text>"
            f'<rect class="line" x="{left}" y="{y + 5}" width="{wide}" height="{BAR}" '
            f'fill="{fill}" stroke="{EDGE}"><title>{escape(one.name)}: {escape(one.said)}</title>'
            f'</rect><text x="{left + wide + GAP}" y="{y + 22}">'
            f"{escape(one.said)}</text>"
        )
    return _svg(len(things) * LANE + BOTTOM, parts, label)


def shares(parts: Sequence[Share], number: Number, label: str) -> str:
    """Return the parts of a whole as SVG, each filled in its own way; nothing at all of nought."""
    total = sum(one.value for one in parts)
    if not total:
        return ""
    drawn, x = [_stripes()], 1.0
    for place, one in enumerate(parts):
        wide = (WHOLE - 2) * one.value / total
        drawn += _share(x, wide, one, FILLS[min(place, len(FILLS) - 1)], number) if wide else []
        x += wide
    return (
        f'<svg class="whole" width="{WHOLE}" height="{LANE}" viewBox="0 0 {WHOLE} {LANE}" '
        f'font-size="{FONT}" role="img" aria-label="{escape(label)}">{"".join(drawn)}</svg>'
    )


def _share(x: float, wide: float, one: Share, fill: str, number: Number) -> list[str]:
    """Return one part, with its name and figure in it, or its figure alone where it has to be."""
    said = f"{one.name} {number(one.value)}"
    edge = ' stroke-dasharray="4 3"' if one.missing else ""
    found = [
        f'<rect x="{x:.1f}" y="1" width="{wide:.1f}" height="{LANE - 2}" fill="{fill}" '
        f'stroke="{EDGE}"{edge}><title>{escape(said)}</title></rect>'
    ]
    text = next((text for text in (said, number(one.value)) if width(text) + GAP <= wide), "")
    dark = fill == FILLS[0]
    if text:
        halo = "" if dark else f' paint-order="stroke" stroke="{PAPER}" stroke-width="3"'
        found.append(
            f'<text x="{x + wide / 2:.1f}" y="{LANE / 2 + 5:.1f}" text-anchor="middle"{halo} '
            f'fill="{HELD[1] if dark else INK}">{escape(text)}</text>'
        )
    return found


def _svg(height: int, parts: Sequence[str], label: str) -> str:
    return (
        f'<svg class="chart" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'font-size="{FONT}" fill="{INK}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )


def _stripes() -> str:
    return (
        '<defs><pattern id="striped" width="8" height="8" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="8" height="8" fill="{OTHERWISE[0]}"/>'
        f'<rect width="4" height="8" fill="{STRIPE}"/></pattern></defs>'
    )


def _legend(series: Sequence[Series]) -> list[str]:
    parts, x = [], float(LEFT)
    for place, one in enumerate(series):
        parts.append(
            f'<rect x="{x:.1f}" y="4" width="16" height="16" fill="{FILLS[place]}" '
            f'stroke="{EDGE}"/><text x="{x + 22:.1f}" y="17">{escape(one.name)}</text>'
        )
        x += 22 + width(one.name) + 3 * GAP
    return parts


def _rounded_up(highest: int) -> int:
    """Return the figure of the highest line: some whole steps of 1, 2 or 5 times a power of ten."""
    unit = 1
    while True:
        for step in STEPS:
            if step * unit * LINES >= highest:
                return step * unit * LINES
        unit *= 10


def _plot(top: int, number: Number) -> Plot:
    return Plot(top, max(width(number(top)) + 2 * GAP, LEFT), number)


def _scale(plot: Plot) -> list[str]:
    parts = []
    for step in range(LINES + 1):
        value, y = plot.top * step // LINES, HEAD + PLOT - PLOT * step / LINES
        parts.append(
            f'<path d="M{plot.left:.1f} {y:.1f}H{WIDTH}" fill="none" '
            f'stroke="{EDGE if step == 0 else GRID}"/>'
            f'<text x="{plot.left - GAP:.1f}" y="{y + 5:.1f}" text-anchor="end">'
            f"{escape(plot.said(value))}</text>"
        )
    return parts


def _group(plot: Plot, periods: Sequence[str], place: int, series: Sequence[Series]) -> list[str]:
    """Return the columns of one period with their figures, and its name below where it fits."""
    room = (WIDTH - plot.left) / len(periods)
    wide = min((room - GAP) / len(series), MAX_COLUMN)
    middle = plot.left + room * (place + 0.5)
    parts = []
    for which, one in enumerate(series):
        x = middle + wide * (which - len(series) / 2)
        if one.values[place]:
            name = f"{periods[place]}, {one.name}"
            parts += _column(plot, Column(x, wide, one.values[place], FILLS[which], name))
    every = max(1, -int(-(max(map(width, periods)) + GAP) // room))
    if place % every == 0:
        parts.append(
            f'<text x="{middle:.1f}" y="{HEAD + PLOT + 20}" text-anchor="middle">'
            f"{escape(periods[place])}</text>"
        )
    return parts


def _column(plot: Plot, one: Column) -> list[str]:
    """Return one column, and above it its figure where that fits."""
    tall, said = PLOT * one.value / plot.top, escape(plot.said(one.value))
    y = HEAD + PLOT - tall
    parts = [
        f'<rect class="column" x="{one.x:.1f}" y="{y:.1f}" width="{one.wide - 2:.1f}" '
        f'height="{tall:.1f}" fill="{one.fill}" stroke="{EDGE}">'
        f"<title>{escape(one.name)}: {said}</title></rect>"
    ]
    if width(said) <= one.wide:
        parts.append(
            f'<text x="{one.x + (one.wide - 2) / 2:.1f}" y="{y - 4:.1f}" text-anchor="middle" '
            f'paint-order="stroke" stroke="{PAPER}" stroke-width="3">{said}</text>'
        )
    return parts
