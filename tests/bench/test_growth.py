"""The table of growth: what stands in it, under names that make one curve of several sizes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.bench import questions
from tests.bench import rows as r
from tests.bench.growth import SIZES, Point, points, wanted, write

QUESTION = next(iter(questions.QUESTIONS))


def test_a_measure_has_the_same_name_at_every_size() -> None:
    names = [
        {point.measure for point in points(size, rounds)}
        for size in SIZES
        for rounds in [{r.COLD: [1.0], questions.name(QUESTION, size): [2.0]}]
    ]
    assert all(one == names[0] for one in names)
    assert len(names[0]) == 2


def test_measures_of_the_other_chain_are_left_out() -> None:
    rounds: dict[str, list[float | None]] = {
        questions.name(QUESTION, 10_000): [1.0],
        r.APPEND_SMALL: [1.0],
        r.APPEND_LARGE: [3.0, 1.0, 2.0],
    }
    [found] = points(1_000_000, rounds)
    assert (found.median, found.rounds) == (2.0, (3.0, 1.0, 2.0))


def test_a_measure_that_failed_has_no_figure(tmp_path: Path) -> None:
    [failed] = points(1_000, {r.COLD: [None]})
    assert failed.median is None
    write([failed, Point(1_000, "append", 2.5, (2.0, 3.0))], tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["median"] for line in lines] == ["", "2.5"]
    assert lines[1]["rounds"] == "2 3"


def test_sizes_and_rounds_can_be_chosen_and_nonsense_is_refused() -> None:
    assert wanted([]) == (list(SIZES), 3)
    assert wanted(["5000", "1000", "rounds=1"]) == ([1000, 5000], 1)
    for nonsense in ("many", "10", "2000000", "rounds=0"):
        with pytest.raises(SystemExit):
            wanted([nonsense])
