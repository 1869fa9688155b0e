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

from psycopg.rows import tuple_row

from ledger import state_parts
from ledger.domain.chain import ChainState
from ledger.log.store import Row, Store

EVERY: Final = 10_000
"""How many records a chain grows before its state is kept again; reading these takes a moment."""

TENTH: Final = 10
"""While a ledger is at work a state is kept again when a chain grew by this part of itself."""

MAX_PARTS: Final = 100_000

AT_ONCE: Final = 64
"""How many parts are read from the store at a time: a state is never in memory twice."""

READING_SECONDS: Final = 60.0

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

UNREADABLE: Final = "Een bewaarde toestand van keten %s is onleesbaar: %s"
NOT_OF_THIS_LOG: Final = "Een bewaarde toestand van keten %s hoort niet bij haar log"

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
        last = next(iter(self._store.read(chain, start=position, limit=1)), None)
        if last is None:
            LOG.warning(NOT_OF_THIS_LOG, chain)
            return None
        state = self._read(last, {**asked, "position": position, "most": MAX_PARTS})
        if state is None:
            return None
        self._kept[chain] = state.size
        return state, last.data

    def _read(self, last: Row, wanted: dict[str, object]) -> ChainState | None:
        """Return the state that stands there, made as its parts come in; None where it is not."""
        mark = _Mark(last)
        with (
            self._store.snapshot(statement_seconds=READING_SECONDS) as conn,
            conn.cursor("parts_of_a_state", row_factory=tuple_row) as cursor,
        ):
            cursor.itersize = AT_ONCE
            cursor.execute(PARTS, wanted, binary=True)
            found = (bytes(row[0]) for row in cursor)
            first = next(found, b"")
            try:
                state = state_parts.restored(map(mark.taking, found))
            except state_parts.Damaged as error:
                LOG.warning(UNREADABLE, last.chain, error)
                return None
        if first != mark.digest():
            LOG.warning(NOT_OF_THIS_LOG, last.chain)
            return None
        return state

    def worth_keeping(self, state: ChainState, *, at_work: bool) -> bool:
        """Tell whether a chain grew enough since its state was kept, or is long and never was.

        `at_work`: others wait meanwhile, so not as soon as at the end.
        """
        grown = state.size - self._kept.get(state.name, 0)
        return grown >= (max(self._every, state.size // TENTH) if at_work else self._every)

    def keep(self, state: ChainState, last: bytes) -> None:
        """Keep a committed state with the bytes of its last record; forget the ones before it."""
        own = Row(state.name, state.size - 1, "", last)
        parts, mark = state_parts.parts(state), _Mark(own)
        key = {"chain": state.name, "position": own.position, "format": state_parts.FORMAT}
        with self._store.connection() as conn:
            for number, data in enumerate(parts, start=1):
                conn.execute(PUT, {**key, "part": number, "state": mark.taking(data)})
            conn.execute(PUT, {**key, "part": 0, "state": mark.digest()})
            conn.execute(OTHERS, key)
        self._kept[state.name] = state.size


class _Mark:
    """What binds a snapshot together: a digest of its last record and all of its parts."""

    def __init__(self, last: Row) -> None:
        self._whole = hashlib.sha256(last.data)

    def taking(self, part: bytes) -> bytes:
        """Take in the next part, and give it on."""
        self._whole.update(hashlib.sha256(part).digest())
        return part

    def digest(self) -> bytes:
        """Return the mark of what was taken in."""
        return self._whole.digest()
