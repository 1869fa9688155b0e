"""How costs hold when one chain grows: curves of the same measures at several sizes.

    make bench-growth                        10,000, 100,000 and 1,000,000 events
    make bench-growth ARGS='1000 10000'      other sizes
    make bench-growth ARGS='1000 10000 rounds=1'

Each size is a run of its own of the stage `large` of `make bench`, in a process and on a database
of its own. Writes `build/growth.csv`, the raw runs in `build/growth.json`, and `build/growth.png`,
drawn by matplotlib in an environment of its own: it is no dependency of the project. Where that
cannot be had the table is there all the same, and it says so and ends with 2. It ends with 1 where
a measure failed at some size. Whether a figure is good enough is judged by `make bench`.
"""

from __future__ import annotations

import csv
import json
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

BUILD = Path("build")
TABLE, RAW, PICTURE = BUILD / "growth.csv", BUILD / "growth.json", BUILD / "growth.png"
SIZES = (10_000, 100_000, 1_000_000)
LEAST, MOST = 1_000, 1_000_000
ROUNDS = 3
RUN_SECONDS = 3 * 3600
INSTALL_SECONDS = 600
MATPLOTLIB = "matplotlib==3.11.2"
LARGE = "a large chain: "
USAGE = f"usage: python -m tests.bench.growth [rounds=n] [events, {LEAST} to {MOST}] ..."

RUN = """
import sys
from pathlib import Path
from tests.bench import __main__ as bench
bench.OUTPUT = Path(sys.argv[1])
sys.exit(bench.main(bench.wanted(sys.argv[2:])))
"""


class Point(NamedTuple):
    """One measure at one size: the median of its rounds; None where it failed."""

    events: int
    measure: str
    median: float | None
    rounds: tuple[float, ...]


def points(events: int, rounds: dict[str, list[float | None]]) -> list[Point]:
    """Return the measures of the chain of this size, under names that fit every size."""
    found = []
    for measure, figures in rounds.items():
        name = _of_any_size(measure, events)
        if name:
            had = tuple(one for one in figures if one is not None)
            found.append(Point(events, name, statistics.median(had) if had else None, had))
    return found


def _of_any_size(measure: str, events: int) -> str:
    """Return what a measure is called whatever the size; empty for one of another chain."""
    if measure.startswith(LARGE):
        return measure.removeprefix(LARGE)
    question, on, unit = measure.partition(f" on {events:,} events")
    return f"{question}{unit}" if on else ""


def write(found: Iterable[Point], file: Path) -> None:
    """Write a line for each measure and size, with the raw rounds behind the median."""
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(("events", "measure", "median", "rounds"))
        for one in found:
            median = "" if one.median is None else f"{one.median:.6g}"
            rounds = " ".join(f"{figure:.6g}" for figure in one.rounds)
            table.writerow((one.events, one.measure, median, rounds))


def main(sizes: Sequence[int], rounds: int) -> int:
    """Measure at every size, write the table, draw it."""
    BUILD.mkdir(exist_ok=True)
    runs: list[dict[str, Any]] = []
    found: list[Point] = []
    for events in sizes:
        run = _run(events, rounds)
        runs.append(run)
        found += points(events, run["rounds"])
        # After every size, since the largest takes long and may be broken off.
        RAW.write_text(json.dumps(runs, indent=1), encoding="utf-8")
        write(found, TABLE)
    print(f"{len(found)} figures in {TABLE}, the raw runs in {RAW}")
    if not found or any(one.median is None for one in found):
        print("some measures failed; see above", file=sys.stderr)
        return 1
    return _draw()


def _run(events: int, rounds: int) -> dict[str, Any]:
    file = BUILD / f"growth-{events}.json"
    file.unlink(missing_ok=True)
    asked = [str(rounds), "only=large", f"large={events}"]
    print(f"a chain of {events:,} events", file=sys.stderr, flush=True)
    command = [sys.executable, "-c", RUN, str(file), *asked]
    # What it ends with judges the figures, which is not the question here; no file is a failure.
    subprocess.run(command, timeout=RUN_SECONDS, check=False)
    run: dict[str, Any] = json.loads(file.read_text("utf-8"))
    file.unlink()
    return run


def _draw() -> int:
    """Draw the curves; 2 where what draws them cannot be had."""
    python = BUILD / "drawing/bin/python"
    try:
        if not python.exists():
            make = [sys.executable, "-m", "venv", "--clear", str(BUILD / "drawing")]
            subprocess.run(make, timeout=INSTALL_SECONDS, check=True, capture_output=True)
        options = ("--disable-pip-version-check", "--no-input", "--quiet")
        install = [str(python), "-m", "pip", "install", *options, MATPLOTLIB]
        subprocess.run(install, timeout=INSTALL_SECONDS, check=True, capture_output=True)
        drawing = [str(python), str(Path(__file__).with_name("drawing.py")), str(TABLE)]
        subprocess.run([*drawing, str(PICTURE)], timeout=INSTALL_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"no picture: {error}", file=sys.stderr)
        return 2
    print(f"drawn in {PICTURE}")
    return 0


def wanted(arguments: Sequence[str]) -> tuple[list[int], int]:
    """Read the command line: the sizes in order, and how many rounds; SystemExit otherwise."""
    sizes: set[int] = set()
    rounds = ROUNDS
    for one in arguments:
        name, _, value = one.partition("=")
        if one.isdecimal() and LEAST <= int(one) <= MOST:
            sizes.add(int(one))
        elif name == "rounds" and value.isdecimal() and int(value):
            rounds = int(value)
        else:
            sys.exit(f"{one!r}: {USAGE}")
    return sorted(sizes or SIZES), rounds


if __name__ == "__main__":
    sys.exit(main(*wanted(sys.argv[1:])))
