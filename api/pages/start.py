"""The first page of a chain: at a glance what is open, overdue, disputed or vacant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from api.pages.actions import waits
from api.pages.site import Asked, Screen
from projections.bodies import bodies
from projections.capacities import with_capacities
from projections.chains import chain
from projections.decisions import decisions
from projections.escalations import escalations
from projections.timeline import Chosen, timeline
from projections.views import Doc, Page, Paging

SHOWN: Final = 5
LATEST: Final = 8


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
        "tiles": [_open(asked), _overdue(asked), _disputed(asked), _vacant(asked)],
        "latest": latest,
    }


def _open(asked: Asked) -> Tile:
    said = asked.language.text
    found = decisions(asked.connection, asked.view, Paging("", SHOWN), status="open")
    items = [_thing("decision", one, "title") for one in found.items]
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
        _thing(
            one["kind"],
            {**one, one["kind"]: one["id"]},
            "title",
            note=asked.language.day(_day(one)),
        )
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


def _disputed(asked: Asked) -> Tile:
    said = asked.language.text
    found = escalations(asked.connection, asked.view, Paging("", SHOWN), status="open")
    items = [_thing("escalation", one, "subject") for one in found.items]
    return Tile(
        "opgeschaald",
        said("Opgeschaald en nog niet opgelost"),
        items,
        said("Er loopt geen escalatie."),
        "/escalaties",
        said("Alle escalaties"),
        bool(found.next),
    )


def _vacant(asked: Asked) -> Tile:
    said = asked.language.text
    found = bodies(asked.connection, asked.view, Paging("", 200))
    empty = list(_vacant_seats(found))
    items = [
        {"kind": "seat", "id": seat["seat"], "title": seat.get("organisation", ""), "note": body}
        for body, seat in empty[:SHOWN]
    ]
    return Tile(
        "onbezet",
        said("Onbezette zetels"),
        items,
        said("Elke zetel is bezet."),
        "/overleggen",
        said("Alle overleggen"),
        len(empty) > SHOWN,
    )


def _vacant_seats(found: Page) -> Iterable[tuple[str, Doc]]:
    for body in found.items:
        for seat in body.get("seats", []):
            if seat.get("vacant"):
                yield str(body.get("name", body["body"])), seat


def _day(one: Doc) -> str:
    return str(one.get("dueOn") or one.get("dueAt") or "")[:10]


def _thing(kind: str, one: Doc, title: str, note: str = "") -> Doc:
    return {"kind": kind, "id": one[kind], "title": one.get(title, ""), "note": note}


SCREENS: Final = (Screen("", "start.html", start),)
