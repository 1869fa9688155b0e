"""Service accounts as readers find them: which programs may read and record what, until when.

Of a key the digest is shown and when it was given. Whether a key counts is never asked here, but of
the rules' own state (`api/service_keys.py`).
"""

from __future__ import annotations

from typing import Final

from ledger.domain.events import service_accounts as s
from ledger.domain.values import Header
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
    stamp,
)
from projections.views import Conn, Doc, Page, Paging, View
from projections.whole import name_organisations, whole

VERSION = 1
TABLE = listed_in(
    "service_accounts",
    text("organisation"),
    indexes=("(chain, organisation, since, id)",),
)
SHOWN: Final = ("organisation", "classification", "eventTypes", "purpose")


def _opened(doc: Doc, event: s.ServiceAccountOpened, header: Header) -> None:
    doc |= fields(
        event, "organisation", "purpose", "classification", "key_digest", "valid_from",
        "valid_until",
    )  # fmt: skip
    doc["eventTypes"] = plain(event.event_types)
    doc["opened"] = stamp(header)
    mark(doc, header, "opened")


def _replaced(doc: Doc, event: s.ServiceKeyReplaced, header: Header) -> None:
    doc |= fields(event, "key_digest")
    doc["replaced"] = {**fields(event, "reason"), **stamp(header)}


def _revoked(doc: Doc, event: s.ServiceAccountRevoked, header: Header) -> None:
    doc["revoked"] = {**fields(event, "reason"), **stamp(header)}
    mark(doc, header, "revoked")


def _row(doc: Doc) -> Doc:
    return {
        "valid_from": doc.get("validFrom", ""),
        "valid_until": doc.get("validUntil", ""),
        "organisation": doc.get("organisation", ""),
        "summary": picked(doc, *SHOWN),
    }


SERVICE_ACCOUNT = Kind(
    name="serviceAccount",
    table=TABLE,
    parts={
        s.ServiceAccountOpened: Part(ids("service_account"), _opened),
        s.ServiceKeyReplaced: Part(ids("service_account"), _replaced),
        s.ServiceAccountRevoked: Part(ids("service_account"), _revoked),
    },
    row=_row,
    words=lambda doc: Words("", doc.get("purpose", "")),
    dated=True,
    gone=frozenset({"revoked"}),
)
KINDS = (SERVICE_ACCOUNT,)


def service_accounts(
    connection: Conn, view: View, paging: Paging, *, organisation: str = ""
) -> Page:
    """Return a page of accounts, newest first; with a day those that are in their term then."""
    wanted = Wanted(columns={"organisation": organisation}, newest_first=True)
    return listed(connection, view, paging, SERVICE_ACCOUNT, wanted)


def service_account(connection: Conn, view: View, name: str) -> Doc:
    """Return one account: what it may, by whom, and how its key and its end came about."""
    doc = whole(connection, view, SERVICE_ACCOUNT, name)
    name_organisations(connection, view, doc)
    return doc
