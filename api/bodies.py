"""Bodies and their seats over HTTP."""

from __future__ import annotations

from api.reading import a_list, an_item
from projections import bodies

ROUTES = (
    a_list("/bodies", "body", "Bodies with their seats and holders on the day.", bodies.bodies),
    an_item("/bodies/{body}", "A body: seats, chairs, what waits for its meeting.", bodies.body),
    an_item("/seats/{seat}", "A seat with all who ever held it.", bodies.seat),
)
