"""The chain's memory: what was decided and learnt before on a subject, and what was said of it.

With every decision and lesson come the reasons told afterwards, the corrections (both readings)
and the notes beside it, so that nobody undoes unknowingly what was once solved together.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import Final

from psycopg.sql import SQL

from ledger import catalogue
from ledger.domain.events.memory import (
    EventAnnotated,
    LessonRecorded,
    RationaleAdded,
    RecordCorrected,
)
from ledger.domain.values import Event, Header
from projections import opened, scopes
from projections.decisions import DECISION
from projections.listing import Wanted, listed
from projections.standing import stored
from projections.tables import several, text
from projections.things import Kind, Part, Words, fields, ids, listed_in, picked, stamp
from projections.views import Conn, Doc, Page, Paging, View, cursor, fetch
from projections.whole import show_links, whole

VERSION = 2
TABLE = listed_in(
    "memory",
    text("subject"),
    text("escalation"),
    several("decisions"),
    indexes=("(chain, subject, since, id)",),
)
SHOWN: Final = ("subject", "problem", "approach", "solution", "decisions", "escalation", "since")
TITLE_WIDTH: Final = 80

BESIDE: Final[dict[type[Event], tuple[str, tuple[str, ...]]]] = {
    RationaleAdded: ("rationale", ("text",)),
    LessonRecorded: ("lessons", ("lesson", "solution")),
    RecordCorrected: ("corrections", ("target", "field", "was", "becomes", "reason")),
    EventAnnotated: ("annotations", ("target", "label", "text")),
}
"""What was said of a thing later: under which name it is shown, and which fields of it."""

SAID_LATER = SQL("""
    SELECT l.kind, l.id, l.position, r.state
    FROM unnest(%(kinds)s::text[], %(ids)s::text[]) AS asked (kind, id)
    CROSS JOIN LATERAL (
        SELECT l.chain, l.kind, l.id, l.position
        FROM read_links AS l
        WHERE {visible} AND l.kind = asked.kind AND l.id = asked.id
        OFFSET 0
    ) AS l
    JOIN read_records AS t ON t.chain = l.chain AND t.position = l.position
    {stored}
    WHERE t.type = ANY(%(types)s::text[])
        AND (%(valid_on)s::date IS NULL OR t.occurred_at < %(valid_on)s::date + 1)
    ORDER BY l.position
""").format(visible=scopes.entry("l"), stored=stored("l"))


def _recorded(doc: Doc, event: LessonRecorded, header: Header) -> None:
    doc |= fields(event, "subject", "problem", "approach", "solution", "decisions", "escalation")
    doc["recorded"] = stamp(header)


def _words(doc: Doc) -> Words:
    said = [doc.get(name, "") for name in ("subject", "problem", "approach", "solution")]
    title = shorten(doc.get("problem", ""), TITLE_WIDTH, placeholder="…").rstrip(".")
    return Words(title, "\n".join(filter(None, said)))


LESSON = Kind(
    name="lesson",
    table=TABLE,
    parts={LessonRecorded: Part(ids("lesson"), _recorded)},
    row=lambda doc: {
        "valid_from": doc["since"][:10],
        "subject": doc.get("subject", ""),
        "escalation": doc.get("escalation", ""),
        "decisions": " ".join(doc.get("decisions", [])),
        "summary": picked(doc, *SHOWN),
    },
    words=_words,
)
KINDS: Final = (LESSON,)
REMEMBERED: Final = (LESSON, DECISION)


def memory(
    connection: Conn, view: View, paging: Paging, *, subject: str = "", text: str = ""
) -> Page:
    """Return a page of earlier decisions and lessons on a subject, newest first.

    `remembered` says whether an item is a lesson or a decision. `subject` is the subject itself,
    `text` words that are looked for; without either it is all the chain remembers.
    """
    wanted = Wanted(columns={"subject": subject}, text=text, newest_first=True)
    # Both lists go on after the same place, so the first of the two together are the page.
    found = [listed(connection, view, paging, kind, wanted) for kind in REMEMBERED]
    items = [
        {"remembered": kind.name, **item}
        for kind, part in zip(REMEMBERED, found, strict=True)
        for item in part.items
    ]
    items.sort(key=_place, reverse=True)
    more = len(items) > paging.size or any(part.next for part in found)
    kept = items[: paging.size]
    _show_what_was_said(connection, view, kept)
    return Page(kept, cursor(*_place(kept[-1])) if more else "")


def _place(item: Doc) -> tuple[int, str]:
    """Return where an item stands in the lists: its first record, its id."""
    return (item["positions"][0], item[item["remembered"]])


def _show_what_was_said(connection: Conn, view: View, items: Sequence[Doc]) -> None:
    """Put beside each item what was said of it later, under the names in `BESIDE`."""
    about = {(item["remembered"], item[item["remembered"]]): item for item in items}
    if not about:
        return
    kinds, names = map(list, zip(*about, strict=True))
    types = [catalogue.type_name(kind) for kind in BESIDE]
    asked = view.parameters(kinds=kinds, ids=names, types=types)
    rows = fetch(connection, SAID_LATER, asked)
    records = opened.records(connection, view, (row["state"] for row in rows))
    for row, seen in zip(rows, records, strict=True):
        name, shown = BESIDE[type(seen.event)]
        if (row["kind"], name) != ("lesson", "lessons"):
            said = {**fields(seen.event, *shown), **stamp(seen.header)}
            about[row["kind"], row["id"]].setdefault(name, []).append(said)


def lessons(
    connection: Conn,
    view: View,
    paging: Paging,
    *,
    subject: str = "",
    decision: str = "",
    escalation: str = "",
    text: str = "",
) -> Page:
    """Return a page of lessons, newest first: on a subject, from a decision or an escalation."""
    columns = {"subject": subject, "decisions": decision, "escalation": escalation}
    wanted = Wanted(columns=columns, text=text, newest_first=True)
    return listed(connection, view, paging, LESSON, wanted)


def lesson(connection: Conn, view: View, name: str) -> Doc:
    """Return a lesson with the decisions and the escalation it was drawn from."""
    doc = whole(connection, view, LESSON, name)
    show_links(connection, view, doc, {"decisions": "decision", "escalation": "escalation"})
    return doc
