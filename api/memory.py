"""The chain memory over HTTP: lessons, and what was decided before on a subject."""

from __future__ import annotations

from api.parameters import Id, Words
from api.reading import Listing, a_list, an_item
from projections import memory


class Filters(Listing):
    """Which memories: on this subject, with these words."""

    subject: Id | None = None
    text: Words | None = None


ROUTES = (
    a_list(
        "/memory",
        "remembered",
        "Lessons, then earlier decisions; each item says which of the two it is.",
        memory.memory,
        Filters,
    ),
    a_list("/lessons", "lesson", "Lessons, newest first.", memory.lessons, Filters),
    an_item("/lessons/{lesson}", "A lesson with the decisions it speaks of.", memory.lesson),
)
