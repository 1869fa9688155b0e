"""Taking turns: two processes that write much in one chain do so one after the other.

    free -> (lost a position, or told) -> asked -> granted -> held -> given back -> asked ...
                                                                   -> nobody waits: free

Without turns both decide on the same state, and what one stores the other has decided for nothing.
In a turn a process records batch after batch; the others read on meanwhile and then begin with what
is so. A turn lasts a tenth of a second, or until there is nothing more to record.

A process takes turns in one chain at a time, and only while others want that chain as well; acts of
other chains do not wait for it. Nothing rests on a turn: (chain, position) is taken once, with or
without. Where a turn does not come, acts are recorded as if there were none.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from time import monotonic
from typing import Final

from ledger.faults import BrokenLog
from ledger.log.store import StoreUnavailable
from ledger.log.turn_lock import TurnLock, key_of
from ledger.states import States

TURN_SECONDS: Final = 0.1
"""How long a turn lasts where others wait; what is under way at its end is still finished."""
IDLE_SECONDS: Final = 0.01
"""How long a turn is kept for who records next."""
READ_SECONDS: Final = 0.03
"""How often is read on while others have their turn."""
WITHOUT_SECONDS: Final = 10.0
"""How long no turns are taken after one did not come."""

LOG = logging.getLogger(__name__)


class Turns:
    """The turns of one process. For the thread that writes alone, except `told`."""

    def __init__(self, lock: TurnLock, states: States) -> None:
        self._lock = lock
        self._states = states
        self._told = ""
        self._not_before = 0.0
        self._until = 0.0
        self._read = self._worked = 0.0
        self._ending = False
        self.chain = ""
        """In which chain turns are taken; none if empty."""
        self.answer: int | None = None
        """The descriptor at which the turn that was asked for comes."""
        self.held = False

    @property
    def shut(self) -> str:
        """The chain on whose acts nothing is to be decided now; none if empty."""
        return self.chain if self._ending or not self.held else ""

    @property
    def active(self) -> bool:
        """Whether there may be something to do in `step`."""
        return bool(self.chain or self._told)

    @property
    def busy(self) -> bool:
        """Whether a turn is asked for or held."""
        return self.held or self.answer is not None

    @property
    def pause(self) -> float:
        """How long to rest at most, in seconds, where there is nothing else to do."""
        if self.answer is not None:
            return READ_SECONDS
        return IDLE_SECONDS if self.held and not self._ending else 0.0

    def concerns(self, chain: str) -> bool:
        """Whether an act of this chain is for the thread that takes turns."""
        return bool(self._told) or chain == self.chain

    def told(self, keys: Collection[int], grown: Collection[str]) -> None:
        """Hear which turns others have now, from any thread; `grown` are chains written here."""
        self._told = next((chain for chain in grown if key_of(chain) in keys), "")

    def lost(self, chains: Collection[str]) -> bool:
        """Hear that positions in some of these chains were lost; tell whether a turn was asked.

        Then all acts can be decided again at once, but for those of the chain that is shut.
        """
        self._states.doubt(chains)
        if self.answer is not None:
            return self.chain in chains
        return not self.held and self._begin(self._grown(chains))

    def step(self, *, working: bool, wanted: bool) -> None:
        """Do what it is time for.

        `working`: something of the chain is decided on or under way; `wanted`: acts of it wait.
        """
        if working:
            self._worked = monotonic()
        try:
            if self._told:
                told, self._told = self._told, ""
                if self.answer is None and not self.held:
                    self._begin(told)
            if self.answer is not None:
                self._wait()
            elif self.held:
                self._hold(working=working)
            elif self.chain and wanted:
                self._ask()
        except StoreUnavailable as error:
            self._go_without(f"{error}")

    def close(self) -> None:
        """Give up what is asked for or held."""
        self._lock.close()

    def _begin(self, chain: str) -> bool:
        if not chain or monotonic() < self._not_before:
            return False
        self.chain = chain
        try:
            self._ask()
        except StoreUnavailable as error:
            self._go_without(f"{error}")
        return bool(self.chain)

    def _ask(self) -> None:
        self.answer = self._lock.ask(self.chain)
        self._read = monotonic()

    def _wait(self) -> None:
        """Look whether one's turn has come; read on meanwhile, so that little is left then."""
        now = monotonic()
        if self._lock.answered():
            self.answer = None
            if not self._lock.granted():
                self._go_without("anderen houden haar te lang")
                return
            self._read_on()
            self.held, self._ending, self._worked = True, False, monotonic()
            self._until = self._worked + TURN_SECONDS
        elif now - self._read >= READ_SECONDS:
            self._read_on()
            self._read = monotonic()

    def _hold(self, *, working: bool) -> None:
        """End the turn when its time is over and others wait, or when there is nothing to do."""
        now = monotonic()
        idle = now - self._worked >= IDLE_SECONDS
        if not (idle or self._ending or now >= self._until):
            return
        if not self._ending:
            self._ending = self._lock.others_wait()
            self._until = monotonic() + TURN_SECONDS
        if idle or (self._ending and not working):
            self._lock.give_back()
            self.held = False
            self.chain = self.chain if self._ending else ""

    def _go_without(self, why: str) -> None:
        LOG.warning("In keten %s wordt niet om de beurt geschreven: %s", self.chain, why)
        self._lock.close()
        self._not_before = monotonic() + WITHOUT_SECONDS
        self.chain, self.answer, self.held = "", None, False

    def _read_on(self) -> None:
        try:
            self._states.caught_up(self.chain)
        except BrokenLog:
            return  # who decides on an act of this chain is told

    def _grown(self, chains: Collection[str]) -> str:
        """Return the first of these chains that has more records than were known here."""
        for chain in sorted(chains):
            seen = self._states.seen(chain)
            try:
                if self._states.caught_up(chain).size > (0 if seen is None else seen.size):
                    return chain
            except (BrokenLog, StoreUnavailable):
                continue
        return ""
