"""What the chain remembers: the story of a subject, the lessons, the bottlenecks.

/onderwerpen            which subjects there are
/onderwerpen/{subject}  all that was decided, agreed, disputed and learnt on it, in order
/lessen, /lessen/{id}
/knelpunten, /knelpunten/{id}
"""

from __future__ import annotations

from typing import Any, Final

from api.pages.search import kind_name
from api.pages.site import Asked, Screen
from projections import escalations, memory, story
from projections.capacities import with_capacities
from projections.names import titles
from projections.whole import name_organisations, parts


def all_subjects(asked: Asked) -> dict[str, Any]:
    """Gather the subjects of a chain, by name; one that is the id of a bottleneck says which."""
    found = story.subjects(asked.connection, asked.view)
    refs = {("bottleneck", one["subject"]) for one in found}
    known = titles(asked.connection, asked.view, refs)
    for one in found:
        one["about"] = known.get(("bottleneck", one["subject"]), "")
    return {"subjects": sorted(found, key=lambda one: str(one["about"] or one["subject"]).lower())}


def subject(asked: Asked) -> dict[str, Any]:
    """Gather the story of a subject."""
    found = story.story(asked.connection, asked.view, asked.named("subject"))
    said_later = [
        one
        for item in found.items
        for one in parts({name: item.get(name, []) for name in ("rationale", "annotations")})
        if "under" in one
    ]
    with_capacities(asked.connection, asked.view, said_later)
    return {"story": found, "kinds": kind_name(asked.language.text)}


def lessons(asked: Asked) -> dict[str, Any]:
    """Gather a page of lessons."""
    found = memory.lessons(asked.connection, asked.view, asked.paging())
    return {"lessons": found.items, "next": found.next}


def lesson(asked: Asked) -> dict[str, Any]:
    """Gather one lesson, with the decisions and the escalation it was drawn from."""
    return {"lesson": memory.lesson(asked.connection, asked.view, asked.named("lesson"))}


def bottlenecks(asked: Asked) -> dict[str, Any]:
    """Gather a page of bottlenecks."""
    found = escalations.bottlenecks(asked.connection, asked.view, asked.paging())
    return {"bottlenecks": found.items, "next": found.next}


def bottleneck(asked: Asked) -> dict[str, Any]:
    """Gather one bottleneck: what was tried, and the escalations it led to."""
    doc = escalations.bottleneck(asked.connection, asked.view, asked.named("bottleneck"))
    organisations = [{"organisation": one} for one in doc.get("organisations", [])]
    tried = [
        [{"organisation": one} for one in attempt.get("organisations", [])]
        for attempt in doc.get("attempts", [])
    ]
    name_organisations(asked.connection, asked.view, {"of": organisations, "tried": tried})
    return {"bottleneck": doc, "organisations": organisations, "tried": tried}


SCREENS: Final = (
    Screen("/onderwerpen", "subjects.html", all_subjects),
    Screen("/onderwerpen/{subject}", "subject.html", subject),
    Screen("/lessen", "lessons.html", lessons),
    Screen("/lessen/{lesson}", "lesson.html", lesson),
    Screen("/knelpunten", "bottlenecks.html", bottlenecks),
    Screen("/knelpunten/{bottleneck}", "bottleneck.html", bottleneck),
)
