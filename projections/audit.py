"""Who decided what, in which capacity: the acts of a person, for a partner, or on a decision.

Each act comes with its sentence and with what its `under` stands for: the role, seat or mandate
that made it lawful. For a partner these are the acts that rest on one of its roles, on a seat of
its own, or on a mandate that it gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from psycopg.sql import SQL

from projections import grounds, scopes
from projections.batch import RESTS_ON
from projections.capacities import with_capacities
from projections.items import seen_at
from projections.timeline import told
from projections.views import Conn, Doc, Page, Paging, View, fetch, page

# Two headings under which a person can stand in a record, each with an index of its own.
OF_A_PERSON = SQL("""
    SELECT found.position
    FROM (
        (
            SELECT t.position FROM read_records AS t
            WHERE {visible} AND t.actor = %(name)s AND {reach}
            ORDER BY t.position DESC
            LIMIT %(size)s
        ) UNION (
            SELECT t.position FROM read_records AS t
            WHERE {visible} AND t.recorded_by = %(name)s AND t.recorded_by <> '' AND {reach}
            ORDER BY t.position DESC
            LIMIT %(size)s
        )
    ) AS found
    ORDER BY found.position DESC
    LIMIT %(size)s
""")

OF_A_DECISION = SQL("""
    SELECT l.position
    FROM read_links AS l
    JOIN read_records AS t ON t.chain = l.chain AND t.position = l.position
    WHERE {visible} AND {visible_thing} AND l.kind = 'decision' AND l.id = %(name)s
        AND {reach}
    ORDER BY l.position DESC
    LIMIT %(size)s
""")

# The positions that gave somebody a capacity on behalf of this partner; of each the last acts.
FOR_A_PARTNER = SQL("""
    WITH given AS ({grounds})
    SELECT DISTINCT acts.position
    FROM given
    CROSS JOIN LATERAL (
        SELECT t.position FROM read_links AS u
        JOIN read_records AS t ON t.chain = u.chain AND t.position = u.position
        WHERE {visible} AND u.chain = %(chain)s AND u.kind = %(rests_on)s
            AND u.id = given.position::text AND {reach}
        ORDER BY t.position DESC
        LIMIT %(size)s
    ) AS acts
    ORDER BY acts.position DESC
    LIMIT %(size)s
""")

REACH: Final = SQL("""
    (%(before)s::int8 IS NULL OR t.position < %(before)s)
    AND (%(valid_on)s::date IS NULL OR t.occurred_at < %(valid_on)s::date + 1)
""")


def of_person(connection: Conn, view: View, paging: Paging, person: str) -> Page:
    """Return a page of what somebody did or recorded for others, newest first."""
    return _acts(connection, view, paging, OF_A_PERSON, person)


def of_decision(connection: Conn, view: View, paging: Paging, decision: str) -> Page:
    """Return a page of all that was done on a decision, newest first."""
    return _acts(connection, view, paging, OF_A_DECISION, decision)


def for_partner(connection: Conn, view: View, paging: Paging, organisation: str) -> Page:
    """Return a page of what was done on behalf of a partner, newest first."""
    return _acts(connection, view, paging, FOR_A_PARTNER, organisation)


def _acts(connection: Conn, view: View, paging: Paging, query: SQL, name: str) -> Page:
    [before] = paging.after(int) or (None,)
    asked = view.parameters(name=name, before=before, rests_on=RESTS_ON, size=paging.size + 1)
    composed = query.format(
        visible=scopes.entry("t"),
        visible_thing=scopes.entry("l"),
        grounds=grounds.of_partner("name"),
        reach=REACH,
    )
    rows, following = page(fetch(connection, composed, asked), paging, "position")
    return Page(_told(connection, view, [row["position"] for row in rows]), following)


def _told(connection: Conn, view: View, positions: Sequence[int]) -> list[Doc]:
    entries = told(connection, view, seen_at(connection, view, positions))
    with_capacities(connection, view, entries)
    return sorted(entries, key=lambda one: int(one["position"]), reverse=True)
