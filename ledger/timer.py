"""The timer: now and then it records what time alone makes happen, in every chain.

It has the states of long chains kept for the next start. At the start and once an hour it also
notes where disclosures stand that a crash left without a place, and sweeps those whose record never
came. And once a night, in a thread of its own so that no deadline waits for it, it has every chain
checked as it is stored.

It may run in several processes at once, and may be late: what is due is computed from the
deadlines, so a late or double tick changes nothing but the recorded time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from ledger.log.beat import Beat
from ledger.log.store import StoreUnavailable
from ledger.waiting import Overloaded

if TYPE_CHECKING:
    from ledger.ledger import Ledger

SWEEP_SECONDS: Final = 3600.0

NIGHT_HOURS: Final = 4
"""How long after its hour a check may still begin; a server that starts later waits a night."""

NIGHT_LOOK_SECONDS: Final = 60.0

NIGHT_STOP_SECONDS: Final = 3.0
"""How long a check in hand is waited for: it only reads, and the next night does it again."""


class _Clocked(Beat):
    """Also lets pass that the ledger has its hands full."""

    PASSES = (StoreUnavailable, Overloaded)
    SKIPPED = "De klok sloeg over"


class Timer(_Clocked):
    """Lets the ledger tick."""

    def __init__(self, ledger: Ledger, every_seconds: float) -> None:
        self._ledger = ledger
        self._sweep_at = 0.0
        super().__init__("ketenledger-timer", every_seconds)

    def _work(self) -> None:
        # First, since a text without a place stays closed in lists.
        if time.monotonic() >= self._sweep_at:
            self._ledger.sweep()
            self._sweep_at = time.monotonic() + SWEEP_SECONDS
        self._ledger.tick()
        self._ledger.keep_long_ones()


class Nightly(_Clocked):
    """Has everything checked once a night, from an hour on (0 to 23, UTC).

    `run` is called with the date and a way to ask whether to stop; it tells whether all was done.
    What it does twice for a night, here or in another process, must do no harm.
    """

    def __init__(
        self,
        run: Callable[[date, Callable[[], bool]], bool],
        hour: int,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        every_seconds: float = NIGHT_LOOK_SECONDS,
    ) -> None:
        self._check = run
        self._hour = hour
        self._clock = clock
        self._done: date | None = None
        super().__init__("ketenledger-nightly", every_seconds)

    def stop(self, timeout_seconds: float = NIGHT_STOP_SECONDS) -> None:
        """Stop after the chain in hand, or leave that check where it is."""
        super().stop(timeout_seconds)

    def _work(self) -> None:
        night = night_of(self._clock(), self._hour)
        if night is not None and night != self._done and self._check(night, self._stop.is_set):
            self._done = night


def night_of(now: datetime, hour: int) -> date | None:
    """Return the date of the night whose check may begin now, None where it is not the time."""
    hours_past = (now.hour - hour) % 24
    if hours_past >= NIGHT_HOURS:
        return None
    return date.fromordinal(now.date().toordinal() - (1 if now.hour < hour else 0))
