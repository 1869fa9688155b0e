"""The keys that a chain itself names: those of its log, and those of the witnesses it ever adopted.

Read from the rows as they lie there, so that they can be had before the chain was found sound; what
cannot be read names no key, and is for the check to find.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
from psycopg.rows import tuple_row

from ledger import catalogue
from ledger.domain.events.chains import ChainEstablished
from ledger.domain.events.evidence import LogKeyAnnounced, WitnessPolicyAdopted
from ledger.log.note_keys import BadKey, Verifier, read_verifier

NAMING: Final = (ChainEstablished, LogKeyAnnounced, WitnessPolicyAdopted)

ROWS = """
    SELECT state
    FROM records
    WHERE originator_id = %(chain)s AND topic = ANY(%(topics)s::text[])
    ORDER BY originator_version
"""


class Announced(NamedTuple):
    """Verifier keys in the order in which the chain named them, each once."""

    log: tuple[Verifier, ...]
    witnesses: tuple[Verifier, ...]


def announced(conn: psycopg.Connection[Any], chain: str) -> Announced:
    """Return the keys that the records of a chain name."""
    topics = [catalogue.type_name(kind) for kind in NAMING]
    log: dict[Verifier, None] = {}
    witnesses: dict[Verifier, None] = {}
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        for (data,) in cursor.execute(ROWS, {"chain": chain, "topics": topics}):
            event = _event(data)
            if isinstance(event, ChainEstablished | LogKeyAnnounced):
                log.update(dict.fromkeys(_keys(event.log_key)))
            elif isinstance(event, WitnessPolicyAdopted):
                texts = (one.verifier_key for one in event.witnesses)
                witnesses.update(dict.fromkeys(_keys(*texts)))
    return Announced(tuple(log), tuple(witnesses))


def _event(data: bytes) -> object:
    try:
        return catalogue.decode(data).body
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _keys(*texts: str) -> Iterator[Verifier]:
    for text in texts:
        try:
            yield read_verifier(text)
        except BadKey:
            continue
