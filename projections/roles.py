"""Roles as readers find them: who held which role, for which organisation, from when until when.

"Who was the chain manager on that day" is one question: a role, a day, and the answer is a list.
"""

from __future__ import annotations

from typing import Final

from psycopg.sql import SQL

from ledger.domain.events import roles as r
from ledger.domain.values import Header
from projections import scopes
from projections.grounds import heading
from projections.listing import Wanted, listed
from projections.names import titles
from projections.tables import text
from projections.things import Kind, Part, Words, fields, ids, listed_in, picked, stamp
from projections.views import Conn, Doc, Page, Paging, View, fetch
from projections.whole import whole
from projections.words import word

VERSION = 1
TABLE = listed_in(
    "roles",
    text("role"),
    text("label"),
    text("organisation"),
    text("person"),
    indexes=("(chain, role, since, id)", "(chain, person, since, id)"),
)
SHOWN = ("role", "label", "person", "organisation")
MAX_HELD: Final = 200
"""How many roles a choice offers at most."""
HELD = SQL("""
    SELECT DISTINCT coalesce(nullif(t.label, ''), t.role) AS name
    FROM read_roles AS t
    WHERE {visible} AND t.kind = 'assignment' AND t.role <> ''
    ORDER BY name
    LIMIT %(most)s
""").format(visible=scopes.version("t"))


def _assigned(doc: Doc, event: r.RoleAssigned, header: Header) -> None:
    doc |= fields(event, *SHOWN, "result_obligation", "valid_from", "valid_until")
    doc["assigned"] = stamp(header)


def _ended(doc: Doc, event: r.RoleEnded, header: Header) -> None:
    doc["ended"] = {**fields(event, "reason"), "was": doc.get("validUntil", ""), **stamp(header)}
    doc["validUntil"] = event.valid_until


ASSIGNMENT = Kind(
    name="assignment",
    table=TABLE,
    parts={
        r.RoleAssigned: Part(ids("assignment"), _assigned),
        r.RoleEnded: Part(ids("assignment"), _ended),
    },
    row=lambda doc: {
        "valid_from": doc.get("validFrom", ""),
        "valid_until": doc.get("validUntil", ""),
        **{name: doc.get(name, "") for name in ("role", "label", "organisation", "person")},
        "summary": picked(doc, *SHOWN),
    },
    words=lambda doc: Words(
        doc.get("label", "") or word(doc.get("role", "")), doc.get("resultObligation", "")
    ),
    dated=True,
)
KINDS = (ASSIGNMENT,)


def roles(
    connection: Conn,
    view: View,
    paging: Paging,
    *,
    role: str = "",
    organisation: str = "",
    person: str = "",
) -> Page:
    """Return a page of role assignments; where a day was asked for, those held on that day.

    `role` is a kind of role, or the name of one of the chain's own making.
    """
    wanted = Wanted(columns={heading(role): role, "organisation": organisation, "person": person})
    found = listed(connection, view, paging, ASSIGNMENT, wanted)
    _name(connection, view, found.items)
    return found


def ever_held(connection: Conn, view: View) -> list[str]:
    """Return the roles that were ever given, each once: its kind, or the chain's own name for it.

    At most MAX_HELD, of what this reader may know.
    """
    rows = fetch(connection, HELD, view.parameters(most=MAX_HELD))
    return [row["name"] for row in rows]


def role(connection: Conn, view: View, assignment: str) -> Doc:
    """Return one assignment of a role, with the authority by which it was given."""
    doc = whole(connection, view, ASSIGNMENT, assignment)
    _name(connection, view, [doc])
    return doc


def _name(connection: Conn, view: View, assignments: list[Doc]) -> None:
    """Tell the function of whoever holds each role, and the name of the organisation."""
    people = {("person", one.get("person", "")) for one in assignments}
    partners = {("partner", one.get("organisation", "")) for one in assignments}
    known = titles(connection, view, people | partners)
    for one in assignments:
        one["function"] = known.get(("person", one.get("person", "")), "")
        one["organisationName"] = known.get(("partner", one.get("organisation", "")), "")
