"""Who may read what: the one place where what a reader may see becomes a filter.

Every record has a scope: public, chain or confidential, each more closed than the one before. A
reader has a set of scopes; a scope that is missing is denied, and so is every scope more closed
than it. So a set comes down to one number, its rank, and nobody reads a record of a higher rank.
Which rank somebody has in which chain, and for which part of it, is in `access.py`.

A thing (a decision, a seat) is known by its records, so readers of different ranks may know
different things of it. Its rows in a read model therefore say for which ranks they were made:
from `scope` up to, but not including, `scope_until`. Such a row was made from nothing but records
that those readers may see.

A confidential record says whom it concerns (`concerns`, made by `concerns.py`): who has one of
these places may read it. A row that was made with confidential records says whom all of them
concern (`open_to`): only who may see every one of them is shown what they come to together.
"""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct
from psycopg.sql import SQL, Composed, Identifier

RANKS: Final = {"public": 1, "chain": 2, "confidential": 3}
NOBODY: Final = 0
END: Final = len(RANKS) + 1
"""The first rank that does not exist."""
NO_END: Final = 2**53
"""A position that no chain reaches."""

# Nothing passes a comparison with an unknown value, so what is missing is denied here too.
VISIBLE: Final = """(
    {alias}.scope <= %(floor)s
    OR (
        {alias}.position >= %(from_position)s
        AND (
            {alias}.scope <= %(rank)s
            OR ({alias}.scope <= %(near_rank)s AND {alias}.concerns && %(places)s::text[])
        )
    )
)"""

# Of the rows of a thing that was known before the period began, the one of the floor counts; of
# other things the one of the rank, or of the higher rank where all of that is open to the reader.
COVERS: Final = """
    {alias}.scope <= %(near_rank)s AND {alias}.scope_until > %(floor)s
    AND CASE
        WHEN {alias}.since < %(from_position)s
            THEN {alias}.scope <= %(floor)s AND {alias}.scope_until > %(floor)s
        WHEN {alias}.scope <= %(rank)s AND {alias}.scope_until > %(near_rank)s THEN true
        WHEN {alias}.scope <= %(rank)s AND {alias}.scope_until > %(rank)s
            THEN NOT {alias}.open_to && %(places)s::text[]
        WHEN {alias}.scope_until > %(near_rank)s THEN {alias}.open_to && %(places)s::text[]
        ELSE false
    END
"""

# What was known at a position and not yet known otherwise: a version of a row.
KNOWN: Final = f"""
    {{alias}}.known_from <= %(known_at)s
    AND ({{alias}}.known_until IS NULL OR {{alias}}.known_until > %(known_at)s)
    AND {COVERS}
"""
VERSION = SQL(f"{{alias}}.chain = %(chain)s AND {KNOWN}")

# The same of rows that are found by their words. A planner that knows nothing of a table yet rather
# walks along its key, where that has anything of the condition but the chain.
WORDED = SQL(f"{{alias}}.chain = %(chain)s AND coalesce({KNOWN}, false)")

# A version of a row of many chains at once, by who may see so much of each.
EACH = SQL("""
    {alias}.known_from <= {may}.last
    AND ({alias}.known_until IS NULL OR {alias}.known_until > {may}.last)
    AND {alias}.scope <= CASE WHEN {alias}.since < {may}.first THEN {may}.floor ELSE {may}.rank END
    AND {alias}.scope_until
        > CASE WHEN {alias}.since < {may}.first THEN {may}.floor ELSE {may}.rank END
""")

# What came with one record and never changes: the record itself, a link to it, a status it gave.
ENTRY = SQL(f"""
    {{alias}}.chain = %(chain)s
    AND {{alias}}.position <= %(known_at)s
    AND {VISIBLE}
""")


class Access(Struct, frozen=True, kw_only=True):
    """What somebody may read of one chain.

    Records up to `rank` from position `first` on, those up to `floor` wherever they stand, and
    those up to `near_rank` that concern one of `places` (see `concerns.py`). Nothing that was
    recorded after `last` counts; None has no end. The default is nothing at all.
    """

    rank: int = NOBODY
    floor: int = NOBODY
    near_rank: int = NOBODY
    places: tuple[str, ...] = ()
    first: int = 0
    last: int | None = None
    grant: str = ""

    def parameters(self) -> dict[str, Any]:
        """Return what the filter asks of a reader."""
        return {
            "floor": min(self.floor, self.rank),
            "rank": self.rank,
            "near_rank": max(self.near_rank, self.rank),
            "places": list(self.places),
            "from_position": self.first,
        }

    @property
    def end(self) -> int:
        """The last position that can count, far beyond any chain where there is no limit."""
        return end_of(self.last)

    @property
    def everything(self) -> bool:
        """Whether every record may be read, whatever its scope, period or moment."""
        return self.rank == END - 1 and not self.first and self.last is None


NOTHING: Final = Access()


def end_of(last: int | None) -> int:
    """Return a last position; where there is no limit, one far beyond any chain."""
    return NO_END if last is None else last


def of_scopes(scopes: Collection[str]) -> Access:
    """Return the access of who has these scopes in the whole chain."""
    reached = rank(scopes)
    return Access(rank=reached, floor=reached)


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


def worded(alias: str) -> Composed:
    """Return the same condition for rows that are looked for by their words."""
    return WORDED.format(alias=Identifier(alias))


def each(alias: str, may: str) -> Composed:
    """Return the condition for a row of any chain; `may` holds per chain what of it is open."""
    return EACH.format(alias=Identifier(alias), may=Identifier(may))


def entry(alias: str) -> Composed:
    """Return the condition under which a reader sees what came with one record."""
    return ENTRY.format(alias=Identifier(alias))
