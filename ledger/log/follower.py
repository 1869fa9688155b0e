"""The follower: integrates and signs each chain as soon as it has grown.

It is woken when a chain grows, and looks for itself now and then, since a wake-up may be missed. A
chain that keeps growing is signed a bounded number of times a second: each head costs a commit and
two questions, whether it covers one record or a thousand, and takes them from those who record. It
may run in several processes at once: of each checkpoint one of them is the first. A chain that must
not be signed is tried again at each look; it holds up no other.
"""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from ledger.log.beat import Beat
from ledger.log.checkpoint import Head
from ledger.log.integrate import Integrator, SigningRefused
from ledger.log.store import Store

POLL_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 1.0
REST_SECONDS: Final = 0.06
"""The least time from one head of a chain to the next."""

LOG = logging.getLogger(__name__)


class Follower(Beat):
    """A thread that keeps the trees up with the record, until it is stopped.

    `signed` is called in that thread with each chain and its new head, to tell who waits for it.
    """

    SKIPPED = "De ondertekening wacht op de database"

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
        self._done: dict[str, float] = {}
        super().__init__("ketenledger-tree", PAUSE_SECONDS)

    def _work(self) -> None:
        """Integrate what grows, until it is time to stop or the database is away."""
        for chain, size in self._store.hear(self._poll_seconds):
            if self._stop.is_set():
                return
            if not chain:
                for name in self._behind():
                    self._integrate(name)
            elif size > self._sizes.get(chain, 0):
                self._rest(chain)
                self._integrate(chain)

    def _rest(self, chain: str) -> None:
        """Let a chain grow on, where its last head is only just made; nobody else waits longer."""
        left = self._done.get(chain, 0.0) + REST_SECONDS - monotonic()
        if left > 0:
            self._stop.wait(left)

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
        self._done[chain] = monotonic()
        if head.size > self._sizes.get(chain, 0):
            self._sizes[chain] = head.size
            if self._signed is not None:
                self._signed(chain, head)
