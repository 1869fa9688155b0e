"""Things as they are known: every thing is what its records make of it, one after the other.

A capability says for each kind of thing which events are about it and what each adds (`Part`),
and which row a reader's list shows of it. A fold copies facts into a document: it never refuses,
and it needs no earlier record, because a reader may be allowed to see some records of a thing and
not others.

One thing has a document for each rank of readers that knows it otherwise (see
`projections/scopes.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from ledger import catalogue
from ledger.domain.events.memory import EventAnnotated, RecordCorrected
from ledger.domain.values import Event, Header
from projections import scopes
from projections.tables import Column, Table, day, document, versions
from projections.views import Doc

Ids = Callable[[Any, Header], Iterable[str]]
Fold = Callable[[Doc, Any, Header], None]
Values = tuple[Any, ...]
Moment = tuple[str, int, int]
"""Of a status: when it began, the position of its record, its number within that."""


class Part(Struct, frozen=True):
    """What an event means for things of one kind: for which ones, and what it adds to each.

    What a `quiet` event adds is only told of the thing itself: no row, text or status is made of
    it, however many there are. Whoever makes those leaves it out.
    """

    ids: Ids
    fold: Fold
    quiet: bool = False


class Words(Struct, frozen=True):
    """How a thing is named, and all the text it can be found by."""

    title: str
    text: str = ""


class Waiting(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What a thing waits for: `what` in one word, and the moment by which (a day's end for a day).

    `owner` is the organisation, seat holder or body that has to act, where it is known.
    """

    what: str
    due_at: str = ""
    due_on: str = ""
    owner: str = ""


def _waits_for_nothing(_: Doc) -> Waiting | None:
    return None


def _ignored(_doc: Doc, _event: Any, _header: Header) -> None:
    return


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of thing: `name` is also the field that holds its id.

    `row` gives the columns of its table; `words` come from the events of `worded_by` alone, where
    those are named. `dated` says that a thing of this kind is valid in a term of its own, whenever
    that was recorded; other things are there from the moment they occurred. In the statuses of
    `gone` a dated thing is not valid, whatever its term. `under` looks at every record about the
    thing, after the event's own part.
    """

    name: str
    table: Table
    parts: Mapping[type[Event], Part]
    row: Callable[[Doc], Doc]
    words: Callable[[Doc], Words]
    worded_by: frozenset[type[Event]] = frozenset()
    waiting: Callable[[Doc], Waiting | None] = _waits_for_nothing
    dated: bool = False
    gone: frozenset[str] = frozenset()
    under: Fold = _ignored

    @property
    def quiet(self) -> list[str]:
        """The stable names of the events that nothing is listed of."""
        return [catalogue.type_name(event) for event, part in self.parts.items() if part.quiet]

    def is_quiet(self, event: Event) -> bool:
        """Tell whether nothing of what is listed about a thing comes from this event."""
        part = self.parts.get(type(event))
        return part is not None and part.quiet

    def adds_words(self, event: Event) -> bool:
        """Tell whether this event may bring what a thing is named or found by."""
        return not self.worded_by or type(event) in self.worded_by


def listed_in(name: str, *columns: Column, indexes: tuple[str, ...] = ()) -> Table:
    """Return the table of a capability: when a thing is valid, what it is found by, a summary."""
    own = (day("valid_from"), day("valid_until"), *columns, document("summary"))
    return versions(f"read_{name}", *own, indexes=indexes)


class Seen(Struct, frozen=True):
    """A record as it was read: the event and its header."""

    event: Event
    header: Header


def ids(*fields: str) -> Ids:
    """Return a function that gives the ids in these fields of an event, one or many in each."""

    def found(event: Any, _: Header) -> Iterable[str]:
        names: list[str] = []
        for name in fields:
            value = getattr(event, name)
            if isinstance(value, tuple):
                names += value
            elif value:
                names.append(value)
        return names

    return found


def position_id(_event: Any, header: Header) -> Iterable[str]:
    """Give the id of a thing that has no other name than the position of its record."""
    yield str(header.position)


def stamp(header: Header) -> Doc:
    """Return when and by whom something was done, and on what authority, as readers see it."""
    made: Doc = {"position": header.position, "on": header.on, "by": header.by}
    if header.recorded_by:
        made["recordedBy"] = header.recorded_by
    if header.under:
        made["under"] = list(header.under)
    if header.source is not None:
        made["imported"] = imported(header)
    if header.signature is not None:
        made["signedWith"] = header.signature.key
    return made


def imported(header: Header) -> Doc:
    """Return the label of something that was taken over from elsewhere."""
    return {} if header.source is None else plain(header.source)


def plain(value: object) -> Any:
    """Return a Struct (or many) as JSON has it: in objects and lists, also where it has tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))


def fields(event: object, *names: str) -> Doc:
    """Return these fields of an event under their JSON names, leaving out what is empty."""
    found: Doc = {}
    for name in names:
        value = getattr(event, name)
        if value or value not in ("", (), None):
            found[camel(name)] = value if isinstance(value, str | int) else plain(value)
    return found


def picked(doc: Doc, *names: str) -> Doc:
    """Return these entries of a document, where they are there."""
    found: Doc = {}
    for name in names:
        if name in doc:
            found[name] = doc[name]
    return found


@cache
def camel(name: str) -> str:
    """Return a field's name as JSON has it: `valid_from` is `validFrom`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def mark(doc: Doc, header: Header, status: str, *, label: str = "", on: str = "") -> None:
    """Give a thing a status from a moment on (empty: when it occurred)."""
    entry: Doc = {"status": status, "on": on or header.on, "position": header.position}
    if label:
        entry["label"] = label
    if header.source is not None:
        entry["imported"] = imported(header)
    doc["statuses"].append(entry)


def in_time(doc: Doc) -> list[Doc]:
    """Return the statuses of a thing in the order in which they held, however they came in."""
    found: list[Doc] = doc["statuses"]
    return sorted(found, key=_moment)


def _moment(entry: Doc) -> tuple[str, int]:
    return (entry["on"], entry["position"])


def status_on(doc: Doc, day: str) -> Doc | None:
    """Return the status that a thing had at the end of a day, or None before it had any."""
    held = [one for one in in_time(doc) if one["on"][:10] <= day]
    return held[-1] if held else None


def last_status(doc: Doc) -> str:
    """Return the status that holds last, or nothing."""
    found: list[Doc] = doc["statuses"]
    if not found:
        return ""
    last = found[-1]
    for one in reversed(found):
        if one["on"] >= last["on"] and _moment(one) > _moment(last):
            last = one
    return str(last["status"])


def fresh(kind: Kind, name: str) -> Doc:
    """Return the document of a thing of which nothing is known yet."""
    return {kind.name: name, "positions": [], "statuses": [], "corrections": [], "annotations": []}


def add(kind: Kind, doc: Doc, seen: Seen, *, named: bool | None = None) -> None:
    """Let a document take in one record that is about its thing.

    `named` is given where it is known whether the record itself names the thing.
    """
    event, header = seen.event, seen.header
    _begin(doc, header)
    doc["positions"].append(header.position)
    part = kind.parts.get(type(event))
    if part is not None:
        if named is None:
            named = doc[kind.name] in part.ids(event, header)
        if named:
            part.fold(doc, event, header)
    elif isinstance(event, RecordCorrected):
        doc["corrections"].append(
            {**stamp(header), **fields(event, "target", "field", "was", "becomes", "reason")}
        )
        return
    elif isinstance(event, EventAnnotated):
        doc["annotations"].append({**stamp(header), **fields(event, "target", "label", "text")})
        return
    kind.under(doc, event, header)


def _begin(doc: Doc, header: Header) -> None:
    """Note from when on a thing was there, as far as this record tells."""
    since = doc.get("since")
    if header.source is not None and not doc["positions"]:
        doc["imported"] = imported(header)
    if since is None or header.on < since:
        doc["since"] = header.on


def _add_quietly(doc: Doc, header: Header) -> bool:
    """Let a document take in no more of a record than what is listed; tell whether that is new."""
    since = doc.get("since")
    _begin(doc, header)
    if not doc["positions"]:
        doc["positions"].append(header.position)
    return bool(doc["since"] != since)


def row_of(kind: Kind, doc: Doc) -> Doc:
    """Return the row of a thing, with its summary as it is listed."""
    row = kind.row(doc)
    return row | {"summary": summary_of(kind, doc, row)}


def summary_of(kind: Kind, doc: Doc, row: Doc) -> Doc:
    """Return the summary in a thing's row, with which thing it is and where it came from."""
    return {kind.name: doc[kind.name], **row["summary"], **imported_label(doc)}


def imported_label(doc: Doc) -> Doc:
    """Return what says that a thing was taken over from elsewhere, wherever it appears."""
    return {"imported": doc["imported"]} if "imported" in doc else {}


class Thing:
    """One thing in the runner's hands: its documents by the rank from which they are read.

    `rows` holds, for each rank and table, the row as it was last written. `open_to` are those whom
    all its confidential records so far concern. Not written down yet are `entered`, the statuses
    that it was given, and `replaced`, those that later ones took the place of, each with the later.
    """

    __slots__ = (
        "_last", "_narrowed", "docs", "entered", "kind", "name", "open_to", "replaced", "rows",
    )  # fmt: skip

    def __init__(self, kind: Kind, name: str) -> None:
        self.kind = kind
        self.name = name
        self.docs: dict[int, Doc] = {}
        self.rows: dict[tuple[int, str], Values] = {}
        self.open_to: frozenset[str] = frozenset()
        self.entered: list[Doc] = []
        self.replaced: list[tuple[Moment, Moment]] = []
        self._last: list[tuple[int, Moment]] = []
        self._narrowed = False

    def narrow(self, concerned: frozenset[str]) -> None:
        """Note whom one more confidential record concerns."""
        self.open_to = self.open_to & concerned if self._narrowed else concerned
        self._narrowed = True

    def take(self, seen: Seen, rank: int = scopes.NOBODY, *, named: bool | None = None) -> bool:
        """Take in a record for all readers who may see it; others notice nothing.

        `rank` is given where only those of that rank may know that the record is about this thing,
        `named` where it is known whether the record itself names it. Tells whether what is listed
        of the thing may have changed.
        """
        scope = scopes.RANKS[seen.header.scope]
        rank = scope if scope > rank else rank
        begun = rank not in self.docs
        if begun:
            self._begin(rank)
        docs = self.docs
        # Nearly every thing is the same for all who know it: then there is one document.
        those = [doc for at, doc in docs.items() if at >= rank] if len(docs) > 1 else docs.values()
        if self.kind.is_quiet(seen.event):
            changed = [_add_quietly(doc, seen.header) for doc in those]
            return begun or any(changed)
        entries = self._statuses
        known = len(entries)
        for doc in those:
            add(self.kind, doc, seen, named=named)
        if len(entries) > known:
            for number, entry in enumerate(entries[known:]):
                self.entered.append(entry)
                self._enter(rank, (entry["on"], seen.header.position, number))
        return True

    def _begin(self, rank: int) -> None:
        """Make a document for readers of this rank, of what those below it know."""
        below = [other for other in self.docs if other < rank]
        doc = deepcopy(self.docs[max(below)]) if below else fresh(self.kind, self.name)
        self.docs = dict(sorted({**self.docs, rank: doc}.items()))

    def _enter(self, rank: int, later: Moment) -> None:
        """Note which statuses one more replaces for everybody who knows them.

        Whoever may read a record, may read every later one that is no more closed; but one who
        may read a confidential record because it concerns them, perhaps not what is less closed.
        """
        over = [one for held, one in self._last if held >= rank and one < later]
        self.replaced += [(one, later) for one in over]
        self._last = [(held, one) for held, one in self._last if one not in over]
        if rank < scopes.RANKS["confidential"]:
            self._last.append((rank, later))

    def spans(self) -> list[tuple[int, int, Doc]]:
        """Return each document with the ranks it is for: from the first up to the second."""
        if len(self.docs) == 1:
            [(start, doc)] = self.docs.items()
            return [(start, scopes.END, doc)]
        starts = list(self.docs)
        bounds = pairwise([*starts, scopes.END])
        return [(start, end, self.docs[start]) for start, end in bounds]

    @property
    def _statuses(self) -> list[Doc]:
        """All statuses so far, whoever may see them, in the order in which they came."""
        known: list[Doc] = next(reversed(self.docs.values()))["statuses"]
        return known
