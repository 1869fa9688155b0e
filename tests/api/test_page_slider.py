"""Which day the slider stands for at each step, and what is told where there is no such step."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from api.pages.as_of import VALID_ON
from api.pages.slider import MAX_STEPS, STEP, Slider, day_asked, slider
from api.problems import Problem
from tests.api.doors import Doors

YOUNG = Slider(date(2026, 1, 30), 3)
OLD = Slider(date(2004, 10, 5), 8_000)


def test_each_day_of_a_young_chain_has_its_step() -> None:
    assert (YOUNG.steps, YOUNG.stride) == (3, 1)
    days = ["2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02"]
    assert [YOUNG.day(step) for step in range(4)] == YOUNG.marks == days
    assert [YOUNG.step(day) for day in days] == [0, 1, 2, 3]


def test_the_steps_of_an_old_chain_are_bounded_and_evenly_spaced_from_end_to_end() -> None:
    assert (OLD.steps, OLD.stride) == (MAX_STEPS, 33)
    days = [date.fromisoformat(OLD.day(step)) for step in range(MAX_STEPS + 1)]
    assert (days[0], days[-1]) == (OLD.first, OLD.first + timedelta(days=8_000))
    assert days[MAX_STEPS // 2] == OLD.first + timedelta(days=4_000)
    apart = {(later - day).days for day, later in pairwise(days)}
    assert apart == {33, 34}
    assert OLD.marks == [str(day) for day in days[:: MAX_STEPS // 4]]


def test_the_slider_stands_at_the_step_nearest_to_the_day_that_is_shown() -> None:
    assert all(OLD.step(OLD.day(step)) == step for step in range(MAX_STEPS + 1))
    assert OLD.step("2004-10-06") == 0
    assert (OLD.step("1999-01-01"), OLD.step("2999-01-01")) == (0, MAX_STEPS)


def test_a_chain_of_one_day_has_nothing_to_slide_and_one_of_two_days_has() -> None:
    assert slider("2026-01-30", "2026-01-30") is None
    assert slider("2026-01-31", "2026-01-30") is None
    assert slider("2026-01-30", "2026-01-31") == Slider(date(2026, 1, 30), 1)


@pytest.mark.parametrize(("given", "day"), [("0", "2026-01-30"), ("3", "2026-02-02")])
def test_a_step_in_the_address_is_a_day(given: str, day: str) -> None:
    assert day_asked({STEP: given, VALID_ON: ""}, YOUNG) == day


@pytest.mark.parametrize("given", ["4", "-1", "", "1.5", "half", "٣", "9" * 5000])
def test_what_is_no_step_is_told_with_what_was_expected(given: str) -> None:
    with pytest.raises(Problem, match="van 0 tot en met 3") as caught:
        day_asked({STEP: given}, YOUNG)
    assert caught.value.kind == "malformed"
    assert len(str(caught.value)) < 200


def test_a_date_and_a_step_together_are_refused_as_is_a_step_of_a_chain_of_one_day() -> None:
    with pytest.raises(Problem, match="niet allebei"):
        day_asked({STEP: "1", VALID_ON: "2026-01-31"}, YOUNG)
    with pytest.raises(Problem, match="te jong"):
        day_asked({STEP: "0"}, None)


def test_a_chain_of_today_shows_no_slider_and_says_so_to_who_slides(
    doors: Doors, chain: str
) -> None:
    path = f"/ketens/{chain}/tijdlijn"
    doors.until(f"/v1/chains/{chain}", 200, atLeast=doors.size(chain) - 1)
    assert 'type="range"' not in doors.get(path).text
    answer = doors.get(path, params={STEP: "0"})
    assert answer.status_code == 400
    assert "te jong" in answer.text
