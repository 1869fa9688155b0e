"""One INSERT of rows into `records`: sent now, answered later, so that a writer need not look on.

    prepare(conn)               once, for a connection that sends many batches
    send(conn, columns)         the statement is on its way
    ...                         whoever sent it decides on what comes next
    landed(conn)                committed, or the error that says why not

Both ends speak to libpq itself, in binary, with a statement the server may have prepared: what
psycopg makes of parameters costs more than all the rest of a small batch. A single row goes as
plain VALUES, which a distributed database answers in a third of the time; more rows go as arrays.

The connection is in autocommit, so the statement is a transaction of its own.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from psycopg import errors, generators
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from ledger.log.database import BoundedConnection

INSERT_ONE = b"""
    INSERT INTO records (originator_id, originator_version, topic, state)
    VALUES ($1::text, $2::int8, $3::text, $4::bytea)
"""

INSERT_MANY = b"""
    INSERT INTO records (originator_id, originator_version, topic, state)
    SELECT given.originator_id, given.originator_version, given.topic, given.state
    FROM unnest($1::text[], $2::int8[], $3::text[], $4::bytea[])
        AS given (originator_id, originator_version, topic, state)
"""

STATEMENTS: Final = {b"insert_record": INSERT_ONE, b"insert_records": INSERT_MANY}
BINARY: Final = (Format.BINARY,) * 4

# The object ids of PostgreSQL's own types never change (pg_type.dat).
TEXT, BIGINT, BYTES = 25, 20, 17


class Columns(NamedTuple):
    """The rows of one INSERT, column by column; all of one length, which is not zero."""

    chains: Sequence[str]
    versions: Sequence[int]
    topics: Sequence[str]
    states: Sequence[bytes]


def send(conn: BoundedConnection, rows: Columns) -> None:
    """Send these rows; nothing else may be asked of the connection until `landed` has answered.

    Raises psycopg's errors; after an OperationalError they may have been kept or not.
    """
    name = _name(rows)
    try:
        values = _one(rows) if len(rows.chains) == 1 else _many(rows)
    except struct.error as error:
        raise errors.NumericValueOutOfRange("a version does not fit in a bigint") from error
    if name in conn.prepared:
        conn.pgconn.send_query_prepared(name, values, BINARY)
    else:
        conn.pgconn.send_query_params(STATEMENTS[name], values, param_formats=BINARY)
    if conn.pgconn.flush():
        conn.wait(generators.send(conn.pgconn))  # more than the wire takes at once


def prepare(conn: BoundedConnection) -> None:
    """Let the server keep both statements for this connection, for who will send many batches.

    Not while rows are on their way: it is a question of its own, and rows must need only one.
    """
    for name, statement in STATEMENTS.items():
        conn.pgconn.send_prepare(name, statement)
        conn.wait(generators.send(conn.pgconn))
        landed(conn)
        conn.prepared.add(name)


def arrived(conn: BoundedConnection) -> bool:
    """Tell without waiting whether what was sent is answered in full, or the wire is gone."""
    try:
        conn.pgconn.consume_input()
    except errors.OperationalError:
        return True  # taking the answer says so
    return not conn.pgconn.is_busy()


def landed(conn: BoundedConnection, *, seconds: float | None = None) -> None:
    """Wait until what was sent is committed, or raise psycopg's error that says why it is not."""
    results = _at_hand(conn.pgconn)
    if not results or results[-1] is not None:
        results += conn.wait(generators.fetch_many(conn.pgconn), timeout=seconds)
    for result in results:
        if result is not None and result.status != ExecStatus.COMMAND_OK:
            raise errors.error_from_result(result)


def _at_hand(pgconn: PGconn) -> list[PGresult | None]:
    """Return the results that came already, with None behind the last one there will be.

    Whoever asks when the answer can be read needs no second wait for it.
    """
    pgconn.consume_input()
    results: list[PGresult | None] = []
    while not pgconn.is_busy():
        results.append(pgconn.get_result())
        if results[-1] is None:
            break
    return results


def _name(rows: Columns) -> bytes:
    return b"insert_record" if len(rows.chains) == 1 else b"insert_records"


def _one(rows: Columns) -> list[bytes]:
    [chain], [version], [topic], [state] = rows
    return [chain.encode(), struct.pack("!q", version), topic.encode(), state]


def _many(rows: Columns) -> list[bytes]:
    count = len(rows.versions)
    numbers = [part for version in rows.versions for part in (8, version)]
    return [
        array(TEXT, [chain.encode() for chain in rows.chains]),
        _head(BIGINT, count) + struct.pack("!" + "iq" * count, *numbers),
        array(TEXT, [topic.encode() for topic in rows.topics]),
        array(BYTES, rows.states),
    ]


def _head(kind: int, count: int) -> bytes:
    """Begin an array of one dimension, without nulls, counted from 1."""
    return struct.pack("!iiIii", 1, 0, kind, count, 1)


def array(kind: int, items: Sequence[bytes]) -> bytes:
    """Return items of this type as an array in PostgreSQL's binary form."""
    parts = [_head(kind, len(items))]
    for item in items:
        parts.append(len(item).to_bytes(4, "big"))
        parts.append(item)
    return b"".join(parts)
