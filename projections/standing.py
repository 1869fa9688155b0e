"""Where a reader stands before the second wall: what a transaction may see of the read models.

    SET ketenledger.chain, .known_at, .rank, ...    for the transaction in hand, and no longer

The policies of `wall.py` ask these settings where the filter of `scopes.py` asks parameters. One
that is missing is unknown, and nothing passes a comparison with what is unknown: so whoever has not
said for whom they look finds nothing.
"""

from __future__ import annotations

import re
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier

from projections.scopes import Access

WORDS: Final = frozenset({"chain"})
LISTS: Final = frozenset({"places"})
"""The settings that are not a whole number."""

STAND = SQL("""
    SELECT
        set_config('ketenledger.chain', %(chain)s, true),
        set_config('ketenledger.known_at', %(known_at)s::int8::text, true),
        set_config('ketenledger.floor', %(floor)s::int8::text, true),
        set_config('ketenledger.rank', %(rank)s::int8::text, true),
        set_config('ketenledger.near_rank', %(near_rank)s::int8::text, true),
        set_config('ketenledger.places', %(places)s::text[]::text, true),
        set_config('ketenledger.from_position', %(from_position)s::int8::text, true)
""")

# The sum is made apart: its operator is not leakproof, so with a policy on the record all of it
# would be walked through instead of looking up each position.
STORED = SQL("""
    CROSS JOIN LATERAL (SELECT {alias}.position + 1 AS version OFFSET 0) AS numbered
    JOIN records AS r
        ON r.originator_id = {alias}.chain AND r.originator_version = numbered.version
""")


def stand(connection: Connection[Any], chain: str, access: Access, known_at: int) -> None:
    """Let the rest of this transaction see of a chain what this access opens, as known then."""
    connection.execute(STAND, {"chain": chain, "known_at": known_at, **access.parameters()})


def stored(alias: str) -> Composed:
    """Return the join that finds the stored record (`r`) of each row with a chain and position."""
    return STORED.format(alias=Identifier(alias))


def of_settings(condition: str) -> str:
    """Return a condition that asks settings, looked up once, where it asked parameters."""
    return re.sub(r"%\((\w+)\)s", lambda found: _setting(found[1]), condition)


def _setting(name: str) -> str:
    kind = "text" if name in WORDS else "text[]" if name in LISTS else "int8"
    return f"(SELECT nullif(current_setting('ketenledger.{name}', true), '')::{kind})"
