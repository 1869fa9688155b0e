"""The timer: now and then it records what time alone makes happen, in every chain.

Once an hour it also sweeps disclosures whose record never came.

It may run in several processes at once, and may be late: what is due is computed from the
deadlines, so a late or double tick changes nothing but the recorded time.
"""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from ledger.log.store import StoreUnavailable
from ledger.waiting import Overloaded

if TYPE_CHECKING:
    from ledger.ledger import Ledger

STOP_SECONDS: Final = 30.0
SWEEP_SECONDS: Final = 3600.0

LOG = logging.getLogger(__name__)


class Timer:
    """A thread that lets the ledger tick every so many seconds, until it is stopped."""

    def __init__(self, ledger: Ledger, every_seconds: float) -> None:
        self._ledger = ledger
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ketenledger-timer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Stop after the tick in hand."""
        self._stop.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        sweep_at = 0.0
        while True:
            try:
                self._ledger.tick()
                if time.monotonic() >= sweep_at:
                    self._ledger.sweep()
                    sweep_at = time.monotonic() + SWEEP_SECONDS
            except (StoreUnavailable, Overloaded) as error:
                LOG.warning("De klok sloeg over: %s", error)
            if self._stop.wait(self._every_seconds):
                return
