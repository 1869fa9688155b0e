"""All that waits, the nearest day first; and one action: how it went, and what it came from."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from api.pages.decision_course import State, Step
from api.pages.language import Language
from api.pages.site import Asked, Screen
from projections.actions import OPEN, ORIGINS, action
from projections.capacities import with_capacities
from projections.due import due
from projections.names import titles
from projections.views import Doc, Page
from projections.waited import waited


class Origin(Struct, frozen=True):
    """What an action came from: the kind of thing, what people call that, which one."""

    kind: str
    name: str
    id: str
    title: str


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather a page of what waits, with the names of those who have to act."""
    page = waits(asked)
    owners = {name for one in page.items for name in one.get("owner", "").split()}
    refs = {(kind, name) for name in owners for kind in ("partner", "body")}
    known = titles(asked.connection, asked.view, refs)
    names = {name: title for (_, name), title in known.items()}
    for one in page.items:
        one["owners"] = [names.get(name, name) for name in one.get("owner", "").split()]
    kinds = _kinds(asked)
    return {"items": page.items, "next": page.next, "kinds": kinds, "over": _is_over(asked)}


def _is_over(asked: Asked) -> bool:
    """Whether the page is of a day that is over."""
    return bool(asked.view.valid_on) and asked.view.valid_on < asked.view.now[:10]


def waits(asked: Asked, until: str = "", limit: int = 50) -> Page:
    """Return what waits, or on the page of a day that is over what waited then."""
    if _is_over(asked):
        return waited(asked.connection, asked.view)
    return due(asked.connection, asked.view, asked.paging(limit), until=until)


def show(asked: Asked) -> dict[str, Any]:
    """Gather one action with its course."""
    doc = action(asked.connection, asked.view, asked.named("action"))
    with_capacities(asked.connection, asked.view, doc["history"])
    return {
        "action": doc,
        "course": course(doc, asked.language),
        "origins": _origins(asked, doc),
    }


def course(doc: Doc, language: Language) -> tuple[Step, ...]:
    """Return the steps of an action as they came, and while there is time left its last day."""
    steps = [_step(doc, one, language) for one in doc["statuses"]]
    open_note = language.text("nog niet afgerond")
    status = doc.get("status", "")
    if status == "overdue":
        if doc["statuses"][-1]["status"] == "overdue":
            steps.pop()
        steps.append(Step(language.word(status), "now", doc["statusSince"], open_note))
    elif status in OPEN and doc.get("dueOn"):
        steps.append(Step(language.text("Laatste dag"), "ahead", doc["dueOn"], open_note))
    return tuple(steps)


def _step(doc: Doc, status: Doc, language: Language) -> Step:
    """Return a step that was taken; being over its day is none, and not ticked off."""
    state: State = "none" if status["status"] == "overdue" else "done"
    note = _note(doc, status, language)
    return Step(language.word(status["status"]), state, status["on"], note)


def _note(doc: Doc, status: Doc, language: Language) -> str:
    """Say until which day it was to be done, from a step that set that day."""
    entries = [doc.get("assigned", {}), *doc.get("delays", [])]
    found = [one["dueOn"] for one in entries if one.get("position") == status["position"]]
    return language.text("uiterlijk %(day)s") % {"day": language.day(found[0])} if found else ""


def _origins(asked: Asked, doc: Doc) -> list[Origin]:
    said = asked.language.text
    names = {
        "decision": said("besluit"),
        "agreement": said("afspraak"),
        "escalation": said("escalatie"),
        "meeting": said("vergadering"),
    }
    return [
        Origin(kind, names[kind], doc[kind], doc[f"{kind}Title"])
        for kind in ORIGINS
        if doc.get(kind)
    ]


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


SCREENS: Final = (
    Screen("/acties", "due.html", show_list),
    Screen("/acties/{action}", "action.html", show),
)
