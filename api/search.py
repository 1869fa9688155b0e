"""Search over HTTP: things found by the words in them, best first."""

from __future__ import annotations

from api.parameters import Words
from api.reading import Listing, a_list
from api.timeline import KindName
from projections.search import search


class Filters(Listing):
    """What is looked for, among things of one kind or of all."""

    text: Words
    kind: KindName | None = None


ROUTES = (a_list("/search", "kind", "Things that have these words, best first.", search, Filters),)
