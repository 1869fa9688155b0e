"""Service accounts over HTTP: which programs have a key, what they may, and until when."""

from __future__ import annotations

from api.parameters import Id
from api.reading import Listing, a_list, an_item
from projections import service_accounts


class OfPartner(Listing):
    """Which accounts: of this partner."""

    organisation: Id | None = None


ROUTES = (
    a_list(
        "/service-accounts",
        "serviceAccount",
        "Programs with a key of their own, newest first; with `validOn` those in their term then.",
        service_accounts.service_accounts,
        OfPartner,
    ),
    an_item(
        "/service-accounts/{serviceAccount}",
        "One service account: what it may read and record, its keys and its end.",
        service_accounts.service_account,
    ),
)
