"""The log of reads: who read what is confidential, or read on an access that was given to them.

It stands beside the record, a row per answer, and is linked by itself: the hash of a row is over
that of the row before and the exact bytes of its own entry. The fields of an entry are those of the
standard Logboek Dataverwerkingen (`dpl.core.*`); people are named by pseudonym only.

An entry is on disk before the answer goes out. Answers that wait at the same time are kept in one
transaction: whoever comes first writes for all. Where it cannot be written there is no answer.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from threading import Lock
from typing import Any, Final

import msgspec
from msgspec import Struct
from psycopg import DatabaseError

from ledger.log import canonical
from ledger.log.database import StoreUnavailable
from ledger.log.flaws import Flaws
from ledger.log.snapshot import Snapshot
from ledger.log.store import Store

WAIT_SECONDS: Final = 5.0
"""How long an answer waits to be noted, at most."""
BATCH: Final = 256
MAX_STRETCHES: Final = 500
"""So many stretches of positions stand in one entry; of more, the whole span does."""
MAX_SUBJECTS: Final = 200
FIRST_PREVIOUS: Final = bytes(32)
ACTIVITY: Final = "urn:ketenledger:verwerking:inzage"
"""Which processing activity it is, for the register of processing of whoever runs the server."""
PAGE: Final = 1000

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('reads ' || %(chain)s, 0))"

LAST = """
    SELECT number, hash FROM reads WHERE chain = %(chain)s ORDER BY number DESC LIMIT 1
"""

PUT = """
    INSERT INTO reads (chain, number, entry, previous, reader, basis, subjects, at)
    VALUES (
        %(chain)s, %(number)s, %(entry)s, %(previous)s, %(reader)s, %(basis)s, %(subjects)s,
        to_timestamp(%(end_ms)s / 1000.0)
    )
"""

NOTED = """
    SELECT number, entry, encode(hash, 'hex')
    FROM reads
    WHERE chain = %(chain)s AND number < %(before)s
        AND (
            %(person)s::text IS NULL
            OR reader = %(person)s OR subjects @> ARRAY[%(person)s::text]
        )
    ORDER BY number DESC
    LIMIT %(most)s
"""

ON_BASIS = """
    SELECT basis, max(at), count(*) FROM reads WHERE chain = %(chain)s AND basis <> ''
    GROUP BY basis
"""

IN_ORDER = """
    SELECT number, entry, previous, hash, reader, basis, subjects
    FROM reads
    WHERE chain = %(chain)s AND number >= %(start)s
    ORDER BY number
    LIMIT %(most)s
"""


class NotLogged(Exception):
    """What was to be read could not be noted in time, so it is not given."""


class Read(Struct, frozen=True, kw_only=True):
    """One answer that was given: to whom (a pseudonym), on which access, of what.

    `name` is the operation, `path` the address that was asked, `positions` the records that called
    for noting it, `subjects` whom those concern. Times are in milliseconds since 1970 (UTC),
    `trace_id` and `span_id` in hexadecimal (W3C Trace Context).
    """

    reader: str
    basis: str
    name: str
    path: str
    positions: tuple[int, ...]
    subjects: tuple[str, ...]
    trace_id: str
    span_id: str
    start_ms: int
    end_ms: int

    def entry(self, chain: str, number: int) -> bytes:
        """Return the bytes that are kept and hashed."""
        return canonical.encode(
            {
                "attributes": {
                    "dpl.core.data_subject_id": list(self.subjects[:MAX_SUBJECTS]),
                    "dpl.core.data_subject_id_type": "pseudonym",
                    "dpl.core.processing_activity_id": ACTIVITY,
                    "ketenledger.access": self.basis,
                    "ketenledger.path": self.path[:1000],
                    "ketenledger.positions": stretches(self.positions),
                    "ketenledger.reader": self.reader,
                },
                "chain": chain,
                "end_time": self.end_ms,
                "name": self.name[:200],
                "number": number,
                "span_id": self.span_id,
                "start_time": self.start_ms,
                "status": "Ok",
                "trace_id": self.trace_id,
                "v": 1,
            }
        )


class Noted(Struct, frozen=True):
    """An entry as it stands in the log, with its number and its hash in hexadecimal."""

    number: int
    entry: bytes
    hash: str


class Used(Struct, frozen=True):
    """How an access was used: when last, and for how many answers."""

    last: datetime
    count: int


class _Waiting:
    """An answer that waits to be noted, and what came of it."""

    __slots__ = ("chain", "done", "error", "read")

    def __init__(self, chain: str, read: Read) -> None:
        self.chain, self.read = chain, read
        self.done = False
        self.error: Exception | None = NotLogged("het log van inzage is niet geschreven")


def stretches(positions: Iterable[int]) -> str:
    """Write positions as stretches, `3-7,9`; too many of them as the whole span, `3~90`."""
    ordered = sorted(set(positions))
    if not ordered:
        return ""
    ends = [one for one, following in pairwise([*ordered, -1]) if following != one + 1]
    starts = [one for before, one in pairwise([-2, *ordered]) if one != before + 1]
    if len(starts) > MAX_STRETCHES:
        return f"{ordered[0]}~{ordered[-1]}"
    pairs = zip(starts, ends, strict=True)
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in pairs)


def spread(stretches: str) -> list[range]:
    """Return the positions that `stretches` wrote; nothing of a span, in which not all were."""
    if "~" in stretches:
        return []
    pairs = (one.partition("-") for one in stretches.split(",") if one)
    return [range(int(first), int(last or first) + 1) for first, _, last in pairs]


class ReadLog:
    """The logs of reads of all chains in the database of a store; safe to share between threads."""

    def __init__(self, store: Store, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._store = store
        self._wait_seconds = wait_seconds
        self._turn = Lock()
        self._queue_lock = Lock()
        self._queue: list[_Waiting] = []

    def keep(self, chain: str, read: Read) -> None:
        """Note an answer before it goes out; on return it is on disk. Raises NotLogged."""
        own = _Waiting(chain, read)
        with self._queue_lock:
            self._queue.append(own)
        end = time.monotonic() + self._wait_seconds
        while not own.done:
            if not self._turn.acquire(timeout=max(0.0, end - time.monotonic())):
                self._give_up(own)
                raise NotLogged("het log van inzage was niet op tijd aan de beurt")
            try:
                if not own.done:
                    self._write()
            finally:
                self._turn.release()
        if own.error is not None:
            raise NotLogged(str(own.error)) from own.error

    def noted(
        self, chain: str, *, before: int, most: int, person: str | None = None
    ) -> list[Noted]:
        """Return entries below a number, newest first; if given, those by or about a person."""
        asked = {"chain": chain, "before": before, "person": person, "most": most}
        return [Noted(*row) for row in self._store.fetch(NOTED, asked)]

    def used(self, chain: str) -> dict[str, Used]:
        """Return how each access of a chain was used, by its id."""
        rows = self._store.fetch(ON_BASIS, {"chain": chain})
        return {basis: Used(last, count) for basis, last, count in rows}

    def _give_up(self, own: _Waiting) -> None:
        with self._queue_lock:
            if own in self._queue:
                self._queue.remove(own)

    def _write(self) -> None:
        """Write what waits, chain by chain; each waiting answer hears what came of it."""
        with self._queue_lock:
            taken, self._queue = self._queue[:BATCH], self._queue[BATCH:]
        by_chain: dict[str, list[_Waiting]] = {}
        for one in taken:
            by_chain.setdefault(one.chain, []).append(one)
        try:
            for chain, waiting in by_chain.items():
                error: Exception | None = None
                try:
                    self._append(chain, [one.read for one in waiting])
                except (StoreUnavailable, DatabaseError, canonical.NotCanonical) as found:
                    error = found
                for one in waiting:
                    one.error = error
        finally:
            # A fault in this program breaks it off: those who wait beside it are told as well.
            for one in taken:
                one.done = True

    def _append(self, chain: str, reads: Sequence[Read]) -> None:
        with self._store.connection(statement_seconds=self._wait_seconds) as connection:
            connection.execute(LOCK, {"chain": chain})
            last = connection.execute(LAST, {"chain": chain}).fetchone()
            number, previous = (
                (last["number"] + 1, bytes(last["hash"])) if last else (0, FIRST_PREVIOUS)
            )
            for read in reads:
                entry = read.entry(chain, number)
                connection.execute(PUT, _row(chain, number, previous, entry, read))
                number, previous = number + 1, link(previous, entry)


def _row(chain: str, number: int, previous: bytes, entry: bytes, read: Read) -> dict[str, Any]:
    return {
        "chain": chain,
        "number": number,
        "entry": entry,
        "previous": previous,
        "reader": read.reader,
        "basis": read.basis,
        "subjects": list(read.subjects[:MAX_SUBJECTS]),
        "end_ms": read.end_ms,
    }


def link(previous: bytes, entry: bytes) -> bytes:
    """Return the hash (32 bytes) of a row: over that of the row before and the entry's bytes."""
    return hashlib.sha256(previous + entry).digest()


def links(snapshot: Snapshot, flaws: Flaws, _remarks: Flaws) -> None:
    """Check the log of reads of a chain, row by row; part of a check of the chain as stored.

    A last part that was cut off as a whole does not show by itself: keep a hash to compare with.
    """
    expected, previous = 0, FIRST_PREVIOUS
    for number, entry, said_previous, said_hash, *columns in _in_order(snapshot):
        fault = ""
        if number != expected:
            fault = f"regel {expected} ontbreekt"
        elif said_previous != previous or said_hash != link(previous, entry):
            fault = f"regel {number} sluit niet aan op de regel ervoor"
        elif not _says(entry, snapshot.chain, number, columns):
            fault = f"regel {number} is niet te vinden onder wat erin staat"
        if fault:
            flaws.add("reads", number, f"Het log van inzage klopt niet: {fault}.")
        expected, previous = number + 1, said_hash


def _says(entry: bytes, chain: str, number: int, columns: Sequence[Any]) -> bool:
    """Tell whether an entry is canonical and of this place, and its columns say what it says."""
    if not canonical.is_canonical(entry):
        return False
    said = msgspec.json.decode(entry)
    own = said.get("attributes", {}) if isinstance(said, dict) else {}
    found = [
        own.get("ketenledger.reader"),
        own.get("ketenledger.access"),
        own.get("dpl.core.data_subject_id"),
    ]
    return isinstance(said, dict) and [
        said.get("chain"), said.get("number"), *found
    ] == [chain, number, *columns]  # fmt: skip


def _in_order(snapshot: Snapshot) -> Iterator[tuple[Any, ...]]:
    """Give every row of a chain, in pages."""
    start = 0
    while True:
        asked = {"chain": snapshot.chain, "start": start, "most": PAGE}
        rows = snapshot.conn.execute(IN_ORDER, asked).fetchall()
        for row in rows:
            yield (
                row["number"], bytes(row["entry"]), bytes(row["previous"]), bytes(row["hash"]),
                row["reader"], row["basis"], row["subjects"],
            )  # fmt: skip
        if len(rows) < PAGE:
            return
        start = rows[-1]["number"] + 1
