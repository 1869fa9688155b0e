"""Signing keys as readers find them: whose key signs, from when until when; and what has to be
signed, version by version.
"""

from __future__ import annotations

from ledger.domain.events import signing_keys as k
from ledger.domain.values import Header, day_start
from projections.listing import Wanted, listed
from projections.tables import text
from projections.things import (
    Kind,
    Part,
    Words,
    fields,
    ids,
    listed_in,
    mark,
    picked,
    plain,
    position_id,
    stamp,
)
from projections.views import Conn, Doc, Page, Paging, View
from projections.whole import whole

VERSION = 1
TABLE = listed_in(
    "signing_keys",
    text("organisation"),
    text("person"),
    indexes=("(chain, organisation, since, id)",),
)
SHOWN = ("publicKey", "organisation", "person")


def _registered(doc: Doc, event: k.SigningKeyRegistered, header: Header) -> None:
    doc |= fields(event, "public_key", "organisation", "person", "valid_from")
    doc["registered"] = stamp(header)
    mark(doc, header, "registered")


def _accepted(doc: Doc, _event: k.SigningKeyAccepted, header: Header) -> None:
    doc["accepted"] = stamp(header)
    mark(doc, header, "accepted")


def _revoked(doc: Doc, event: k.SigningKeyRevoked, header: Header) -> None:
    doc["validUntil"] = event.valid_until
    doc["revoked"] = {**fields(event, "valid_until", "reason"), **stamp(header)}
    mark(doc, header, "revoked", on=day_start(event.valid_until))


def _key_row(doc: Doc) -> Doc:
    return {
        "valid_from": doc.get("validFrom", ""),
        "valid_until": doc.get("validUntil", ""),
        "organisation": doc.get("organisation", ""),
        "person": doc.get("person", ""),
        "summary": {**picked(doc, *SHOWN), "accepted": "accepted" in doc},
    }


SIGNING_KEY = Kind(
    name="signingKey",
    table=TABLE,
    parts={
        k.SigningKeyRegistered: Part(ids("signing_key"), _registered),
        k.SigningKeyAccepted: Part(ids("signing_key"), _accepted),
        k.SigningKeyRevoked: Part(ids("signing_key"), _revoked),
    },
    row=_key_row,
    words=lambda _: Words(""),
    dated=True,
)


def _adopted(doc: Doc, event: k.SignatureRuleAdopted, header: Header) -> None:
    doc["eventTypes"] = plain(event.event_types)
    doc |= fields(event, "reason")
    doc["adopted"] = stamp(header)


SIGNATURE_RULE = Kind(
    name="signatureRule",
    table=TABLE,
    parts={k.SignatureRuleAdopted: Part(position_id, _adopted)},
    row=lambda doc: {"valid_from": doc["since"][:10], "summary": picked(doc, "eventTypes")},
    words=lambda doc: Words("", doc.get("reason", "")),
)
KINDS = (SIGNING_KEY, SIGNATURE_RULE)


def signing_keys(
    connection: Conn, view: View, paging: Paging, *, organisation: str = "", person: str = ""
) -> Page:
    """Return a page of keys; where a day was asked for, those in their term on that day."""
    wanted = Wanted(columns={"organisation": organisation, "person": person})
    return listed(connection, view, paging, SIGNING_KEY, wanted)


def signing_key(connection: Conn, view: View, name: str) -> Doc:
    """Return one key: its public half, who accepted it, and its end."""
    return whole(connection, view, SIGNING_KEY, name)


def signature_rules(connection: Conn, view: View, paging: Paging) -> Page:
    """Return a page of what had to be signed, oldest first; the last one holds."""
    return listed(connection, view, paging, SIGNATURE_RULE, Wanted())
