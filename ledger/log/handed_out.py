"""The register of bundles that were handed out: who took what, and which values it opened.

A bundle cannot be called back. When a value is erased later, this register tells who still has it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from ledger.log.store import Store

MAX_LISTED: Final = 1000

PUT = """
    INSERT INTO bundles (chain, taken_by, door, selection, size, sha256, bytes, disclosed)
    VALUES (
        %(chain)s, %(taken_by)s, %(door)s, %(selection)s, %(size)s, %(sha256)s, %(bytes)s,
        %(disclosed)s
    )
"""

HANDED_OUT = """
    SELECT taken_by, door, selection, size, sha256, bytes, disclosed, at
    FROM bundles
    WHERE chain = %(chain)s
    ORDER BY at DESC, bundle
    LIMIT %(most)s
"""

HOLDING = """
    SELECT taken_by, door, selection, size, sha256, bytes, disclosed, at
    FROM bundles
    WHERE chain = %(chain)s AND disclosed && %(digests)s::text[]
    ORDER BY at DESC, bundle
    LIMIT %(most)s
"""


TAKEN_BY = """
    SELECT taken_by, door, selection, size, sha256, bytes, disclosed, at
    FROM bundles
    WHERE chain = %(chain)s AND taken_by = %(person)s
    ORDER BY at DESC, bundle
    LIMIT %(most)s
"""


class HandedOut(NamedTuple):
    """A bundle that somebody took: who (a pseudonym, empty if not known), by which door, and what.

    `size` is that of its checkpoint, `sha256` and `bytes` are of the zip file; `disclosed` are the
    digests of the values it opens.
    """

    taken_by: str
    door: Literal["http", "command"]
    selection: str
    size: int
    sha256: bytes
    bytes: int
    disclosed: list[str]
    at: datetime | None = None


class Register:
    """The bundles handed out of all chains in the database of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, chain: str, one: HandedOut) -> None:
        """Note a bundle; to be done before it leaves."""
        given = {name: value for name, value in one._asdict().items() if name != "at"}
        with self._store.connection() as connection:
            connection.execute(PUT, {"chain": chain, **given})

    def of(self, chain: str) -> list[HandedOut]:
        """Return the last MAX_LISTED bundles of a chain, newest first."""
        return self._fetch(HANDED_OUT, {"chain": chain})

    def holding(self, chain: str, digests: Sequence[str]) -> list[HandedOut]:
        """Return the bundles that open one of these digests, newest first."""
        return self._fetch(HOLDING, {"chain": chain, "digests": list(digests)})

    def taken_by(self, chain: str, person: str) -> list[HandedOut]:
        """Return the bundles that somebody took, newest first."""
        return self._fetch(TAKEN_BY, {"chain": chain, "person": person})

    def _fetch(self, query: str, asked: dict[str, Any]) -> list[HandedOut]:
        rows = self._store.fetch(query, {**asked, "most": MAX_LISTED})
        return [HandedOut(*row) for row in rows]
