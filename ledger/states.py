"""The states of the chains, kept in memory and caught up by position.

A state is the fold of a chain's committed records, so nothing here is ever a guess: whoever
writes evolves a copy ahead and hands it in after the commit. Other processes write as well, so a
kept state may lag behind; it never runs ahead, except where the database itself lost what it had
acknowledged (a restored backup). After a failure the states are in doubt: at the next use each is
held against its log, and read anew where it no longer belongs to it.

A bounded number of chains is kept; the least recently used one is forgotten and read again when
needed. Safe to share between threads: of several that want a chain read, one reads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import msgspec

from ledger import catalogue
from ledger.domain import chain as fold
from ledger.domain.chain import ChainState
from ledger.domain.values import NotFound
from ledger.faults import FAULTS, BrokenLog
from ledger.log.store import Row, Store, StoreUnavailable
from ledger.snapshots import Snapshots

MAX_CHAINS: Final = 2000
PAGE: Final = 2000
READERS: Final = 64
"""So many chains can be read on at once; two that share a place wait for each other."""

READING_SECONDS: Final = 120.0
"""How long a thread waits for another that reads on in the same chain."""


class Kept(NamedTuple):
    """A state and the bytes of the last record in it, to recognise the log it belongs to."""

    state: ChainState
    last: bytes


class States:
    """The newest known state of each chain."""

    def __init__(
        self, store: Store, *, max_chains: int = MAX_CHAINS, snapshots: Snapshots | None = None
    ) -> None:
        self._store = store
        self._snapshots = snapshots or Snapshots(store)
        self._max_chains = max_chains
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._doubted: set[str] = set()
        self._lock = threading.Lock()
        self._readers = [threading.Lock() for _ in range(READERS)]

    def known(self, chain: str) -> ChainState:
        """Return the kept state, which may lag; a chain that is not kept or in doubt is read."""
        state = self._used(chain)
        if state is not None:
            return state
        with self._reading(chain):
            return self._used(chain) or self._read_on(chain)

    def at_hand(self, chain: str) -> ChainState | None:
        """Return the kept state where nothing has to be read for it, else None; it may lag."""
        return None if chain in self._doubted else self.seen(chain)

    def seen(self, chain: str) -> ChainState | None:
        """Return the state as it was seen last, also one in doubt: for a first look at an act."""
        kept = self._kept.get(chain)
        return None if kept is None else kept.state

    def doubt(self, chains: Iterable[str] | None = None) -> None:
        """Hold these states (all) against their logs at the next use: something went wrong."""
        with self._lock:
            self._doubted.update(self._kept if chains is None else chains)

    def caught_up(self, chain: str) -> ChainState:
        """Return the state after every record committed so far; size 0 where the chain is unknown.

        Raises BrokenLog, or StoreUnavailable.
        """
        with self._reading(chain):
            return self._read_on(chain)

    def at(self, chain: str, position: int) -> ChainState:
        """Return the state right after the record at this position; NotFound where none stands."""
        with self._lock:
            kept = self._kept.get(chain)
        if kept is not None and kept.state.size == position + 1:
            return kept.state
        for state in self._history(chain):
            if state.size == position + 1:
                return state
        raise NotFound(f"Keten {chain} heeft geen gebeurtenis {position}.")

    def keep(self, *committed: Kept) -> None:
        """Remember committed states, unless newer ones are known; make room where it is full."""
        with self._lock:
            for kept in committed:
                name, size = kept.state.name, kept.state.size
                known = self._kept.get(name)
                if size and (known is None or known.state.size < size):
                    self._kept[name] = kept
                    self._kept.move_to_end(name)
            while len(self._kept) > self._max_chains:
                self._doubted.discard(self._kept.popitem(last=False)[0])

    def keep_long_ones(self, *, at_work: bool) -> int:
        """Keep the states of long chains in the store for the next start; return how many.

        Raises StoreUnavailable; what was kept before stands.
        """
        with self._lock:
            all_kept = list(self._kept.values())
        worth = [
            one for one in all_kept if self._snapshots.worth_keeping(one.state, at_work=at_work)
        ]
        for one in worth:
            self._snapshots.keep(one.state, one.last)
        return len(worth)

    def _used(self, chain: str) -> ChainState | None:
        """Return the kept state as `at_hand` does, and remember that it was of use."""
        with self._lock:
            kept = self._kept.get(chain)
            if kept is None or chain in self._doubted:
                return None
            self._kept.move_to_end(chain)
            return kept.state

    @contextmanager
    def _reading(self, chain: str) -> Iterator[None]:
        """Be the one thread that reads on in a chain; whoever waited finds what it read."""
        reader = self._readers[hash(chain) % READERS]
        if not reader.acquire(timeout=READING_SECONDS):
            raise StoreUnavailable(f"het lezen van keten {chain} duurt te lang.")
        try:
            yield
        finally:
            reader.release()

    def _read_on(self, chain: str) -> ChainState:
        """Take in what was recorded since; start over where the log is no longer the state's own.

        The last record of the state is read with what follows it, so one question tells both.
        """
        kept = self._kept_or_start(chain)
        size = kept.state.size
        rows = self._store.tail(chain, max(0, size - 1), PAGE)
        if size and not _ends_with(next(rows, None), kept):
            with self._lock:
                self._kept.pop(chain, None)
            kept = self._kept_or_start(chain)
            rows = self._store.tail(chain, kept.state.size, PAGE)
        for row in rows:
            kept = folded(kept, row)
        self.keep(kept)
        with self._lock:
            self._doubted.discard(chain)
        return kept.state

    def _kept_or_start(self, chain: str) -> Kept:
        """Return where catching up begins: what is kept here or in the store, else the start."""
        with self._lock:
            kept = self._kept.get(chain)
        found = self._snapshots.load(chain) if kept is None else None
        return kept or Kept(*(found or (ChainState(name=chain), b"")))

    def _history(self, chain: str) -> Iterator[ChainState]:
        kept = Kept(ChainState(name=chain), b"")
        for row in self._store.walk(chain, page=PAGE):
            kept = folded(kept, row)
            yield kept.state


def _ends_with(row: Row | None, kept: Kept) -> bool:
    """Tell whether a row is the last record of a state."""
    return row is not None and (row.position, row.data) == (kept.state.size - 1, kept.last)


def folded(kept: Kept, row: Row) -> Kept:
    """Return the state after one more stored record, or raise BrokenLog."""
    state = kept.state
    if row.position != state.size:
        raise BrokenLog(state.name, state.size, f"daarna volgt gebeurtenis {row.position}")
    try:
        record = catalogue.decode(row.data)
        if (record.header.chain, record.header.position) != (row.chain, row.position):
            said = f"{record.header.chain}, gebeurtenis {record.header.position}"
            raise BrokenLog(state.name, row.position, f"zij noemt zich {said}")
        return Kept(fold.evolve(state, record.body, record.header), row.data)
    except msgspec.MsgspecError as error:
        raise BrokenLog(state.name, row.position, f"geen vastlegging ({error})") from error
    except FAULTS as error:
        raise BrokenLog(
            state.name, row.position, f"past niet op het eerdere ({error!r})"
        ) from error
