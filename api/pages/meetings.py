"""Meetings: which there were of each body; of one who was there, what was decided, what followed.

?overleg=&status=&vanaf=<cursor>
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from api.pages.choosing import Field, bodies, chosen, require_one_of
from api.pages.site import Asked, Screen
from projections.actions import actions_named
from projections.bodies import seats_of
from projections.capacities import with_capacities
from projections.meetings import meeting, meetings
from projections.names import titles
from projections.stands import stands
from projections.views import Doc

STATUSES: Final = ("convened", "held", "cancelled")


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather a page of the list of meetings."""
    said = asked.language.text
    wanted = chosen(asked, "overleg", "status")
    statuses = tuple((name, asked.language.word(name)) for name in STATUSES)
    require_one_of("status", wanted["status"], statuses)
    page = meetings(
        asked.connection,
        asked.view,
        asked.paging(),
        body=wanted["overleg"],
        status=wanted["status"],
    )
    return {
        "items": page.items,
        "next": page.next,
        "narrowed": any(wanted.values()),
        "fields_to_choose": (
            Field(
                "overleg",
                said("Overleg"),
                bodies(asked),
                said("elk overleg"),
                value=wanted["overleg"],
            ),
            Field("status", said("Status"), statuses, said("elke status"), value=wanted["status"]),
        ),
    }


def show(asked: Asked) -> dict[str, Any]:
    """Gather everything about one meeting."""
    doc = meeting(asked.connection, asked.view, asked.named("meeting"))
    with_capacities(asked.connection, asked.view, doc["history"])
    planned = {item["decision"] for item in doc.get("agenda", []) if "decision" in item}
    later = [name for name in doc.get("decisions", []) if name not in planned]
    return {
        "meeting": doc,
        "absent": _absent(asked, doc),
        "decided": _decided(asked, later),
        "actions": actions_named(asked.connection, asked.view, doc.get("actions", [])),
    }


def _absent(asked: Asked, doc: Doc) -> list[Doc]:
    """Return the seats of the body on the day of a meeting that was held, for which nobody came."""
    if "held" not in doc or "startsAt" not in doc:
        return []
    that_day = replace(asked.view, valid_on=doc["startsAt"][:10])
    there = {one["seat"] for one in doc.get("attendance", [])}
    seats = seats_of(asked.connection, that_day, doc["body"])
    return [one for one in seats if one["seat"] not in there]


def _decided(asked: Asked, names: list[str]) -> list[Doc]:
    """Return what was decided without being on the agenda, and how that stands."""
    refs = {("decision", name) for name in names}
    known = titles(asked.connection, asked.view, refs)
    stood = stands(asked.connection, asked.view, refs)
    return [
        {
            "decision": name,
            "title": known.get(("decision", name), name),
            **stood.get(("decision", name), {}),
        }
        for name in names
    ]


SCREENS: Final = (
    Screen("/vergaderingen", "meetings.html", show_list),
    Screen("/vergaderingen/{meeting}", "meeting.html", show),
)
