"""Appending, in all ways and beside all others, and what it takes to sign, import and replay it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.ledger import Ledger
from ledger.log.store import Store
from projections.runner import Runner
from tests.bench import chain, evidence, measures, peers, two
from tests.bench import rows as r
from tests.bench.course import Measure, Todo, had
from tests.bench.rows import Row
from tests.bench.sizes import SIZES

WRITERS: Final = 16

ROWS: Final = (
    Row(r.HOT, r.RAW_16, must=2.0, aim=3.5),
    Row(r.HOT_P99, "", must=15, aim=15, most=True, taken_with=r.HOT),
    Row(r.HOT, r.LIBRARY, must=12, aim=25),
    Row(r.HOT, r.MESSAGE_DB, must=5, aim=10),
    Row(r.HOT, r.EMMETT, must=9, aim=18),
    Row(r.HOT, r.UMADB, must=4, aim=8),
    Row(r.ALONE, r.RAW_1, must=0.7, aim=0.9),
    Row(r.MANY, r.HOT, must=0.9, aim=1.0),
    Row(r.TWO_WRONG, "", must=0, aim=0, most=True, of_rounds=max),
    Row(r.TWO_SAME, r.ONE_PROCESS, must=0.8, aim=1.2),
    Row(r.TWO_APART, r.ONE_PROCESS, must=0.8, aim=1.2),
    Row(r.KEPT_UP, "", must=0.85, aim=0.95),
    Row(r.SIGNED, "", must=0.2, aim=0.1, most=True, taken_with=r.KEPT_UP),
    Row(r.PROOF, "", must=5, aim=2, most=True),
    Row(r.IMPORT, "", must=20_000, aim=40_000),
    Row(r.AUDIT, "", must=60_000, aim=120_000),
    Row(r.REBUILD, "", must=10_000, aim=25_000),
)

ONCE: Final = frozenset({r.READING, r.AUDIT, r.REBUILD})
"""Of all that a round left behind, which is long enough to be its own average."""


@contextlib.contextmanager
def scene(conninfo: str, folder: Path) -> Iterator[Todo]:
    """Give all measures of this stage, on one server."""
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(Store(conninfo, pool_size=4))
        ledger = stack.enter_context(Ledger(store))
        runner = stack.enter_context(Runner(conninfo))
        chain.found(ledger, measures.CHAIN)
        many = _many(ledger)
        times: list[float] = []
        behind: list[float] = []
        todo: dict[str, Measure] = {
            r.RAW_16: measures.raw_inserts(conninfo, writers=WRITERS),
            r.HOT: measures.submits(ledger, callers=64, times=times),
            r.HOT_P99: lambda: measures.p99_ms(times),
            r.LIBRARY: measures.library_recorder(conninfo, writers=WRITERS),
            **_peers(conninfo, folder, stack),
            r.MANY: measures.submits(ledger, callers=64, chains=many),
            r.RAW_1: measures.raw_inserts(conninfo, writers=1),
            r.ALONE: measures.submits_alone(ledger),
            **stack.enter_context(two.writers(conninfo, ledger, store)),
            r.KEPT_UP: evidence.kept_up(
                conninfo, ledger, folder / "keys", callers=64, behind=behind
            ),
            r.SIGNED: behind.pop,
            r.PROOF: evidence.proofs(store),
            r.IMPORT: measures.importing(ledger),
            r.READING: measures.reading(store),
            r.AUDIT: lambda: measures.audited(ledger),
            r.REBUILD: measures.rebuilding(store, runner),
        }
        yield todo


def _many(ledger: Ledger) -> list[str]:
    names = [f"{measures.CHAIN}-{number}" for number in range(SIZES.chains)]
    for number, name in enumerate(names, start=1):
        print(f"founding chain {number} of {SIZES.chains}", end="\r", file=sys.stderr)
        chain.found(ledger, name)
    return names


def _peers(conninfo: str, folder: Path, stack: contextlib.ExitStack) -> dict[str, Measure]:
    """Return the peers; one that cannot be had gives a measure that says why."""
    opened = {
        r.MESSAGE_DB: lambda: peers.message_db(conninfo, writers=WRITERS),
        r.EMMETT: lambda: peers.emmett(conninfo, writers=WRITERS),
        r.UMADB: lambda: peers.umadb(writers=WRITERS, folder=folder),
    }
    return {name: had(stack, one) for name, one in opened.items()}
