"""A start in a process of its own: python -m tests.bench.cold CONNINFO CHAIN.

Prints how long it took until the state of the chain was there, and how much memory that took.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path

from ledger.ledger import Ledger
from ledger.log.store import Store

MEMORY = Path("/proc/self/statm")


def main(conninfo: str, chain: str) -> None:
    """Open the ledger, ask for the state, and tell."""
    before = _resident_mb()
    begun, worked = time.perf_counter(), time.process_time()
    store = Store(conninfo, pool_size=4)
    ledger = Ledger(store)
    size = ledger.state(chain).size
    seconds, own = time.perf_counter() - begun, time.process_time() - worked
    gc.collect()
    after = _resident_mb()
    told = {"seconds": seconds, "of_which_own": own, "state_mb": after - before, "size": size}
    print(json.dumps(told), flush=True)
    os._exit(0)  # a start is measured here, no stop: nothing was recorded


def _resident_mb() -> float:
    return int(MEMORY.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
