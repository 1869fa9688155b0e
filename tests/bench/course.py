"""The course of a run: stages one after the other, in each the measures in turn, round by round.

What fails loses its own figures and no others: the run goes on, tells why, and ends badly.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from api.settling import settle
from tests.bench.rows import Rounds, Row

Measure = Callable[[], float]
Todo = dict[str, Measure]
STAT = Path("/proc/stat")
US = "this process"
WATCHED: dict[str, int] = {US: os.getpid()}
"""By name the processes of a run whose share of the work is told."""


class Missing(Exception):
    """Something that a measure needs is not on this machine; says what, in one line."""


class Strain(NamedTuple):
    """How many cores were in use: by the whole machine, waiting for a disk, and by each process."""

    machine: float
    waiting: float
    each: dict[str, float]


@dataclass(frozen=True)
class Stage:
    """Measures on one scene and their rows; those in `once` are taken in the first round only."""

    name: str
    rows: Sequence[Row]
    open: Callable[[], AbstractContextManager[Todo]]
    once: frozenset[str] = frozenset()


def had(stack: ExitStack, opened: Callable[[], AbstractContextManager[Measure]]) -> Measure:
    """Return what opens as a measure; what does not, as one that says why each time."""
    try:
        return stack.enter_context(opened())
    except Exception as error:  # said again where the measure is taken
        why = error

        def failing() -> float:
            raise why

        return failing


@dataclass
class Course:
    """What was found so far, and why something was not."""

    rounds: int
    found: Rounds = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    strain: dict[str, list[Strain]] = field(default_factory=dict)

    def take(self, stage: Stage) -> None:
        """Do all measures of a stage in turn, round after round."""
        _say(f"{stage.name}: setting up")
        try:
            with stage.open() as todo:
                settle()  # as the server and the import do
                for number in range(self.rounds):
                    for name, measure in todo.items():
                        if number == 0 or name not in stage.once:
                            _say(f"{stage.name}, round {number + 1} of {self.rounds}: {name}")
                            self._one(name, measure)
        except Missing as lack:
            self._lacking(stage, str(lack), missing=True)
        except Exception as error:  # the other stages go on; the table and the exit code tell
            traceback.print_exc()
            self._lacking(stage, repr(error)[:300], missing=False)
        finally:
            gc.unfreeze()

    def limit(self, measure: str) -> str:
        """Say what was at its end while this was measured, as far as that shows."""
        seen = self.strain.get(measure, [])
        if not seen:
            return ""
        machine = statistics.median(one.machine for one in seen)
        waiting = statistics.median(one.waiting for one in seen)
        each = {
            name: statistics.median(one.each.get(name, 0.0) for one in seen)
            for name in seen[0].each
        }
        cores, busiest = os.cpu_count() or 1, max(each, key=lambda name: each[name])
        if machine > 0.9 * cores:
            first = "the processor, all of it"
        elif each[busiest] > 0.9:
            first = f"the one core of an interpreter: {busiest}"
        else:
            first = "waiting: for the disk, or for one another"
        shares = ", ".join(f"{name} {used:.2f}" for name, used in each.items())
        return f"{first} ({machine:.2f} of {cores} cores: {shares}; {waiting:.2f} for the disk)"

    def _one(self, name: str, measure: Measure) -> None:
        figures = self.found.setdefault(name, [])
        if name in self.why:
            figures.append(None)
            return
        gc.collect()
        before = _clocks()
        try:
            figures.append(measure())
        except Missing as lack:
            figures.append(None)
            self.why[name] = str(lack)
            self.missing.add(name)
        except Exception as error:  # the other measures go on; the table and the exit code tell
            traceback.print_exc()
            figures.append(None)
            self.why[name] = repr(error)[:300]
        self.strain.setdefault(name, []).append(_strain(before, _clocks()))

    def _lacking(self, stage: Stage, reason: str, *, missing: bool) -> None:
        """Say of all rows of a stage that have no figure yet why that is."""
        for row in stage.rows:
            for name in filter(None, (row.measure, row.against)):
                if not self.found.get(name):
                    self.why.setdefault(name, f"{stage.name}: {reason}")
                    self.missing |= {name} if missing else set()


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class _Clocks(NamedTuple):
    """Seconds until now: passed, of all cores at work, of cores that wait, of each process."""

    passed: float
    machine: float
    waiting: float
    each: dict[str, float]


def _clocks() -> _Clocks:
    numbers = [int(one) for one in STAT.read_text("ascii").partition("\n")[0].split()[1:]]
    user, nice, system, _, waiting, interrupts, soft = numbers[:7]
    tick = os.sysconf("SC_CLK_TCK")
    busy = user + nice + system + interrupts + soft
    each = {name: _used(pid) / tick for name, pid in WATCHED.items()}
    return _Clocks(time.perf_counter(), busy / tick, waiting / tick, each)


def _used(pid: int) -> int:
    """Return how long a process was at work, in ticks; 0 where it is gone."""
    try:
        fields = Path("/proc", str(pid), "stat").read_text("utf-8").rpartition(") ")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def _strain(before: _Clocks, after: _Clocks) -> Strain:
    passed = max(after.passed - before.passed, 1e-6)
    each = {
        name: (after.each[name] - used) / passed
        for name, used in before.each.items()
        if name in after.each
    }
    return Strain(
        (after.machine - before.machine) / passed, (after.waiting - before.waiting) / passed, each
    )
