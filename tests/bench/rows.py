"""The table: what is measured, beside what, and what it must and should reach."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

Rounds = dict[str, list[float | None]]
"""By measure what each round gave: operations per second, milliseconds or another unit; None where
the measure failed in that round."""

RAW_16: Final = "raw INSERT, 16 writers"
RAW_1: Final = "raw INSERT, 1 writer"
LIBRARY: Final = "library recorder, 16 writers"
MESSAGE_DB: Final = "Message DB, 16 writers"
EMMETT: Final = "Emmett, 16 writers"
UMADB: Final = "UmaDB, 16 writers"
HOT: Final = "one chain, 64 callers"
HOT_P99: Final = "one chain, 64 callers: p99 in ms"
ALONE: Final = "one chain, 1 caller"
MANY: Final = "1,000 chains, 64 callers"
IMPORT: Final = "import with record, 50,000 events"
READING: Final = "reading"
AUDIT: Final = "audit"
KEPT_UP: Final = "one chain, 64 callers, while it is signed: share of the rate"
SIGNED: Final = "the last record is signed: seconds after it"
PROOF: Final = "a proof from that log: p95 in ms"
PAGE_DEMO: Final = "dearest page of the demonstration: p95 of processor time in ms"
PAGE_LARGE: Final = "dearest page of a chain of 100,000: p95 of processor time in ms"
REBUILD: Final = "rebuild of read models"

ONE_PROCESS: Final = "one process, 64 callers"
TWO_SAME: Final = "two processes, one chain, 32 callers each"
TWO_APART: Final = "two processes, a chain each, 32 callers each"
TWO_WRONG: Final = "two processes: acts lost or doubled"

SLOW_HOT: Final = "fsync 1 ms slower: one chain, 64 callers"
SLOW_LIBRARY: Final = "fsync 1 ms slower: library recorder, 16 writers"

HTTP: Final = "HTTP: POST of a vote, 64 connections"
HTTP_P99: Final = "HTTP: POST of a vote, 64 connections: p99 in ms"
BARE: Final = "HTTP: bare route with one INSERT, 64 connections"
OWN_WRITES: Final = "HTTP: reading one's own write: p50 in ms"
LAG: Final = "read models at 2,000 appends/s: p99 of the lag in ms"
LAG_RATE: Final = "appends per second meanwhile"

IMPORT_LARGE: Final = "a large chain: import with record"
CAUGHT_UP: Final = "a large chain: read models made"
INTEGRATED: Final = "a large chain: integrated and signed"
INCLUSION: Final = "a large chain: inclusion proof: p95 in ms"
CONSISTENCY: Final = "a large chain: consistency proof: p95 in ms"
VERIFIED: Final = "a large chain: verify.py on a bundle of all of it"
VERIFIED_MB: Final = "a large chain: verify.py: most memory in MB"
AUDIT_LARGE: Final = "a large chain: audit"
REBUILD_LARGE: Final = "a large chain: rebuild of read models"
READ_MEANWHILE: Final = "a large chain: the longest read meanwhile in ms"
APPEND_SMALL: Final = "a small chain: append, 64 callers"
APPEND_LARGE: Final = "a large chain: append, 64 callers"
COLD: Final = "a large chain: start until its state is there, in s"
COLD_OWN: Final = "a large chain: of which the processor worked for that process, in s"
STATE_MB: Final = "a large chain: its state in MB"
STORAGE: Final = "a large chain: bytes stored per event of 600 bytes"


@dataclass(frozen=True)
class Row:
    """One line of the table: a measure, divided by another of the same round where one is named.

    `most`: it must stay below `must` instead of reaching it. `taken_with` is the measure during
    which the figure came about, where that is another. `limit` says what limits it where no measure
    shows that. `of_rounds` says which figure stands for all rounds.
    """

    measure: str
    against: str
    must: float
    aim: float
    most: bool = False
    taken_with: str = ""
    limit: str = ""
    of_rounds: Callable[[Iterable[float]], float] = statistics.median

    def reached(self, rounds: Rounds) -> float | None:
        """Return the figure or ratio that stands for all rounds; None where there is none."""
        mine = rounds.get(self.measure, [])
        beside: list[float | None] = [1.0] * len(mine)
        if self.against:
            beside = rounds.get(self.against, [])
        both = zip(mine, beside, strict=False)  # one that failed has fewer rounds
        found = [one / other for one, other in both if one is not None and other]
        return self.of_rounds(found) if found else None

    def meets(self, rounds: Rounds, wanted: float) -> bool:
        """Tell whether the figure is there, and is what is wanted or better."""
        found = self.reached(rounds)
        if found is None:
            return False
        return found <= wanted if self.most else found >= wanted
