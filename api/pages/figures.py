"""Figures (the small charts): drawn, in a table and as CSV, all from the same rows.

?jaar=<year>        the months of that year; without it every year
/cijfers.csv        cijfer, tijdvak, reeks, waarde: one figure on each line
"""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from markupsafe import Markup
from msgspec import Struct
from starlette.responses import Response

from api.bars import Line, Series, columns, lines
from api.pages.language import Language
from api.pages.paper import drawn
from api.pages.site import Asked, Screen
from api.problems import Problem
from projections.figures import figures
from projections.views import Doc

CSV: Final = "text/csv; charset=utf-8"
YEAR_DIGITS: Final = 4


class Row(Struct, frozen=True):
    """One line of a table: what it is called, its figures in order, and what can be clicked."""

    name: str
    values: tuple[int | None, ...]
    year: str = ""
    escalation: str = ""


class Figure(Struct, frozen=True):
    """A heading, what it counts, the names of its columns, its rows, and the drawing of them."""

    id: str
    title: str
    about: str
    first: str
    series: tuple[str, ...]
    rows: tuple[Row, ...]
    chart: Markup | None


def show(asked: Asked) -> dict[str, Any]:
    """Gather the figures with their drawings."""
    found = _figures(asked)
    return {"figures": gathered(found, asked.language), "year": found["year"],
            "years": found["years"], "csv": asked.as_of.query(jaar=found["year"])}  # fmt: skip


def as_csv(asked: Asked) -> Response:
    """Answer the same figures, one on each line; nothing where there is nothing to count."""
    said = asked.language.text
    written = io.StringIO()
    out = csv.writer(written)
    out.writerow([said("cijfer"), said("tijdvak"), said("reeks"), said("waarde")])
    for figure in gathered(_figures(asked), asked.language):
        for row in figure.rows:
            for series, value in zip(figure.series, row.values, strict=True):
                if value is not None:
                    name = row.escalation or row.name
                    out.writerow([figure.title, name, series, value])
    headers = {"Content-Disposition": f'attachment; filename="{asked.chain}-cijfers.csv"'}
    return Response(written.getvalue(), media_type=CSV, headers=headers)


def gathered(found: Doc, language: Language) -> list[Figure]:
    """Return the figures as they are told in a language, each with its drawing."""
    said = language.text
    return [
        _periods(found, "decisions", language, said("Besluiten"),
                 said("Hoeveel besluiten in elk tijdvak vielen."),
                 {"taken": said("genomen"), "notTaken": said("niet genomen")}),
        _latest(found, language),
        _periods(found, "escalations", language, said("Opgeloste escalaties"),
                 said("Hoeveel escalaties werden opgelost, en na hoeveel dagen."),
                 {"solved": said("opgelost"), "medianDays": said("dagen, de middelste"),
                  "longestDays": said("dagen, de langste")}, shown=("solved",)),
        _periods(found, "actions", language, said("Acties"),
                 said("Hoeveel acties aan het eind van elk tijdvak open waren."),
                 {"open": said("open"), "overdue": said("waarvan over tijd")}),
        _periods(found, "agreements", language, said("Afspraken"),
                 said("Hoe de afspraken er aan het eind van elk tijdvak voor stonden."),
                 {"inForce": said("van kracht"), "proposed": said("voorgesteld"),
                  "ended": said("geëindigd")}),
        _periods(found, "roles", language, said("Rollen"),
                 said("Hoeveel rollen begonnen en eindigden, en hoeveel er liepen."),
                 {"held": said("liepen aan het eind"), "begun": said("begonnen"),
                  "ended": said("eindigden")}),
    ]  # fmt: skip


def _periods(
    found: Doc,
    name: str,
    language: Language,
    title: str,
    about: str,
    series: dict[str, str],
    shown: tuple[str, ...] = (),
) -> Figure:
    """Return a figure of one row for each period; `shown` are the series that are drawn."""
    rows = found[name]
    monthly = bool(found["year"])
    told = [language.month(row["period"]) if monthly else row["period"] for row in rows]
    brief = [language.month(row["period"], short=True) if monthly else row["period"]
             for row in rows]  # fmt: skip
    drawing = columns(
        brief,
        [Series(series[one], tuple(row.get(one, 0) for row in rows)) for one in shown or series],
        language.number,
        language.text("%(title)s; de tabel hieronder zegt hetzelfde.") % {"title": title},
    )
    return Figure(
        id=name,
        title=title,
        about=about,
        first=language.text("Tijdvak"),
        series=tuple(series.values()),
        rows=tuple(
            Row(said, tuple(row.get(one) for one in series), "" if monthly else row["period"])
            for said, row in zip(told, rows, strict=True)
        ),
        chart=drawn(drawing) if drawing else None,
    )


def _latest(found: Doc, language: Language) -> Figure:
    rows = found["latestEscalations"]
    title = language.text("Doorlooptijd van escalaties")
    drawing = lines(
        [
            Line(row["title"], row["days"], _days(row, language), "resolved" not in row)
            for row in rows
        ],
        language.text("%(title)s; de tabel hieronder zegt hetzelfde.") % {"title": title},
    )
    return Figure(
        id="latestEscalations",
        title=title,
        about=language.text(
            "De laatste escalaties, van opschalen tot oplossen; gestreept: nog niet opgelost."
        ),
        first=language.text("Escalatie"),
        series=(language.text("dagen"),),
        rows=tuple(Row(row["title"], (row["days"],), escalation=row["escalation"]) for row in rows),
        chart=drawn(drawing) if drawing else None,
    )


def _days(row: Doc, language: Language) -> str:
    return language.counted("%(num)s dag", "%(num)s dagen", row["days"]) % {
        "num": language.number(row["days"])
    }


def _figures(asked: Asked) -> Doc:
    year = asked.query.get("jaar", "")
    if year and not (len(year) == YEAR_DIGITS and year.isascii() and year.isdigit()):
        raise Problem("malformed", f"jaar: {year[:20]!r} is geen jaar zoals 2026.")
    return figures(asked.connection, asked.view, year=year)


SCREENS: Final = (
    Screen("/cijfers", "figures.html", show),
    Screen("/cijfers.csv", "figures.html", as_csv),
)
