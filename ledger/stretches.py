"""An audit of a long chain by several processes at once, each a stretch of it.

    process 1   replays   0 ........ a
    process 2   folds     0 ........ a, replays a ...... b
    process 3   folds     0 ................... b, replays b ... end

A record is judged on the state that the records before it give. Folding those without judging them
costs a third of that, so a later process gets a shorter stretch and all end together.
A stretch begins with an act or with what time brought, never among the consequences of one.

Only a verdict without any break comes from here. Where something does not fit, in whatever stretch,
the whole is replayed by one process, which names every break as it always does.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from typing import Any, Final

import msgspec

from ledger import catalogue
from ledger.audit import audit, audit_from
from ledger.domain import chain as fold
from ledger.domain.chain import ChainState
from ledger.faults import FAULTS
from ledger.findings import Findings, Stored
from ledger.log.store import Store

LONG: Final = 50_000
"""From how many records on more processes are worth their start."""

MOST_PROCESSES: Final = 4
FOLDING: Final = 0.37
"""What folding a record costs, as a part of judging it; as plain Python it is 0.3."""

PAGE: Final = 2000
LOOK_AHEAD: Final = 20_000
"""How far an act may be from where a stretch should begin: more than one act can have follow."""

WAIT_SECONDS: Final = 24 * 3600.0

STORED = """
    SELECT originator_version - 1 AS position, state, leaf_hash
    FROM records
    WHERE originator_id = %(chain)s AND originator_version BETWEEN %(first)s AND %(last)s
    ORDER BY originator_version
"""

BYTES = """
    SELECT state
    FROM records
    WHERE originator_id = %(chain)s AND originator_version BETWEEN %(first)s AND %(last)s
    ORDER BY originator_version
"""


def audit_stored(store: Store, chain: str, *, processes: int = 0, long: int = LONG) -> Findings:
    """Return what is wrong with a chain as it is stored now; 0 processes: as many as there are.

    Raises StoreUnavailable.
    """
    size = store.size(chain)
    wanted = min(processes or os.cpu_count() or 1, MOST_PROCESSES)
    if size >= long and wanted > 1:
        found = _by_many(store, chain, size, wanted)
        if found is not None:
            return found
    return audit(stored(store, chain, 0, size), chain)


def _by_many(store: Store, chain: str, size: int, processes: int) -> Findings | None:
    """Return the verdict of all stretches together, None where one process has to look."""
    starts = [_act_from(store, chain, one) for one in _shares(size, processes)]
    if None in starts:
        return None
    bounds = [0, *(start for start in starts if start is not None), size]
    with ProcessPoolExecutor(
        len(bounds) - 1, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        asked = [
            pool.submit(_sound, store.conninfo, chain, start, end)
            for start, end in pairwise(bounds)
        ]
        if not all(one.result(WAIT_SECONDS) for one in asked):
            return None
    return Findings(chain=chain, records=size, clean=size, breaks=(), complete=True)


def _shares(size: int, processes: int) -> list[int]:
    """Return where the second and later stretches should begin, so that all end together.

    A stretch from b to c takes b x FOLDING + (c - b). With all alike and the last c the size, the
    distance still to go shrinks by the same factor each time.
    """
    left = 1.0 - FOLDING
    whole = 1.0 - left**processes
    return [round(size * (1.0 - left**number) / whole) for number in range(1, processes)]


def _act_from(store: Store, chain: str, start: int) -> int | None:
    """Return the first position from `start` on that no other record caused; None: none is near."""
    for row in stored(store, chain, start, start + LOOK_AHEAD):
        try:
            if catalogue.decode(row.data).header.cause is None:
                return row.position
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
    return None


def _sound(conninfo: str, chain: str, start: int, end: int) -> bool:
    """Tell whether a stretch holds nothing but what the rules give; in a process of its own."""
    with Store(conninfo, pool_size=1) as store:
        try:
            state = _folded(store, chain, start)
        except FAULTS:
            return False
        found = audit_from(stored(store, chain, start, end), state)
        return found.sound and found.records == end - start


def _folded(store: Store, chain: str, end: int) -> ChainState:
    """Return the state that the records before `end` give, whether or not they may stand there.

    Whether they may is found by who judges them, and without that nothing here counts.
    """
    records = (catalogue.believed(data) for (data,) in _pages(store, BYTES, chain, 0, end))
    return fold.evolve_all(ChainState(name=chain), records)


def stored(store: Store, chain: str, start: int, end: int) -> Iterator[Stored]:
    """Return the records from `start` up to `end` as they lie, with leaf hashes, read by pages."""
    return map(Stored._make, _pages(store, STORED, chain, start, end))


def _pages(store: Store, query: str, chain: str, start: int, end: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows that a query gives of the positions from `start` up to `end`, by pages."""
    for first in range(start, end, PAGE):
        asked = {"chain": chain, "first": first + 1, "last": min(first + PAGE, end)}
        yield from store.fetch(query, asked)
