"""Which records belong to a decision, an agreement or an escalation: for evidence about it.

    the records of the thing itself, with the corrections of them and the notes on them
    the records of the decisions that these name: cited, citing, replaced, replacing, solving
    what all of these rest on and follow from: `under`, `cause`, the decision rule, and so on down

Found by the read models, within what a reader may see; a record that they may not see is counted
and left out. A selection never shows that there is nothing else: only a range does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from msgspec import Struct
from psycopg.sql import SQL

from ledger import catalogue
from ledger.domain.events.decisions import ElectorateFixed
from ledger.domain.events.meetings import MeetingConvened, MeetingHeld
from ledger.domain.events.memory import EventAnnotated, LessonRecorded, RecordCorrected
from ledger.domain.values import NotFound, Refused
from projections import scopes
from projections.items import seen_at
from projections.things import Seen
from projections.views import Conn, View, fetch

MAX_SELECTED: Final = 10_000
MAX_NOTES: Final = 50_000
"""How many records one selection can have, and how many corrections and notes a chain, for it."""
KINDS: Final = {"decision": "besluit", "agreement": "afspraak", "escalation": "escalatie"}
"""What evidence can be asked about, and what people call it."""
GATHERED: Final = (MeetingConvened, MeetingHeld, LessonRecorded)
"""What names many decisions without making them a matter of each other."""
NOTES: Final = (RecordCorrected, EventAnnotated)

POSITIONS_OF = SQL("""
    SELECT DISTINCT l.position
    FROM read_links AS l
    WHERE {visible} AND l.kind = %(kind)s AND l.id = ANY(%(ids)s::text[])
    ORDER BY l.position
    LIMIT %(most)s
""").format(visible=scopes.entry("l"))

DECISIONS_NAMED = SQL("""
    SELECT DISTINCT named.thing
    FROM read_records AS t
    CROSS JOIN LATERAL unnest(t.things) AS named (thing)
    WHERE {visible} AND t.position = ANY(%(positions)s::int8[])
        AND t.type <> ALL(%(gathered)s::text[]) AND starts_with(named.thing, 'decision:')
    ORDER BY named.thing
""").format(visible=scopes.entry("t"))

NOTES_MADE = SQL("""
    SELECT t.position
    FROM read_records AS t
    WHERE {visible} AND t.type = ANY(%(types)s::text[])
    ORDER BY t.position
    LIMIT %(most)s
""").format(visible=scopes.entry("t"))

VISIBLE = SQL("""
    SELECT t.position
    FROM read_records AS t
    WHERE {visible} AND t.position = ANY(%(positions)s::int8[])
""").format(visible=scopes.entry("t"))

# Recorded times never decrease within a chain, so a stretch of days is a stretch of positions.
RECORDED_SINCE = SQL("""
    SELECT min(t.position) AS position
    FROM read_records AS t
    WHERE {visible} AND t.recorded_at >= %(since)s::date::timestamptz
""").format(visible=scopes.entry("t"))


class Selected(Struct, frozen=True):
    """The records about a thing: their positions, and how many more the reader may not see."""

    about: str
    positions: list[int]
    unseen: int


class TooMany(Refused):
    """More records than one selection can have."""

    def __init__(self) -> None:
        super().__init__("G13", f"een keuze van meer dan {MAX_SELECTED} gebeurtenissen past niet")


def about(connection: Conn, view: View, kind: str, name: str) -> Selected:
    """Return the records that belong to a thing; NotFound if the reader knows nothing of it.

    Raises Refused (G13) for more than MAX_SELECTED.
    """
    own = _positions(connection, view, kind, [name])
    if not own:
        raise NotFound(
            f"{KINDS[kind].capitalize()} {name} bestaat niet, of was toen nog niet bekend."
        )
    named = _decisions(connection, view, own)
    found = {*own, *_positions(connection, view, "decision", named)}
    notes = _notes(connection, view)
    unseen: set[int] = set()
    fresh = found
    while fresh:
        seen = seen_at(connection, view, fresh)
        unseen |= fresh - {one.header.position for one in seen}
        found |= fresh
        if len(found) > MAX_SELECTED:
            raise TooMany
        rested = {position for one in seen for position in _rests_on(one)}
        noted = {position for position, target in notes.items() if target in found}
        fresh = (rested | noted) - found
    return Selected(f"{KINDS[kind]} {name}", sorted(found - unseen), len(unseen))


def visible(connection: Conn, view: View, positions: Sequence[int]) -> set[int]:
    """Return those of these positions whose records the reader may see."""
    rows = fetch(connection, VISIBLE, view.parameters(positions=list(positions)))
    return {row["position"] for row in rows}


def recorded_since(connection: Conn, view: View, day: str) -> int | None:
    """Return the first position that was recorded on this day (UTC) or later; None if none was.

    Of what the reader may see, so that no day tells how many records they may not.
    """
    [row] = fetch(connection, RECORDED_SINCE, view.parameters(since=day))
    position: int | None = row["position"]
    return position


def _positions(connection: Conn, view: View, kind: str, names: Collection[str]) -> list[int]:
    asked = view.parameters(kind=kind, ids=sorted(names), most=MAX_SELECTED + 1)
    rows = fetch(connection, POSITIONS_OF, asked) if names else []
    if len(rows) > MAX_SELECTED:
        raise TooMany
    return [row["position"] for row in rows]


def _decisions(connection: Conn, view: View, positions: Sequence[int]) -> list[str]:
    """Return the decisions that these records name."""
    gathered = [catalogue.type_name(kind) for kind in GATHERED]
    asked = view.parameters(positions=list(positions), gathered=gathered)
    rows = fetch(connection, DECISIONS_NAMED, asked)
    return [row["thing"].partition(":")[2] for row in rows]


def _notes(connection: Conn, view: View) -> dict[int, int]:
    """Return the position of each correction and note in the chain, and which record it is on."""
    types = [catalogue.type_name(kind) for kind in NOTES]
    rows = fetch(connection, NOTES_MADE, view.parameters(types=types, most=MAX_NOTES + 1))
    if len(rows) > MAX_NOTES:
        raise Refused("G13", f"de keten heeft meer dan {MAX_NOTES} correcties en toelichtingen")
    seen = seen_at(connection, view, (row["position"] for row in rows))
    return {one.header.position: one.event.target for one in seen if isinstance(one.event, NOTES)}


def _rests_on(seen: Seen) -> Iterable[int]:
    """Give the earlier records on which one rests, or that it follows from or speaks of."""
    event, header = seen.event, seen.header
    yield from header.under
    if header.cause is not None:
        yield header.cause
    if isinstance(event, ElectorateFixed):
        yield event.rule
    elif isinstance(event, NOTES):
        yield event.target
