"""What a server adds to the founding of a chain: its log key, and whether it is a demonstration.

A chain that is founded on a server in development mode is a demonstration for ever: who acted in it
is whoever somebody said they were. Its first record says so (`demo`), and nobody can ask for that
or take it away: the server that founds says what it is.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from api.log_policy import founded, with_log_key
from ledger.domain.events.chains import ChainEstablished
from ledger.domain.values import Event, require
from ledger.ledger import Ledger
from ledger.log.log_key import KeyFolder

MAX_KNOWN: Final = 10_000


class Demos:
    """Which chains of a ledger are demonstrations; what was found once never changes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[str, bool] = {}

    def known(self, chain: str) -> bool | None:
        """Tell the same where it was found before, else None; asks nobody."""
        return self._known.get(chain)

    def is_demo(self, chain: str) -> bool | None:
        """Tell whether a chain is a demonstration; None where it was not founded yet."""
        known = self.known(chain)
        if known is not None:
            return known
        state = founded(self._ledger, chain) if chain else None
        if state is None:
            return None
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        return self._known.setdefault(chain, state.chains.demo)


def as_founded_here(
    event: Event, ledger: Ledger, chain: str, keys: KeyFolder | None, *, demo: bool
) -> Event:
    """Return a founding with what this server adds to it; any other event as it is.

    A founding that was recorded stays what it was, so that asking again asks for the same. Refused
    (G13) where the caller says that it is a demonstration and it is not; otherwise raises as
    `with_log_key` does.
    """
    if not isinstance(event, ChainEstablished):
        return event
    earlier = founded(ledger, chain)
    is_demo = demo if earlier is None else earlier.chains.demo
    own = is_demo or not event.demo
    require(own, "G13", "of een keten een demonstratie is, zegt de server die haar opricht")
    return replace(with_log_key(event, ledger, chain, keys), demo=is_demo)
