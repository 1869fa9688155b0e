"""One chain's records turned into rows of read models, a batch at a time.

    records -> what each is about -> the documents of those things -> rows that changed -> tables

Documents are kept between batches, up to a limit; one that is not at hand is made again from the
records that the links tell of. Everything is written in a handful of statements, whatever the
size of the batch.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from ledger import catalogue
from ledger.domain import sealing
from ledger.domain.events.memory import EventAnnotated, RecordCorrected
from ledger.domain.events.outcomes import DecisionTookForce
from ledger.domain.values import RULES
from ledger.faults import FAULTS, BrokenLog
from projections import scopes
from projections.batch import Batch, Key, Link, as_json, spaced
from projections.concerns import concerns
from projections.models import MODELS, Model
from projections.tables import DUE, LINKS, RECORDS, TEXTS, VERSION_COLUMNS, Table
from projections.things import Kind, Part, Seen, Thing, Values, imported_label, row_of

MAX_THINGS: Final = 4096
"""How many things of a chain stay at hand between two batches."""
CONFIDENTIAL: Final = scopes.RANKS["confidential"]
MAX_TEXT: Final = 100_000
"""How many characters of a thing can be searched; a longer text is found by its beginning."""

EARLIER = SQL("""
    SELECT r.position, r.type, r.things, r.scope, r.concerns
    FROM {records} AS r
    WHERE r.chain = %(chain)s AND r.position = ANY(%(positions)s::int8[])
""")

# All records that made these things so far, each thing's in order; of those that are quiet only
# the first of each scope, by position and by moment, and of each company that a confidential one
# concerns. Things are looked up one by one (the inner OFFSET keeps it so): most are new and have
# none.
HISTORY = SQL("""
    SELECT given.kind, given.id, r.state, own.scope, own.concerns
    FROM unnest(%(kinds)s::text[], %(ids)s::text[]) AS given (kind, id)
    CROSS JOIN LATERAL (
        SELECT
            l.position, l.scope, l.concerns,
            l.kind || ':' || t.type = ANY(%(quiet)s::text[]) AS quiet,
            row_number() OVER (PARTITION BY l.scope ORDER BY l.position) AS place,
            row_number() OVER (PARTITION BY l.scope ORDER BY t.occurred_at, l.position) AS turn,
            row_number() OVER (PARTITION BY l.scope, l.concerns ORDER BY l.position) AS company
        FROM {links} AS l
        JOIN {records} AS t ON t.chain = l.chain AND t.position = l.position
        WHERE l.chain = %(chain)s AND l.kind = given.kind AND l.id = given.id
            AND l.position < %(before)s
        OFFSET 0
    ) AS own
    JOIN records AS r ON r.originator_id = %(chain)s AND r.originator_version = own.position + 1
    WHERE NOT own.quiet OR own.place = 1 OR own.turn = 1 OR own.company = 1
    ORDER BY given.kind, given.id, own.position
""")


Write = Callable[[Cursor[Any]], None]
"""Writes what a batch changed, on whatever connection."""


class Earlier(NamedTuple):
    """What is known of a record by its position: its type, what it is about, whom it concerns."""

    type: str
    things: tuple[Key, ...]
    rank: int
    concerns: frozenset[str] = frozenset()


class Matter(NamedTuple):
    """A thing that a record is about, and the earlier record that says so if not it itself."""

    key: Key
    source: int | None = None


class Folding:
    """The read models of one chain, as far as `position`; -1 before the first record.

    `models` are written, to tables whose names end in `suffix`.
    """

    def __init__(self, chain: str, models: Iterable[Model], suffix: str = "") -> None:
        self.chain = chain
        self.position = -1
        self._tables = {table.name: table for model in models for table in model.tables}
        self._suffix = suffix
        # Who builds the records builds every kind of thing; who does not, finds the records made.
        self._partly = RECORDS.name not in self._tables
        own = "" if self._partly else suffix
        self._earlier = EARLIER.format(records=Identifier(RECORDS.name + own))
        self._history = HISTORY.format(
            links=Identifier(LINKS.name + own), records=Identifier(RECORDS.name + own)
        )
        self._kinds = {kind.name: kind for model in models for kind in model.kinds}
        self._parts = _parts(self._kinds.values())
        self._quiet = _quiet(self._kinds.values())
        # What records are about is read back for the next batch; nothing else is.
        self._read_back = self._tables.keys() & {RECORDS.name, LINKS.name}
        self._things: OrderedDict[Key, Thing] = OrderedDict()

    def forget(self) -> None:
        """Start afresh from the tables: somebody else may have written meanwhile."""
        self._things.clear()

    def take(
        self,
        cursor: Cursor[Any],
        rows: Sequence[tuple[int, bytes]],
        later: Callable[[Write], None] | None = None,
    ) -> int:
        """Take in the next records, as (position, bytes), write what changed; return how many.

        They are taken in up to one that cannot be read; BrokenLog where that is the first. What the
        next records do not need is handed to `later`, where that is given, to be written in order.
        """
        seen = self._readable(rows)
        earlier = self._look_back(cursor, seen)
        about = self._about(seen, earlier)
        batch = Batch(self._tables)
        self._bring(cursor, {one.key for own in about for one in own}, before=rows[0][0])
        for one, matters in zip(seen, about, strict=True):
            try:
                self._add(matters, one, batch, earlier)
            except FAULTS as error:
                raise self._broken(one.header.position, error) from error
        if later is None:
            batch.write(cursor, self.chain, self._suffix)
        else:
            batch.write(cursor, self.chain, self._suffix, only=self._read_back)
            rest = self._tables.keys() - self._read_back
            later(partial(batch.write, chain=self.chain, suffix=self._suffix, only=rest))
        self.position = seen[-1].header.position
        while len(self._things) > MAX_THINGS:
            self._things.popitem(last=False)
        return len(seen)

    def _readable(self, rows: Sequence[tuple[int, bytes]]) -> list[Seen]:
        seen: list[Seen] = []
        for position, data in rows:
            try:
                one = _read(data)
                if (one.header.chain, one.header.position) != (self.chain, position):
                    raise ValueError("de gebeurtenis is van een andere plaats")
            except FAULTS as error:
                if seen:
                    break
                raise self._broken(position, error) from error
            seen.append(one)
        return seen

    def _broken(self, position: int, error: Exception) -> BrokenLog:
        return BrokenLog(self.chain, position, f"{type(error).__name__}: {error}")

    def _about(self, seen: Sequence[Seen], earlier: dict[int, Earlier]) -> list[list[Matter]]:
        """Return for each record the things it is about, in a fixed order; add it to `earlier`.

        What follows from a record there, follows only from what it is about for who may read it.
        """
        about = []
        for one in seen:
            matters = {key: Matter(key) for key in self._named(one)}
            for source in _leans_on(one):
                for key in _inherited(one, earlier[source]) if source in earlier else ():
                    matters.setdefault(key, Matter(key, source))
            known = [matter for matter in matters.values() if matter.key[0] in self._kinds]
            rank, position = scopes.RANKS[one.header.scope], one.header.position
            own = tuple(matter.key for matter in known if _rank(matter, earlier) <= rank)
            given = earlier[position].concerns if position in earlier else frozenset()
            name = catalogue.type_name(type(one.event))
            earlier[position] = Earlier(name, own, rank, given)
            about.append(known)
        return about

    def _look_back(self, cursor: Cursor[Any], seen: Sequence[Seen]) -> dict[int, Earlier]:
        first = seen[0].header.position
        leans = (at for one in seen for at in (*_leans_on(one), *_confided_by(one)))
        wanted = sorted({at for at in leans if at < first})
        if self._partly:
            wanted += [one.header.position for one in seen if _confidential(one)]
        if not wanted:
            return {}
        asked = {"chain": self.chain, "positions": wanted}
        return {
            position: Earlier(name, tuple(map(_key, things)), rank, frozenset(concerned))
            for position, name, things, rank, concerned in cursor.execute(self._earlier, asked)
        }

    def _named(self, seen: Seen) -> Iterable[Key]:
        for kind, part in self._parts.get(type(seen.event), ()):
            for name in part.ids(seen.event, seen.header):
                yield (kind.name, name)

    def _bring(self, cursor: Cursor[Any], wanted: set[Key], *, before: int) -> None:
        """Have the documents of these things at hand, as they were before a position."""
        missing = sorted(key for key in wanted if key not in self._things)
        for key in missing:
            self._things[key] = Thing(self._kinds[key[0]], key[1])
        if missing and before:
            kinds, ids = map(list, zip(*missing, strict=True))
            asked = {"chain": self.chain, "kinds": kinds, "ids": ids, "before": before}
            cursor.execute(self._history, {**asked, "quiet": self._quiet})
            for kind, name, data, rank, concerned in cursor:
                thing = self._things[kind, name]
                thing.take(_read(data), rank)
                if rank == CONFIDENTIAL:
                    thing.narrow(frozenset(concerned))
            for key in missing:
                self._things[key].rows = self._rows(self._things[key])
                self._things[key].replaced.clear()

    def _add(
        self, matters: Sequence[Matter], seen: Seen, batch: Batch, earlier: dict[int, Earlier]
    ) -> None:
        """Let the things that a record is about take it in, and write what changed by it."""
        things = [self._things[matter.key] for matter in matters]
        known = [len(thing.statuses) for thing in things]
        rank, position = scopes.RANKS[seen.header.scope], seen.header.position
        changed = [
            thing.take(seen, _rank(matter, earlier))
            for matter, thing in zip(matters, things, strict=True)
        ]
        concerned = self._concerned(seen, things, earlier)
        links = [_link(one, rank, concerned, earlier) for one in matters]
        for link, thing, statuses, new in zip(links, things, known, changed, strict=True):
            self._things.move_to_end(link.key)
            if link.rank == CONFIDENTIAL:
                thing.narrow(link.concerns)
            if new or link.rank == CONFIDENTIAL:
                self._change(link.key, thing, position, batch)
            if len(thing.statuses) > statuses:
                for number, entry in enumerate(thing.statuses[statuses:]):
                    batch.status(link, number, entry, position)
            if thing.replaced:
                for before, later in thing.replaced:
                    batch.replace(link.key, before, later)
                thing.replaced.clear()
        batch.record(seen, links, concerned)

    def _concerned(
        self, seen: Seen, things: Sequence[Thing], earlier: dict[int, Earlier]
    ) -> frozenset[str]:
        """Return whom a confidential record concerns; what follows from another, whom that did."""
        position = seen.header.position
        if not _confidential(seen) or self._partly:
            return earlier[position].concerns
        before = [earlier[at].concerns for at in _confided_by(seen) if at in earlier]
        found = concerns(seen, things).union(*before)
        earlier[position] = earlier[position]._replace(concerns=found)
        return found

    def _change(self, key: Key, thing: Thing, position: int, batch: Batch) -> None:
        rows, known = self._rows(thing), thing.rows
        if rows == known:
            return
        for place in known | rows:
            before, after = known.get(place), rows.get(place)
            if before != after:
                scope, table = place
                batch.change((*key, scope), table, position, before, after)
        thing.rows = rows

    def _rows(self, thing: Thing) -> dict[tuple[int, str], Values]:
        """Return the rows of a thing by rank and table, for the tables that are written here."""
        rows: dict[tuple[int, str], Values] = {}
        open_to = spaced(thing.open_to)
        for start, end, doc in thing.spans():
            for table, values in _views_of(thing.kind, doc, self._tables):
                rows[start, table] = (end, doc["positions"][0], open_to, *values)
        return rows


def _rank(matter: Matter, earlier: dict[int, Earlier]) -> int:
    """Return from which rank on it is known that something is the matter, beside the record's."""
    return scopes.NOBODY if matter.source is None else earlier[matter.source].rank


def _link(
    matter: Matter, rank: int, concerned: frozenset[str], earlier: dict[int, Earlier]
) -> Link:
    """Return how a record of a rank, which concerns these, is linked to what it is about."""
    source = _rank(matter, earlier)
    if matter.source is None or source <= rank:
        return Link(matter.key, rank, concerned)
    return Link(matter.key, source, earlier[matter.source].concerns)


def _parts(kinds: Iterable[Kind]) -> dict[type, list[tuple[Kind, Part]]]:
    found: dict[type, list[tuple[Kind, Part]]] = {}
    for kind in kinds:
        for event, part in kind.parts.items():
            found.setdefault(event, []).append((kind, part))
    return found


def _quiet(kinds: Iterable[Kind]) -> list[str]:
    """Name the events that nothing is listed of, each with the kind of thing it is quiet about."""
    return [f"{kind.name}:{name}" for kind in kinds for name in kind.quiet]


def _read(data: bytes) -> Seen:
    record = catalogue.decode(data)
    return Seen(record.body, record.header)


def _key(thing: str) -> Key:
    kind, _, name = thing.partition(":")
    return (kind, name)


def _leans_on(seen: Seen) -> tuple[int, ...]:
    """Return the earlier records that say what this one is about."""
    if isinstance(seen.event, RecordCorrected | EventAnnotated):
        return (seen.event.target,)
    return seen.header.under if seen.header.by == RULES else ()


def _confidential(seen: Seen) -> bool:
    return seen.header.scope == "confidential"


def _confided_by(seen: Seen) -> tuple[int, ...]:
    """Return the earlier records whose concern a confidential one shares."""
    if not _confidential(seen):
        return ()
    if isinstance(seen.event, RecordCorrected | EventAnnotated):
        return (seen.event.target,)
    return () if seen.header.cause is None else (seen.header.cause,)


def _inherited(seen: Seen, earlier: Earlier) -> tuple[Key, ...]:
    """Return what is the matter of an earlier record and so of this one too.

    A correction or note is about what its target is about; what a decision records, about that.
    """
    if isinstance(seen.event, RecordCorrected | EventAnnotated):
        return earlier.things
    if earlier.type != catalogue.type_name(DecisionTookForce):
        return ()
    return tuple(key for key in earlier.things if key[0] == "decision")


def _views_of(
    kind: Kind, doc: dict[str, Any], written: dict[str, Table]
) -> Iterable[tuple[str, Values]]:
    """Give what the tables of versions hold of a thing: its own, its words, what it waits for."""
    own = kind.table.name
    if own in written:
        row = row_of(kind, doc)
        row["summary"] = as_json(row["summary"])
        yield own, tuple((_own_columns(own) | row).values())
    if TEXTS.name in written:
        words = kind.words(doc)
        source = as_json(doc["imported"]) if "imported" in doc else "{}"
        yield TEXTS.name, (words.title, _sought(words.text), source)
    waiting = kind.waiting(doc) if DUE.name in written else None
    if waiting is not None:
        at = waiting.due_at or (f"{waiting.due_on}T23:59:59.999999Z" if waiting.due_on else "")
        told = {**msgspec.to_builtins(waiting), **imported_label(doc)}
        summary = {kind.name: doc[kind.name], **told}
        yield DUE.name, (at, waiting.what, waiting.owner, as_json(summary))


@cache
def _own_columns(name: str) -> dict[str, Any]:
    """Return what the table of a capability has besides the columns of every version, empty."""
    [table] = [one for model in MODELS.values() for one in model.tables if one.name == name]
    return dict.fromkeys((column.name for column in table.given[len(VERSION_COLUMNS) :]), "")


def _sought(text: str) -> str:
    """Return a text as it can be searched: what is sealed in it says nothing."""
    return (sealing.SEAL.sub("", text) if "sealed:" in text else text)[:MAX_TEXT]


def everything(chain: str, suffix: str = "") -> Folding:
    """Return a folding that writes every read model."""
    return Folding(chain, MODELS.values(), suffix)
