"""The values that were erased, by digest: what readers are told where a value was.

A row is made in the same transaction that takes the value away, and keeps that digest from ever
being stored again. It says on what ground and by which partner's decision, and nothing personal.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import DictRow

from ledger.log.store import Store

# Recorded anew after a restore, a value is erased by the record that stands there now.
PUT = """
    INSERT INTO erasures (chain, digest, subject, ground, organisation, position)
    SELECT %(chain)s, given.digest, %(subject)s, %(ground)s, %(organisation)s, %(position)s
    FROM unnest(%(digests)s::text[]) AS given (digest)
    ON CONFLICT (chain, digest) DO UPDATE
    SET ground = excluded.ground, organisation = excluded.organisation,
        position = excluded.position
    WHERE excluded.position IS NOT NULL
"""

FIND = """
    SELECT chain, digest, subject, ground, organisation, position, erased_at
    FROM erasures
    WHERE chain = %(chain)s AND digest = ANY(%(digests)s::text[])
"""

OF_SUBJECT = """
    SELECT chain, digest, subject, ground, organisation, position, erased_at
    FROM erasures
    WHERE chain = %(chain)s AND subject = %(subject)s
    ORDER BY erased_at, digest
"""

# Across chains: every erasure, to be done again after a backup was put back.
ALL = """
    SELECT chain, digest, subject, ground, organisation, position, erased_at
    FROM erasures
    ORDER BY chain, position, digest
"""


class Erased(NamedTuple):
    """A value that is gone: whose it was, on what ground, who decided, where that is recorded."""

    chain: str
    digest: str
    subject: str
    ground: str
    organisation: str
    position: int | None
    at: datetime


class ToErase(NamedTuple):
    """Values of one person in one chain that are to go, and why."""

    chain: str
    subject: str
    digests: Sequence[str]
    ground: str
    organisation: str
    position: int | None = None


def put(conn: psycopg.Connection[DictRow], wanted: ToErase) -> None:
    """Note in a transaction that these values are gone."""
    conn.execute(PUT, {**wanted._asdict(), "digests": list(wanted.digests)})


def find(store: Store, chain: str, digests: Iterable[str]) -> dict[str, Erased]:
    """Return by digest those of these values that were erased."""
    wanted = [digest for digest in dict.fromkeys(digests) if digest]
    rows = _rows(store, FIND, chain=chain, digests=wanted) if wanted else []
    return {row.digest: row for row in rows}


def of_subject(store: Store, chain: str, subject: str) -> list[Erased]:
    """Return all values of somebody that were erased, oldest first."""
    return _rows(store, OF_SUBJECT, chain=chain, subject=subject)


def everything(store: Store) -> list[Erased]:
    """Return every erased value of every chain."""
    return _rows(store, ALL)


def _rows(store: Store, query: str, **asked: Any) -> list[Erased]:
    return [Erased._make(row) for row in store.fetch(query, asked)]
