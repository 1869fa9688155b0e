"""What a reader asks for: of which chain, known when, valid on which day, within which scopes.

A view has one fixed position: everything recorded up to it counts, nothing after it. So the queries
behind one answer, and the pages of one list, fit together while the chain grows.

Lists come in pages. A cursor is the key of the last row, in a form that only says where to go on.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed

from ledger.domain.values import NotFound, Refused, instant
from projections import scopes, touched, walks
from projections.scopes import Access
from projections.standing import stand
from projections.words import DUTCH, Speech

Conn = Connection[Any]
Doc = dict[str, Any]
Opener = Callable[[str, Collection[str]], Mapping[str, str]]
"""Gives the texts sealed under these digests in a chain, of those that can be opened."""

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
MAX_CURSOR: Final = 500

# Scope by scope, as the newest record that the public may see can lie far back. In the order of an
# index that begins with the scope: along the positions all of a chain is walked through for a scope
# that no record has.
NEWEST = SQL("""
    SELECT max(newest.position) AS position
    FROM generate_series(1, %(near_rank)s::int) AS each (scope)
    CROSS JOIN LATERAL (
        SELECT r.position
        FROM read_records AS r
        WHERE {visible} AND {walk} AND r.scope >= each.scope AND r.scope <= each.scope
        ORDER BY r.scope DESC, r.position DESC
        LIMIT 1
    ) AS newest
""").format(visible=scopes.entry("r"), walk=walks.along(walks.SCOPE, "r"))

# Recorded times never decrease within a chain, so this is one step in an index.
KNOWN_THEN = SQL("""
    SELECT max(r.position) AS position
    FROM read_records AS r
    WHERE {visible} AND r.recorded_at <= %(moment)s::timestamptz
""").format(visible=scopes.entry("r"))

# What the view stands on, said to the wall in the same question.
AND_STAND = SQL("""
    SELECT newest.position,
        set_config(
            'ketenledger.known_at', least(newest.position, %(most)s::int8)::text, true
        ) AS stands
    FROM ({newest}) AS newest
""")

# The first record of a chain nearly always is one that everybody may see.
ANYTHING = SQL("""
    SELECT 1 AS one
    FROM read_records AS r
    WHERE {visible}
    ORDER BY r.position
    LIMIT 1
""").format(visible=scopes.entry("r"))

UNKNOWN: Final = "Keten {chain} bestaat niet, of was toen nog niet bekend."
"""Said of a chain that is not there, and of one that the reader may see nothing of."""


class ChainUnknown(NotFound):
    """A chain that is not there, or of which the reader may see nothing: told in the same words."""

    def __init__(self, chain: str) -> None:
        super().__init__(UNKNOWN.format(chain=chain))


class View(Struct, frozen=True, kw_only=True):
    """A way of looking at one chain.

    `access` is what the reader may see of it, `known_at` the last position that counts, `valid_on`
    the day that was asked for (empty: none was), `now` the moment of asking, `speech` the language
    in which sentences are said, `opener` opens sealed texts (None: they stay closed).
    """

    chain: str
    access: Access
    known_at: int
    valid_on: str = ""
    now: str
    speech: Speech = DUTCH
    opener: Opener | None = None

    @property
    def day(self) -> str:
        """The day for which it is told who holds what and what is valid."""
        return self.valid_on or self.now[:10]

    def parameters(self, **more: object) -> dict[str, object]:
        """Return what every query of a view needs, and more."""
        own = {"chain": self.chain, "known_at": self.known_at, **self.access.parameters()}
        own |= {"valid_on": self.valid_on or None, "day": self.day}
        if own.keys() & more.keys():
            # A filter of its own under one of these names would undo the filter of the reader.
            raise ValueError(f"a query may not set {sorted(own.keys() & more.keys())}")
        return {**own, **more}


class Paging(Struct, frozen=True):
    """Which part of a list: after which cursor, and how many rows at most."""

    cursor: str = ""
    limit: int = DEFAULT_LIMIT

    def after(self, *shape: type) -> tuple[Any, ...]:
        """Return the key in the cursor, empty at the start; Refused (G13) if it is none of ours."""
        return _key(self.cursor, shape) if self.cursor else ()

    def after_one_of(self, *shapes: tuple[type, ...]) -> tuple[Any, ...]:
        """Return the same where a cursor may have one of several shapes."""
        for shape in shapes[:-1]:
            with suppress(Refused):
                return self.after(*shape)
        return self.after(*shapes[-1])

    @property
    def size(self) -> int:
        """How many rows a page holds; Refused (G13) outside 1 to 200."""
        if not 1 <= self.limit <= MAX_LIMIT:
            raise Refused("G13", f"limit {self.limit}; verwacht 1 tot en met {MAX_LIMIT}")
        return self.limit


class Page(Struct, frozen=True):
    """A part of a list; `next` is the cursor of what follows, empty at the end.

    Where `more_than` is set, there are more things than that: they were not counted or ranked, and
    the newest come first.
    """

    items: list[Doc]
    next: str = ""
    more_than: int = 0


def look(
    connection: Conn,
    chain: str,
    *,
    reader: Access | Collection[str],
    known_at: int | str | None = None,
    valid_on: str = "",
    now: str = "",
    speech: Speech = DUTCH,
    opener: Opener | None = None,
) -> View:
    """Return a view of a chain by who has this access; NotFound if they see nothing of it then.

    From here on the transaction in hand finds nothing but what this view shows (see `wall.py`).

    A set of scopes stands for access to the whole chain. `known_at` is a position or an instant
    (None: all that is known), `valid_on` a day, `now` the moment of asking.
    """
    access = reader if isinstance(reader, Access) else scopes.of_scopes(reader)
    most = known_at if isinstance(known_at, int) else access.end
    asked = {"chain": chain, "known_at": access.end, "moment": known_at, **access.parameters()}
    query = KNOWN_THEN if isinstance(known_at, str) else NEWEST
    stand(connection, chain, access, access.end)
    [row] = fetch(connection, AND_STAND.format(newest=query), {**asked, "most": most})
    newest = row["position"]
    if newest is None:
        raise ChainUnknown(chain)
    position = min(known_at, newest) if isinstance(known_at, int) else newest
    moment = now or instant(datetime.now(UTC))
    return View(
        chain=chain,
        access=access,
        known_at=position,
        valid_on=valid_on,
        now=moment,
        speech=speech,
        opener=opener,
    )


def require_known(connection: Conn, chain: str, access: Access) -> None:
    """Raise NotFound unless there is a record in a chain that may be seen with this access."""
    asked = {"chain": chain, "known_at": access.end, **access.parameters()}
    stand(connection, chain, access, access.end)
    if not fetch(connection, ANYTHING, asked):
        raise ChainUnknown(chain)


def fetch(connection: Conn, query: SQL | Composed, asked: Mapping[str, object]) -> list[Doc]:
    """Return the rows of a query by column name, whatever the connection gives by itself."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, asked).fetchall()
    touched.note(rows)
    return rows


def page(rows: Sequence[Doc], paging: Paging, *key: str) -> tuple[list[Doc], str]:
    """Cut off the one row too many that a query asked for; return the rows and the next cursor."""
    kept = list(rows[: paging.size])
    if len(rows) <= paging.size:
        return kept, ""
    return kept, cursor(*(kept[-1][name] for name in key))


def cursor(*key: object) -> str:
    """Write the key of a row as a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def _key(text: str, shape: tuple[type, ...]) -> tuple[Any, ...]:
    expected = "verwacht er een uit `next`"
    if len(text) > MAX_CURSOR:
        raise Refused("G13", f"een cursor van {len(text)} tekens; {expected}")
    try:
        padded = text + "=" * (-len(text) % 4)
        found = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=list[Any]
        )
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise Refused("G13", f"cursor {text[:80]!r}; {expected}") from error
    if [type(part) for part in found] != list(shape):
        raise Refused("G13", f"cursor {text[:80]!r}; {expected}")
    return tuple(found)
