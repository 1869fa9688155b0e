"""Decision rules as readers find them: every version of how a body decides, and when it held."""

from __future__ import annotations

from ledger.domain.events.decision_rules import DecisionRuleAdopted
from ledger.domain.values import Header
from projections.listing import Wanted, listed
from projections.tables import text
from projections.things import Kind, Part, Words, fields, listed_in, picked, plain, stamp
from projections.views import Conn, Doc, Page, Paging, View
from projections.whole import whole

VERSION = 1
TABLE = listed_in(
    "decision_rules", text("body"), text("subject"), indexes=("(chain, body, since, id)",)
)


def _versions(event: DecisionRuleAdopted, header: Header) -> tuple[str, ...]:
    """A version has no name but the position that adopted it."""
    own = str(header.position)
    return (own,) if event.replaces is None else (own, str(event.replaces))


def _adopted(doc: Doc, event: DecisionRuleAdopted, header: Header) -> None:
    if doc["decisionRule"] != str(header.position):
        doc |= {"validUntil": header.day, "replacedBy": str(header.position)}
        return
    doc |= fields(event, "body", "subject", "name")
    doc["rule"] = plain(event.rule)
    doc["validFrom"] = header.day
    doc["adopted"] = stamp(header)
    if event.replaces is not None:
        doc["replaces"] = str(event.replaces)


DECISION_RULE = Kind(
    name="decisionRule",
    table=TABLE,
    parts={DecisionRuleAdopted: Part(_versions, _adopted)},
    row=lambda doc: {
        "valid_from": doc.get("validFrom", ""),
        "valid_until": doc.get("validUntil", ""),
        "body": doc.get("body", ""),
        "subject": doc.get("subject", ""),
        "summary": picked(doc, "body", "subject", "name", "rule", "replaces", "replacedBy"),
    },
    words=lambda doc: Words(doc.get("name", "")),
    dated=True,
)
KINDS = (DECISION_RULE,)


def decision_rules(
    connection: Conn, view: View, paging: Paging, *, body: str = "", subject: str = ""
) -> Page:
    """Return a page of rule versions; where a day was asked for, those in force on that day."""
    wanted = Wanted(columns={"body": body, "subject": subject})
    return listed(connection, view, paging, DECISION_RULE, wanted)


def decision_rule(connection: Conn, view: View, version: str) -> Doc:
    """Return one version, by the position that adopted it, and the decision behind it."""
    return whole(connection, view, DECISION_RULE, version)
