"""Review access as readers find it: who may read along, how far, until when; and what they ask.

`grants` is what the policy of reading asks: the access that a person has at a moment. It looks at
all there is, whoever may read of it, for access that is hidden from somebody holds all the same.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from psycopg.sql import SQL

from ledger.domain.events import reviews as r
from ledger.domain.values import Header
from projections import scopes
from projections.listing import Wanted, listed
from projections.tables import day, moment, number, text
from projections.things import (
    Kind,
    Part,
    Words,
    fields,
    ids,
    listed_in,
    mark,
    picked,
    stamp,
)
from projections.views import Conn, Doc, Page, Paging, View, fetch
from projections.whole import name_organisations, whole

VERSION = 1
TABLE = listed_in(
    "reviews",
    text("reviewer"),
    text("review"),
    text("state"),
    number("rank", "int2"),
    day("record_from"),
    day("record_until"),
    moment("as_of"),
    indexes=("(chain, reviewer, since, id)", "(chain, review, since, id)"),
)
PROPOSED: Final = "proposed"
GRANTED: Final = "granted"
TERMS: Final = (
    "reviewer", "commission", "classification", "record_from", "record_until", "as_of",
    "valid_from", "valid_until", "reason",
)  # fmt: skip
SHOWN: Final = (
    "reviewer", "commission", "classification", "recordFrom", "recordUntil", "asOf",
)  # fmt: skip

# The open version that knows most: `scope_until` beyond every rank. Days of recording become
# positions here, for recorded times never decrease within a chain.
GRANTS = SQL("""
    SELECT t.id AS "grant", t.rank,
        CASE WHEN t.record_from IS NULL THEN 0 ELSE COALESCE(
            (
                SELECT e.position FROM behind.moments AS e
                WHERE e.chain = t.chain
                    AND e.recorded_at >= t.record_from::timestamp AT TIME ZONE 'UTC'
                ORDER BY e.recorded_at, e.position LIMIT 1
            ), {nothing}
        ) END AS first,
        (
            SELECT e.position FROM behind.moments AS e
            WHERE e.chain = t.chain
                AND e.recorded_at >= t.record_until::timestamp AT TIME ZONE 'UTC'
            ORDER BY e.recorded_at, e.position LIMIT 1
        ) AS until,
        CASE WHEN t.as_of = 'infinity' THEN NULL ELSE COALESCE(
            (
                SELECT e.position FROM behind.moments AS e
                WHERE e.chain = t.chain AND e.recorded_at <= t.as_of
                ORDER BY e.recorded_at DESC, e.position DESC LIMIT 1
            ), -1
        ) END AS known_at,
        t.valid_until::text AS valid_until
    FROM behind.reviews AS t
    WHERE t.chain = %(chain)s AND t.kind = 'review' AND t.reviewer = %(person)s
        AND t.state = 'granted' AND t.known_until IS NULL AND t.scope_until = {end}
        AND t.valid_from <= %(day)s::date AND t.valid_until > %(day)s::date
    ORDER BY t.since, t.id
""").format(end=scopes.END, nothing=scopes.NO_END)


class Grant(Struct, frozen=True, kw_only=True):
    """Access that a person has: to what rank, to which records, as known until when.

    Records from `first` up to, not including, `until` (None: open) are covered, and of those none
    after `known_at` (None: no ceiling; -1: nothing was there then). `grant` is the id of the
    access, `valid_until` the first day without it.
    """

    grant: str
    rank: int
    first: int
    until: int | None
    known_at: int | None
    valid_until: str


OWN = SQL("""
    SELECT t.id AS review, t.summary, t.valid_from::text AS starts, t.valid_until::text AS ends
    FROM behind.reviews AS t
    WHERE t.chain = %(chain)s AND t.kind = 'review' AND t.reviewer = %(person)s
        AND t.state = 'granted' AND t.known_until IS NULL AND t.scope_until = {end}
        AND t.valid_from <= %(day)s::date AND t.valid_until > %(day)s::date
    ORDER BY t.since, t.id
""").format(end=scopes.END)


def own(connection: Conn, view: View, person: str) -> list[Doc]:
    """Return the access that a person has now, as they may know of it whatever it opens."""
    asked = {"chain": view.chain, "person": person, "day": view.now[:10]}
    return [
        {**row["summary"], "validFrom": row["starts"], "validUntil": row["ends"]}
        for row in fetch(connection, OWN, asked)
    ]


def grants(connection: Conn, chain: str, person: str, moment: str) -> tuple[Grant, ...]:
    """Return the access that a person has to a chain at a moment (an instant), oldest first."""
    asked = {"chain": chain, "person": person, "day": moment[:10]}
    return tuple(Grant(**row) for row in fetch(connection, GRANTS, asked))


def _proposed(doc: Doc, event: r.ReviewAccessProposed, header: Header) -> None:
    doc |= fields(event, *TERMS)
    doc["proposed"] = {**fields(event, "organisation"), **stamp(header)}
    mark(doc, header, "proposed")


def _supported(doc: Doc, event: r.ReviewAccessSupported, header: Header) -> None:
    doc["supported"] = {**fields(event, "organisation"), **stamp(header)}


def _granted(doc: Doc, event: r.ReviewAccessGranted, header: Header) -> None:
    doc |= fields(event, "organisations")
    doc["granted"] = stamp(header)
    mark(doc, header, "granted")


def _withdrawn(doc: Doc, event: r.ReviewAccessWithdrawn, header: Header) -> None:
    doc["withdrawn"] = {**fields(event, "organisation", "reason"), **stamp(header)}
    mark(doc, header, "withdrawn")


def _lapsed(doc: Doc, _event: r.ReviewAccessLapsed, header: Header) -> None:
    mark(doc, header, "lapsed")


def _state(doc: Doc) -> str:
    """Say how the access stands by its records; its days are asked besides."""
    if "withdrawn" in doc:
        return "withdrawn"
    return GRANTED if "granted" in doc else PROPOSED


def _review_row(doc: Doc) -> Doc:
    return {
        "valid_from": doc.get("validFrom", ""),
        "valid_until": doc.get("validUntil", ""),
        "reviewer": doc.get("reviewer", ""),
        "review": doc["review"],
        "state": _state(doc),
        "rank": scopes.RANKS.get(doc.get("classification", ""), scopes.NOBODY),
        "record_from": doc.get("recordFrom", ""),
        "record_until": doc.get("recordUntil", ""),
        "as_of": doc.get("asOf", ""),
        "summary": {
            **picked(doc, *SHOWN),
            "organisations": [
                doc[step]["organisation"] for step in ("proposed", "supported") if step in doc
            ],
        },
    }


REVIEW = Kind(
    name="review",
    table=TABLE,
    parts={
        r.ReviewAccessProposed: Part(ids("review"), _proposed),
        r.ReviewAccessSupported: Part(ids("review"), _supported),
        r.ReviewAccessGranted: Part(ids("review"), _granted),
        r.ReviewAccessWithdrawn: Part(ids("review"), _withdrawn),
        r.ReviewAccessLapsed: Part(ids("review"), _lapsed),
    },
    row=_review_row,
    words=lambda doc: Words(doc.get("commission", ""), doc.get("reason", "")),
    dated=True,
    gone=frozenset({"proposed", "withdrawn", "lapsed"}),
)


def _asked(doc: Doc, event: r.EvidenceRequested, header: Header) -> None:
    doc |= fields(event, "review", "question")
    doc["requested"] = stamp(header)
    mark(doc, header, "requested")


def _answered(doc: Doc, event: r.EvidenceRequestAnswered, header: Header) -> None:
    doc["answered"] = {**fields(event, "bundle", "text"), **stamp(header)}
    mark(doc, header, "answered")


def _request_row(doc: Doc) -> Doc:
    empty = {"rank": scopes.NOBODY, "record_from": "", "record_until": "", "as_of": ""}
    return {
        **empty,
        "valid_from": doc["since"][:10],
        "valid_until": "",
        "reviewer": doc.get("requested", {}).get("by", ""),
        "review": doc.get("review", ""),
        "state": "answered" if "answered" in doc else "requested",
        "summary": picked(doc, "review", "question", "requested", "answered"),
    }


EVIDENCE_REQUEST = Kind(
    name="evidenceRequest",
    table=TABLE,
    parts={
        r.EvidenceRequested: Part(ids("evidence_request"), _asked),
        r.EvidenceRequestAnswered: Part(ids("evidence_request"), _answered),
    },
    row=_request_row,
    words=lambda doc: Words(doc.get("question", ""), doc.get("answered", {}).get("text", "")),
)
KINDS = (REVIEW, EVIDENCE_REQUEST)


def reviews(connection: Conn, view: View, paging: Paging, *, reviewer: str = "") -> Page:
    """Return a page of accesses; where a day was asked for, those in their term on that day."""
    wanted = Wanted(columns={"reviewer": reviewer}, newest_first=True)
    return listed(connection, view, paging, REVIEW, wanted)


def review(connection: Conn, view: View, name: str) -> Doc:
    """Return one access: who wanted it, how far it reaches, how it ended."""
    doc = whole(connection, view, REVIEW, name)
    name_organisations(connection, view, doc)
    return doc


def evidence_requests(
    connection: Conn, view: View, paging: Paging, *, review: str = "", reviewer: str = ""
) -> Page:
    """Return a page of requests for evidence, newest first, with their answers."""
    wanted = Wanted(columns={"review": review, "reviewer": reviewer}, newest_first=True)
    return listed(connection, view, paging, EVIDENCE_REQUEST, wanted)


def evidence_request(connection: Conn, view: View, name: str) -> Doc:
    """Return one request for evidence and its answer."""
    return whole(connection, view, EVIDENCE_REQUEST, name)
