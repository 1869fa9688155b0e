"""The rows that one batch of records adds and closes, by table, until they are written together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Cursor

from ledger import catalogue
from ledger.domain.values import RULES
from projections import copying, scopes, tables
from projections.spelling import plain
from projections.tables import LINKS, RECORDS, STATUSES, TEXTS, Table
from projections.things import Moment, Seen, Values

Key = tuple[str, str]
Place = tuple[str, str, int]

FEW: Final = 48
"""So many rows are sooner inserted, all sent together, than copied table by table."""
RESTS_ON: Final = "under"
"""The kind of link from a record to the position that made it lawful."""


class Link(NamedTuple):
    """That a record is about a thing, from which rank on that may be known, and whom it concerns.

    It is of a higher rank than the record where only a more closed record tells what it is about.
    """

    key: Key
    rank: int
    concerns: frozenset[str] = frozenset()


class Batch:
    """The rows that one batch adds and closes, by table."""

    def __init__(self, written: dict[str, Table]) -> None:
        self._tables = written
        self._rows: dict[str, list[list[Any]]] = {name: [] for name in written}
        self._closings: dict[str, list[tuple[str, str, int, int]]] = {name: [] for name in written}
        self._open: dict[tuple[str, Place], list[Any]] = {}
        self._given: dict[tuple[str, str, Moment], list[Any]] = {}
        self._replaced: list[tuple[str, str, str, int, int, str, int]] = []

    def change(
        self, place: Place, table: str, position: int, before: Values | None, after: Values | None
    ) -> None:
        """End a version at a position, where there was one, and begin the next."""
        if before is not None:
            row = self._open.pop((table, place), None)
            if row is None:
                self._closings[table].append((*place, position))
            else:
                row[5] = position
        if after is not None:
            row = [*place, after[0], position, None, *after[1:]]
            if table == TEXTS.name:
                row.append(_sought_in(after))
            self._rows[table].append(row)
            self._open[table, place] = row

    def status(self, link: Link, number: int, entry: dict[str, Any], position: int) -> None:
        """Add a status that a record gave to a thing."""
        if STATUSES.name in self._rows:
            at = (entry["on"], position, number, link.rank)
            told = (spaced(link.concerns), entry["status"], as_json(entry))
            row = [*link.key, *at, *told, "", None]
            self._rows[STATUSES.name].append(row)
            self._given[(*link.key, (entry["on"], position, number))] = row

    def replace(self, key: Key, earlier: Moment, later: Moment) -> None:
        """Note that a status of a thing is replaced by a later one for all who know it."""
        if STATUSES.name not in self._rows:
            return
        at, position, _ = later
        row = self._given.get((*key, earlier))
        if row is None:
            self._replaced.append((*key, *earlier, at, position))
        else:
            row[-2:] = [at, position]

    def record(self, seen: Seen, about: Sequence[Link], concerned: frozenset[str]) -> None:
        """Add a record itself, with links to it from the things it is about and rests on.

        With the record stands only what it is about for everybody who may read it.
        """
        if RECORDS.name not in self._rows:
            return
        header = seen.header
        scope, whom = scopes.RANKS[header.scope], spaced(concerned)
        position, on = header.position, header.on
        links, things = self._rows[LINKS.name], []
        for key, rank, concerns in about:
            links.append([*key, position, rank, spaced(concerns), on])
            if rank <= scope:
                things.append(f"{key[0]}:{key[1]}")
        rests = [] if header.by == RULES else list(map(str, header.under))
        for rested in rests:
            links.append([RESTS_ON, rested, position, scope, whom, on])
        name = catalogue.type_name(type(seen.event))
        row = [position, header.at, on, name, header.by, header.recorded_by, scope, whom]
        self._rows[RECORDS.name].append([*row, " ".join(things), " ".join(rests)])

    def write(
        self, cursor: Cursor[Any], chain: str, suffix: str, *, only: Collection[str] | None = None
    ) -> None:
        """Write it all in one go, or what is of `only` some tables: first what ends."""
        names = self._tables if only is None else self._tables.keys() & only
        if not suffix and sum(len(self._rows[name]) for name in names) <= FEW:
            with cursor.connection.pipeline():
                self._close(cursor, chain, suffix, names)
                for name in names:
                    tables.insert(cursor, self._tables[name], chain, self._rows[name])
            return
        self._close(cursor, chain, suffix, names)
        for name in names:
            if self._rows[name]:
                copying.copy(cursor, self._tables[name], chain, self._rows[name], suffix)

    def _close(self, cursor: Cursor[Any], chain: str, suffix: str, names: Collection[str]) -> None:
        for name in names:
            if self._closings[name]:
                tables.close(cursor, self._tables[name], chain, self._closings[name], suffix)
        if self._replaced and STATUSES.name in names:
            tables.replace(cursor, chain, self._replaced, suffix)


def _sought_in(values: Values) -> str:
    """Return what a text is searched as it is written; only worth making for a row of its own."""
    title, body, _ = values[-3:]
    return plain(f"{title}\n{body}")


def spaced(names: Collection[str]) -> str:
    """Return names as a column of several takes them."""
    return " ".join(sorted(names)) if names else ""


def as_json(value: object) -> str:
    """Return a value as a column of JSON takes it."""
    return msgspec.json.encode(value).decode()
