"""The evidence as readers find it: who witnesses the log of a chain, and who did before.

The keys of the log stand with the chain itself.
"""

from __future__ import annotations

from ledger.domain.events.evidence import WitnessPolicyAdopted
from ledger.domain.values import Header
from projections.listing import Wanted, listed
from projections.things import Kind, Part, Words, fields, listed_in, picked, stamp
from projections.views import Conn, Doc, Page, Paging, View
from projections.whole import whole

VERSION = 1
TABLE = listed_in("evidence")


def _policies(event: WitnessPolicyAdopted, header: Header) -> tuple[str, ...]:
    """A policy has no name but the position that adopted it."""
    own = str(header.position)
    return (own,) if event.replaces is None else (own, str(event.replaces))


def _adopted(doc: Doc, event: WitnessPolicyAdopted, header: Header) -> None:
    if doc["witnessPolicy"] != str(header.position):
        doc |= {"validUntil": header.day, "replacedBy": str(header.position)}
        return
    doc |= fields(event, "witnesses", "quorum", "reason")
    doc["validFrom"] = header.day
    doc["adopted"] = stamp(header)
    if event.replaces is not None:
        doc["replaces"] = str(event.replaces)


def _words(doc: Doc) -> Words:
    names = [f"{one['name']} ({one['organisation']})" for one in doc.get("witnesses", [])]
    return Words("Getuigenbeleid", "\n".join([doc.get("reason", ""), *names]))


WITNESS_POLICY = Kind(
    name="witnessPolicy",
    table=TABLE,
    parts={WitnessPolicyAdopted: Part(_policies, _adopted)},
    row=lambda doc: {
        "valid_from": doc.get("validFrom", ""),
        "valid_until": doc.get("validUntil", ""),
        "summary": picked(doc, "witnesses", "quorum", "replaces", "replacedBy"),
    },
    words=_words,
    dated=True,
)
KINDS = (WITNESS_POLICY,)


def witness_policies(connection: Conn, view: View, paging: Paging) -> Page:
    """Return a page of policies, oldest first; where a day was asked for, the one on that day."""
    return listed(connection, view, paging, WITNESS_POLICY, Wanted())


def witness_policy(connection: Conn, view: View, policy: str) -> Doc:
    """Return one policy, by the position that adopted it, and the decision behind it."""
    return whole(connection, view, WITNESS_POLICY, policy)
