"""Small wrong versions of the verifier are noticed; all of them are tried by `make mutate`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ledger import verify as verifier
from tests.mutation.__main__ import LEFT_OUT, function_of, in_place
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import mutants

SOURCE = Path(verifier.__file__).read_text("utf-8")
SECONDS = 150

EXAMPLE = """
def within(place, size):
    require(place >= 0, "early")
    return place < size and not closed
"""


def test_every_comparison_check_and_number_of_a_function_is_turned() -> None:
    assert [f"{one.before} -> {one.after}" for one in mutants(EXAMPLE)] == [
        "require(place >= 0, 'early') -> pass",
        "place >= 0 -> place > 0",
        "place >= 0 -> place < 0",
        "0 -> 1",
        "0 -> -1",
        "place < size and (not closed) -> place < size or not closed",
        "place < size and (not closed) -> not closed",
        "place < size and (not closed) -> place < size",
        "place < size -> place <= size",
        "place < size -> place >= size",
        "not closed -> closed",
    ]


def test_a_wrong_version_stands_in_place_until_it_is_taken_away() -> None:
    [turned] = [one for one in mutants(SOURCE) if one.name == "require: not truth -> truth"]
    verifier.require(True, "kind", "")
    with in_place(turned), pytest.raises(verifier.NotProven):
        verifier.require(True, "kind", "")
    verifier.require(True, "kind", "")


def test_every_function_that_decides_has_wrong_versions() -> None:
    found = list(mutants(SOURCE))
    assert len(found) > 500
    assert {one.function for one in found} >= {"verify", "main", "Bundle.record", "range_root"}
    assert all(function_of(one.function) for one in found if one.function not in LEFT_OUT)


def test_what_is_listed_as_right_after_all_is_there_and_has_a_reason() -> None:
    assert set(EQUIVALENT) <= {one.name for one in mutants(SOURCE)}
    assert all(EQUIVALENT.values())


@pytest.mark.slow
@pytest.mark.timeout(2 * SECONDS)
def test_a_few_wrong_versions_are_caught_by_the_tests_of_the_verifier() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation", "--sample", "8", "--only", "Tile.records"],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=2 * SECONDS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 wrong versions: 8 caught" in done.stdout
