"""One chain's records turned into rows of read models, a batch at a time.

    records -> what each is about -> the documents of those things -> rows that changed -> tables

Documents are kept between batches, up to a limit; one that is not at hand is made again from the
records that the links tell of. Everything is written in a handful of statements, whatever the
size of the batch.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from psycopg import Cursor
from psycopg.sql import SQL, Identifier

from ledger import catalogue
from ledger.domain.events.memory import EventAnnotated, RecordCorrected
from ledger.domain.events.outcomes import DecisionTookForce
from ledger.domain.values import RULES, Event
from ledger.faults import FAULTS, BrokenLog
from projections import scopes
from projections.batch import Batch, Key, Link, spaced
from projections.concerns import concerns
from projections.let_go import LetGo
from projections.models import MODELS, Model
from projections.rows import views_of, words_of
from projections.tables import LINKS, RECORDS, TEXTS
from projections.things import Kind, Part, Seen, Thing, Values

MAX_THINGS: Final = 4096
"""How many things of a chain stay at hand between two batches."""
CONFIDENTIAL: Final = scopes.RANKS["confidential"]
NO_ONE: Final[frozenset[str]] = frozenset()
NOTES: Final = (RecordCorrected, EventAnnotated)
"""What is about whatever the record is about that it speaks of."""

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


Write = Callable[[Cursor[Any], Collection[str]], None]
"""Writes what a batch changed in these tables, on whatever connection."""


class Earlier(NamedTuple):
    """What is known of a record by its position: its type, what it is about, whom it concerns."""

    type: str
    things: tuple[Key, ...]
    rank: int
    concerns: frozenset[str] = frozenset()


Matters = dict[Key, int | None]
"""The things that a record is about, each with the earlier record that says so if not it itself."""


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
        self._things: OrderedDict[Key, Thing] = OrderedDict()
        # What the last batch was about: its rows may still be on their way to the tables.
        self._recent: dict[int, Earlier] = {}
        self._let_go: LetGo | None = None

    def forget(self) -> None:
        """Start afresh from the tables: somebody else may have written meanwhile."""
        self._things.clear()
        self._recent = {}
        self._let_go = None

    def take(
        self,
        cursor: Cursor[Any],
        rows: Sequence[tuple[int, bytes]],
        later: Callable[[Write], None] | None = None,
    ) -> int:
        """Take in the next records, as (position, bytes), write what changed; return how many.

        They are taken in up to one that cannot be read; BrokenLog where that is the first. What is
        to be written is handed to `later`, where that is given: it has to be in the tables when the
        batch after the next is taken in.
        """
        seen = self._readable(rows)
        if seen[0].header.position == 0:
            self._let_go = LetGo()
        earlier = self._look_back(cursor, seen)
        about = self._about(seen, earlier)
        batch = Batch(self._tables)
        touched: set[Key] = set().union(*about)
        self._bring(cursor, touched, before=rows[0][0])
        for one, matters in zip(seen, about, strict=True):
            try:
                self._add(matters, one, batch, earlier)
            except FAULTS as error:
                raise self._broken(one.header.position, error) from error
        if later is None:
            batch.write(cursor, self.chain, self._suffix)
        else:
            later(lambda own, names: batch.write(own, self.chain, self._suffix, only=names))
        self.position = seen[-1].header.position
        self._recent = {one.header.position: earlier[one.header.position] for one in seen}
        self._keep(max(MAX_THINGS, len(touched)))
        return len(seen)

    def _keep(self, most: int) -> None:
        """Let go of the things that were touched longest ago."""
        while len(self._things) > most:
            key, _ = self._things.popitem(last=False)
            if self._let_go is not None:
                self._let_go.note(key)

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

    def _about(self, seen: Sequence[Seen], earlier: dict[int, Earlier]) -> list[Matters]:
        """Return for each record the things it is about, in a fixed order; add it to `earlier`.

        What follows from a record there, follows only from what it is about for who may read it.
        """
        about = []
        for one in seen:
            rank, position = scopes.RANKS[one.header.scope], one.header.position
            matters: Matters = dict.fromkeys(self._named(one))
            own = tuple(matters)
            for source in _leans_on(one):
                for key in _inherited(one, earlier[source]) if source in earlier else ():
                    if key[0] in self._kinds:
                        matters.setdefault(key, source)
            if len(matters) > len(own):
                own = tuple(key for key, at in matters.items() if _rank(at, earlier) <= rank)
            given = earlier[position].concerns if position in earlier else NO_ONE
            earlier[position] = Earlier(catalogue.type_name(type(one.event)), own, rank, given)
            about.append(matters)
        return about

    def _look_back(self, cursor: Cursor[Any], seen: Sequence[Seen]) -> dict[int, Earlier]:
        first = seen[0].header.position
        leans: set[int] = set()
        for one in seen:
            leans.update(_leans_on(one), _confided_by(one))
        wanted = sorted(at for at in leans - self._recent.keys() if at < first)
        if self._partly:
            wanted += [one.header.position for one in seen if _confidential(one)]
        found = dict(self._recent)
        if wanted:
            asked = {"chain": self.chain, "positions": wanted}
            for position, name, things, rank, concerned in cursor.execute(self._earlier, asked):
                own = tuple(map(_key, things))
                found[position] = Earlier(name, own, rank, frozenset(concerned))
        return found

    def _named(self, seen: Seen) -> list[Key]:
        event, header = seen.event, seen.header
        return [
            (kind.name, name)
            for kind, part in self._parts.get(type(event), ())
            for name in part.ids(event, header)
        ]

    def _bring(self, cursor: Cursor[Any], wanted: set[Key], *, before: int) -> None:
        """Have the documents of these things at hand, as they were before a position."""
        missing = sorted(key for key in wanted if key not in self._things)
        for key in missing:
            self._things[key] = Thing(self._kinds[key[0]], key[1])
        known = [key for key in missing if self._let_go is None or key in self._let_go]
        if known and before:
            kinds, ids = map(list, zip(*known, strict=True))
            asked = {"chain": self.chain, "kinds": kinds, "ids": ids, "before": before}
            cursor.execute(self._history, {**asked, "quiet": self._quiet})
            for kind, name, data, rank, concerned in cursor:
                thing = self._things[kind, name]
                thing.take(_read(data), rank)
                if rank == CONFIDENTIAL:
                    thing.narrow(frozenset(concerned))
            for thing in map(self._things.__getitem__, known):
                thing.rows = self._rows(thing)
                thing.entered.clear()
                thing.replaced.clear()

    def _add(self, matters: Matters, seen: Seen, batch: Batch, earlier: dict[int, Earlier]) -> None:
        """Let the things that a record is about take it in, and write what changed by it."""
        rank, position = scopes.RANKS[seen.header.scope], seen.header.position
        taken = []
        for key, source in matters.items():
            thing = self._things[key]
            self._things.move_to_end(key)
            new = thing.take(seen, _rank(source, earlier), named=source is None)
            taken.append((thing, new))
        concerned = self._concerned(seen, [thing for thing, _ in taken], earlier)
        links = [_link(key, at, rank, concerned, earlier) for key, at in matters.items()]
        for link, (thing, new) in zip(links, taken, strict=True):
            if link.rank == CONFIDENTIAL:
                thing.narrow(link.concerns)
                self._change(link.key, thing, position, batch)
            elif new:
                self._change(link.key, thing, position, batch, seen.event)
            if thing.entered:
                for number, entry in enumerate(thing.entered):
                    batch.status(link, number, entry, position)
                thing.entered.clear()
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

    def _change(
        self, key: Key, thing: Thing, position: int, batch: Batch, by: Event | None = None
    ) -> None:
        """Write what is now known otherwise of a thing, by a record that is open to all or `by`."""
        known = thing.rows
        rows = self._rows(thing, by)
        for place, after in rows.items():
            before = known.get(place)
            if before != after:
                batch.change((*key, place[0]), place[1], position, before, after)
        for place, before in known.items():
            if place not in rows:
                batch.change((*key, place[0]), place[1], position, before, None)
        thing.rows = rows

    def _rows(self, thing: Thing, by: Event | None = None) -> dict[tuple[int, str], Values]:
        """Return the rows of a thing by rank and table, for the tables that are written here.

        Where one more event changed it, `by`, its words may be those that were known.
        """
        rows: dict[tuple[int, str], Values] = {}
        open_to = spaced(thing.open_to)
        same_words = by is not None and not thing.kind.adds_words(by)
        for start, end, doc in thing.spans():
            common = (end, doc["positions"][0], open_to)
            words = thing.rows.get((start, TEXTS.name)) if same_words else None
            if words is not None and words[:3] == common:
                rows[start, TEXTS.name] = words
            elif TEXTS.name in self._tables:
                rows[start, TEXTS.name] = (*common, *words_of(thing.kind, doc))
            for table, values in views_of(thing.kind, doc, self._tables):
                rows[start, table] = (*common, *values)
        return rows


def _rank(source: int | None, earlier: dict[int, Earlier]) -> int:
    """Return from which rank on it is known what a record is about, beside the record's own."""
    return scopes.NOBODY if source is None else earlier[source].rank


def _link(
    key: Key, source: int | None, rank: int, concerned: frozenset[str], earlier: dict[int, Earlier]
) -> Link:
    """Return how a record of a rank, which concerns these, is linked to what it is about."""
    if source is None or earlier[source].rank <= rank:
        return Link(key, rank, concerned)
    return Link(key, earlier[source].rank, earlier[source].concerns)


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
    if isinstance(seen.event, NOTES):
        return (seen.event.target,)
    return seen.header.under if seen.header.by == RULES else ()


def _confidential(seen: Seen) -> bool:
    return seen.header.scope == "confidential"


def _confided_by(seen: Seen) -> tuple[int, ...]:
    """Return the earlier records whose concern a confidential one shares."""
    if not _confidential(seen):
        return ()
    if isinstance(seen.event, NOTES):
        return (seen.event.target,)
    return () if seen.header.cause is None else (seen.header.cause,)


def _inherited(seen: Seen, earlier: Earlier) -> tuple[Key, ...]:
    """Return what is the matter of an earlier record and so of this one too.

    A correction or note is about what its target is about; what a decision records, about that.
    """
    if isinstance(seen.event, NOTES):
        return earlier.things
    if earlier.type != catalogue.type_name(DecisionTookForce):
        return ()
    return tuple(key for key in earlier.things if key[0] == "decision")


def everything(chain: str, suffix: str = "") -> Folding:
    """Return a folding that writes every read model."""
    return Folding(chain, MODELS.values(), suffix)
