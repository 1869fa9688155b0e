"""What is due: everything in the chain that waits for somebody or for a day, the nearest day first.

Whether a day has passed is computed when it is read. What waits without a day comes last.
"""

from __future__ import annotations

from typing import Final

from psycopg.sql import SQL

from projections import scopes
from projections.names import titles
from projections.views import Conn, Doc, Page, Paging, View, fetch, page

DUE = SQL("""
    SELECT d.kind, d.id, d.scope, d.due_at::text AS due_at, d.summary
    FROM read_due AS d
    WHERE {visible} AND {conditions}
    ORDER BY d.due_at, d.kind, d.id
    LIMIT %(size)s
""")
AFTER: Final = SQL("(d.due_at, d.kind, d.id) > (%(due_at)s::timestamptz, %(kind)s, %(id)s)")
CONDITIONS: Final = {
    "what": SQL("d.what = %(what)s"),
    "owner": SQL("%(owner)s = ANY(string_to_array(d.owner, ' '))"),
    "until": SQL("d.due_at < (%(until)s::date + 1)::timestamptz"),
}


def due(
    connection: Conn,
    view: View,
    paging: Paging,
    *,
    what: str = "",
    owner: str = "",
    until: str = "",
) -> Page:
    """Return a page of what waits: of one sort, for one owner, up to and including a day.

    `what` is vote, deliberation, reflection, escalation, lesson, action, meeting, minutes,
    signature, expiry or review.
    """
    after = paging.after(str, str, str)
    chosen = {"what": what, "owner": owner, "until": until}
    asked = view.parameters(**chosen, size=paging.size + 1)
    asked |= dict(zip(("due_at", "kind", "id"), after or (None, None, None), strict=True))
    conditions = [condition for name, condition in CONDITIONS.items() if chosen[name]]
    query = DUE.format(
        visible=scopes.version("d"),
        conditions=SQL(" AND ").join([SQL("true"), *conditions, *([AFTER] if after else [])]),
    )
    rows, following = page(fetch(connection, query, asked), paging, "due_at", "kind", "id")
    known = titles(connection, view, {(row["kind"], row["id"]) for row in rows})
    return Page(
        [_item(view, row, known.get((row["kind"], row["id"]), "")) for row in rows], following
    )


def _item(view: View, row: Doc, title: str) -> Doc:
    item: Doc = {"kind": row["kind"], "id": row["id"], "title": title, **row["summary"]}
    day, moment = item.get("dueOn", ""), item.get("dueAt", "")
    now = f"{view.valid_on}T23:59:59.999999Z" if view.valid_on else view.now
    item["overdue"] = bool(day and day < view.day) or bool(moment and moment < now)
    return item
