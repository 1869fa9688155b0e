"""Doorzettingsmacht: who may push through in an emergency, every use of it, how it was judged."""

from __future__ import annotations

from typing import Any, Final

from api.pages.site import Asked, Screen
from projections.capacities import with_capacities
from projections.mandates import authority, exercise, exercises_named
from projections.names import titles
from projections.views import Doc

TOWARDS: Final = ("partner", "body")
"""What an instruction can be given to, besides a rung of the ladder."""


def show(asked: Asked) -> dict[str, Any]:
    """Gather one grant of doorzettingsmacht with every use that was made of it."""
    doc = authority(asked.connection, asked.view, asked.named("authority"))
    with_capacities(asked.connection, asked.view, doc["history"])
    names = [one["exercise"] for one in doc["exercises"]]
    uses = exercises_named(asked.connection, asked.view, names)
    _name(asked, uses)
    return {"power": doc, "uses": uses}


def show_use(asked: Asked) -> dict[str, Any]:
    """Gather one use of doorzettingsmacht."""
    doc = exercise(asked.connection, asked.view, asked.named("exercise"))
    with_capacities(asked.connection, asked.view, doc["history"])
    _name(asked, [doc])
    return {"use": doc}


def _name(asked: Asked, uses: list[Doc]) -> None:
    """Tell of each use towards whom it was, and which organisations were told of it."""
    towards = {(kind, one.get("towards", "")) for one in uses for kind in TOWARDS}
    seats = {("seat", seat) for one in uses for seat in one.get("informed", {}).get("seats", [])}
    known = titles(asked.connection, asked.view, towards | seats)
    for one in uses:
        name = one.get("towards", "")
        kind = next((kind for kind in TOWARDS if (kind, name) in known), "")
        one["towardsKind"] = kind
        one["towardsName"] = known.get((kind, name), name)
        one["told"] = [
            {"seat": seat, "name": known.get(("seat", seat), seat)}
            for seat in one.get("informed", {}).get("seats", [])
        ]


SCREENS: Final = (
    Screen("/doorzettingsmacht/{authority}", "power.html", show),
    Screen("/gebruik/{exercise}", "power_use.html", show_use),
)
