"""The timeline (S1): what happened, newest first, one sentence for each record.

    ?soort=<capability>&partner=<organisation>&rol=<role>&door=<person>&sinds=<day>&tot=<day>
    &vanaf=<cursor>

A partner stands for what was done on its behalf and what is about it, as its own page tells; a role
for what was done in it at the time, whoever has it now (see `projections/timeline.py`). Records of
one kind on one thing that follow each other are drawn together, such as five votes.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from api.pages.choosing import Options, organisations, require_one_of
from api.pages.site import Asked, Screen
from api.pages.sorts import SORTS
from api.parameters import as_day, as_slug
from api.problems import Problem
from projections.capacities import with_capacities
from projections.names import choices
from projections.roles import ever_held
from projections.timeline import Chosen, timeline

MOST_PEOPLE: Final = 100
"""How many people are suggested, who came last first; anybody's id can be written."""
FIELDS: Final = ("soort", "partner", "rol", "door", "sinds", "tot")


def show(asked: Asked) -> dict[str, Any]:
    """Gather a page of the timeline."""
    fields = {name: asked.query.get(name, "") for name in FIELDS}
    _require_sound(fields)
    partners = tuple(organisations(asked).items())
    held = _roles(asked)
    require_one_of("partner", fields["partner"], partners)
    require_one_of("rol", fields["rol"], held)
    chosen = Chosen(
        capability=fields["soort"],
        by=fields["door"],
        partner=fields["partner"],
        role=fields["rol"],
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
        "sorts": SORTS,
        "partners": partners,
        "roles": held,
        "people": choices(asked.connection, asked.view, {"person"}, most=MOST_PEOPLE)["person"],
    }


def _roles(asked: Asked) -> Options:
    """Return the roles that this chain ever gave, by what the address says for each."""
    names = ever_held(asked.connection, asked.view)
    return tuple(sorted(((one, asked.language.word(one)) for one in names), key=lambda one: one[1]))


def _require_sound(fields: dict[str, str]) -> None:
    checks = (("door", as_slug), ("sinds", as_day), ("tot", as_day))
    for name, check in checks:
        try:
            if fields[name]:
                check(fields[name])
        except ValueError as error:
            raise Problem("malformed", f"{name}: {fields[name][:80]!r} {error}.") from error
    if fields["soort"] and fields["soort"] not in dict(SORTS):
        raise Problem("malformed", f"soort: {fields['soort'][:80]!r} is geen soort.")


SCREENS: Final = (Screen("/tijdlijn", "timeline.html", show),)
