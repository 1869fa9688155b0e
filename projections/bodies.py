"""Bodies and seats as readers find them: who sits where for whom on the day that was asked for.

A seat keeps every term that somebody held it; a day on which nobody does is a vacancy, and shown
as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ledger.domain.events import bodies as b
from ledger.domain.events.meetings import AgendaItemPlanned
from ledger.domain.values import Header
from projections.adding import appended
from projections.listing import Wanted, everything, listed
from projections.names import titles
from projections.tables import several, text
from projections.things import Kind, Part, Words, fields, ids, listed_in, picked, stamp
from projections.views import Conn, Doc, Page, Paging, View
from projections.whole import whole

VERSION = 1
TABLE = listed_in(
    "bodies",
    text("body"),
    text("organisation"),
    several("persons"),
    indexes=("(chain, body, since, id)",),
)


def _established(doc: Doc, event: b.BodyEstablished, header: Header) -> None:
    doc |= fields(
        event, "name", "kind", "level", "parent", "remit", "records_scope", "heartbeat_days"
    )
    doc["established"] = stamp(header)
    doc["validFrom"] = header.day


def _remit(doc: Doc, event: b.BodyRemitChanged, header: Header) -> None:
    was = doc.get("remit", "")
    doc["remit"] = event.remit
    doc.setdefault("remits", []).append({"was": was, "remit": event.remit, **stamp(header)})


def _succeeded(doc: Doc, event: b.BodySucceeded, header: Header) -> None:
    if doc["body"] == event.body:
        doc |= {"successor": event.successor, "validUntil": header.day, "ended": stamp(header)}
    else:
        doc.setdefault("predecessors", []).append(event.body)


def _dissolved(doc: Doc, event: b.BodyDissolved, header: Header) -> None:
    doc["validUntil"] = header.day
    doc["ended"] = {"reason": event.reason, **stamp(header)}


BODY = Kind(
    name="body",
    table=TABLE,
    parts={
        b.BodyEstablished: Part(ids("body"), _established),
        b.BodyRemitChanged: Part(ids("body"), _remit),
        b.BodySucceeded: Part(ids("body", "successor"), _succeeded),
        b.BodyDissolved: Part(ids("body"), _dissolved),
        b.ChairRotationAgreed: Part(
            ids("body"), appended("rotations", "order", "period", "months")
        ),
        b.ChairTermStarted: Part(ids("body"), appended("chairs", "seat", "skipped_because")),
        AgendaItemPlanned: Part(ids("body"), appended("plannedItems", "subject", "origin")),
    },
    row=lambda doc: {
        "valid_from": doc.get("validFrom", doc["since"][:10]),
        "valid_until": doc.get("validUntil", ""),
        "body": doc["body"],
        "summary": picked(doc, "name", "kind", "level", "parent", "remit", "chairs", "successor"),
    },
    words=lambda doc: Words(doc.get("name", ""), doc.get("remit", "")),
    dated=True,
)


def _created(doc: Doc, event: b.SeatCreated, header: Header) -> None:
    doc |= fields(event, "body", "organisation")
    doc |= {"advisory": event.advisory, "weight": 1}
    doc["validFrom"] = event.valid_from or header.day
    doc["created"] = stamp(header)


def _abolished(doc: Doc, event: b.SeatAbolished, header: Header) -> None:
    doc["validUntil"] = header.day
    doc["abolished"] = {"reason": event.reason, **stamp(header)}


def _assigned(doc: Doc, event: b.SeatAssigned, header: Header) -> None:
    term = {**fields(event, "person", "valid_from", "valid_until"), **stamp(header)}
    doc.setdefault("terms", []).append(term)


def _vacated(doc: Doc, event: b.SeatVacated, header: Header) -> None:
    """End the term that was under way on that day, or about to begin."""
    vacancy = {**fields(event, "valid_until", "reason"), **stamp(header)}
    doc.setdefault("vacancies", []).append(vacancy)
    for term in reversed(doc.get("terms", [])):
        until = term.get("validUntil", "")
        if term["validFrom"] <= event.valid_until and (not until or event.valid_until < until):
            term["validUntil"] = event.valid_until
            return


def _weighed(doc: Doc, event: b.SeatWeightSet, header: Header) -> None:
    doc["weight"] = event.weight
    doc.setdefault("weights", []).append({"weight": event.weight, **stamp(header)})


def _seat_row(doc: Doc) -> Doc:
    shown = ("person", "validFrom", "validUntil", "position", "imported")
    terms = [picked(term, *shown) for term in doc.get("terms", [])]
    return {
        "valid_from": doc.get("validFrom", doc["since"][:10]),
        "valid_until": doc.get("validUntil", ""),
        "body": doc.get("body", ""),
        "organisation": doc.get("organisation", ""),
        "persons": " ".join(dict.fromkeys(term["person"] for term in terms)),
        "summary": {
            **picked(doc, "body", "organisation", "advisory", "weight"),
            **({"terms": terms} if terms else {}),
        },
    }


SEAT = Kind(
    name="seat",
    table=TABLE,
    parts={
        b.SeatCreated: Part(ids("seat"), _created),
        b.SeatAbolished: Part(ids("seat"), _abolished),
        b.SeatAssigned: Part(ids("seat"), _assigned),
        b.SeatVacated: Part(ids("seat"), _vacated),
        b.SeatWeightSet: Part(ids("seat"), _weighed),
        b.CommitmentDeclared: Part(ids("seat"), appended("commitments", "statement")),
    },
    row=_seat_row,
    words=lambda doc: Words(doc.get("organisation", "")),
    dated=True,
)
KINDS: Final = (BODY, SEAT)


def bodies(connection: Conn, view: View, paging: Paging) -> Page:
    """Return a page of bodies, each with its seats and who holds them on the day."""
    found = listed(connection, view, paging, BODY, Wanted())
    seats = _seats_by_body(connection, view) if found.items else {}
    for body in found.items:
        _show_chair(body, view)
        body["seats"] = seats.get(body["body"], [])
    return found


def _seats_by_body(connection: Conn, view: View) -> dict[str, list[Doc]]:
    """Return all seats on the day by their body: together, as asking for each takes far longer."""
    seats = everything(connection, view, SEAT, Wanted(valid=True))
    _show_holders(connection, view, seats)
    found: dict[str, list[Doc]] = {}
    for one in seats:
        found.setdefault(one.get("body", ""), []).append(one)
    return found


def body(connection: Conn, view: View, name: str) -> Doc:
    """Return a body with its seats, its chairs and what waits for its next meeting."""
    doc = whole(connection, view, BODY, name)
    _show_chair(doc, view)
    doc["seats"] = seats_of(connection, view, name)
    return doc


def seats_of(connection: Conn, view: View, body: str) -> list[Doc]:
    """Return the seats that a body has on the day, each with its holder or `vacant`."""
    wanted = Wanted(columns={"body": body}, valid=True)
    seats = everything(connection, view, SEAT, wanted)
    _show_holders(connection, view, seats)
    return seats


def seat(connection: Conn, view: View, name: str) -> Doc:
    """Return a seat with all who ever held it, and on what authority they were appointed."""
    doc = whole(connection, view, SEAT, name)
    _show_holders(connection, view, [doc])
    return doc


def seats_ever_held(connection: Conn, view: View, person: str) -> list[Doc]:
    """Return every seat that somebody holds or held, with their terms alone."""
    seats = everything(connection, view, SEAT, Wanted(columns={"persons": person}))
    for one in seats:
        one["terms"] = [term for term in one.get("terms", []) if term["person"] == person]
    return seats


def holder_on(seat: Doc, day: str) -> Doc | None:
    """Return the term of whoever held a seat on a day, or None for a vacancy."""
    for term in reversed(seat.get("terms", [])):
        until = term.get("validUntil", "")
        if term["validFrom"] <= day and (not until or day < until):
            return dict(term)
    return None


def _show_holders(connection: Conn, view: View, seats: Sequence[Doc]) -> None:
    terms = {one["seat"]: holder_on(one, view.day) for one in seats}
    people = {("person", term["person"]) for term in terms.values() if term is not None}
    known = titles(
        connection, view, people | {("partner", one.get("organisation", "")) for one in seats}
    )
    for one in seats:
        term = terms[one["seat"]]
        organisation = one.get("organisation", "")
        one["organisationName"] = known.get(("partner", organisation), organisation)
        one["vacant"] = term is None
        if term is not None:
            one["holder"] = term["person"]
            one["holderFunction"] = known.get(("person", term["person"]), "")
            one["heldSince"] = term["validFrom"]


def _show_chair(body: Doc, view: View) -> None:
    """Tell which seat has the chair on the day: the last one that took it by then."""
    taken = [one for one in body.get("chairs", []) if one["on"][:10] <= view.day]
    if taken:
        body["chair"] = max(taken, key=lambda one: (one["on"], one["position"]))["seat"]
