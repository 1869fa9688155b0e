"""The rounds of the writer: what waits is decided on, sent and answered, batch after batch.

    waiting jobs -> decided on tentative states -> one INSERT ... COMMIT -> receipts

While one batch is on its way to the disk the next is decided on, upon the states that the first
will leave behind; it is sent when the first has landed. An outcome is given only after the commit
it rests on. Where the first fails, what was decided upon it is forgotten and decided anew.

Nothing here knows in whose thread it is run, nor is safe for two at once: who has the role of the
writer (`writer.py`) goes the rounds alone.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final

from ledger import corrections
from ledger.batch import MAX_JOBS, Batch
from ledger.deciding import Decider
from ledger.flight import STORING_FAILS, Flight, awake_seconds
from ledger.log.store import PositionTaken, Store, StoreUnavailable
from ledger.notices import Notices
from ledger.recovery import Recovery
from ledger.states import States
from ledger.turns import Turns
from ledger.waiting import Job, Waiting, answer

LOOK_SECONDS: Final = 1.0
CHUNK: Final = 16
"""How many acts are decided on before it is looked whether the disk has answered."""
SMOOTHING: Final = 8
"""Over how many batches it is averaged how long a commit takes."""

STEP: Final = 32
"""How many acts an event loop decides on before it goes on with its other work."""
ENOUGH_AT_ONCE: Final = 64 * 1024
"""From how many bytes on a batch in an event loop grows no further."""
MOST_AT_ONCE: Final = 128 * 1024
"""Up to how many bytes an event loop sends: a socket of one machine takes them at once."""


class Rounds:
    """What is decided ahead, on its way, and in hand; for one who has the role of the writer."""

    def __init__(
        self,
        store: Store,
        states: States,
        notices: Notices,
        waiting: Waiting,
        *,
        clock: Callable[[], datetime],
        recovery_seconds: float,
    ) -> None:
        self._store = store
        self._states = states
        self._notices = notices
        self._decider = Decider(store, states, clock)
        self._sender = store.sender()
        self.turns = Turns(store.turn_lock(), states)
        notices.heed_turns(self.turns.told)
        self._waiting = waiting
        self._recovery = Recovery(
            store,
            states,
            decider=self._decider,
            waiting=waiting,
            done=self._done,
            seconds=recovery_seconds,
        )
        self.next: Batch | None = None
        self.flight: Flight | None = None
        self._in_hand: Sequence[Job] = ()
        self._left: Sequence[Job] = ()
        self._usual_seconds = 0.0
        self._failure: Exception | None = None

    def stop(self) -> None:
        """Wait no longer for a database that is away."""
        self._recovery.stop()

    def break_off(self) -> None:
        """Take nothing more, and tell everybody whose act is in hand or waits: a fault in here."""
        self._waiting.close()
        jobs = (*self._in_hand, *self._left, *self._waiting.take_all())
        answer([(job, StoreUnavailable("de schrijver is gestopt.")) for job in jobs])

    def close(self) -> None:
        """Give back the connections."""
        self._sender.close()
        self.turns.close()

    @property
    def busy(self) -> bool:
        """Whether something is begun and not at its end."""
        begun = self.flight or self.next or self._left or self._failure
        return bool(begun or self.turns.busy or self._waiting.aside)

    def record_alone(self, job: Job, deadline: float) -> bool:
        """Record one act that nothing stands beside; False: not begun, it is for who goes rounds.

        Only as long as all goes well: whatever takes longer, or fails, is left as it is.
        """
        batch = self._alone(job)
        if batch is None:
            return False
        self._in_hand = [job]
        self._launch(batch)
        flight = self.flight
        if flight is not None and self._answered(flight, deadline):
            self._land(flight)
        return True

    def _alone(self, job: Job) -> Batch | None:
        """Return what is decided on an act that nothing stands beside, to be sent as it is.

        None where others wait, or where something has to be read before it is certain.
        """
        taken = self.busy or self.turns.concerns(job.chain)
        if taken or not self._waiting.idle or self._states.at_hand(job.chain) is None:
            return None
        batch = Batch(self._store, self._states)
        try:
            batch.decide([job], at=self._decider.now())
        except STORING_FAILS:
            return None
        return None if batch.doubtful or not job.claim() else batch

    def _answered(self, flight: Flight, deadline: float) -> bool:
        """Wait for the answer about a flight, awake where it usually comes soon."""
        awake = awake_seconds(usual_seconds=self._usual_seconds)
        return self._waiting.answered(flight.answer, until=deadline, awake_seconds=awake)

    def go_round(self) -> None:
        """Rest until there is something to do; decide on what came; land and send what can be."""
        flight = self.flight
        if self._failure is not None and flight is None:
            self._start_anew(self._failure)
            return
        room = self._failure is None and (self.next is None or not self.next.full)
        answered = self._rest(flight, jobs=room)
        if self.turns.active:
            self._take_turns(flight)
        if room:
            self._decide_ahead(None if flight is None else flight.batch)
        if flight is not None and (answered or flight.late):
            self._land(flight)
        self._send_ahead()

    @property
    def has_to_wait(self) -> bool:
        """Whether the next round may have to wait for something, so that it is for the thread.

        A failure to get over, a turn, a connection to make, a refusal on a state that may lag, or
        more to send than a socket takes at once.
        """
        batch, turns = self.next, self.turns
        if self._failure is not None or self._left or not self._sender.ready:
            return True
        if turns.active or turns.busy or self._waiting.aside:
            return True
        return batch is not None and bool(batch.doubtful or batch.size_bytes > MOST_AT_ONCE)

    @property
    def has_room(self) -> bool:
        """Whether more can be decided on before what was decided is sent."""
        batch = self.next
        return batch is None or not (batch.full or batch.size_bytes >= ENOUGH_AT_ONCE)

    def step(self, loop: AbstractEventLoop) -> bool:
        """Go what of a round has to wait for nothing; only acts of this loop's callers are begun.

        Tells whether the next of those that wait is for somebody else.
        """
        flight, batch, stuck = self.flight, self.next, False
        if self._waiting.any and self.has_room:
            before = 0 if batch is None else len(batch.answers)
            only = partial(self._at_hand, loop)
            self._decide_ahead(flight and flight.batch, most=STEP, only=only)
            after = 0 if self.next is None else len(self.next.answers)
            stuck = after == before and self._waiting.any
        if flight is not None and self._sender.arrived():
            self._land(flight, here=loop)
        if self.flight is None and self.next is not None and not self.has_room:
            self._send(self.next)
        self._send_ahead()
        return stuck

    def _at_hand(self, loop: AbstractEventLoop, job: Job) -> bool:
        """Tell whether a job is of a caller in this loop, and nothing has to be read for it."""
        act, state = job.act, self._states.at_hand(job.chain)
        own = job.waiter is not None and job.waiter[0] is loop
        if not own or act is None or state is None or corrections.is_about_a_record(act):
            return False
        return state.acts.get(act.act) is None

    def _rest(self, flight: Flight | None, *, jobs: bool) -> bool:
        """Rest until something comes; tell whether that is the answer about a flight."""
        turns = self.turns
        if flight is not None:
            pause = LOOK_SECONDS if turns.answer is None else turns.pause
            return self._waiting.rest(pause, also=flight.answer, jobs=jobs)
        pause = 0 if self.next or self._ready_left() else turns.pause
        self._waiting.rest(pause, also=turns.answer, jobs=jobs)
        return False

    def _take_turns(self, flight: Flight | None) -> None:
        """Let the chain in which turns are taken go on, or have its acts wait."""
        turns, batches = self.turns, (self.next, flight and flight.batch)
        working = any(one is not None and one.based_on(turns.chain) >= 0 for one in batches)
        wanted = self._waiting.aside or len(self._ready_left()) < len(self._left)
        turns.step(working=working, wanted=wanted)

    def _ready_left(self) -> Sequence[Job]:
        """Return what is left over of chains that are not shut."""
        shut = self.turns.shut
        return [job for job in self._left if job.chain != shut] if shut else self._left

    def _send_ahead(self) -> None:
        """Send what was decided ahead, where nothing is under way and it is worth it."""
        idle = self.flight is None and self._failure is None
        if idle and self.next is not None and self._worth_sending(self.next):
            self._send(self.next)

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

    def _decide_ahead(
        self,
        upon: Batch | None,
        *,
        most: int = CHUNK,
        only: Callable[[Job], bool] | None = None,
    ) -> None:
        """Decide on what waits, upon the batch that is on its way, if any.

        With `only` no further than to the first job of which that is not so.

        What has to be read for it may be out of reach: all of it is decided anew then, once that
        batch has landed.
        """
        batch = self.next or Batch(self._store, self._states, upon=upon)
        shut, left = self.turns.shut, self._ready_left()
        room = min(most, MAX_JOBS - len(batch.answers) - len(left))
        looked = self._waiting.look(max(0, room), shut=shut, only=only)
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
        self.next = batch

    def _send(self, batch: Batch) -> None:
        """Claim the jobs of a batch and send its rows; only what is still wanted is recorded."""
        self.next = None
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
            self.flight = Flight(batch, answer_number, monotonic())
        except STORING_FAILS as error:
            self._failure = error

    def _land(self, flight: Flight, *, here: AbstractEventLoop | None = None) -> None:
        """Take the answer about a batch: its outcomes are true now, or everything starts anew.

        What was decided upon it is sent before anybody is told, so that the disk works on.
        """
        self.flight = None
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
            self._tell(flight.batch, here=here)

    def _start_anew(self, error: Exception) -> None:
        """Forget what was decided ahead; record what is in hand, one careful batch at a time."""
        ahead = () if self.next is None else self.next.claimed
        self.next = self._failure = None
        # What was left over may have been decided on as well before deciding failed.
        jobs = list(dict.fromkeys((*self._in_hand, *ahead, *self._left)))
        # Where nothing was sent, it failed on those who wait: they are told in the end as well.
        self._in_hand = jobs or self._waiting.claim()
        self._waiting.put_back()
        self._left = ()
        chains = {job.chain for job in self._in_hand}
        if isinstance(error, PositionTaken) and self.turns.lost(chains):
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
        if self.next is not None:
            self.next.landed()
        self._in_hand = ()

    def _tell(self, batch: Batch, *, here: AbstractEventLoop | None = None) -> None:
        """Answer the callers of a batch, and tell who follows."""
        answer(batch.answers, here=here)
        grown = {kept.state.name: kept.state.size for kept in batch.grown()}
        if grown:
            self._notices.tell(grown)
