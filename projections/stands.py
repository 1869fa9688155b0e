"""How things stand on the day of the view: the last status of many things, in one question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from psycopg.sql import SQL

from projections import scopes
from projections.names import Ref
from projections.views import Conn, Doc, View, fetch

STANDS: Final = SQL("""
    SELECT asked.kind, asked.id, s.entry
    FROM unnest(%(kinds)s::text[], %(ids)s::text[]) AS asked (kind, id)
    CROSS JOIN LATERAL (
        SELECT e.entry
        FROM read_statuses AS e
        WHERE {visible} AND e.kind = asked.kind AND e.id = asked.id
            AND e.occurred_at < %(day)s::date + 1
        ORDER BY e.occurred_at DESC, e.position DESC, e.number DESC
        LIMIT 1
    ) AS s
""").format(visible=scopes.entry("e"))


def stands(connection: Conn, view: View, wanted: Iterable[Ref]) -> dict[Ref, Doc]:
    """Return by thing its status, since when and under which label; nothing where it has none.

    What time alone brings is not reckoned in, such as an action that is over its day.
    """
    refs = sorted(set(wanted))
    if not refs:
        return {}
    kinds, ids = map(list, zip(*refs, strict=True))
    rows = fetch(connection, STANDS, view.parameters(kinds=kinds, ids=ids))
    return {(row["kind"], row["id"]): _told(row["entry"]) for row in rows}


def _told(entry: Doc) -> Doc:
    label = {"statusLabel": entry["label"]} if "label" in entry else {}
    return {"status": entry["status"], "statusSince": entry["on"], **label}
