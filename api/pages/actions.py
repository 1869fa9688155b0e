"""All that waits for somebody or for a day, the nearest day first, and what is over its day."""

from __future__ import annotations

from typing import Any, Final

from api.pages.site import Asked, Screen
from projections.due import due
from projections.names import titles


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather a page of what waits, with the names of those who have to act."""
    page = due(asked.connection, asked.view, asked.paging())
    owners = {name for one in page.items for name in one.get("owner", "").split()}
    refs = {(kind, name) for name in owners for kind in ("partner", "body")}
    known = titles(asked.connection, asked.view, refs)
    names = {name: title for (_, name), title in known.items()}
    for one in page.items:
        one["owners"] = [names.get(name, name) for name in one.get("owner", "").split()]
    return {"items": page.items, "next": page.next, "kinds": _kinds(asked)}


def _kinds(asked: Asked) -> dict[str, str]:
    """Return what each sort of waiting asks for."""
    said = asked.language.text
    return {
        "vote": said("stemmen"),
        "deliberation": said("beraad afronden"),
        "reflection": said("bedenktijd"),
        "escalation": said("escalatie oplossen"),
        "lesson": said("les vastleggen"),
        "action": said("actie afronden"),
        "meeting": said("vergadering houden"),
        "minutes": said("verslag vaststellen"),
        "signature": said("ondertekenen"),
        "expiry": said("afspraak loopt af"),
        "review": said("gebruik beoordelen"),
    }


SCREENS: Final = (Screen("/acties", "due.html", show_list),)
