"""Figures over HTTP: what was decided, what is open and how long things take, per period."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from api.reading import Asked, AsOf, Route
from projections.figures import figures
from projections.views import Doc

Year = Annotated[str, Field(pattern=r"^[0-9]{4}$")]
NUMBER: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}
TEXT: Final[dict[str, Any]] = {"type": "string"}


class Filters(AsOf):
    """Which periods: the months of this year; without it all years."""

    year: Year | None = None


def _rows(key: str, *numbers: str, **more: Any) -> dict[str, Any]:
    properties = {key: TEXT, **dict.fromkeys(numbers, NUMBER), **more}
    row = {"type": "object", "required": [key, numbers[0]], "properties": properties}
    return {"type": "array", "items": row}


SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "year": TEXT,
        "years": {"type": "array", "items": TEXT},
        "decisions": _rows("period", "taken", "notTaken"),
        "escalations": _rows("period", "solved", "medianDays", "longestDays"),
        "latestEscalations": _rows("escalation", "days", title=TEXT, raised=TEXT, resolved=TEXT),
        "actions": _rows("period", "open", "overdue"),
        "agreements": _rows("period", "proposed", "inForce", "ended"),
        "roles": _rows("period", "begun", "ended", "held"),
    },
}


def _ask(asked: Asked[Filters]) -> Doc:
    return figures(asked.connection, asked.view, year=asked.parameters.year or "")


ROUTES = (
    Route(
        "/figures",
        "getFigures",
        "Figures per year, or per month of one year; durations in days.",
        _ask,
        SCHEMA,
        Filters,
    ),
)
