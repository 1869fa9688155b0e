"""Review access on pages: who may read along until when, what they ask, and who read what.

/toegang            everybody who has or had access, and for a reviewer what is left of their own
/toegang/<id>       one access with its requests for evidence
/inzage             the log of reads, as far as whoever looks may see it
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from api.identity import require_person
from api.pages.act_form import may, state_of
from api.pages.site import Asked, Screen
from api.reads import reads, sees_all
from ledger.domain.events.reviews import ReviewAccessProposed
from ledger.log.handed_out import HandedOut, Register
from ledger.log.read_log import ReadLog
from projections.reviews import evidence_requests, own, review, reviews
from projections.scopes import RANKS
from projections.views import MAX_LIMIT, Doc, Paging


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather every access, how it was used, and what is left of one's own."""
    page = reviews(asked.connection, asked.view, asked.paging())
    _with_use(asked, page.items)
    person = asked.reader.person
    mine = own(asked.connection, asked.view, person) if person else []
    for one in mine:
        one["daysLeft"] = _days_left(asked, one)
    asking = evidence_requests(asked.connection, asked.view, Paging("", MAX_LIMIT))
    unanswered = [one for one in asking.items if "answered" not in one]
    return {
        "items": page.items,
        "next": page.next,
        "mine": mine,
        "unanswered": unanswered,
        "may_propose": asked.as_of.now
        and may(state_of(asked), ReviewAccessProposed, asked, person),
    }


def show(asked: Asked) -> dict[str, Any]:
    """Gather one access with its requests."""
    name = asked.named("review")
    doc = review(asked.connection, asked.view, name)
    _with_use(asked, [doc])
    doc["daysLeft"] = _days_left(asked, doc)
    page = Paging("", MAX_LIMIT)
    found = evidence_requests(asked.connection, asked.view, page, review=name)
    return {"review": doc, "requests": found.items}


def show_reads(asked: Asked) -> dict[str, Any]:
    """Gather who read what is confidential; nobody is told nothing."""
    person, everybody = asked.reader.person, sees_all(asked.view)
    if asked.reader.account:
        require_person(asked.reader)
    if not person and not everybody:
        return {"items": [], "next": "", "everybody": False}
    log: ReadLog = asked.request.app.state.reads
    page = reads(log, asked.connection, asked.view, asked.paging(), asking=person)
    return {"items": page.items, "next": page.next, "everybody": everybody}


def _with_use(asked: Asked, items: Iterable[Doc]) -> None:
    """Tell when a reviewer was last here and what they took along, to who may know of the chain."""
    to_partners = asked.view.access.rank >= RANKS["chain"] and not asked.view.access.grant
    shown = [
        one for one in items if to_partners or one.get("reviewer") == asked.reader.person != ""
    ]
    if not shown:
        return
    state = asked.request.app.state
    used, bundles = state.reads.used(asked.chain), Register(state.proving).of(asked.chain)
    for one in shown:
        own = used.get(one["review"])
        one["use"] = {
            "last": own.last.date().isoformat() if own else "",
            "taken": sum(1 for bundle in bundles if _on_access(bundle, one)),
        }


def _on_access(bundle: HandedOut, one: Doc) -> bool:
    """Tell whether a bundle was taken by this reviewer in the term of this access."""
    if bundle.at is None or bundle.taken_by != one.get("reviewer"):
        return False
    taken_on = bundle.at.date().isoformat()
    return bool(one.get("validFrom", "") <= taken_on < one.get("validUntil", ""))


def _days_left(asked: Asked, one: Doc) -> int:
    """Return how many days, today included, are left of a term; 0 where it is over."""
    until = one.get("validUntil")
    if not until:
        return 0
    left = date.fromisoformat(until) - date.fromisoformat(asked.view.now[:10])
    return max(0, left.days)


SCREENS: Final = (
    Screen("/toegang", "reviews.html", show_list),
    Screen("/toegang/{review}", "review.html", show),
    Screen("/inzage", "reads.html", show_reads),
)
