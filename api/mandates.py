"""Mandates and doorzettingsmacht over HTTP."""

from __future__ import annotations

from api.parameters import Id
from api.reading import Listing, a_list, an_item
from projections import mandates


class Filters(Listing):
    """Which mandates: of this holder, given by this grantor."""

    holder: Id | None = None
    grantor: Id | None = None


ROUTES = (
    a_list(
        "/mandates",
        "mandate",
        "Mandates; with `validOn` those that hold on that day.",
        mandates.mandates,
        Filters,
    ),
    an_item(
        "/mandates/{mandate}",
        "A mandate: its scope on the day, its end, what was decided under it.",
        mandates.mandate,
    ),
    a_list(
        "/override-authorities",
        "authority",
        "Grants of doorzettingsmacht, each with its uses.",
        mandates.authorities,
    ),
    an_item(
        "/override-exercises/{exercise}",
        "One use of doorzettingsmacht and how it was judged.",
        mandates.exercise,
    ),
)
