"""Moments as rules reckon with them, held against the calendar of the standard library."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.values import instant, later

END_OF_TIME = "9999-12-31T23:59:59.999999Z"


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-3660, 3660))
def test_so_many_days_later_is_the_same_time_of_that_day(then: datetime, days: int) -> None:
    try:
        wanted = instant(then + timedelta(days=days))
    except OverflowError:
        wanted = END_OF_TIME
    assert later(instant(then), days=days) == wanted


def test_what_lies_beyond_the_calendar_is_the_end_of_time() -> None:
    assert later("9999-12-31T00:00:00.000000Z", days=1) == END_OF_TIME
