"""Read models built anew while somebody goes on reading them."""

from __future__ import annotations

import threading
import time
from typing import Final

from ledger.log.store import Store
from projections import decisions
from projections.runner import Runner
from projections.views import Paging, look
from tests.bench.questions import EVERYTHING

PAUSE_SECONDS: Final = 0.02
JOIN_SECONDS: Final = 60.0
STATEMENT_SECONDS: Final = 60.0


class Rebuild:
    """A rebuild of all read models, and the longest that a reader had to wait meanwhile."""

    def __init__(self, store: Store, runner: Runner, chain: str) -> None:
        self._store = store
        self._runner = runner
        self._chain = chain
        self._over = threading.Event()
        self._failed: list[BaseException] = []
        self.longest_ms = 0.0

    def measure(self) -> float:
        """Build all read models anew; return the records a second."""
        self._runner.catch_up()  # a rebuild goes as far as the live tables stand
        self._over.clear()
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        start = time.perf_counter()
        try:
            self._runner.rebuild()
        finally:
            passed = time.perf_counter() - start
            self._over.set()
            reader.join(JOIN_SECONDS)
        if self._failed:
            raise RuntimeError(f"a reader failed meanwhile: {self._failed[0]!r}")
        return sum(self._store.sizes().values()) / passed

    def _read(self) -> None:
        try:
            while not self._over.wait(PAUSE_SECONDS):
                begun = time.perf_counter()
                with self._store.connection(statement_seconds=STATEMENT_SECONDS) as conn:
                    view = look(conn, self._chain, reader=EVERYTHING)
                    decisions.decisions(conn, view, Paging())
                self.longest_ms = max(self.longest_ms, (time.perf_counter() - begun) * 1000)
        except BaseException as error:
            self._failed.append(error)
            raise
