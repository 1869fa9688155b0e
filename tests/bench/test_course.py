"""What a run of the bench says of itself: nothing that failed is taken for reached."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.bench.course import Course, Missing, Stage, Todo
from tests.bench.rows import Row
from tests.bench.telling import MET, MISSED, NOT_MEASURED, exit_code, limit, verdict

OURS, PEER, OTHER = "ours", "a peer", "another"
RATIO = Row(OURS, PEER, must=2, aim=3)
ALONE = Row(OTHER, "", must=10, aim=20)


def taken(todo: Todo, *rows: Row, rounds: int = 1, once: frozenset[str] = frozenset()) -> Course:
    """Return the course after one stage with these measures."""

    @contextlib.contextmanager
    def opened() -> Iterator[Todo]:
        yield todo

    course = Course(rounds)
    course.take(Stage("stage", rows, opened, once))
    return course


def failing() -> float:
    raise ValueError("broken")


def lacking() -> float:
    raise Missing("a program is not on this machine")


def test_a_ratio_is_of_the_same_round_and_the_middle_of_the_rounds() -> None:
    ours, peer = iter([10.0, 40.0, 90.0]), iter([5.0, 10.0, 30.0])
    course = taken({OURS: lambda: next(ours), PEER: lambda: next(peer)}, RATIO, rounds=3)
    assert RATIO.reached(course.found) == 3
    assert exit_code(course, [RATIO]) == MET


def test_a_must_that_is_missed_ends_badly() -> None:
    course = taken({OURS: lambda: 1.0, PEER: lambda: 1.0}, RATIO)
    assert exit_code(course, [RATIO]) == MISSED


def test_a_figure_that_must_stay_low_is_missed_when_it_is_high() -> None:
    low = Row(OTHER, "", must=10, aim=5, most=True)
    assert verdict(taken({OTHER: lambda: 11.0}, low), low) == MISSED
    assert verdict(taken({OTHER: lambda: 9.0}, low), low) == MET


def test_a_measure_that_fails_is_missed_and_costs_the_others_nothing() -> None:
    course = taken({OURS: failing, PEER: lambda: 1.0, OTHER: lambda: 30.0}, RATIO, ALONE)
    assert verdict(course, RATIO) == MISSED
    assert verdict(course, ALONE) == MET
    assert "broken" in course.why[OURS]
    assert exit_code(course, [RATIO, ALONE]) == MISSED


def test_a_measure_that_fails_once_keeps_the_rounds_it_had() -> None:
    answers = iter([4.0])
    course = taken({OURS: lambda: next(answers), PEER: lambda: 2.0}, RATIO, rounds=2)
    assert course.found[OURS] == [4.0, None]
    assert RATIO.reached(course.found) == 2


def test_a_peer_that_lacks_is_told_and_is_not_taken_for_beaten() -> None:
    course = taken({OURS: lambda: 9.0, PEER: lacking}, RATIO)
    assert verdict(course, RATIO) == NOT_MEASURED
    assert exit_code(course, [RATIO]) == NOT_MEASURED
    assert "not on this machine" in course.why[PEER]


def test_a_stage_that_does_not_open_is_missed() -> None:
    @contextlib.contextmanager
    def shut() -> Iterator[Todo]:
        failing()
        yield {}

    course = Course(1)
    course.take(Stage("shut", [ALONE], shut))
    assert exit_code(course, [ALONE]) == MISSED


def test_what_is_done_once_is_done_in_the_first_round() -> None:
    course = taken({OURS: lambda: 1.0, OTHER: lambda: 2.0}, rounds=3, once=frozenset({OURS}))
    assert course.found == {OURS: [1.0], OTHER: [2.0, 2.0, 2.0]}


def test_what_limits_is_said_only_of_an_aim_that_is_not_reached() -> None:
    course = taken({OTHER: lambda: 15.0}, ALONE)
    assert "cores" in limit(course, ALONE)
    assert limit(taken({OTHER: lambda: 25.0}, ALONE), ALONE) == ""
