"""What the evidence costs: appending with and without the follower beside it, and proofs.

The two halves of one round are taken right after each other on the same chain, so that the machine,
the size of the log and the warmth of the caches are the same for both.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

from api.signing import KeyedIntegrator
from ledger.ledger import Ledger
from ledger.log.follower import Follower
from ledger.log.log_key import KeyFolder
from ledger.log.store import Store
from ledger.log.tree import Tree
from tests.bench.course import Measure
from tests.bench.measures import CHAIN, submits

ORIGIN = "bench.example/log/meting"
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 300.0
PROOFS = 500


def kept_up(
    conninfo: str, ledger: Ledger, folder: Path, *, callers: int, behind: list[float]
) -> Measure:
    """The share of the append rate that is left while a follower integrates and signs the chain.

    `behind` takes in how many seconds after the last append the last record was signed.
    """
    keys = KeyFolder(folder)
    keys.make(CHAIN, ORIGIN)
    append = submits(ledger, callers=callers)

    def measure() -> float:
        with Store(conninfo, pool_size=2) as store:
            integrator = KeyedIntegrator(store, keys)
            integrator.integrate(CHAIN)
            alone = append()
            integrator.integrate(CHAIN)
            with Follower(store, integrator) as follower:
                beside = append()
                behind.append(_signed_after(store, integrator, follower))
        return beside / alone

    return measure


def _signed_after(store: Store, tree: Tree, follower: Follower) -> float:
    """Return after how many seconds all that was recorded is signed."""
    begun, size = time.perf_counter(), store.size(CHAIN)
    pause = threading.Event()
    while (last := tree.checkpoint(CHAIN)) is None or last.size < size:
        if not follower.running or time.perf_counter() - begun > PATIENCE_SECONDS:
            raise RuntimeError(f"the follower did not catch up: {follower.failure}")
        pause.wait(LOOK_SECONDS)
    return time.perf_counter() - begun


def proofs(store: Store) -> Measure:
    """The 95th percentile in milliseconds of a proof of some record in the measured log."""
    tree, chosen = Tree(store), random.Random(42)

    def measure() -> float:
        size = signed_size(tree, CHAIN)
        return p95_ms(lambda: tree.proof(CHAIN, chosen.randrange(size), size))

    return measure


def signed_size(tree: Tree, chain: str) -> int:
    """Return up to which size a chain is signed; RuntimeError where it is not."""
    last = tree.checkpoint(chain)
    if last is None:
        raise RuntimeError(f"chain {chain} is not signed")
    return last.size


def p95_ms(one: Callable[[], object]) -> float:
    """Return the 95th percentile in milliseconds of doing something."""
    times = []
    for _ in range(PROOFS):
        begun = time.perf_counter()
        one()
        times.append(time.perf_counter() - begun)
    return statistics.quantiles(times, n=20)[18] * 1000
