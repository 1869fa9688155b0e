"""Who and for whom: one person and one partner, with what they hold and what they did."""

from __future__ import annotations

from typing import Any, Final

from api.pages.site import Asked, Screen
from projections.audit import for_partner, of_person
from projections.capacities import with_capacities
from projections.chains import partner, partners
from projections.people import person
from projections.views import Paging

SHOWN: Final = 20
"""How many acts a page tells at once; the link at the end leads further."""


def show_person(asked: Asked) -> dict[str, Any]:
    """Gather one person: functions, roles and seats over time, and what they did."""
    name = asked.named("person")
    doc = person(asked.connection, asked.view, name)
    with_capacities(asked.connection, asked.view, doc["history"])
    did = of_person(asked.connection, asked.view, _further(asked), name)
    return {"person_shown": doc, "did": did.items, "next": did.next}


def show_partners(asked: Asked) -> dict[str, Any]:
    """Gather the partners of a chain, also those that left."""
    page = partners(asked.connection, asked.view, asked.paging())
    return {"items": page.items, "next": page.next}


def show_partner(asked: Asked) -> dict[str, Any]:
    """Gather one partner: its terms, and what was done on its behalf."""
    name = asked.named("partner")
    doc = partner(asked.connection, asked.view, name)
    with_capacities(asked.connection, asked.view, doc["history"])
    did = for_partner(asked.connection, asked.view, _further(asked), name)
    return {"partner": doc, "did": did.items, "next": did.next}


def _further(asked: Asked) -> Paging:
    return asked.paging(SHOWN)


SCREENS: Final = (
    Screen("/personen/{person}", "person.html", show_person),
    Screen("/partners", "partners.html", show_partners),
    Screen("/partners/{partner}", "partner.html", show_partner),
)
