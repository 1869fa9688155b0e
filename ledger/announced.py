"""What a chain itself names: the keys of its log, the witnesses it ever adopted, and their quorums.

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
from ledger.log.fsck_signed import Quorum
from ledger.log.note_keys import BadKey, Verifier, read_verifier

NAMING: Final = (ChainEstablished, LogKeyAnnounced, WitnessPolicyAdopted)

ROWS = """
    SELECT originator_version, state
    FROM records
    WHERE originator_id = %(chain)s AND topic = ANY(%(topics)s::text[])
    ORDER BY originator_version
"""


class Announced(NamedTuple):
    """Verifier keys as the chain named them, each once, and all quorums; in order."""

    log: tuple[Verifier, ...]
    witnesses: tuple[Verifier, ...]
    quorums: tuple[Quorum, ...] = ()


def announced(conn: psycopg.Connection[Any], chain: str) -> Announced:
    """Return the keys that the records of a chain name."""
    topics = [catalogue.type_name(kind) for kind in NAMING]
    log: dict[Verifier, None] = {}
    witnesses: dict[Verifier, None] = {}
    quorums: list[Quorum] = []
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        for size, data in cursor.execute(ROWS, {"chain": chain, "topics": topics}):
            event = _event(data)
            if isinstance(event, ChainEstablished | LogKeyAnnounced):
                log.update(dict.fromkeys(_keys(event.log_key)))
            elif isinstance(event, WitnessPolicyAdopted):
                named = tuple(_keys(*(one.verifier_key for one in event.witnesses)))
                witnesses.update(dict.fromkeys(named))
                quorums.append(Quorum(size, frozenset(named), event.quorum))
    return Announced(tuple(log), tuple(witnesses), tuple(quorums))


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
