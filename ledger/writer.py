"""The writer: many acts in one transaction, by one at a time who has its role.

    a caller's own thread    where nothing else is going on
    an event loop            where all that waits are acts of its callers (`in_loop.py`)
    a thread of its own      all else, and whatever takes longer or fails

What the one who has the role does is in `rounds.py`. Where another process took a position, the
tails of the chains are read and the same jobs decided again. Where the database went away in the
middle, nobody knows whether the rows were kept: the chains are read again, acts that are found are
done, the others are tried again. Every act therefore has a key before its first try. After some
seconds the callers are told instead; a repeat with the same key then gives the one true answer.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from time import monotonic
from typing import Final

from ledger.in_loop import InLoop
from ledger.log.store import Store
from ledger.notices import Notices
from ledger.patience import Patience
from ledger.recording import Act
from ledger.recovery import RECOVERY_SECONDS
from ledger.rounds import LOOK_SECONDS, Rounds
from ledger.states import States
from ledger.tray import OwnTray, Tray
from ledger.waiting import MAX_WAITING, Job, Outcome, Overloaded, Series, Waiting, given_up

LAST_SECONDS: Final = 1.0
"""How long the thread may take to end after those who waited were turned away."""


class Writer:
    """All that writes in this process; callers come from threads or event loops."""

    def __init__(
        self,
        store: Store,
        states: States,
        notices: Notices,
        *,
        clock: Callable[[], datetime],
        max_waiting: int = MAX_WAITING,
        recovery_seconds: float = RECOVERY_SECONDS,
    ) -> None:
        self._waiting = Waiting(max_waiting=max_waiting)
        self._rounds = Rounds(
            store,
            states,
            notices,
            self._waiting,
            clock=clock,
            recovery_seconds=recovery_seconds,
        )
        self._patience = Patience(self.withdraw)
        self._role = threading.Lock()
        self._in_loop = InLoop(self._rounds, self._waiting, self._role)
        self._own_tray: OwnTray[Outcome | Exception] = OwnTray()
        self._thread = threading.Thread(target=self._run, name="ketenledger-writer", daemon=True)
        self._thread.start()

    def record(self, chain: str, act: Act, *, timeout_seconds: float) -> Outcome:
        """Record an act and wait for the outcome.

        Where nothing else is going on, the caller's own thread does the work: handing an act to
        another thread and its outcome back costs more than deciding on it.
        """
        deadline = monotonic() + timeout_seconds
        tray = self._own_tray.lend()
        job = Job(chain, act, place=(tray, tray.place()))
        if self._role.acquire(blocking=False):
            self._record_alone(job, deadline)
        else:
            self._waiting.put(job)
        try:
            outcome = tray.take(deadline - monotonic())
        except TimeoutError:
            raise self.withdraw(job, timeout_seconds) from None
        self._own_tray.take_back(tray)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def submit(
        self, chain: str, act: Act | None, *, series: Series | None = None
    ) -> Future[Outcome]:
        """Ask to record an act (None: let time pass); the outcome comes after the commit.

        Raises Overloaded. Cancelling succeeds as long as nothing was tried.
        """
        job = Job(chain, act, series=series)
        self._waiting.put(job)
        return job.future

    def submit_in_row(
        self, chain: str, act: Act, *, series: Series | None, tray: Tray[Outcome | Exception]
    ) -> Job:
        """Ask to record an act of a row; the outcome comes into the tray. Raises Overloaded."""
        job = Job(chain, act, series=series, place=(tray, tray.place()))
        try:
            self._waiting.put(job)
        except Overloaded:
            tray.take_back()
            raise
        return job

    def withdraw(self, job: Job, seconds: float) -> Exception:
        """Give up a job without a future after so many seconds; return what its caller is told."""
        return given_up(seconds, in_time=self._waiting.withdraw(job))

    async def submit_async(self, chain: str, act: Act | None, *, timeout_seconds: float) -> Outcome:
        """Ask to record an act and await the outcome, from an event loop."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Outcome] = loop.create_future()
        job = Job(chain, act, waiter=(loop, waiter))
        self._in_loop.put(loop, job)
        self._patience.wait(loop, job, waiter, timeout_seconds)
        try:
            return await waiter
        except asyncio.CancelledError:
            self._waiting.withdraw(job)
            raise

    @property
    def running(self) -> bool:
        """Whether the thread that records is alive."""
        return self._thread.is_alive()

    def close(self, timeout_seconds: float) -> None:
        """Take no more acts, record what waits, and stop; what is left over is told so."""
        self._waiting.close()
        self._thread.join(timeout_seconds)
        self._rounds.stop()
        self._waiting.turn_away()
        self._thread.join(LAST_SECONDS)

    def _record_alone(self, job: Job, deadline: float) -> None:
        """Record one act in the thread of its caller, who has the role of the writer."""
        try:
            if not self._rounds.record_alone(job, deadline):
                self._waiting.put(job, ring=False)
        finally:
            self._role.release()
            if self._rounds.busy or self._waiting.any:
                self._waiting.wake()

    def _run(self) -> None:
        try:
            while self._take_role():
                self._go_rounds()
        finally:
            # Only a fault in this program leads here with work in hand; nobody may wait for ever.
            # The role is kept, so that nobody else takes it up.
            self._rounds.break_off()
            self._rounds.close()

    def _take_role(self) -> bool:
        """Rest until something waits, and be the one who writes; False: closed, and all is done."""
        while not self._in_loop.broken:
            self._waiting.rest(LOOK_SECONDS, also=None, jobs=True)
            wanted = self._rounds.busy or self._waiting.any or self._waiting.over
            if wanted and (self._in_loop.taken_back() or self._role.acquire(timeout=LOOK_SECONDS)):
                return self._rounds.busy or not self._waiting.over
        return False

    def _go_rounds(self) -> None:
        """Write until nothing waits, or until an event loop goes on with it; give up the role."""
        while self._rounds.busy or self._waiting.any:
            self._rounds.go_round()
            if self._in_loop.given():
                return
        self._role.release()
