"""What a run found, as a table for people and as JSON for whoever reckons on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from ledger import recording
from tests.bench.course import Course
from tests.bench.rows import Row

LIBRARIES = ("eventsourcing", "psycopg", "msgspec", "rpds-py", "fastapi", "uvicorn")
MET, MISSED, NOT_MEASURED = 0, 1, 2
RULES = "plain Python" if recording.__file__.endswith(".py") else "compiled"
"""How the rules ran that were measured."""


def verdict(course: Course, row: Row) -> int:
    """Return MET, MISSED (also where our own measure failed), or NOT_MEASURED: a peer lacks."""
    if row.reached(course.found) is None:
        lacks = course.missing & {row.measure, row.against}
        return NOT_MEASURED if lacks else MISSED
    return MET if row.meets(course.found, row.must) else MISSED


def exit_code(course: Course, rows: Sequence[Row]) -> int:
    """Return 1 where a must was missed, else 2 where one could not be measured here, else 0."""
    found = {verdict(course, row) for row in rows}
    return MISSED if MISSED in found else max(found, default=MET)


def tell(course: Course, rows: Sequence[Row], left_out: Sequence[str]) -> None:
    """Print the table, and below it what limits and what lacks."""
    title = f"the middle of the rounds; per second, or as a ratio; rules: {RULES}"
    shown = Table(title=title, title_justify="left")
    for column in ("measure", "against", "found", "must", "aim", ""):
        shown.add_column(
            column, justify="left" if column in ("measure", "against", "") else "right"
        )
    for row in rows:
        found = row.reached(course.found)
        figures = map(_number, (found, row.must, row.aim))
        shown.add_row(row.measure, row.against, *figures, _word(course, row))
    console = Console(width=None if os.isatty(1) else 150)
    console.print(shown)
    for line in _remarks(course, rows, left_out):
        console.print(line, markup=False, highlight=False)


def facts(
    course: Course, rows: Sequence[Row], left_out: Sequence[str], **more: object
) -> dict[str, object]:
    """Return all that was found, the raw rounds included."""
    return {
        "machine": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "rules": RULES,
        "versions": {name: version(name) for name in LIBRARIES},
        **more,
        "rounds": course.found,
        "strain": course.strain,
        "without figures": course.why,
        "table": [
            {
                "measure": row.measure,
                "against": row.against,
                "found": row.reached(course.found),
                "must": row.must,
                "aim": row.aim,
                "most": row.most,
                "verdict": _word(course, row),
                "limit": limit(course, row),
            }
            for row in rows
        ],
        "left out": list(left_out),
    }


def _number(figure: float | None) -> str:
    if figure is None:
        return "-"
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.3g}"


def _word(course: Course, row: Row) -> str:
    found = verdict(course, row)
    if found == NOT_MEASURED or row.reached(course.found) is None:
        return "not measured"
    if found == MISSED:
        return "missed"
    return "" if row.meets(course.found, row.aim) else "below the aim"


def limit(course: Course, row: Row) -> str:
    """Return what limits a figure that is not as it should be."""
    if row.reached(course.found) is None or row.meets(course.found, row.aim):
        return ""
    return row.limit or course.limit(row.taken_with or row.measure)


def _remarks(course: Course, rows: Sequence[Row], left_out: Sequence[str]) -> list[str]:
    said = {row.measure: limit(course, row) for row in rows}
    lines = [f"What limits «{name}»: {what}." for name, what in said.items() if what]
    lines += [f"No figures of «{name}»: {why}." for name, why in course.why.items()]
    if left_out:
        lines.append("Left out of this run: " + "; ".join(left_out) + ".")
    return lines
