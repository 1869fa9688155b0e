"""A beat: one thread that does the same work again and again beside the others."""

import logging
import threading
from abc import ABC, abstractmethod
from typing import ClassVar, Final, Self

from ledger.log.store import StoreUnavailable

STOP_SECONDS: Final = 30.0

LOG = logging.getLogger(__name__)


class Beat(ABC):
    """A thread that does its work every so many seconds, until it is stopped.

    What is in `PASSES` is told and tried again at the next beat; anything else ends the thread, and
    `failure` says what it was. The thread starts here, so a subclass calls this last.
    """

    PASSES: ClassVar[tuple[type[Exception], ...]] = (StoreUnavailable,)
    SKIPPED: ClassVar[str]
    """What is said in Dutch of a beat that is tried again."""

    def __init__(self, name: str, every_seconds: float) -> None:
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the thread is at work; if not, `failure` may say why."""
        return self._thread.is_alive()

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Stop after the work in hand."""
        self._stop.set()
        self._thread.join(timeout_seconds)

    @abstractmethod
    def _work(self) -> None:
        """Do the work of one beat."""

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._work()
                except self.PASSES as error:
                    LOG.warning("%s: %s", self.SKIPPED, error)
                self._stop.wait(self._every_seconds)
        except BaseException as error:
            self.failure = error
            LOG.exception("%s is gestopt.", self._thread.name)
            raise
