"""Anchors: time stamps of an outside authority over checkpoints, as they are kept.

What is stamped is the signed note of a checkpoint as the log alone signed it: the text, the empty
line, and the signature lines of the log; no cosignature of a witness, since those come later. So a
token says that this tree and these signatures existed at its moment, also when a key of the log
gets into other hands afterwards. Each later checkpoint covers the records of the earlier ones, so
one stamp now and then is enough for all of them.

Here stands every statement about the two tables; `anchoring` asks the authority.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from ledger.log.store import Store

MAX_LISTED: Final = 200

LATEST = """
    SELECT size, number, authority, stamped, token, at
    FROM anchors
    WHERE chain = %(chain)s
    ORDER BY size DESC, number DESC
    LIMIT 1
"""

COVERING = """
    SELECT size, number, authority, stamped, token, at
    FROM anchors
    WHERE chain = %(chain)s AND size > %(position)s
    ORDER BY size, number
    LIMIT 1
"""

ONE = """
    SELECT size, number, authority, stamped, token, at
    FROM anchors
    WHERE chain = %(chain)s AND size = %(size)s AND number = %(number)s
"""

BY = """
    SELECT size, number, authority, stamped, token, at
    FROM anchors
    WHERE chain = %(chain)s AND size = %(size)s AND authority = %(authority)s
"""

LISTED = """
    SELECT size, number, authority, stamped, token, at
    FROM anchors
    WHERE chain = %(chain)s AND (size, number) > (%(size)s::bigint, %(number)s::bigint)
    ORDER BY size, number
    LIMIT %(limit)s
"""

# A second token of one authority for the same checkpoint would say nothing new.
KEEP = """
    INSERT INTO anchors (chain, size, number, authority, stamped, token)
    SELECT
        %(chain)s,
        %(size)s,
        coalesce(max(number), 0) + 1,
        %(authority)s,
        %(stamped)s,
        %(token)s
    FROM anchors
    WHERE chain = %(chain)s AND size = %(size)s
    ON CONFLICT DO NOTHING
"""

# Across chains: grown since its last anchor, which is long enough ago; all by the one clock of the
# database. It walks along two indexes, so it is for what is looked at now and then.
DUE = """
    SELECT signed.chain
    FROM (
        SELECT c.chain, max(c.size) AS size
        FROM checkpoints AS c
        GROUP BY c.chain
    ) AS signed
    LEFT JOIN (
        SELECT DISTINCT ON (a.chain) a.chain, a.size, a.at
        FROM anchors AS a
        ORDER BY a.chain, a.size DESC, a.number DESC
    ) AS anchored ON anchored.chain = signed.chain
    WHERE signed.size > coalesce(anchored.size, 0)
        AND coalesce(anchored.at <= now() - make_interval(secs => %(interval_seconds)s), true)
    ORDER BY signed.chain
"""

# Whoever puts the row there has it; else who moves it ahead. Two statements, since a database that
# is spread over several machines takes no clock inside ON CONFLICT.
CLAIM = """
    INSERT INTO anchor_attempts (chain, not_before)
    VALUES (%(chain)s, now() + make_interval(secs => %(seconds)s))
    ON CONFLICT (chain) DO NOTHING
    RETURNING failures
"""

CLAIM_AGAIN = """
    UPDATE anchor_attempts
    SET not_before = now() + make_interval(secs => %(seconds)s)
    WHERE chain = %(chain)s AND not_before <= now()
    RETURNING failures
"""

FAILED_FIRST = "UPDATE anchor_attempts SET since = now() WHERE chain = %(chain)s AND failures = 0"

FAILED = """
    UPDATE anchor_attempts
    SET
        failures = failures + 1,
        kind = %(kind)s,
        not_before = now() + make_interval(secs => %(seconds)s)
    WHERE chain = %(chain)s
"""

CLEAR = "DELETE FROM anchor_attempts WHERE chain = %(chain)s"

# Across chains: the few that fail, for the health of the server.
FAILING = """
    SELECT chain, kind, failures, since
    FROM anchor_attempts
    WHERE failures > 0
    ORDER BY chain COLLATE "C"
    LIMIT %(limit)s
"""


class Anchor(NamedTuple):
    """A time stamp over the checkpoint of this size.

    `stamped` is the moment that the authority vouches for, `at` when we stored it. `token` is the
    answer of the authority (a TimeStampResp of RFC 3161, in DER), byte for byte. `number` counts
    from 1 where several authorities stamped one checkpoint.
    """

    size: int
    number: int
    authority: str
    stamped: datetime
    token: bytes
    at: datetime

    @property
    def file(self) -> str:
        """The name of the token as a file, as it is served, exported and put in bundles."""
        return f"{self.size}-{self.number}.tsr"


class Failing(NamedTuple):
    """A chain for which no time stamp could be had: the kind of failure, how often, since when."""

    chain: str
    kind: str
    failures: int
    since: datetime


class Anchors:
    """The anchors in the database of a store; safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def latest(self, chain: str) -> Anchor | None:
        """Return the anchor that covers most of a chain; None if it has none."""
        return self._one(LATEST, {"chain": chain})

    def covering(self, chain: str, position: int) -> Anchor | None:
        """Return the earliest anchor that covers the record at this position; None if none does."""
        return self._one(COVERING, {"chain": chain, "position": position})

    def numbered(self, chain: str, size: int, number: int) -> Anchor | None:
        """Return the anchor of this size with this number."""
        return self._one(ONE, {"chain": chain, "size": size, "number": number})

    def by(self, chain: str, size: int, authority: str) -> Anchor | None:
        """Return what this authority gave for the checkpoint of this size."""
        return self._one(BY, {"chain": chain, "size": size, "authority": authority})

    def listed(
        self, chain: str, *, after: tuple[int, int] = (0, 0), limit: int = MAX_LISTED
    ) -> list[Anchor]:
        """Return anchors in order of size and number, those behind `after`; at most MAX_LISTED."""
        size, number = after
        asked = {"size": size, "number": number, "limit": min(limit, MAX_LISTED)}
        return [Anchor(*row) for row in self._store.fetch(LISTED, {"chain": chain, **asked})]

    def all(self, chain: str) -> Iterator[Anchor]:
        """Yield every anchor of a chain in order, read in pages."""
        after = (0, 0)
        while page := self.listed(chain, after=after):
            yield from page
            after = (page[-1].size, page[-1].number)

    def keep(
        self, chain: str, size: int, *, authority: str, stamped: datetime, token: bytes
    ) -> bool:
        """Keep a token that was verified; False where this authority's was there already."""
        given = {"authority": authority, "stamped": stamped, "token": token}
        return self._write(KEEP, {"chain": chain, "size": size, **given}) == 1

    def due(self, interval_seconds: float) -> list[str]:
        """Return the chains that grew since their last anchor, where that is this long ago."""
        return [
            chain for (chain,) in self._store.fetch(DUE, {"interval_seconds": interval_seconds})
        ]

    def claim(self, chain: str, seconds: float) -> int | None:
        """Reserve asking for a chain; return how often it failed so far, None if another has it."""
        with self._store.connection() as conn:
            asked = {"chain": chain, "seconds": seconds}
            found = conn.execute(CLAIM, asked).fetchone()
            if found is None:
                found = conn.execute(CLAIM_AGAIN, asked).fetchone()
        return int(found["failures"]) if found else None

    def failed(self, chain: str, kind: str, pause_seconds: float) -> None:
        """Remember that it failed, and that nobody asks again before this pause is over."""
        with self._store.connection() as conn:
            conn.execute(FAILED_FIRST, {"chain": chain})
            conn.execute(FAILED, {"chain": chain, "kind": kind, "seconds": pause_seconds})

    def clear(self, chain: str) -> None:
        """Forget the claim on a chain and its failures."""
        self._write(CLEAR, {"chain": chain})

    def failing(self) -> list[Failing]:
        """Return the chains for which the last question failed; at most MAX_LISTED."""
        return [Failing(*row) for row in self._store.fetch(FAILING, {"limit": MAX_LISTED})]

    def _one(self, query: str, params: dict[str, Any]) -> Anchor | None:
        found = self._store.fetch(query, params)
        return Anchor(*found[0]) if found else None

    def _write(self, query: str, params: dict[str, Any]) -> int:
        with self._store.connection() as conn:
            return conn.execute(query.encode(), params).rowcount
