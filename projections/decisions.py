"""Decisions as readers find them: what was asked of which body, where it stands, by when.

What each record adds stands in `decision_folds.py`, the page of one decision in `decision_page.py`.
"""

from __future__ import annotations

from ledger.domain.events.decisions import ProposalAmended, ProposalSubmitted
from ledger.domain.events.memory import RationaleAdded
from ledger.domain.events.outcomes import DecisionRecorded
from projections.decision_folds import PARTS, effect_recorded
from projections.listing import Wanted, listed
from projections.tables import text
from projections.things import Kind, Waiting, Words, last_status, listed_in, picked
from projections.views import Conn, Doc, Page, Paging, View

VERSION = 1
TABLE = listed_in(
    "decisions",
    text("body"),
    text("subject"),
    indexes=("(chain, subject, since, id)", "(chain, body, since, id)"),
)
SHOWN = ("title", "body", "subject", "kind", "amountCents", "mandate", "escalation")


def _row(doc: Doc) -> Doc:
    summary = picked(doc, *SHOWN, "since")
    if doc.get("supersededBy"):
        summary["supersededBy"] = sorted({one["decision"] for one in doc["supersededBy"]})
    deadline = _deadline(doc)
    if deadline:
        summary["deadline"] = deadline
    return {
        "valid_from": doc["since"][:10],
        "body": doc.get("body", ""),
        "subject": doc.get("subject", ""),
        "summary": summary,
    }


def _deadline(doc: Doc) -> str:
    """Return until when can be voted, while a vote is going on."""
    rounds = doc.get("rounds", [])
    return rounds[-1].get("deadline", "") if rounds and last_status(doc) == "open" else ""


def _words(doc: Doc) -> Words:
    options = [f"{one['text']} {one['whyNot']}" for one in doc.get("options", [])]
    told = [one["text"] for one in doc.get("rationale", [])]
    own = [doc.get(name, "") for name in ("subject", "problem", "text", "chainInterest")]
    return Words(doc.get("title", ""), "\n".join(filter(None, [*own, *options, *told])))


def _waiting(doc: Doc) -> Waiting | None:
    body = doc.get("body", "")
    match last_status(doc):
        case "proposed" | "deferred" | "tied" if "proposed" in doc:
            return Waiting(what="deliberation", owner=body)
        case "open":
            return Waiting(what="vote", due_at=_deadline(doc), owner=body)
        case "adopted" if any(one.keys() - {"votes"} for one in doc.get("rounds", [])):
            force = doc["rounds"][-1].get("outcome", {}).get("inForceAt", "")
            return Waiting(what="reflection", due_at=force, owner=body)
    return None


DECISION = Kind(
    name="decision",
    table=TABLE,
    parts=PARTS,
    row=_row,
    words=_words,
    worded_by=frozenset((ProposalSubmitted, ProposalAmended, DecisionRecorded, RationaleAdded)),
    waiting=_waiting,
    under=effect_recorded,
)
KINDS = (DECISION,)


def decisions(
    connection: Conn,
    view: View,
    paging: Paging,
    *,
    status: str = "",
    body: str = "",
    subject: str = "",
    text: str = "",
    newest_first: bool = True,
) -> Page:
    """Return a page of decisions, with the status each had on the day of the view."""
    wanted = Wanted(
        columns={"body": body, "subject": subject},
        status=(status,) if status else (),
        text=text,
        newest_first=newest_first,
    )
    return listed(connection, view, paging, DECISION, wanted)
