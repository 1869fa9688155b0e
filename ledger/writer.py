"""The writer: one thread that records what waits, many acts in one transaction.

    waiting jobs -> decided on tentative states -> one INSERT ... COMMIT -> receipts

While one batch is on its way to the disk the next is decided on, upon the states that the first
will leave behind; it is sent when the first has landed. An outcome is given only after the commit
it rests on. Where the first fails, what was decided upon it is forgotten and decided anew.

Where another process took a position, the tails of the chains are read and the same jobs decided
again. Where the database went away in the middle, nobody knows whether the rows were kept: the
chains are read again, acts that are found are done, the others are tried again. Every act therefore
has a key before its first try. After some seconds the callers are told instead; a repeat with the
same key then gives the one true answer.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from time import monotonic
from typing import Final

from ledger.batch import MAX_JOBS, Batch
from ledger.deciding import Decider
from ledger.flight import STORING_FAILS, Flight, awake_seconds
from ledger.log.store import PositionTaken, Store, StoreUnavailable
from ledger.notices import Notices
from ledger.patience import Patience
from ledger.recording import Act
from ledger.recovery import RECOVERY_SECONDS, Recovery
from ledger.states import States
from ledger.tray import OwnTray, Tray
from ledger.turns import Turns
from ledger.waiting import MAX_WAITING, Job, Outcome, Overloaded, Series, Waiting, answer, given_up

LOOK_SECONDS: Final = 1.0
LAST_SECONDS: Final = 1.0
"""How long the thread may take to end after those who waited were turned away."""
CHUNK: Final = 16
"""How many acts are decided on before the writer looks whether the disk has answered."""
SMOOTHING: Final = 8
"""Over how many batches it is averaged how long a commit takes."""


class Writer:
    """The one thread of this process that writes; callers come from threads or event loops."""

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
        self._store = store
        self._states = states
        self._notices = notices
        self._decider = Decider(store, states, clock)
        self._sender = store.sender()
        self._turns = Turns(store.turn_lock(), states)
        notices.heed_turns(self._turns.told)
        self._waiting = Waiting(max_waiting=max_waiting)
        self._recovery = Recovery(
            store,
            states,
            decider=self._decider,
            waiting=self._waiting,
            done=self._done,
            seconds=recovery_seconds,
        )
        self._patience = Patience(self.withdraw)
        self._next: Batch | None = None
        self._flight: Flight | None = None
        self._in_hand: Sequence[Job] = ()
        self._left: Sequence[Job] = ()
        self._usual_seconds = 0.0
        self._failure: Exception | None = None
        self._role = threading.Lock()
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
        self._waiting.put(job)
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
        self._recovery.stop()
        self._waiting.turn_away()
        self._thread.join(LAST_SECONDS)

    def _record_alone(self, job: Job, deadline: float) -> None:
        """Record one act in the thread of its caller, who has the role of the writer.

        Only as long as all goes well: whatever takes longer, or fails, is left to the writer.
        """
        try:
            batch = self._alone(job)
            if batch is None:
                self._waiting.put(job, ring=False)
                return
            self._in_hand = [job]
            self._launch(batch)
            flight = self._flight
            if flight is not None and self._answered(flight, deadline):
                self._land(flight)
        finally:
            self._role.release()
            if self._busy or self._waiting.any:
                self._waiting.wake()

    def _answered(self, flight: Flight, deadline: float) -> bool:
        """Wait for the answer about a flight, awake where it usually comes soon."""
        awake = awake_seconds(usual_seconds=self._usual_seconds)
        return self._waiting.answered(flight.answer, until=deadline, awake_seconds=awake)

    def _alone(self, job: Job) -> Batch | None:
        """Return what is decided on an act that nothing stands beside, to be sent as it is.

        None where others wait, or where something has to be read before it is certain.
        """
        taken = self._busy or self._turns.concerns(job.chain)
        if taken or not self._waiting.idle or self._states.at_hand(job.chain) is None:
            return None
        batch = Batch(self._store, self._states)
        try:
            batch.decide([job], at=self._decider.now())
        except STORING_FAILS:
            return None
        return None if batch.doubtful or not job.claim() else batch

    @property
    def _busy(self) -> bool:
        """Whether something is begun and not at its end."""
        begun = self._flight or self._next or self._left or self._failure
        return bool(begun or self._turns.busy or self._waiting.aside)

    def _run(self) -> None:
        try:
            while self._take_role():
                while self._busy or self._waiting.any:
                    self._round()
                self._role.release()
        finally:
            # Only a fault in this program leads here with work in hand; nobody may wait for ever.
            # The role is kept, so that nobody else takes it up.
            self._waiting.close()
            jobs = (*self._in_hand, *self._left, *self._waiting.take_all())
            answer([(job, StoreUnavailable("de schrijver is gestopt.")) for job in jobs])
            self._sender.close()
            self._turns.close()

    def _take_role(self) -> bool:
        """Rest until something waits, and be the one who writes; False: closed, and all is done."""
        while True:
            self._waiting.rest(LOOK_SECONDS, also=None, jobs=True)
            if self._busy or self._waiting.any or self._waiting.over:
                self._role.acquire()
                return self._busy or not self._waiting.over

    def _round(self) -> None:
        """Rest until there is something to do; decide on what came; land and send what can be."""
        flight = self._flight
        if self._failure is not None and flight is None:
            self._start_anew(self._failure)
            return
        room = self._failure is None and (self._next is None or not self._next.full)
        answered = self._rest(flight, jobs=room)
        if self._turns.active:
            self._take_turns(flight)
        if room:
            self._decide_ahead(None if flight is None else flight.batch)
        if flight is not None and (answered or flight.late):
            self._land(flight)
        self._send_ahead()

    def _rest(self, flight: Flight | None, *, jobs: bool) -> bool:
        """Rest until something comes; tell whether that is the answer about a flight."""
        turns = self._turns
        if flight is not None:
            pause = LOOK_SECONDS if turns.answer is None else turns.pause
            return self._waiting.rest(pause, also=flight.answer, jobs=jobs)
        pause = 0 if self._next or self._ready_left() else turns.pause
        self._waiting.rest(pause, also=turns.answer, jobs=jobs)
        return False

    def _take_turns(self, flight: Flight | None) -> None:
        """Let the chain in which turns are taken go on, or have its acts wait."""
        turns, batches = self._turns, (self._next, flight and flight.batch)
        working = any(one is not None and one.based_on(turns.chain) >= 0 for one in batches)
        wanted = self._waiting.aside or len(self._ready_left()) < len(self._left)
        turns.step(working=working, wanted=wanted)

    def _ready_left(self) -> Sequence[Job]:
        """Return what is left over of chains that are not shut."""
        shut = self._turns.shut
        return [job for job in self._left if job.chain != shut] if shut else self._left

    def _send_ahead(self) -> None:
        """Send what was decided ahead, where nothing is under way and it is worth it."""
        idle = self._flight is None and self._failure is None
        if idle and self._next is not None and self._worth_sending(self._next):
            self._send(self._next)

    def _worth_sending(self, batch: Batch) -> bool:
        """Whether to send now rather than decide on more of what waits.

        While nothing is under way the disk stands still, so no longer than a commit usually takes:
        of many acts that came at once a part is sent, and the rest decided on meanwhile. Where all
        that wait could be decided on in that time, half of them is such a part: else the same
        callers would for ever come back together, with nothing to decide on while they wait.
        """
        waited, rest = monotonic() - batch.begun, len(self._left) + self._waiting.count
        half = rest <= len(batch.answers) and 2 * waited >= self._usual_seconds
        return batch.full or not rest or half or waited >= self._usual_seconds

    def _decide_ahead(self, upon: Batch | None) -> None:
        """Decide on what waits, upon the batch that is on its way, if any.

        What has to be read for it may be out of reach: all of it is decided anew then, once that
        batch has landed.
        """
        batch = self._next or Batch(self._store, self._states, upon=upon)
        shut, left = self._turns.shut, self._ready_left()
        room = min(CHUNK, MAX_JOBS - len(batch.answers) - len(left))
        looked = self._waiting.look(max(0, room), shut=shut)
        if not looked and not left:
            return
        try:
            over = batch.decide([*left, *looked], at=self._decider.now())
        except STORING_FAILS as error:
            self._failure = error
            return
        # What does not fit is kept for later: what was claimed stays so, the rest may change.
        unclaimed = min(len(over), len(looked))
        self._waiting.put_back(unclaimed)
        kept = [job for job in self._left if job.chain == shut] if shut else ()
        self._left = (*kept, *over[: len(over) - unclaimed])
        self._next = batch

    def _send(self, batch: Batch) -> None:
        """Claim the jobs of a batch and send its rows; only what is still wanted is recorded."""
        self._next = None
        self._in_hand = [*batch.claimed, *self._waiting.claim()]
        try:
            batch, left = self._decider.sure(batch, self._in_hand)
        except STORING_FAILS as error:
            self._failure = error
            return
        self._left = (*left, *self._left)
        self._launch(batch)

    def _launch(self, batch: Batch) -> None:
        """Send the rows of a batch of what is in hand; without rows its answers stand."""
        try:
            if not batch.rows:
                self._done(batch)
                return
            answer_number = self._sender.send(batch.rows)
            self._flight = Flight(batch, answer_number, monotonic())
        except STORING_FAILS as error:
            self._failure = error

    def _land(self, flight: Flight) -> None:
        """Take the answer about a batch: its outcomes are true now, or everything starts anew.

        What was decided upon it is sent before anybody is told, so that the disk works on.
        """
        self._flight = None
        try:
            self._sender.landed(seconds=flight.seconds_left)
        except STORING_FAILS as error:
            self._failure = error
            return
        self._usual_seconds += (monotonic() - flight.since - self._usual_seconds) / SMOOTHING
        self._keep(flight.batch)
        try:
            self._send_ahead()
        finally:
            self._tell(flight.batch)

    def _start_anew(self, error: Exception) -> None:
        """Forget what was decided ahead; record what is in hand, one careful batch at a time."""
        ahead = () if self._next is None else self._next.claimed
        self._next = self._failure = None
        # What was left over may have been decided on as well before deciding failed.
        jobs = list(dict.fromkeys((*self._in_hand, *ahead, *self._left)))
        # Where nothing was sent, it failed on those who wait: they are told in the end as well.
        self._in_hand = jobs or self._waiting.claim()
        self._waiting.put_back()
        self._left = ()
        chains = {job.chain for job in self._in_hand}
        if isinstance(error, PositionTaken) and self._turns.lost(chains):
            self._left = self._in_hand
        else:
            self._left = self._recovery.record(self._in_hand, error)
        self._in_hand = ()

    def _done(self, batch: Batch) -> None:
        """A batch is on disk, or needs none."""
        self._keep(batch)
        self._tell(batch)

    def _keep(self, batch: Batch) -> None:
        """What a batch says is so; the next is decided upon it."""
        self._states.keep(*batch.grown())
        batch.commit_series()
        if self._next is not None:
            self._next.landed()
        self._in_hand = ()

    def _tell(self, batch: Batch) -> None:
        """Answer the callers of a batch, and tell who follows."""
        answer(batch.answers)
        grown = {kept.state.name: kept.state.size for kept in batch.grown()}
        if grown:
            self._notices.tell(grown)
