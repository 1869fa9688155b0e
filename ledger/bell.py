"""A bell: wakes one thread that rests, also while it waits for something on a file descriptor.

Ringing costs a system call only where somebody rests. A thread that rests for two things at once -
work that other threads bring, and the answer of a server - needs no thread for each.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Collection
from contextlib import suppress
from time import monotonic
from typing import Final

_ENOUGH: Final = 64
"""More rings than can be waiting; what is left over would only ring once more."""


class Bell:
    """Rung by any thread; one thread rests."""

    def __init__(self) -> None:
        self._ear, self._clapper = socket.socketpair()
        self._ear.setblocking(False)
        self._clapper.setblocking(False)
        self._lock = threading.Lock()
        self._rung = False
        self._resting = False

    def ring(self) -> None:
        """Wake the thread that rests, or keep the next rest from lasting."""
        if self._rung:
            return  # whoever rests has yet to look around, and finds what was brought before this
        with self._lock:
            wake = self._resting and not self._rung
            self._rung = True
        if wake:
            with suppress(OSError):  # full: then it rings already; closed: nobody rests any more
                self._clapper.send(b"!")

    def rest(self, seconds: float, *, also: int | None = None, heed: bool = True) -> bool:
        """Rest until the bell rings (if heeded) or `also` can be read; tell whether it can."""
        poll = select.poll()
        if also is not None:
            poll.register(also, select.POLLIN)
        if heed:
            poll.register(self._ear, select.POLLIN)
            with self._lock:
                self._resting = True
                if self._rung:
                    seconds = 0
        found = poll.poll(seconds * 1000)
        if heed:
            with self._lock:
                self._resting = self._rung = False
        ready = {number for number, _ in found}
        if self._ear.fileno() in ready:
            self._ear.recv(_ENOUGH)
        return also in ready

    def close(self) -> None:
        """Give back what it is made of; ringing does nothing any more."""
        self._clapper.close()
        self._ear.close()


def glance(number: int, *, until: float, unless: Collection[object] = ()) -> bool:
    """Look at a descriptor, awake, until it can be read; tell whether it can.

    No longer than that moment of the monotonic clock, nor once there is something in `unless`. For
    what is about to come: waking up takes longer. Whoever wants the processor meanwhile gets it.
    """
    poll = select.poll()
    poll.register(number, select.POLLIN)
    while not poll.poll(0):
        if unless or monotonic() >= until:
            return False
        os.sched_yield()
    return True
