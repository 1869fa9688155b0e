"""The ledger: the only way to record, and the way to what was recorded.

    with Store(conninfo) as store, Ledger(store) as ledger:
        receipt = ledger.submit("loonaangifteketen", Act(event=..., by="person-1", act="..."))

An act is recorded once per key: asked again - after a lost answer, a crash, by another process - it
gives the first receipt. An answer means that the record is on disk. Without an answer the caller
asks again with the same key.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import Final, Self, cast

from msgspec.structs import replace

from ledger import corrections
from ledger.audit import Findings, Stored
from ledger.confidential import Foresight
from ledger.deadlines import Deadlines
from ledger.domain.chain import ChainState
from ledger.domain.events.erasures import PersonalDataErased
from ledger.domain.values import NotFound, Refused, instant, is_slug, require
from ledger.erasing import Eraser
from ledger.erasure_list import ListRefused
from ledger.faults import NOT_DONE, BrokenLog
from ledger.log.store import Store, StoreUnavailable
from ledger.notices import Notices
from ledger.receipts import Consequence, Receipt, Trial
from ledger.recording import Act
from ledger.recovery import RECOVERY_SECONDS
from ledger.row import Row
from ledger.sealed import Disclosed, opened
from ledger.sealing_acts import Sealing, bytes_at
from ledger.states import States
from ledger.stretches import audit_stored, stored
from ledger.timer import Timer
from ledger.vault import KeyRefused, KeysUnavailable, Vault
from ledger.waiting import MAX_WAITING, Outcome, Overloaded, Series, given_up
from ledger.writer import Writer

__all__ = [
    "Act",
    "BrokenLog",
    "Ledger",
    "Overloaded",
    "Receipt",
    "StoreUnavailable",
    "Stored",
    "Timer",
    "Trial",
]

ANSWER_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 20.0
PAGE: Final = 1000
MAX_PAGE: Final = 10_000
MAX_ROUNDS: Final = 100
"""How often time passes in one chain at one tick; each round brings up to a thousand records."""

LOG = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the moment it is."""
    return datetime.now(UTC)


class Ledger:
    """The chains of one store. Safe to share between threads and event loops; close it at the end.

    A store with at least four connections serves it well: writing and notifying keep one each.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime] = utc_now,
        vault: Vault | None = None,
        eraser: Eraser | None = None,
        max_waiting: int = MAX_WAITING,
        recovery_seconds: float = RECOVERY_SECONDS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._vault = vault
        self._eraser = eraser
        self._erasing = threading.Lock()
        self._asked, self._done = int(eraser is not None), 0
        self._states = States(store)
        self._sealing = Sealing(store, self._states, vault)
        self._deadlines = Deadlines(self._states)
        self._notices = Notices(store)
        self._writer = Writer(
            store,
            self._states,
            self._notices,
            clock=clock,
            max_waiting=max_waiting,
            recovery_seconds=recovery_seconds,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self, timeout_seconds: float = CLOSE_SECONDS) -> None:
        """Record what waits, take nothing more, and stop."""
        self._writer.close(timeout_seconds)
        self._notices.close(timeout_seconds)
        try:
            self._states.keep_long_ones(at_work=False)
        except StoreUnavailable as error:
            LOG.warning("De toestand van lange ketens is niet bewaard: %s", error)

    @property
    def writing(self) -> bool:
        """Whether acts are being recorded; false after closing, or when the writer broke down."""
        return self._writer.running

    def submit(
        self,
        chain: str,
        act: Act,
        disclosures: Sequence[Disclosed] = (),
        *,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> Receipt:
        """Record one act and return its receipt; the first receipt where its key was used before.

        Raises Refused or NotAllowed, and nothing was recorded; Overloaded, likewise; or
        StoreUnavailable, and then only asking again with the same key tells.
        """
        act, disclosures = self._sealing.kept(_slug(chain), act, disclosures)
        erasing = self._foresee(act)
        try:
            outcome = self._writer.record(chain, act, timeout_seconds=timeout_seconds)
        finally:
            if erasing:
                self.finish_erasing()
        receipt = cast(Receipt, outcome)
        self._sealing.settle(receipt, disclosures)
        return receipt

    async def submit_async(
        self,
        chain: str,
        act: Act,
        disclosures: Sequence[Disclosed] = (),
        *,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> Receipt:
        """Do as `submit` does, from an event loop."""
        if disclosures or not self._sealing.is_plain(_slug(chain), act):
            act, disclosures = await asyncio.to_thread(self._sealing.kept, chain, act, disclosures)
        erasing = self._foresee(act)
        try:
            asked = self._writer.submit_async(_slug(chain), act, timeout_seconds=timeout_seconds)
            receipt = cast(Receipt, await asked)
        finally:
            if erasing:
                await asyncio.to_thread(self.finish_erasing)
        if disclosures:
            await asyncio.to_thread(self._sealing.settle, receipt, disclosures)
        return receipt

    def submit_many(
        self,
        chain: str,
        acts: Iterable[Act],
        *,
        stop_at_refusal: bool = False,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> list[Receipt | Refused]:
        """Record many acts in order; return what came of each (see `submit_each`)."""
        asked = self.submit_each(
            chain, acts, stop_at_refusal=stop_at_refusal, timeout_seconds=timeout_seconds
        )
        return list(asked)

    def submit_each(
        self,
        chain: str,
        acts: Iterable[Act],
        *,
        stop_at_refusal: bool = False,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> Iterator[Receipt | Refused]:
        """Record acts in order, many under way at once; yield what came of each, in order.

        With `stop_at_refusal` nothing after the first refusal is recorded, and that is the last
        answer. Keys make it resumable: what was recorded before is answered with its receipt.
        """
        series = Series() if stop_at_refusal else None
        row = Row(self._writer, _slug(chain), series, timeout_seconds)
        foresight = Foresight(self._states.known(chain))
        erasing = False
        try:
            for act in acts:
                erasing = self._foresee(act) or erasing
                if foresight.waits(self._states.known(chain), act):
                    yield from row.rest()
                    if not (series is not None and series.stopped):
                        yield self._one_of(chain, act, series, timeout_seconds)
                else:
                    yield from row.hand_in(act)
                if series is not None and series.stopped:
                    break
            yield from row.rest()
        finally:
            if erasing:
                self.finish_erasing()

    def _one_of(
        self, chain: str, act: Act, series: Series | None, timeout_seconds: float
    ) -> Receipt | Refused:
        """Record one act of many by itself, all before it recorded; return what came of it."""
        try:
            return self.submit(chain, act, timeout_seconds=timeout_seconds)
        except Refused as refusal:
            if series is not None:
                series.stopped = True
            return refusal

    def try_out(self, chain: str, act: Act, disclosures: Sequence[Disclosed] = ()) -> Trial:
        """Tell what recording this act would give now, or why not; nothing is stored."""
        state = self._states.caught_up(_slug(chain))
        try:
            now, read = instant(self._clock()), partial(bytes_at, self._store, chain)
            act, made = self._sealing.closed(state, act, disclosures)
            tried = replace(state, acts=state.acts.apart())
            recorded = corrections.record(tried, act, at=now, read=read)
        except Refused as refusal:
            return Trial(refusal=refusal)
        texts = {one.digest: opened(one.text).value for one in made}
        return Trial(entries=recorded.entries, first=recorded.first, texts=texts)

    def pass_time(
        self, chain: str, *, timeout_seconds: float = ANSWER_SECONDS
    ) -> tuple[Consequence, ...]:
        """Record what time alone made happen in a chain until now; nothing due gives nothing."""
        brought: list[Consequence] = []
        for _ in range(MAX_ROUNDS):
            future = self._writer.submit(_slug(chain), None)
            more = cast(tuple[Consequence, ...], _outcome(future, timeout_seconds))
            if not more:
                break
            brought.extend(more)
        return tuple(brought)

    def tick(self) -> int:
        """Record what is due in every chain; return how many records that gave."""
        if self.erasing:
            self.finish_erasing()
        now = instant(self._clock())
        count = 0
        for chain in self._deadlines.due(self._store.sizes(), now=now):
            try:
                count += len(self.pass_time(chain))
            except NOT_DONE as error:
                LOG.error("De tijd staat stil in keten %s", chain, exc_info=error)
        return count

    def keep_long_ones(self) -> int:
        """Keep the states of long chains for the next start; return how many were kept now."""
        return self._states.keep_long_ones(at_work=True)

    def sweep(self) -> int:
        """Delete disclosures whose record never came; return how many there were.

        Also carries out what another process recorded as erased and did not get to.
        """
        self.finish_erasing()
        return self._vault.sweep() if self._vault is not None else 0

    @property
    def erasing(self) -> bool:
        """Whether something that is recorded as erased may not be destroyed yet."""
        return self._asked > self._done

    def _foresee(self, act: Act) -> bool:
        """Tell whether this is an erasure; the clock sees to it should its caller not stay."""
        erasing = self._eraser is not None and isinstance(act.event, PersonalDataErased)
        self._asked += erasing
        return erasing

    def finish_erasing(self) -> None:
        """Destroy what is recorded as erased; where that fails now, it is done at a later tick."""
        if self._eraser is None:
            return
        with self._erasing:
            asked = self._asked
            try:
                self._eraser.finish()
                self._done = asked
            except (StoreUnavailable, KeyRefused, KeysUnavailable, ListRefused) as error:
                LOG.error("Vastgelegd als gewist, maar nog niet vernietigd: %s", error)

    def state(self, chain: str, *, at_position: int | None = None) -> ChainState:
        """Return what is true in a chain now, or right after the record at a position.

        Raises NotFound for an unknown chain or a position it does not have yet.
        """
        if at_position is not None:
            return self._states.at(chain, at_position)
        state = self._states.caught_up(chain)
        if not state.size:
            raise NotFound(f"Keten {chain} bestaat niet.")
        return state

    def records(self, chain: str, start: int = 0, limit: int = PAGE) -> list[Stored]:
        """Return the records at the `limit` positions from `start` on, as they are stored."""
        return list(stored(self._store, chain, start, start + min(limit, MAX_PAGE)))

    def walk(self, chain: str) -> Iterator[Stored]:
        """Yield all records of a chain, page by page; those recorded meanwhile are left out."""
        yield from stored(self._store, chain, 0, self._store.size(chain))

    def audit(self, chain: str) -> Findings:
        """Replay a chain's log and return every break; NotFound for an unknown chain.

        A long chain is replayed by several processes, as many as the machine has processors.
        """
        if not self._store.size(chain):
            raise NotFound(f"Keten {chain} bestaat niet.")
        return audit_stored(self._store, chain)

    def wait(self, chain: str, position: int, timeout_seconds: float) -> bool:
        """Wait until the record at this position is committed, by whomever; tell whether it is."""
        return self._notices.wait(chain, position, timeout_seconds=timeout_seconds)

    def follow(self, follower: Callable[[Mapping[str, int]], None]) -> None:
        """Tell a follower in this process at once which sizes chains have reached.

        It is called in the thread that writes, after the commit, and must return at once.
        """
        self._notices.follow(follower)


def _slug(chain: str) -> str:
    require(
        is_slug(chain), "G13", "een keten heeft een kenmerk van 1 tot 64 letters, cijfers of . _ -"
    )
    return chain


def _outcome(future: Future[Outcome], timeout_seconds: float) -> Outcome:
    try:
        return future.result(timeout_seconds)
    except TimeoutError:
        raise given_up(timeout_seconds, in_time=future.cancel()) from None
