"""Telling who listens how far chains are: one statement, in libpq's own binary calls.

Under load it is asked forty times a second, beside a writer that wants the same interpreter:
what psycopg makes of parameters costs three times as much as this.

It is not kept prepared. The connection comes from a pool, and there psycopg has the server forget
every prepared statement after some rollbacks, also those that it knows nothing of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from psycopg import errors, generators
from psycopg.pq import ExecStatus, Format

from ledger.log.database import BoundedConnection
from ledger.log.insertion import TEXT, array
from ledger.log.turn_lock import SPACE

CHANNEL: Final = "ketenledger"

# A notification may be missed, so nothing has to be on disk before it goes out.
# Who tells is told in the same breath which turns others have (`turn_lock.py`).
NOTIFY = b"""
    SELECT
        set_config('synchronous_commit', 'off', true),
        (
            SELECT count(pg_notify($1::text, given.payload))
            FROM unnest($2::text[]) AS given (payload)
        ),
        (
            SELECT string_agg(objid::text, ' ')
            FROM pg_locks
            WHERE locktype = 'advisory' AND classid = $3::oid AND objsubid = 2
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        )
"""
FORMATS: Final = (Format.TEXT, Format.BINARY, Format.TEXT)


def tell(conn: BoundedConnection, payloads: Sequence[str]) -> frozenset[int]:
    """Send these texts on the channel, as a transaction of their own; raises psycopg's errors.

    Returns the numbers of the turns that somebody has now.
    """
    texts = array(TEXT, [payload.encode() for payload in payloads])
    values = [CHANNEL.encode(), texts, b"%d" % SPACE]
    conn.pgconn.send_query_params(NOTIFY, values, param_formats=FORMATS)
    conn.wait(generators.send(conn.pgconn))
    [result] = conn.wait(generators.fetch_many(conn.pgconn))
    if result.status != ExecStatus.TUPLES_OK:
        raise errors.error_from_result(result)
    return frozenset(map(int, (result.get_value(0, 2) or b"").split()))
