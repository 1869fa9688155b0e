"""Roles over HTTP: who holds or held which, on any day."""

from __future__ import annotations

from api.parameters import Id
from api.reading import Listing, a_list, an_item
from ledger.domain.events.roles import RoleKind
from projections import roles


class Filters(Listing):
    """Which roles: of this kind, of this organisation, of this person."""

    role: RoleKind | None = None
    organisation: Id | None = None
    person: Id | None = None


ROUTES = (
    a_list(
        "/roles",
        "assignment",
        "Assignments of roles; with `validOn` those held on that day.",
        roles.roles,
        Filters,
    ),
    an_item("/roles/{assignment}", "One assignment, and on what authority.", roles.role),
)
