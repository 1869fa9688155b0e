"""Agreements as readers find them: whom they bind, from when until when, and whether they are kept.

What each record adds stands in `agreement_folds.py`; `agreement_page.py` tells how an agreement
stands on a day. Terms are told by their days: what was signed late and holds from earlier is told
as holding from earlier.
"""

from __future__ import annotations

from typing import Final

from projections import agreement_page
from projections.agreement_folds import (
    PARTS,
    draft,
    ends_on,
    missing_signatures,
    open_breaches,
    terms,
)
from projections.listing import Wanted
from projections.reckoned import reckoned
from projections.tables import several, text
from projections.things import Kind, Waiting, Words, last_status, listed_in, picked
from projections.views import Conn, Doc, Page, Paging, View
from projections.whole import name_organisations, show_links, whole

VERSION = 2
TABLE = listed_in(
    "agreements",
    text("kind_of"),
    text("parent"),
    several("parties"),
    several("subjects"),
    indexes=("(chain, parent, since, id)",),
)
SHOWN: Final = ("title", "kind", "subjects", "parent", "provider", "consumer", "since")
MAY_BECOME: Final = {
    "in-force": ("proposed", "in-force"),
    "terminated": ("proposed", "in-force", "terminated"),
    "expired": ("in-force", "expired"),
}
"""The recorded statuses of what can be in a status on the day, by the days of its terms."""


def _row(doc: Doc) -> Doc:
    agreed = terms(doc)
    newest = _newest(doc)
    summary = {**picked(doc, *SHOWN), **picked(newest, "parties"), "terms": agreed}
    if "terminated" in doc:
        summary["terminatedOn"] = doc["terminated"]["validUntil"]
    waiting = missing_signatures(doc)
    breached = sorted({one["indicator"] for one in open_breaches(doc)})
    summary |= {"waitsFor": waiting} if waiting else {}
    summary |= {"breached": breached} if breached else {}
    return {
        "valid_from": min((one["validFrom"] for one in agreed), default=""),
        "valid_until": ends_on(doc) if agreed else "",
        "kind_of": doc.get("kind", ""),
        "parent": doc.get("parent", ""),
        "parties": " ".join(newest.get("parties", [])),
        "subjects": " ".join(doc.get("subjects", [])),
        "summary": summary,
    }


def _newest(doc: Doc) -> Doc:
    """Return the last version that was in force, or else what lies before the parties."""
    versions: list[Doc] = doc.get("versions", [])
    return next((one for one in reversed(versions) if "inForce" in one), [{}, *versions][-1])


def _words(doc: Doc) -> Words:
    said: list[str] = []
    for version in doc.get("versions", []):
        said += [version.get("text", ""), version.get("reason", "")]
        said += version.get("openMatters", [])
        for one in version.get("indicators", []):
            said += [one["name"], one.get("definition", "")]
    said += [one["finding"] for one in doc.get("nonCompliance", [])]
    return Words(doc.get("title", ""), "\n".join(dict.fromkeys(filter(None, said))))


def _waiting(doc: Doc) -> Waiting | None:
    """A version waits for who has not signed it, before the term is over; one in force for that."""
    until = ends_on(doc)
    if last_status(doc) in ("", "expired") or ("terminated" in doc and not terms(doc)):
        return None
    missing = missing_signatures(doc)
    before = until or (draft(doc) or {}).get("validUntil", "")
    due_at = f"{before}T00:00:00.000000Z" if before else ""
    if missing and "terminated" not in doc:
        return Waiting(what="signature", due_at=due_at, owner=" ".join(missing))
    return Waiting(what="expiry", due_at=due_at) if until and terms(doc) else None


AGREEMENT = Kind(
    name="agreement",
    table=TABLE,
    parts=PARTS,
    row=_row,
    words=_words,
    waiting=_waiting,
    dated=True,
)
KINDS = (AGREEMENT,)


def agreements(
    connection: Conn,
    view: View,
    paging: Paging,
    *,
    kind: str = "",
    party: str = "",
    parent: str = "",
    subject: str = "",
    status: str = "",
    text: str = "",
) -> Page:
    """Return a page of agreements, newest first; where a day was asked for, those in force then."""
    chosen = MAY_BECOME.get(status, (status,)) if status else ()
    wanted = Wanted(
        columns={"kind_of": kind, "parties": party, "parent": parent, "subjects": subject},
        status=chosen,
        text=text,
        newest_first=True,
    )

    def kept(item: Doc) -> bool:
        # Between two versions there may be days on which none holds.
        holds = item["valid"] or not view.valid_on
        return holds and status in ("", item.get("status", ""))

    return reckoned(
        connection,
        view,
        paging,
        AGREEMENT,
        wanted,
        reckon=lambda item: agreement_page.stand(item, view.day),
        keep=kept if status or view.valid_on else None,
    )


def agreement(connection: Conn, view: View, name: str) -> Doc:
    """Return an agreement: its versions and who signed them, how it is kept, what is left open."""
    doc = whole(connection, view, AGREEMENT, name)
    row = _row(doc)
    doc["terms"] = terms(doc)
    doc |= {"validFrom": row["valid_from"], "validUntil": row["valid_until"]}
    agreement_page.show(doc, view.day)
    name_organisations(connection, view, doc)
    titled = {"parent": "agreement", "framed": "agreement", "actions": "action"}
    show_links(connection, view, doc, {**titled, "decision": "decision"})
    return doc
