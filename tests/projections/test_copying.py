"""What is copied into a table stands there as it was given, whatever characters it has."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections import copying, tables
from projections.tables import Table, day, document, moment, number, several, text

TABLE = Table(
    "copied",
    (
        number("position"),
        number("until", nullable=True),
        text("title"),
        several("things"),
        day("valid_from"),
        moment("at"),
        document("entry"),
    ),
    ("chain", "position"),
)
FOUND = (
    "SELECT title, until, things, valid_from::text, at::text, entry FROM copied ORDER BY position"
)
AT = "2024-03-01T12:00:00.000000Z"
ODD = ["", "\\.", "\\N", "a\tb", "a\nb\r", 'a"b\\', "\\\\n", "é\u2028x", "{}", "\x1f"]


def row(number: int, title: str, **other: Any) -> list[Any]:
    own = {"until": None, "things": "", "valid_from": "", "at": "", "entry": "{}", **other}
    return [number, own["until"], title, *(own[name] for name in list(own)[1:])]


def test_values_stand_in_the_table_as_they_were_given(database: str) -> None:
    rows = [row(number, title) for number, title in enumerate(ODD)]
    rows.append(row(99, "x", until=7, things="a b-1", valid_from="2024-03-01", at=AT))
    rows.append(row(100, "y", entry='{"said": "a\\\\b\\n\\u0009"}'))
    with psycopg.connect(database) as connection:
        connection.execute("SET timezone = 'UTC'")
        tables.create(connection, TABLE)
        with connection.cursor() as cursor:
            copying.copy(cursor, TABLE, "keten", rows)
        found = connection.execute(FOUND).fetchall()
    nothing = (None, [], None, "infinity", {})
    assert found[: len(ODD)] == [(title, *nothing) for title in ODD]
    assert found[-2] == ("x", 7, ["a", "b-1"], "2024-03-01", "2024-03-01 12:00:00+00", {})
    assert found[-1] == ("y", None, [], None, "infinity", {"said": "a\\b\n\t"})


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_every_row_is_one_line_and_every_value_stands_between_two_tabs(titles: list[str]) -> None:
    rows = [row(number, title) for number, title in enumerate(titles)]
    *lines, rest = copying.lines(TABLE.given, "keten", rows).split("\n")
    assert rest == ""
    assert [len(line.split("\t")) for line in lines] == [len(TABLE.given) + 1] * len(rows)


def test_what_no_text_can_hold_is_refused_by_the_database(database: str) -> None:
    with psycopg.connect(database) as connection:
        tables.create(connection, TABLE)
        with connection.cursor() as cursor, pytest.raises(psycopg.DataError):
            copying.copy(cursor, TABLE, "keten", [row(1, "a\x00b")])
