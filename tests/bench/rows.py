"""The table: what is measured, beside what, and what it must and should reach."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Final

Rounds = dict[str, list[float]]
"""By measure what each round gave: operations per second, or milliseconds."""

RAW_16: Final = "raw INSERT, 16 writers"
RAW_1: Final = "raw INSERT, 1 writer"
LIBRARY: Final = "library recorder, 16 writers"
HOT: Final = "one chain, 64 callers"
HOT_P99: Final = "one chain, 64 callers: p99 in ms"
ALONE: Final = "one chain, 1 caller"
MANY: Final = "1,000 chains, 64 callers"
IMPORT: Final = "import"
READING: Final = "reading"
AUDIT: Final = "audit"
KEPT_UP: Final = "one chain, 64 callers, while it is signed: share of the rate"
SIGNED: Final = "the last record is signed: seconds after it"
PROOF: Final = "a proof from that log: p95 in ms"
REBUILD: Final = "rebuild of read models"


@dataclass(frozen=True)
class Row:
    """One line of the table: a measure, divided by another of the same round where one is named.

    `most`: it must stay below `must` instead of reaching it.
    """

    measure: str
    against: str
    must: float
    aim: float
    most: bool = False

    def reached(self, rounds: Rounds) -> float:
        """Return the median over the rounds of the figure or ratio."""
        mine = rounds[self.measure]
        if not self.against:
            return statistics.median(mine)
        pairs = zip(mine, rounds[self.against], strict=True)
        return statistics.median(one / other for one, other in pairs)

    def meets(self, rounds: Rounds, wanted: float) -> bool:
        """Tell whether the figure is what is wanted, or better."""
        found = self.reached(rounds)
        return found <= wanted if self.most else found >= wanted


ROWS: Final = (
    Row(HOT, RAW_16, must=2.0, aim=3.5),
    Row(HOT_P99, "", must=15, aim=15, most=True),
    Row(HOT, LIBRARY, must=12, aim=25),
    Row(ALONE, RAW_1, must=0.7, aim=0.9),
    Row(MANY, HOT, must=0.9, aim=1.0),
    Row(KEPT_UP, "", must=0.85, aim=0.95),
    Row(SIGNED, "", must=0.2, aim=0.1, most=True),
    Row(PROOF, "", must=5, aim=2, most=True),
    Row(IMPORT, "", must=20_000, aim=40_000),
    Row(AUDIT, "", must=60_000, aim=120_000),
    Row(REBUILD, "", must=10_000, aim=25_000),
)

NOT_MEASURED: Final = (
    "Message DB, Emmett and UmaDB side by side",
    "two server processes on one chain",
    "1 ms added to every fdatasync",
    "HTTP at 64 connections",
    "proofs from a log of a million, verify.py on a million records",
    "queries, append and start-up on a chain of a million; storage per event",
)
"""What nobody measures here yet: named in every run, so that nobody takes it for reached."""
