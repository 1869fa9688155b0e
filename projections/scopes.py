"""Who may read what: the one place where a reader's scopes become a filter.

Every record has a scope: public, chain or confidential, each more closed than the one before. A
reader has a set of scopes; a scope that is missing is denied, and so is every scope more closed
than it. So a set comes down to one number, its rank, and nobody reads a record of a higher rank.

A thing (a decision, a seat) is known by its records, so readers of different ranks may know
different things of it. Its rows in a read model therefore say for which ranks they were made:
from `scope` up to, but not including, `scope_until`. Such a row was made from nothing but records
that those readers may see.
"""

from collections.abc import Collection
from typing import Final

from psycopg.sql import SQL, Composed, Identifier

RANKS: Final = {"public": 1, "chain": 2, "confidential": 3}
NOBODY: Final = 0
END: Final = len(RANKS) + 1
"""The first rank that does not exist."""

# What was known at a position and not yet known otherwise: a version of a row.
VERSION = SQL("""
    {alias}.chain = %(chain)s
    AND {alias}.known_from <= %(known_at)s
    AND ({alias}.known_until IS NULL OR {alias}.known_until > %(known_at)s)
    AND {alias}.scope <= %(rank)s AND {alias}.scope_until > %(rank)s
""")

# The same where no moment is asked for: what is known now, of any chain.
CURRENT = SQL("""
    {alias}.known_until IS NULL
    AND {alias}.scope <= %(rank)s AND {alias}.scope_until > %(rank)s
""")

# What came with one record and never changes: the record itself, a link to it, a status it gave.
ENTRY = SQL("""
    {alias}.chain = %(chain)s
    AND {alias}.position <= %(known_at)s
    AND {alias}.scope <= %(rank)s
""")


def rank(scopes: Collection[str]) -> int:
    """Return how far these scopes let a reader see; 0 is nothing at all."""
    reached = NOBODY
    for scope, closed in RANKS.items():
        if scope not in scopes:
            break
        reached = closed
    return reached


def version(alias: str) -> Composed:
    """Return the condition under which a reader sees a version of a row."""
    return VERSION.format(alias=Identifier(alias))


def current(alias: str) -> Composed:
    """Return the condition under which a reader sees a row as it is known now."""
    return CURRENT.format(alias=Identifier(alias))


def entry(alias: str) -> Composed:
    """Return the condition under which a reader sees what came with one record."""
    return ENTRY.format(alias=Identifier(alias))
