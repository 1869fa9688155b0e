"""Review access over HTTP: who may read along until when, and what they asked as evidence."""

from __future__ import annotations

from api.parameters import Id
from api.reading import Listing, a_list, an_item
from projections import reviews


class OfReviewer(Listing):
    """Which accesses: of this reviewer."""

    reviewer: Id | None = None


class Requests(Listing):
    """Which requests: under this access, of this reviewer."""

    review: Id | None = None
    reviewer: Id | None = None


ROUTES = (
    a_list(
        "/reviews",
        "review",
        "Who from outside may read along, newest first; with `validOn` who could on that day.",
        reviews.reviews,
        OfReviewer,
    ),
    an_item(
        "/reviews/{review}",
        "One access: who wanted it, how far it reaches, how it ended.",
        reviews.review,
    ),
    a_list(
        "/evidence-requests",
        "evidenceRequest",
        "What reviewers asked as evidence, newest first, with the answers.",
        reviews.evidence_requests,
        Requests,
    ),
    an_item(
        "/evidence-requests/{evidenceRequest}",
        "One request for evidence and its answer.",
        reviews.evidence_request,
    ),
)
