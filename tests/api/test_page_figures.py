"""The page of figures: table, drawing, CSV and API tell the same, and every text can be read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from starlette.responses import Response

from api.bars import HEAD, PLOT, Line, Series, columns, lines
from api.charts import HELD
from api.figures import SCHEMA
from api.pages import figures as page
from api.pages.language import language
from api.problems import Problem
from projections.figures import figures
from projections.views import Conn
from tests.api.test_charts import _span
from tests.api.test_page_items import asked, printed_page
from tests.projections.given import reading, taken_in
from tests.projections.scenes import everything

PERIODS = tuple(str(year) for year in range(2006, 2027))


@pytest.fixture(scope="module")
def whole(shared_database: str) -> Iterator[Conn]:
    """The demonstration chain."""
    taken_in(shared_database, everything())
    with reading(shared_database) as connection:
        yield connection


def shown(connection: Conn, query: str = "") -> str:
    request, template = asked(connection, page.SCREENS[0], query=query)
    return printed_page(request, template, page.SCREENS[0])


def tables(html: str) -> dict[str, list[list[str]]]:
    """Return the rows of the table of each figure, the header first, by its id."""
    found = {}
    for section in html.split("<section ")[1:]:
        name = section.split('aria-labelledby="')[1].split('"')[0]
        if "<table" not in section:
            found[name] = []
            continue
        table = ET.fromstring(
            "<table" + section.split("<table")[1].split("</table>")[0] + "</table>"
        )
        rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
        found[name] = rows
    return found


@pytest.mark.parametrize("query", ["", "jaar=2007"])
def test_table_csv_drawing_and_api_tell_the_same_figures(whole: Conn, query: str) -> None:
    request, _ = asked(whole, page.SCREENS[0], query=query)
    api = figures(whole, request.view, year=query.removeprefix("jaar="))
    told = page.gathered(api, request.language)
    answer = page.as_csv(request)
    assert isinstance(answer, Response)
    lines_of = list(csv.reader(io.StringIO(bytes(answer.body).decode())))[1:]
    written = [(figure, name, int(value)) for figure, _, name, value in lines_of]
    by_table = tables(shown(whole, query))
    assert len(told) == 6
    for figure in told:
        values = [one for row in figure.rows for one in row.values if one is not None]
        rows = api[figure.id]
        own = [key for key in rows[0] if isinstance(rows[0][key], int)] if rows else []
        assert sorted(values) == sorted(
            one for row in rows for one in row.values() if isinstance(one, int)
        )
        assert [value for title, _, value in written if title == figure.title][: len(values)]
        if figure.chart is None:
            assert not any(row[name] for row in rows for name in own)
            continue
        cells = [cell for row in by_table[figure.id][1:] for cell in row[1:]]
        assert [int(one.replace(",", "")) for one in cells if one != "–"] == values
        svg = ET.fromstring(str(figure.chart))
        drawn = [title.text or "" for title in svg.iter("title")]
        assert drawn
        for one in drawn:
            *name, value = one.replace(" days", "").replace(": ", ", ").split(", ")
            assert int(value) in values, name
    assert sorted(value for *_, value in written) == sorted(
        one for figure in told for row in figure.rows for one in row.values if one is not None
    )


def test_the_answer_of_the_api_is_as_it_is_described(whole: Conn) -> None:
    request, _ = asked(whole, page.SCREENS[0])
    found: dict[str, Any] = figures(whole, request.view)
    assert set(found) == set(SCHEMA["properties"])
    for name, schema in SCHEMA["properties"].items():
        if schema["type"] == "array" and "properties" in schema["items"]:
            known = set(schema["items"]["properties"])
            assert all(set(row) <= known for row in found[name])
            assert set(schema["items"]["required"]) <= set(found[name][0])


@pytest.mark.parametrize("year", ["x", "20261", "-100", "٢٠٢٦"])
def test_what_is_no_year_is_refused(whole: Conn, year: str) -> None:
    with pytest.raises(Problem, match="jaar"):
        shown(whole, f"jaar={year}")


def drawing(*values: tuple[int, ...]) -> ET.Element:
    series = [Series(f"reeks {place}", one) for place, one in enumerate(values)]
    return ET.fromstring(columns(PERIODS, series, language("nl").number, "label"))


def test_a_column_is_as_high_as_its_figure_and_nought_has_none() -> None:
    values = tuple(range(len(PERIODS)))
    columns_of = [one for one in drawing(values).iter("rect") if one.get("class") == "column"]
    heights = [float(one.get("height", "")) for one in columns_of]
    assert len(heights) == len(values) - 1
    unit = heights[0]
    assert heights == pytest.approx([unit * value for value in values[1:]], abs=0.6)
    assert all(
        float(one.get("y", "")) + float(one.get("height", ""))
        == pytest.approx(HEAD + PLOT, abs=0.2)
        for one in columns_of
    )


@pytest.mark.parametrize(
    "values",
    [
        ((1,) * 21, (2,) * 21, (3,) * 21),
        ((10,) * 21, (99,) * 21, (100,) * 21),
        ((123_456,) * 21,),
        ((0,) * 20 + (1,),),
    ],
)
def test_no_text_of_the_columns_covers_another(values: tuple[tuple[int, ...], ...]) -> None:
    def span(text: ET.Element) -> tuple[float, float, float]:
        y, left, right = _span(text)
        if text.get("text-anchor") == "end":
            wide = right - left
            left, right = left - wide, left
        return y, left, right

    spans = [span(one) for one in drawing(*values).iter("text")]
    for number, (y, left, right) in enumerate(spans):
        assert 0 <= left < right <= 1000
        assert not any(
            abs(y - other) < 10 and left < end and start < right
            for other, start, end in spans[number + 1 :]
        )


def test_a_line_is_as_long_as_its_days_and_an_open_one_is_striped() -> None:
    things = [Line("een", 10, "10 dagen"), Line("twee <2>", 20, "20 dagen", open=True)]
    first, second = (
        one
        for one in ET.fromstring(lines(things, "label")).iter("rect")
        if one.get("class") == "line"
    )
    assert float(second.get("width", "")) == pytest.approx(
        2 * float(first.get("width", "")), abs=0.2
    )
    assert (first.get("fill"), second.get("fill")) == (HELD[0], "url(#striped)")


def test_nothing_is_drawn_where_there_is_nothing_to_count() -> None:
    assert columns(PERIODS, [Series("a", (0,) * 21)], str, "label") == ""
    assert lines([], "label") == ""
