"""Decisions (S2): which there are, and of one everything: who, why, by which rule, what of it.

?status=&overleg=&onderwerp=&tekst=&vanaf=<cursor>
"""

from __future__ import annotations

from typing import Any, Final, get_args

from markupsafe import Markup

from api.bars import Share, shares
from api.decision_graph import draw
from api.pages.choosing import Field, Options, bodies, chosen, require_one_of
from api.pages.decision_course import course
from api.pages.decision_links import Links, links
from api.pages.paper import drawn
from api.pages.proof import proof
from api.pages.site import Asked, Screen
from ledger.domain.events.outcomes import Status
from projections.capacities import with_capacities
from projections.decision_page import consequences, decision
from projections.decisions import decisions
from projections.views import Doc


def show_list(asked: Asked) -> dict[str, Any]:
    """Gather a page of the list of decisions."""
    wanted = chosen(asked, "status", "overleg", "onderwerp", "tekst")
    statuses = tuple((name, asked.language.word(name)) for name in get_args(Status))
    require_one_of("status", wanted["status"], statuses)
    page = decisions(
        asked.connection,
        asked.view,
        asked.paging(),
        status=wanted["status"],
        body=wanted["overleg"],
        subject=wanted["onderwerp"],
        text=wanted["tekst"],
    )
    known = bodies(asked)
    for one in page.items:
        one["bodyName"] = dict(known).get(one.get("body", ""), one.get("body", ""))
    return {
        "items": page.items,
        "next": page.next,
        "fields_to_choose": _fields(asked, wanted, statuses, known, page.items),
        "narrowed": any(wanted.values()),
    }


def show(asked: Asked) -> dict[str, Any]:
    """Gather everything about one decision."""
    doc = decision(asked.connection, asked.view, asked.named("decision"))
    with_capacities(asked.connection, asked.view, doc["history"])
    related = links(asked, doc)
    return {
        "decision": doc,
        "rounds": [doc, *reversed(doc["earlierRounds"])] if "electors" in doc else [],
        "course": course(doc, asked.language),
        "consequences": consequences(asked.connection, asked.view, doc),
        "links": related,
        "graph": _graph(asked, related),
        "tally": _tally(asked, doc),
        "proof": proof(asked, deciding(doc)),
    }


def _graph(asked: Asked, related: Links) -> Markup | None:
    label = asked.language.text("Tekening van de samenhang; de lijst hieronder zegt hetzelfde.")
    return drawn(draw(related, label)) if related.others else None


def _tally(asked: Asked, doc: Doc) -> Markup | None:
    """Return how the seats voted as a drawing; the figures beside it say the same."""
    found = doc.get("outcome", {}).get("tally")
    if not found:
        return None
    said = asked.language.text
    parts = (
        Share(asked.language.word("for"), found["seatsFor"]),
        Share(asked.language.word("against"), found["seatsAgainst"]),
        Share(asked.language.word("abstain"), found["seatsAbstained"]),
        Share(said("niet gestemd"), found["seatsSilent"], missing=True),
    )
    svg = shares(parts, asked.language.number, said("Hoe de zetels stemden"))
    return drawn(svg) if svg else None


def deciding(doc: Doc) -> int:
    """Return the position of the record that decided it, or else of its last record."""
    outcome = doc.get("outcome") or doc.get("takenUnderMandate") or doc.get("recorded")
    return int(outcome["position"] if outcome else doc["positions"][-1])


def _fields(
    asked: Asked, wanted: dict[str, str], statuses: Options, known: Options, items: list[Doc]
) -> tuple[Field, ...]:
    said = asked.language.text
    subjects = tuple(sorted({one["subject"] for one in items if one.get("subject")}))
    return (
        Field("status", said("Status"), statuses, said("elke status"), value=wanted["status"]),
        Field("overleg", said("Overleg"), known, said("elk overleg"), value=wanted["overleg"]),
        Field("onderwerp", said("Onderwerp"), known=subjects, value=wanted["onderwerp"]),
        Field("tekst", said("Woorden in de tekst"), value=wanted["tekst"]),
    )


SCREENS: Final = (
    Screen("/besluiten", "decisions.html", show_list),
    Screen("/besluiten/{decision}", "decision.html", show),
)
