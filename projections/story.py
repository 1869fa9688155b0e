"""The story of a subject: all that was decided, agreed, disputed and learnt on it, in order.

    decisions and lessons on the subject itself
    the escalations and bottlenecks that these name, and the agreements that the decisions made

Each item says what came after it: what replaced it, what was told of it later.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from psycopg.sql import SQL

from ledger.domain.values import NotFound
from projections import scopes
from projections.agreements import AGREEMENT
from projections.decisions import DECISION
from projections.escalations import BOTTLENECK, ESCALATION
from projections.items import find_many, with_status
from projections.memory import LESSON
from projections.names import Ref, titles
from projections.things import Kind, picked
from projections.views import MAX_LIMIT, Conn, Doc, View, fetch

MAX_SUBJECTS: Final = 500
TOLD: Final = (DECISION, LESSON, ESCALATION, BOTTLENECK, AGREEMENT)
"""What a story tells of, in the order in which things of one moment are told."""

# Everything that is on a subject by name: decisions and lessons.
ON_SUBJECTS: Final = SQL("""
    SELECT d.kind, d.id, d.subject, d.since, d.valid_from
    FROM read_decisions AS d
    WHERE {decisions} AND d.subject <> ''
    UNION ALL
    SELECT m.kind, m.id, m.subject, m.since, m.valid_from
    FROM read_memory AS m
    WHERE {lessons} AND m.subject <> ''
""").format(decisions=scopes.version("d"), lessons=scopes.version("m"))

SUBJECTS = SQL("""
    SELECT t.subject,
        count(*) FILTER (WHERE t.kind = 'decision') AS decisions,
        count(*) FILTER (WHERE t.kind = 'lesson') AS lessons,
        min(t.valid_from)::text AS first, max(t.valid_from)::text AS last
    FROM ({on_subjects}) AS t
    WHERE %(valid_on)s::date IS NULL OR t.valid_from <= %(valid_on)s::date
    GROUP BY t.subject
    ORDER BY t.subject
    LIMIT %(size)s
""").format(on_subjects=ON_SUBJECTS)

ON_A_SUBJECT = SQL("""
    SELECT t.kind, t.id
    FROM ({on_subjects}) AS t
    WHERE t.subject = %(subject)s
        AND (%(valid_on)s::date IS NULL OR t.valid_from <= %(valid_on)s::date)
    ORDER BY t.since, t.id
    LIMIT %(size)s
""").format(on_subjects=ON_SUBJECTS)

# What stands in one record with a thing is what that record says of both.
BESIDE = SQL("""
    SELECT DISTINCT o.kind, o.id
    FROM unnest(%(kinds)s::text[], %(ids)s::text[]) AS asked (kind, id)
    JOIN read_links AS l ON l.kind = asked.kind AND l.id = asked.id
    JOIN read_links AS o ON o.chain = l.chain AND o.position = l.position
    WHERE {visible} AND {visible_beside} AND o.kind = ANY(%(wanted)s::text[])
    ORDER BY o.kind, o.id
    LIMIT %(size)s
""").format(visible=scopes.entry("l"), visible_beside=scopes.entry("o"))


class Story(Struct, frozen=True):
    """What happened on a subject, oldest first; `more` says that there is more than is told."""

    subject: str
    items: list[Doc]
    more: bool


def subjects(connection: Conn, view: View) -> list[Doc]:
    """Return the subjects of a chain: how many decisions and lessons, from when until when."""
    return fetch(connection, SUBJECTS, view.parameters(size=MAX_SUBJECTS))


def story(connection: Conn, view: View, subject: str) -> Story:
    """Return the story of a subject; NotFound if the reader knows nothing on it then."""
    asked = view.parameters(subject=subject, size=MAX_LIMIT + 1)
    rows = fetch(connection, ON_A_SUBJECT, asked)
    if not rows:
        raise NotFound(f"Over onderwerp {subject} is niets vastgelegd, of toen nog niet.")
    own: list[Ref] = [(row["kind"], row["id"]) for row in rows[:MAX_LIMIT]]
    docs = _docs(connection, view, [*own, *_beside(connection, view, own)])
    named = [ref for doc in docs.values() for ref in _named(doc) if ref not in docs]
    docs |= _docs(connection, view, named)
    items = [_told(kind, doc) for (kind, _), doc in docs.items()]
    items.sort(key=lambda item: (item["since"], _RANK[item["kind"]], item["id"]))
    _name(connection, view, items)
    return Story(subject, items, len(rows) > MAX_LIMIT)


_RANK: Final = {kind.name: rank for rank, kind in enumerate(TOLD)}


def _beside(connection: Conn, view: View, own: list[Ref]) -> list[Ref]:
    kinds, ids = map(list, zip(*own, strict=True))
    asked = view.parameters(kinds=kinds, ids=ids, wanted=[ESCALATION.name], size=MAX_LIMIT)
    return [(row["kind"], row["id"]) for row in fetch(connection, BESIDE, asked)]


def _named(doc: Doc) -> Iterable[Ref]:
    """Give the agreements that a decision made, and the bottleneck of an escalation."""
    if doc.get("bottleneck") and ESCALATION.name in doc:
        yield (BOTTLENECK.name, doc["bottleneck"])
    for one in doc.get("effectsRecorded", []):
        if one.get("kind") == AGREEMENT.name:
            yield (AGREEMENT.name, one["id"])


def _docs(connection: Conn, view: View, refs: Iterable[Ref]) -> dict[Ref, Doc]:
    found: dict[Ref, Doc] = {}
    wanted = list(dict.fromkeys(refs))
    for kind in TOLD:
        ids = [name for of, name in wanted if of == kind.name]
        if ids:
            items = find_many(connection, view, kind, ids)
            found |= {(kind.name, name): with_status(one.doc, view) for name, one in items.items()}
    return found


def _told(kind: str, doc: Doc) -> Doc:
    """Return what a story tells of one thing, under the same names for every kind."""
    one: Kind = TOLD[_RANK[kind]]
    shown = picked(
        doc, "since", "status", "statusLabel", "problem", "approach", "solution", "reason", "text",
        "impact", "supersedes", "supersededBy", "rationale", "corrections", "annotations",
        "imported", "positions",
    )  # fmt: skip
    made = [
        picked(entry, "kind", "id") for entry in doc.get("effectsRecorded", []) if "kind" in entry
    ]
    solved = doc.get("resolved", {}).get("decision", "")
    drawn_from = [{"decision": name} for name in doc.get("decisions", [])]
    return {
        **shown,
        "kind": kind,
        "id": doc[kind],
        "title": one.words(doc).title or doc[kind],
        **({"made": made} if made else {}),
        **({"solvedBy": [{"decision": solved}]} if solved else {}),
        **({"drawnFrom": drawn_from} if drawn_from else {}),
    }


def _name(connection: Conn, view: View, items: list[Doc]) -> None:
    """Tell the titles of what the items name."""
    named: list[tuple[Doc, str, str]] = [
        (link, "decision", link["decision"])
        for item in items
        for field in ("supersedes", "supersededBy", "solvedBy", "drawnFrom")
        for link in item.get(field, [])
    ]
    named += [(one, one["kind"], one["id"]) for item in items for one in item.get("made", [])]
    known = titles(connection, view, {(kind, name) for _, kind, name in named})
    for link, kind, name in named:
        link["title"] = known.get((kind, name), name)
