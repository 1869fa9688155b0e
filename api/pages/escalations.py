"""Escalations (S3): which there are, and the ladder that each of them climbed.

?status=&organisatie=&tekst=&vanaf=<cursor>        `status=open`: all that wait for a solution
"""

from __future__ import annotations

from typing import Any, Final, get_args

from api.escalations import Status
from api.pages.choosing import Field, chosen, organisations, require_one_of
from api.pages.proof import proof
from api.pages.site import Asked, Screen
from projections.capacities import with_capacities
from projections.escalations import escalation, escalations
from projections.names import titles
from projections.views import Doc


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather a page of the list of escalations."""
    said = asked.language.text
    wanted = chosen(asked, "status", "organisatie", "tekst")
    named = tuple((name, asked.language.word(name)) for name in get_args(Status))
    statuses = (("open", said("nog niet opgelost")), *named)
    require_one_of("status", wanted["status"], statuses)
    page = escalations(
        asked.connection,
        asked.view,
        asked.paging(),
        status=wanted["status"],
        organisation=wanted["organisatie"],
        text=wanted["tekst"],
    )
    partners = tuple(organisations(asked).items())
    return {
        "items": page.items,
        "next": page.next,
        "narrowed": any(wanted.values()),
        "fields_to_choose": (
            Field("status", said("Status"), statuses, said("elke status"), value=wanted["status"]),
            Field(
                "organisatie",
                said("Organisatie"),
                partners,
                said("elke organisatie"),
                value=wanted["organisatie"],
            ),
            Field("tekst", said("Woorden in de tekst"), value=wanted["tekst"]),
        ),
    }


def show(asked: Asked) -> dict[str, Any]:
    """Gather everything about one escalation."""
    doc = escalation(asked.connection, asked.view, asked.named("escalation"))
    with_capacities(asked.connection, asked.view, doc["history"])
    names = _organisations(asked, doc)
    return {
        "escalation": doc,
        "jointly": [names.get(name, name) for name in doc.get("jointlyBy", [])],
        "attempts": [
            {**one, "names": [names.get(name, name) for name in one.get("organisations", [])]}
            for one in doc["horizontalAttempts"]
        ],
        "proof": proof(asked, doc["positions"][-1]),
    }


def _organisations(asked: Asked, doc: Doc) -> dict[str, str]:
    tried = [name for one in doc["horizontalAttempts"] for name in one.get("organisations", [])]
    refs = {("partner", name) for name in (*doc.get("jointlyBy", []), *tried)}
    found = titles(asked.connection, asked.view, refs)
    return {name: title for (_, name), title in found.items()}


SCREENS: Final = (
    Screen("/escalaties", "escalations.html", show_list),
    Screen("/escalaties/{escalation}", "escalation.html", show),
)
