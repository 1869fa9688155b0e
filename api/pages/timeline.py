"""The timeline (S1): what happened, newest first, one sentence for each record.

    ?soort=<capability>&door=<person>&sinds=<day>&tot=<day>&vanaf=<cursor>

Records of one kind on one thing that follow each other are drawn together, such as five votes.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from api.pages.site import Asked, Screen
from api.parameters import as_day, as_slug
from api.problems import Problem
from projections.capacities import with_capacities
from projections.timeline import Chosen, timeline

CAPABILITIES: Final = (
    ("decisions", "Besluiten"),
    ("agreements", "Afspraken"),
    ("escalations", "Escalaties"),
    ("actions", "Acties"),
    ("meetings", "Vergaderingen"),
    ("bodies", "Overleggen en zetels"),
    ("roles", "Rollen"),
    ("mandates", "Mandaten en doorzettingsmacht"),
    ("decision_rules", "Besluitregels"),
    ("memory", "Ketengeheugen"),
    ("people", "Personen"),
    ("chains", "Keten en partners"),
)
"""What can be chosen: the capability, and its name in Dutch."""
FIELDS: Final = ("soort", "door", "sinds", "tot")


def show(asked: Asked) -> dict[str, Any]:
    """Gather a page of the timeline."""
    fields = {name: asked.query.get(name, "") for name in FIELDS}
    _require_sound(fields)
    chosen = Chosen(
        capability=fields["soort"],
        by=fields["door"],
        since=fields["sinds"],
        until=fields["tot"],
    )
    page = timeline(asked.connection, asked.view, asked.paging(), chosen)
    with_capacities(asked.connection, asked.view, page.items)
    groups = [list(group) for _, group in groupby(page.items, key=lambda one: one["group"])]
    return {
        "entries": groups,
        "next": page.next,
        "chosen": fields,
        "capabilities": CAPABILITIES,
    }


def _require_sound(fields: dict[str, str]) -> None:
    checks = (("door", as_slug), ("sinds", as_day), ("tot", as_day))
    for name, check in checks:
        try:
            if fields[name]:
                check(fields[name])
        except ValueError as error:
            raise Problem("malformed", f"{name}: {fields[name][:80]!r} {error}.") from error
    if fields["soort"] and fields["soort"] not in dict(CAPABILITIES):
        raise Problem("malformed", f"soort: {fields['soort'][:80]!r} is geen soort.")


SCREENS: Final = (Screen("/tijdlijn", "timeline.html", show),)
