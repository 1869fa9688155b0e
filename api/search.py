"""Search over HTTP: things found by the words in them, best first.

Where more things have the words than are ranked, `moreThan` says how many are, and the newest come
first.
"""

from __future__ import annotations

from typing import Final

from api.parameters import Words
from api.reading import Listing, a_list
from api.timeline import KindName
from projections.search import MOST, search


class Filters(Listing):
    """What is looked for, among things of one kind or of all."""

    text: Words
    kind: KindName | None = None


SUMMARY: Final = (
    f"Things that have these words: best first, or newest first where more than {MOST} have them."
)
ROUTES: Final = (a_list("/search", "kind", SUMMARY, search, Filters),)
