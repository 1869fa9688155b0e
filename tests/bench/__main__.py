"""Measure and print: every figure beside the one it is compared with, from the same rounds.

    make bench                    five rounds, and a chain of a million events
    make bench ARGS=quick         without that chain
    make bench ARGS='3 quick'     three rounds
    make bench ARGS=only=appends  one stage
    make bench ARGS=large=100000  with a smaller one: a point on the curve of growth
    make bench ARGS='1 tiny'      to see whether everything runs; its figures mean nothing

Writes `build/bench.json` with the machine, versions and raw rounds, whatever happens meanwhile.
Ends with 1 where a figure is below what it must reach, else with 2 where something that must be
reached could not be measured on this machine, because a peer could not be installed. Figures of
different machines do not compare; the ratios of one run do.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from ledger.embedded import running
from ledger.log.store import migrate
from projections.runner import migrate as migrate_read_models
from tests.bench import (
    appends,
    doors,
    large,
    large_evidence,
    live,
    pages,
    peers,
    questions,
    slow_disk,
    storage,
    telling,
)
from tests.bench.course import Course, Stage, Todo
from tests.bench.sizes import SIZES

ROUNDS = 5
OUTPUT = Path("build/bench.json")
SEEDS = {"large chain": large.SEED, "questions": questions.SEED, "proofs": large_evidence.SEED}
USAGE = "usage: python -m tests.bench [rounds] [quick] [only=stage] [large=events] [tiny]"


@dataclass
class Wanted:
    """What a run is to be."""

    rounds: int = ROUNDS
    quick: bool = False
    only: str = ""


def wanted(arguments: list[str]) -> Wanted:
    """Read the command line; SystemExit where it says something else."""
    found = Wanted()
    for one in arguments:
        name, _, value = one.partition("=")
        if one.isdecimal() and int(one):
            found.rounds = int(one)
        elif one == "quick":
            found.quick = True
        elif one == "tiny":
            SIZES.tiny()
        elif name == "only" and value:
            found.only = value
        elif name == "large" and value.isdecimal():
            SIZES.large = int(value)
        else:
            sys.exit(f"{one!r}: {USAGE}")
    return found


def main(asked: Wanted) -> int:
    """Take all stages in turn and tell; 0 where every must is met."""
    course = Course(asked.rounds)
    with tempfile.TemporaryDirectory(prefix="ketenledger-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # the database server may run as another user
        stages = _stages(asked, folder)
        rows = [row for stage in stages for row in stage.rows]
        try:
            for stage in stages:
                course.take(stage)
        finally:
            telling.tell(course, rows, _left_out(asked))
            OUTPUT.parent.mkdir(exist_ok=True)
            more: dict[str, object] = {
                "peers": peers.versions(),
                "sizes": asdict(SIZES),
                "seeds": SEEDS,
            }
            more["bytes of tables"] = storage.FOUND
            found = telling.facts(course, rows, _left_out(asked), **more)
            OUTPUT.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return telling.exit_code(course, rows)


def _stages(asked: Wanted, folder: Path) -> list[Stage]:
    """Return the stages of this run, each with a database of its own kind."""
    found = [
        Stage(
            "appends",
            appends.ROWS,
            partial(_scene, folder / "appends", appends.scene),
            appends.ONCE,
        ),
        Stage("doors", doors.ROWS, partial(_scene, folder / "doors", doors.scene)),
        Stage("pages", pages.ROWS, partial(_scene, folder / "pages", pages.scene)),
        Stage("live", live.ROWS, partial(_scene, folder / "live", live.scene)),
        Stage("slow-disk", slow_disk.ROWS, partial(slow_disk.stage, folder / "slow")),
    ]
    if not asked.quick:
        opened = partial(_scene, folder / "large", large.scene)
        found.append(Stage("large", large.rows(), opened, large.ONCE))
    if asked.only and asked.only not in [stage.name for stage in found]:
        sys.exit(f"{asked.only!r}: {USAGE}; stages: {', '.join(stage.name for stage in found)}")
    return [stage for stage in found if asked.only in ("", stage.name)]


def _left_out(asked: Wanted) -> list[str]:
    """Return what this run was told not to measure."""
    found = [f"all but the stage {asked.only}"] if asked.only else []
    return [*found, *(["the chain of a million events"] if asked.quick else [])]


@contextlib.contextmanager
def _scene(
    folder: Path, opened: Callable[[str, Path], contextlib.AbstractContextManager[Todo]]
) -> Iterator[Todo]:
    """Open a scene on a server of its own, with the tables of the record and of the read models."""
    with running(folder / "data") as conninfo:
        migrate(conninfo)
        migrate_read_models(conninfo)
        with opened(conninfo, folder) as todo:
            yield todo


if __name__ == "__main__":
    sys.exit(main(wanted(sys.argv[1:])))
