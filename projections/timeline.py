"""The timeline: what happened in a chain, one sentence for each record.

Every entry says when it happened and when it was recorded, who did it, which things it is about,
and by `group` (type and thing) which entries a page may draw together, such as five votes on one
decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from psycopg.sql import SQL, Composable, Composed

from ledger import catalogue
from projections import grounds, opened, scopes
from projections.batch import RESTS_ON
from projections.names import Ref, titles
from projections.sentences import all_references, sentence
from projections.standing import stored
from projections.things import Seen, imported
from projections.views import Conn, Doc, Page, Paging, View, fetch, page
from projections.words import Speech

# A page first, then what is stored of it: never of more, whatever way the page is found.
TIMELINE = SQL("""
    SELECT t.position, t.things, r.state
    FROM (
        SELECT t.chain, t.position, t.things
        FROM read_records AS t
        WHERE {visible} AND {conditions}
        ORDER BY t.position {order}
        LIMIT %(size)s
    ) AS t
    {stored}
    ORDER BY t.position {order}
""")

# Of each ground the last acts, so that the many of one make no room for another too small.
GROUNDED = SQL("""
    WITH given (kind, id) AS ({given})
    SELECT t.position, t.things, r.state
    FROM (
        SELECT DISTINCT ON (acts.position) acts.chain, acts.position, acts.things
        FROM given
        CROSS JOIN LATERAL (
            SELECT t.chain, t.position, t.things
            FROM read_links AS u
            JOIN read_records AS t ON t.chain = u.chain AND t.position = u.position
            WHERE {visible} AND {visible_link} AND u.kind = given.kind AND u.id = given.id
                AND {conditions}
            ORDER BY t.position {order}
            LIMIT %(size)s
        ) AS acts
        ORDER BY acts.position {order}
        LIMIT %(size)s
    ) AS t
    {stored}
    ORDER BY t.position {order}
""")
FOR_A_PARTNER = SQL("""
    SELECT %(rests_on)s::text, g.position::text FROM ({grounds}) AS g
    UNION ALL
    SELECT 'partner', %(partner)s::text
""").format(grounds=grounds.of_partner("partner"))
IN_A_ROLE = SQL("SELECT %(rests_on)s::text, g.position::text FROM ({grounds}) AS g")
ALSO_IN_A_ROLE = SQL("t.under && ARRAY(SELECT g.position::text FROM ({grounds}) AS g)")
CONDITIONS = {
    "types": SQL("t.type = ANY(%(types)s::text[])"),
    "by": SQL("t.actor = %(by)s"),
    "recorded_by": SQL("t.recorded_by = %(recorded_by)s"),
    "thing": SQL("""
        t.position IN (
            SELECT l.position FROM read_links AS l
            WHERE {visible} AND l.kind = %(kind)s AND l.id = %(thing)s
        )
    """).format(visible=scopes.entry("l")),
    "since": SQL("t.occurred_at >= %(since)s::date"),
    "until": SQL("t.occurred_at < %(until)s::date + 1"),
    "valid_on": SQL("t.occurred_at < %(valid_on)s::date + 1"),
    "first": SQL("t.position >= %(first)s"),
    "before": SQL("t.position < %(before)s"),
    "after": SQL("t.position > %(after)s"),
}

THINGS = SQL("""
    SELECT t.position, t.things
    FROM read_records AS t
    WHERE {visible} AND t.position = ANY(%(positions)s::int8[])
""").format(visible=scopes.entry("t"))

# Nothing lies before the founding, which is the first record.
FIRST_DAY = SQL("""
    SELECT (t.occurred_at AT TIME ZONE 'UTC')::date::text AS day
    FROM read_records AS t
    WHERE {visible}
    ORDER BY t.position
    LIMIT 1
""").format(visible=scopes.entry("t"))


class Chosen(Struct, frozen=True, kw_only=True):
    """Which records: of these types, by this person, about this thing, from a day up to another.

    Empty means no choice. `types` are names with or without version; `capability` stands for all of
    its types. `partner` stands for what the page of a partner tells: what was done on its behalf
    (see `grounds.py`) and what is about that partner itself. `role` stands for what was done in a
    role as the record rests on it, whoever has it now: a kind of role, or the chain's own name.
    """

    types: tuple[str, ...] = ()
    capability: str = ""
    by: str = ""
    recorded_by: str = ""
    kind: str = ""
    thing: str = ""
    partner: str = ""
    role: str = ""
    since: str = ""
    until: str = ""
    first: int | None = None

    def wanted_types(self) -> list[str] | None:
        """Return the stable names of the chosen types, None for all; Refused (G13) if unknown."""
        names = [catalogue.find(name).name for name in self.types]
        if self.capability:
            own = [
                one.name for one in catalogue.TYPES.values() if one.capability == self.capability
            ]
            names = [name for name in own if not names or name in names]
        return names if self.types or self.capability else None


def first_day(connection: Conn, view: View) -> str:
    """Return the day of the first record that the view shows: of its founding, to most.

    Empty where it shows none: to who may read a later part only, the chain as known before that.
    """
    rows = fetch(connection, FIRST_DAY, view.parameters())
    return str(rows[0]["day"]) if rows else ""


def timeline(
    connection: Conn, view: View, paging: Paging, chosen: Chosen, *, newest_first: bool = True
) -> Page:
    """Return a page of entries, newest or oldest first."""
    [last] = paging.after(int) or (None,)
    asked = view.parameters(
        types=chosen.wanted_types(),
        by=chosen.by or None,
        recorded_by=chosen.recorded_by or None,
        kind=chosen.kind,
        thing=chosen.thing or None,
        partner=chosen.partner,
        role=chosen.role,
        rests_on=RESTS_ON,
        since=chosen.since or None,
        until=chosen.until or None,
        first=chosen.first,
        before=last if newest_first else None,
        after=None if newest_first else last,
        size=paging.size + 1,
    )
    conditions = [condition for name, condition in CONDITIONS.items() if asked[name] is not None]
    query = _query(chosen, conditions, SQL("DESC" if newest_first else "ASC"))
    rows, following = page(fetch(connection, query, asked), paging, "position")
    seen = opened.records(connection, view, (row["state"] for row in rows))
    return Page(
        told(connection, view, seen, {row["position"]: row["things"] for row in rows}), following
    )


def _query(chosen: Chosen, conditions: Sequence[Composable], order: SQL) -> Composed:
    """Return the question: along the record itself, or along what rests on the chosen grounds."""
    of_role = grounds.of_role(chosen.role, "role")
    given = FOR_A_PARTNER if chosen.partner else IN_A_ROLE.format(grounds=of_role)
    also = [ALSO_IN_A_ROLE.format(grounds=of_role)] if chosen.partner and chosen.role else []
    return (GROUNDED if chosen.partner or chosen.role else TIMELINE).format(
        given=given,
        visible=scopes.entry("t"),
        visible_link=scopes.entry("u"),
        stored=stored("t"),
        conditions=SQL(" AND ").join([SQL("true"), *conditions, *also]),
        order=order,
    )


def told(
    connection: Conn, view: View, seen: Sequence[Seen], things: dict[int, list[str]] | None = None
) -> list[Doc]:
    """Return an entry for each record, with its sentence and the things it is about, by name."""
    if things is None:
        things = things_of(connection, view, seen)
    return entries(view, seen, things, titles(connection, view, refs(seen, things)))


def things_of(connection: Conn, view: View, seen: Sequence[Seen]) -> dict[int, list[str]]:
    """Return by position what each of these records is about, as kind:id."""
    positions = [one.header.position for one in seen]
    rows = fetch(connection, THINGS, view.parameters(positions=positions)) if seen else []
    return {row["position"]: row["things"] for row in rows}


def refs(seen: Iterable[Seen], things: Mapping[int, list[str]]) -> set[Ref]:
    """Return the things whose names are told of these records."""
    about = {_ref(thing) for found in things.values() for thing in found}
    return about | all_references(one.event for one in seen)


def entries(
    view: View, seen: Iterable[Seen], things: Mapping[int, list[str]], known: dict[Ref, str]
) -> list[Doc]:
    """Return an entry for each record, with the names that are known."""
    return [
        _entry(one, map(_ref, things.get(one.header.position, ())), known, view.speech)
        for one in seen
    ]


def _ref(thing: str) -> Ref:
    kind, _, name = thing.partition(":")
    return (kind, name)


def _entry(seen: Seen, about: Iterable[Ref], known: dict[Ref, str], speech: Speech) -> Doc:
    header = seen.header
    kind = catalogue.TYPES[catalogue.type_name(type(seen.event))]
    refs = list(about)
    entry: Doc = {
        "position": header.position,
        "on": header.on,
        "at": header.at,
        "type": kind.name,
        "by": header.by,
        "scope": header.scope,
        "sentence": sentence(seen.event, known, speech),
        "things": [{"kind": ref[0], "id": ref[1], "name": known.get(ref, ref[1])} for ref in refs],
        "group": " ".join((kind.title, *refs[0])) if refs else kind.title,
    }
    optional = {
        "recordedBy": header.recorded_by,
        "under": list(header.under),
        "cause": header.cause,
        "imported": imported(header),
    }
    return entry | {
        name: value for name, value in optional.items() if value not in ("", [], {}, None)
    }
