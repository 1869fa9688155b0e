"""Snapshots: the state of a long chain, kept so that a start need not read it from the beginning.

A cache and nothing more: deleting every row changes only the time to start. A snapshot is used
where it was made by the very same rules and its last record is still the one in the log, byte for
byte by its hash; the records after it are read as always. What decides is the log: an audit never
looks here.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Final

from ledger import state_parts
from ledger.domain.chain import ChainState
from ledger.log.store import Row, Store

EVERY: Final = 10_000
"""How many records a chain grows before its state is kept again; reading these takes a moment."""

TENTH: Final = 10
"""While a ledger is at work a state is kept again when a chain grew by this part of itself."""

MAX_PARTS: Final = 100_000

FOUND = """
    SELECT max(position)
    FROM snapshots
    WHERE chain = %(chain)s AND format = %(format)s AND part = 0
"""

PARTS = """
    SELECT state
    FROM snapshots
    WHERE chain = %(chain)s AND format = %(format)s AND position = %(position)s
    ORDER BY part
    LIMIT %(most)s
"""

PUT = """
    INSERT INTO snapshots (chain, position, format, part, state)
    VALUES (%(chain)s, %(position)s, %(format)s, %(part)s, %(state)s)
    ON CONFLICT (chain, format, position, part) DO NOTHING
"""

OTHERS = """
    DELETE FROM snapshots
    WHERE chain = %(chain)s AND (position < %(position)s OR format <> %(format)s)
"""

LOG = logging.getLogger(__name__)


class Snapshots:
    """The kept states of the chains in one store."""

    def __init__(self, store: Store, *, every: int = EVERY) -> None:
        self._store = store
        self._every = every
        self._kept: dict[str, int] = {}

    def load(self, chain: str) -> tuple[ChainState, bytes] | None:
        """Return the newest state kept of a chain and the bytes of the last record in it, or None.

        What is damaged, or is not of this log, is passed over: then the log is read.
        """
        asked = {"chain": chain, "format": state_parts.FORMAT}
        [(position,)] = self._store.fetch(FOUND, asked)
        if position is None:
            return None
        wanted = {**asked, "position": position, "most": MAX_PARTS}
        first, *rest = [bytes(row[0]) for row in self._store.fetch(PARTS, wanted)] or [b""]
        last = next(iter(self._store.read(chain, start=position, limit=1)), None)
        if last is None or first != _mark(last, rest):
            LOG.warning("Een bewaarde toestand van keten %s hoort niet bij haar log", chain)
            return None
        try:
            state = state_parts.restored(rest)
        except state_parts.Damaged as error:
            LOG.warning("Een bewaarde toestand van keten %s is onleesbaar: %s", chain, error)
            return None
        self._kept[chain] = state.size
        return state, last.data

    def worth_keeping(self, state: ChainState, *, at_work: bool) -> bool:
        """Tell whether a chain grew enough since its state was kept, or is long and never was.

        `at_work`: others wait meanwhile, so not as soon as at the end.
        """
        grown = state.size - self._kept.get(state.name, 0)
        return grown >= (max(self._every, state.size // TENTH) if at_work else self._every)

    def keep(self, state: ChainState, last: bytes) -> None:
        """Keep a committed state with the bytes of its last record; forget the ones before it."""
        parts = list(state_parts.parts(state))
        own = Row(state.name, state.size - 1, "", last)
        key = {"chain": state.name, "position": own.position, "format": state_parts.FORMAT}
        with self._store.connection() as conn:
            for number, data in enumerate((_mark(own, parts), *parts)):
                conn.execute(PUT, {**key, "part": number, "state": data})
            conn.execute(OTHERS, key)
        self._kept[state.name] = state.size


def _mark(last: Row, parts: list[bytes]) -> bytes:
    """Return what binds a snapshot together: its last record and all of its parts."""
    whole = hashlib.sha256(last.data)
    for data in parts:
        whole.update(hashlib.sha256(data).digest())
    return whole.digest()
