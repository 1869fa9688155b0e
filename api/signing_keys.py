"""Signing keys over HTTP: with which keys acts are signed, and which acts have to be."""

from __future__ import annotations

from api.parameters import Id
from api.reading import Listing, a_list, an_item
from projections import signing_keys


class Filters(Listing):
    """Which keys: of this partner, of this person."""

    organisation: Id | None = None
    person: Id | None = None


ROUTES = (
    a_list(
        "/signing-keys",
        "signingKey",
        "Keys to sign acts with; with `validOn` those in their term on that day.",
        signing_keys.signing_keys,
        Filters,
    ),
    an_item(
        "/signing-keys/{signingKey}",
        "One key: its public half, who accepted it, and its end.",
        signing_keys.signing_key,
    ),
    a_list(
        "/signature-rules",
        "signatureRule",
        "Which event types have to be signed, rule by rule; the last one holds.",
        signing_keys.signature_rules,
    ),
)
