"""A signed log of small but real records, and what the check of it as stored finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from ledger.log import canonical
from ledger.log.flaws import Flaw
from ledger.log.fsck import Evidence, Fsck, Kept
from ledger.log.log_key import LogKey
from ledger.log.note_keys import Verifier
from ledger.log.snapshot import Snapshot
from ledger.log.store import Row, Store
from tests.log.signing import CHAIN, DISARM, KEY, integrator_on

SIZES = (300, 600)
"""At which sizes the log was signed: in its second tile and in its third."""


def data_of(position: int, *, chain: str = CHAIN, said: str = "", **header: object) -> bytes:
    """The bytes of a record that says its own number."""
    own = {"act": f"act-{position}", "at": moment(position), "chain": chain, "position": position}
    body = {"said": said or str(position), "type": "Made.v1"}
    return canonical.encode({"body": body, "header": own | header})


def moment(position: int) -> str:
    return f"2024-01-01T{position // 3600:02}:{position // 60 % 60:02}:{position % 60:02}.000000Z"


def grow(store: Store, size: int, *, said: str = "") -> None:
    """Let the record grow to this size."""
    start = store.size(CHAIN)
    store.append(
        [Row(CHAIN, one, "Made.v1", data_of(one, said=said)) for one in range(start, size)]
    )


def signed_log(store: Store, *, key: LogKey = KEY, said: str = "") -> None:
    """Make the log and sign it at each of its sizes."""
    for size in SIZES:
        grow(store, size, said=said)
        integrator_on(store, key=key).integrate(CHAIN)


def check(database: str, **known: Any) -> Evidence:
    """Check the log as it is stored."""
    with Store(database) as store, store.snapshot(statement_seconds=60) as conn:
        return check_on(conn, **known)


def check_on(
    conn: psycopg.Connection[Any],
    *,
    keys: Sequence[Verifier] = KEY.verifiers,
    witnesses: Sequence[Verifier] = (),
    kept: Sequence[Kept] = (),
) -> Evidence:
    """Check the log as this transaction sees it."""
    fsck = Fsck(Snapshot(conn, CHAIN), keys=keys, witnesses=witnesses, kept=kept)
    for _ in fsck.records():
        pass
    return fsck.evidence()


def found(evidence: Evidence) -> dict[str, Flaw]:
    """Return the flaws by kind."""
    return {flaw.kind: flaw for flaw in evidence.flaws}


@contextmanager
def by_the_owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection of the owner of the tables, with all triggers off; commit at the end."""
    with psycopg.connect(database) as owner:
        for statement in DISARM:
            owner.execute(statement)
        yield owner


def replace_record(owner: psycopg.Connection[Any], position: int, data: bytes) -> None:
    """Put other bytes in the place of a record; the database hashes them again."""
    owner.execute(
        "UPDATE records SET state = %s WHERE originator_version = %s", (data, position + 1)
    )
