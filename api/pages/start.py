"""The first page of a chain: at a glance what is open, overdue, disputed or vacant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from api.pages.actions import waits
from api.pages.bodies import is_over
from api.pages.site import Asked, Screen
from projections.bodies import bodies
from projections.capacities import with_capacities
from projections.chains import chain
from projections.decisions import decisions
from projections.escalations import escalations
from projections.stands import stands
from projections.timeline import Chosen, timeline
from projections.views import Doc, Paging

SHOWN: Final = 5
LATEST: Final = 8
MAX_DISPUTES: Final = 50
"""How many disputes, newest first, are looked through for those that still matter."""
UNDONE: Final = ("superseded", "revoked")


class Tile(Struct, frozen=True):
    """A box on the page: its heading, up to five things, what to say if none, where all are."""

    id: str
    title: str
    items: list[Doc]
    none: str
    href: str = ""
    all: str = ""
    more: bool = False


def start(asked: Asked) -> dict[str, Any]:
    """Gather the overview of a chain."""
    doc = chain(asked.connection, asked.view)
    latest = timeline(asked.connection, asked.view, Paging("", LATEST), Chosen()).items
    with_capacities(asked.connection, asked.view, latest)
    return {
        "objective": next((one.get("text", "") for one in doc["objectives"]), ""),
        "partners": doc["partners"],
        "tiles": [tile(asked) for tile in (_open, _overdue, _escalated, _disputed, _vacant)],
        "latest": latest,
    }


def _open(asked: Asked) -> Tile:
    said = asked.language.text
    found = decisions(asked.connection, asked.view, Paging("", SHOWN), status="open")
    items = [_thing("decision", one["decision"], one.get("title", "")) for one in found.items]
    return Tile(
        "open",
        said("Open voor stemming"),
        items,
        said("Er loopt geen stemming."),
        "/besluiten",
        said("Alle besluiten"),
        bool(found.next),
    )


def _overdue(asked: Asked) -> Tile:
    said = asked.language.text
    found = waits(asked, until=asked.view.day, limit=SHOWN)
    late = [one for one in found.items if one["overdue"]]
    items = [
        _thing(one["kind"], one["id"], one.get("title", ""), asked.language.day(_day(one)))
        for one in late[:SHOWN]
    ]
    return Tile(
        "te-laat",
        said("Over tijd"),
        items,
        said("Er is niets over tijd."),
        "/acties",
        said("Alles wat wacht"),
        bool(found.next) or len(late) > SHOWN,
    )


def _escalated(asked: Asked) -> Tile:
    said = asked.language.text
    found = escalations(asked.connection, asked.view, Paging("", SHOWN), status="open")
    items = [_thing("escalation", one["escalation"], one.get("subject", "")) for one in found.items]
    return Tile(
        "opgeschaald",
        said("Opgeschaald en nog niet opgelost"),
        items,
        said("Er loopt geen escalatie."),
        "/escalaties",
        said("Alle escalaties"),
        bool(found.next),
    )


def _disputed(asked: Asked) -> Tile:
    """Return the decisions of which somebody disputes the outcome, and that were not undone."""
    said = asked.language.text
    disputes = Chosen(types=("OutcomeDisputed",))
    found = timeline(asked.connection, asked.view, Paging("", MAX_DISPUTES), disputes)
    about = [ref for one in found.items for ref in one["things"] if ref["kind"] == "decision"]
    named = {("decision", ref["id"]): ref["name"] for ref in about}
    stood = stands(asked.connection, asked.view, named)
    left = [ref for ref in named if stood.get(ref, {}).get("status") not in UNDONE]
    return Tile(
        "betwist",
        said("Betwiste uitkomsten"),
        [_thing(*ref, named[ref]) for ref in left[:SHOWN]],
        said("Geen uitkomst wordt betwist."),
        "/besluiten",
        said("Alle besluiten"),
        bool(found.next) or len(left) > SHOWN,
    )


def _vacant(asked: Asked) -> Tile:
    said = asked.language.text
    found = bodies(asked.connection, asked.view, Paging("", 200))
    empty = list(vacant_seats(found.items, asked.view.day))
    items = [_thing("seat", seat["seat"], _whose(seat), body) for body, seat in empty[:SHOWN]]
    return Tile(
        "onbezet",
        said("Onbezette zetels"),
        items,
        said("Elke zetel is bezet."),
        "/overleggen",
        said("Alle overleggen"),
        len(empty) > SHOWN,
    )


def vacant_seats(found: Iterable[Doc], day: str) -> Iterable[tuple[str, Doc]]:
    """Give the seats that nobody holds, each with its body, of the bodies that are there."""
    for body in found:
        if is_over(body, day):
            continue
        for seat in body.get("seats", []):
            if seat.get("vacant"):
                yield str(body.get("name", body["body"])), seat


def _whose(seat: Doc) -> str:
    return str(seat.get("organisationName") or seat.get("organisation") or seat["seat"])


def _day(one: Doc) -> str:
    return str(one.get("dueOn") or one.get("dueAt") or "")[:10]


def _thing(kind: str, name: str, title: str, note: str = "") -> Doc:
    return {"kind": kind, "id": name, "title": title, "note": note}


SCREENS: Final = (Screen("", "start.html", start),)
