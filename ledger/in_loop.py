"""Recording in an event loop: the acts of its callers are decided on and sent in its own thread.

    put -> (role free) taken -> step, step, ... -> nothing waits: left
                                                -> has to wait, or is for others: left to the thread
           (thread has it) asked -> given after its round -> step, step, ...

Two threads of one interpreter run one after the other. To hand acts from the one to the other, and
outcomes back, they wake each other several times a batch, and that costs more than it brings. So a
loop whose callers record takes the role of the writer itself, and goes the rounds between its other
work, some acts at a time.

A loop never waits: whatever has to be read, connected, or got over is left to the thread
(`Rounds.has_to_wait`). Where a loop makes no step for a second - it ended, something keeps it, or
the disk does - the thread takes the role back.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from contextvars import Context
from time import monotonic
from typing import Final

from ledger.rounds import LOOK_SECONDS, Rounds
from ledger.waiting import Job, Waiting

THREAD_SECONDS: Final = 0.05
"""How long the thread goes on with what was left to it before a loop is given the role again."""

Loop = asyncio.AbstractEventLoop


class InLoop:
    """The role of the writer, as far as an event loop has it; one loop at a time.

    The lock of the role stays taken while a loop has it. Whoever steps, or takes the role from a
    loop, holds the guard: a loop from which it was taken finds that out before it does anything.
    """

    def __init__(self, rounds: Rounds, waiting: Waiting, role: threading.Lock) -> None:
        self._rounds = rounds
        self._waiting = waiting
        self._role = role
        self._guard = threading.Lock()
        self._loop: Loop | None = None
        self._context = Context()
        self._asked: Loop | None = None
        self._called = False
        self._listens = -1
        self._stepped = self._not_before = 0.0
        self.broken = False
        """Whether a fault in this program ended all writing."""

    def put(self, loop: Loop, job: Job) -> None:
        """Put an act of a caller in this loop, in its thread; raises Overloaded."""
        self._waiting.put(job, ring=False)
        if self._loop is loop or self._took(loop):
            self._call(loop)
        else:
            self._asked = loop
            self._waiting.wake()

    def given(self) -> bool:
        """Give the role to a loop that asked for it; tell whether it has it. For who has it now."""
        loop, rounds = self._asked, self._rounds
        if loop is None or monotonic() < self._not_before or rounds.has_to_wait:
            return False
        self._asked = None
        if not (rounds.busy or self._waiting.any):
            return False
        with self._guard:
            self._begin(loop)
            try:
                loop.call_soon_threadsafe(self._step, loop, context=self._context)
            except RuntimeError:  # it was closed; nobody waits there any more
                self._loop = None
            # Once the guard is let go of, the loop may be done and have given up the role already.
            return self._loop is not None

    def taken_back(self) -> bool:
        """Take the role from a loop that made no step for long; tell whether the caller has it."""
        with self._guard:
            loop = self._loop
            if loop is None or self.broken:
                return False
            if not loop.is_closed() and monotonic() - self._stepped < LOOK_SECONDS:
                return False
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_listen_no_more, loop, self._listens)
            self._loop, self._listens = None, -1
            self._not_before = monotonic() + LOOK_SECONDS
            return True

    def _took(self, loop: Loop) -> bool:
        """Take the role where it is free, and nothing has to be waited for; tell whether it did."""
        if not self._role.acquire(blocking=False):
            return False
        if self._rounds.busy or self._rounds.has_to_wait:
            self._role.release()
            return False
        with self._guard:
            self._begin(loop)
        return True

    def _begin(self, loop: Loop) -> None:
        self._loop, self._called, self._stepped = loop, False, monotonic()
        # A step is for all who wait: it is of no one's request, as in the thread.
        self._context = Context()

    def _call(self, loop: Loop) -> None:
        """Have a step made once all who are about to put something have done so."""
        if not self._called:
            self._called = True
            loop.call_soon(self._step, loop, context=self._context)

    def _step(self, loop: Loop) -> None:
        with self._guard:
            if self._loop is not loop:
                return
            self._called, self._stepped = False, monotonic()
            try:
                self._go(loop)
            except BaseException:
                # Only a fault in this program leads here; the role is kept, so nobody takes it up.
                self.broken = True
                self._listen(loop, -1)
                self._rounds.break_off()
                raise

    def _go(self, loop: Loop) -> None:
        """Go one step, and see to it that the next is gone, by this loop or by the thread."""
        rounds, waiting = self._rounds, self._waiting
        stuck = rounds.has_to_wait or rounds.step(loop)
        if stuck or rounds.has_to_wait or waiting.closed:
            self._not_before = monotonic() + THREAD_SECONDS
            self._leave(loop)
            waiting.wake()
            return
        flight = rounds.flight
        if flight is not None:
            self._listen(loop, flight.answer)
        elif rounds.next is None and not waiting.any:
            self._leave(loop)
            return
        if flight is None or (waiting.any and rounds.has_room):
            self._call(loop)

    def _leave(self, loop: Loop) -> None:
        """Give up the role; whoever puts something from now on finds it free."""
        self._listen(loop, -1)
        self._loop = None
        self._role.release()

    def _listen(self, loop: Loop, number: int) -> None:
        """Have a step made when this descriptor can be read; -1: none."""
        if number == self._listens:
            return
        if self._listens >= 0:
            loop.remove_reader(self._listens)
        if number >= 0:
            loop.add_reader(number, self._step, loop)
        self._listens = number


def _listen_no_more(loop: Loop, number: int) -> None:
    if number >= 0:
        loop.remove_reader(number)
