"""The register of mandates: who may do what for whom, until when, and by which decision."""

from __future__ import annotations

from typing import Any, Final

from api.pages.site import Asked, Screen
from projections.capacities import with_capacities
from projections.items import seen_at
from projections.mandates import authorities, mandate, mandates
from projections.names import titles
from projections.views import MAX_LIMIT, Doc, Paging

KINDS: Final = {"organisation": "partner", "role": "assignment"}
"""The kind of thing that gives or holds a mandate, where the record calls it otherwise."""


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather the mandates that were ever given, and the powers to decide alone."""
    page = mandates(asked.connection, asked.view, asked.paging())
    powers = authorities(asked.connection, asked.view, Paging("", MAX_LIMIT))
    _tell_sources(asked, page.items)
    return {"items": page.items, "next": page.next, "powers": powers.items, "kinds": KINDS}


def _tell_sources(asked: Asked, items: list[Doc]) -> None:
    """Put beside each mandate on what its grant rests: a decision, a role, another mandate."""
    granted = seen_at(asked.connection, asked.view, {one["positions"][0] for one in items})
    grants = {seen.header.position: {"under": list(seen.header.under)} for seen in granted}
    with_capacities(asked.connection, asked.view, grants.values())
    for one in items:
        one["source"] = grants.get(one["positions"][0], {})


def show(asked: Asked) -> dict[str, Any]:
    """Gather one mandate."""
    doc = mandate(asked.connection, asked.view, asked.named("mandate"))
    with_capacities(asked.connection, asked.view, doc["history"])
    used = {one["decision"]: one for one in reversed(doc.get("used", []))}
    known = titles(asked.connection, asked.view, {("decision", name) for name in used})
    decided = [{**one, "title": known.get(("decision", name), name)} for name, one in used.items()]
    return {"mandate": doc, "kinds": KINDS, "decided": decided[::-1]}


SCREENS: Final = (
    Screen("/mandaten", "mandates.html", show_list),
    Screen("/mandaten/{mandate}", "mandate.html", show),
)
