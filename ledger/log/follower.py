"""The follower: integrates and signs each chain as soon as it has grown.

It is woken when a chain grows, and looks for itself now and then, since a wake-up may be missed. It
may run in several processes at once: of each checkpoint one of them is the first. A chain that must
not be signed is tried again at each look; it holds up no other.
"""

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from ledger.log.checkpoint import Head
from ledger.log.integrate import Integrator, SigningRefused
from ledger.log.store import Store, StoreUnavailable

POLL_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 1.0
STOP_SECONDS: Final = 30.0

LOG = logging.getLogger(__name__)


class Follower:
    """A thread that keeps the trees up with the record, until it is stopped.

    `signed` is called in that thread with each chain and its new head, to tell who waits for it.
    """

    def __init__(
        self,
        store: Store,
        integrator: Integrator,
        *,
        signed: Callable[[str, Head], None] | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._store = store
        self._integrator = integrator
        self._signed = signed
        self._poll_seconds = poll_seconds
        self._told: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._stop = threading.Event()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ketenledger-tree", daemon=True)
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

    @property
    def running(self) -> bool:
        """Whether the thread is at work; if not, `failure` may say why."""
        return self._thread.is_alive()

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Stop after the chain in hand."""
        self._stop.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._follow()
        except BaseException as error:
            self.failure = error
            LOG.exception("De ondertekening is gestopt.")
            raise

    def _follow(self) -> None:
        """Integrate what grows, until it is time to stop or the database is away."""
        try:
            for chain in self._store.listen(self._poll_seconds):
                if self._stop.is_set():
                    return
                for name in [chain] if chain else self._behind():
                    self._integrate(name)
        except StoreUnavailable as error:
            LOG.warning("De ondertekening wacht op de database: %s", error)
            self._stop.wait(PAUSE_SECONDS)

    def _behind(self) -> list[str]:
        """Return the chains whose record is not as large as what is signed of it."""
        heads = self._integrator.heads()
        sizes = self._store.sizes()
        return [name for name in {**heads, **sizes} if sizes.get(name, 0) != heads.get(name, 0)]

    def _integrate(self, chain: str) -> None:
        if self._stop.is_set():
            return
        try:
            head = self._integrator.integrate(chain)
        except SigningRefused as refused:
            if self._told.get(chain) != str(refused):
                LOG.error("%s", refused)
                self._told[chain] = str(refused)
            return
        self._told.pop(chain, None)
        if self._signed is not None and head.size > self._sizes.get(chain, 0):
            self._sizes[chain] = head.size
            self._signed(chain, head)
