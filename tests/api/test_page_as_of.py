"""Which dates the address of a page asks for, and how they are said."""

from __future__ import annotations

import pytest

from api.pages.as_of import KNOWN_AT, VALID_ON, asked
from api.problems import Problem


@pytest.mark.parametrize(
    ("given", "known_at"),
    [
        ("31-12-2008", "2008-12-31"),
        (" 5-1-2009 ", "2009-01-05"),
        ("2008-12-31", "2008-12-31"),
        ("200", "200"),
        ("", ""),
    ],
)
def test_a_day_may_be_written_as_people_write_it(given: str, known_at: str) -> None:
    assert asked({KNOWN_AT: given}).known_at == known_at


def test_a_day_counts_to_its_end() -> None:
    assert asked({KNOWN_AT: "31-12-2008"}).position_or_moment == "2008-12-31T23:59:59.999999Z"
    assert asked({KNOWN_AT: "200"}).position_or_moment == 200


@pytest.mark.parametrize("given", ["31-13-2008", "30-2-2008", "1-1-08", "gisteren"])
def test_what_is_no_day_is_told_with_what_was_written(given: str) -> None:
    with pytest.raises(Problem) as caught:
        asked({KNOWN_AT: given})
    assert KNOWN_AT in str(caught.value.detail)


def test_the_other_date_is_in_the_order_of_its_field() -> None:
    with pytest.raises(Problem) as caught:
        asked({VALID_ON: "31-12-2008"})
    assert VALID_ON in str(caught.value.detail)
