"""The fields of a request as a table: each by its name, the first where there are two."""

from typing import Any

from starlette.datastructures import Headers

from api.fields import fields

RAW = [
    (b"host", b"127.0.0.1"),
    (b"accept", b"text/html"),
    (b"accept", b"application/json"),
    (b"x-name", "é".encode("latin-1")),
    (b"x-empty", b""),
]


def scope(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {"type": "http", "headers": headers}


def test_a_field_is_what_the_web_framework_says_it_is() -> None:
    asked = scope(RAW)
    table, theirs = fields(asked), Headers(scope=asked)
    assert table == {name: theirs[name] for name in theirs}
    assert (table["accept"], table["x-name"], table["x-empty"]) == ("text/html", "é", "")
    assert "x-other" not in table


def test_the_table_is_of_one_request_and_made_once() -> None:
    asked, other = scope(RAW), scope([])
    assert fields(asked) is fields(asked)
    assert fields(other) == {}
    assert asked["headers"] == RAW
