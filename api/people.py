"""People over HTTP: pseudonyms and functions; names only in somebody's own data report."""

from __future__ import annotations

from api import held_data
from api.reading import a_list, an_item
from projections import people

ROUTES = (
    a_list("/people", "person", "The people who take part.", people.people),
    an_item("/people/{person}", "Somebody with the roles and seats they have.", people.person),
    *held_data.ROUTES,
)
