"""Agreements over HTTP: whom they bind, from when until when, and whether they are kept."""

from __future__ import annotations

from typing import Literal

from api.parameters import Id
from api.reading import Listing, a_list, an_item
from ledger.domain.events.agreements import AgreementKind
from projections import agreements


class Filters(Listing):
    """Which agreements: of this kind, with this party, under this convenant, with this status."""

    kind: AgreementKind | None = None
    party: Id | None = None
    parent: Id | None = None
    status: Literal["proposed", "in-force", "terminated", "expired"] | None = None


ROUTES = (
    a_list(
        "/agreements",
        "agreement",
        "Agreements, newest first; with `validOn` those in force on that day.",
        agreements.agreements,
        Filters,
    ),
    an_item(
        "/agreements/{agreement}",
        "An agreement: versions, signatures, indicators, breaches, open matters, history.",
        agreements.agreement,
    ),
)
