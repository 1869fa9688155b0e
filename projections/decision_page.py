"""One decision in full: who asked what, who voted for whom and by which rule, and what came of it.

Every act on it says in which capacity it was done; every vote shows who cast it for which seat and
organisation, and how it read before it was changed; replacements show in both directions.
"""

from __future__ import annotations

import msgspec

from ledger.domain.events.decisions import Effects
from ledger.domain.values import NotFound
from projections import mandates
from projections.decisions import DECISION
from projections.items import seen_at
from projections.names import Ref, titles
from projections.sentences import all_references, sentence
from projections.things import picked
from projections.timeline import told
from projections.views import Conn, Doc, View
from projections.whole import with_names
from projections.words import word

LINKED = ("supersedes", "supersededBy", "cites", "citedBy")
"""The fields that name other decisions."""


def decision(connection: Conn, view: View, name: str) -> Doc:
    """Return a decision with all that is known of it; NotFound if the reader knows nothing."""
    doc, known = with_names(connection, view, DECISION, name, _refs)
    rounds = doc.pop("rounds", [])
    for number, vote_round in enumerate(rounds, start=1):
        vote_round["round"] = number
        _show_votes(vote_round, known)
    if rounds:
        *doc["earlierRounds"], last = rounds
        doc |= last
        _put(doc, "ruleName", known.get(("decisionRule", str(last.get("rule", "")))))
    _name_links(doc, known)
    if doc.get("mandate"):
        doc["underMandate"] = _mandate(connection, view, doc["mandate"])
    return doc


def consequences(connection: Conn, view: View, doc: Doc) -> list[Doc]:
    """Return in sentences what a decision recorded, or what it would record once in force.

    What was recorded comes with its `position`; what could not be, with the `reason` and `rule`.
    """
    recorded = [one["position"] for one in doc.get("effectsRecorded", [])]
    if recorded or "inForce" in doc:
        made = told(connection, view, seen_at(connection, view, recorded))
        return [*made, *doc.get("effectsFailed", [])]
    planned = msgspec.convert(doc.get("effects", []), Effects)
    known = titles(connection, view, all_references(planned))
    return [{"sentence": sentence(one, known, view.speech)} for one in planned]


def _show_votes(vote_round: Doc, known: dict[Ref, str]) -> None:
    """Tell of every elector what was voted, by whom, and how it changed; or that nothing was."""
    electors = {one["seat"]: one for one in vote_round.get("electors", [])}
    for elector in electors.values():
        organisation = elector["organisation"]
        elector["organisationName"] = known.get(("partner", organisation), organisation)
    votes = vote_round.get("votes", [])
    for vote in votes:
        elector = electors.get(vote["seat"], {})
        vote.update(picked(elector, "organisation", "organisationName", "weight"))
        vote["inPerson"] = vote["by"] == elector.get("holder", "")
        _put(vote, "function", known.get(("person", vote["by"])))
        earlier = vote.get("earlier", [])
        if earlier:
            was = word(earlier[-1]["choice"])
            vote["changed"] = f"{len(earlier)}× gewijzigd, was {was}"
    voted = {vote["seat"] for vote in votes}
    vote_round["silent"] = [one for seat, one in electors.items() if seat not in voted]


def _name_links(doc: Doc, known: dict[Ref, str]) -> None:
    """Put names beside ids, and what the decision made where a reader looks for it."""
    for field in LINKED:
        for link in doc.get(field, []):
            _put(link, "title", known.get(("decision", link["decision"])))
    _put(doc, "escalationSubject", known.get(("escalation", doc.get("escalation", ""))))
    _put(doc, "bodyName", known.get(("body", doc.get("body", ""))))
    made = [one for one in doc.get("effectsRecorded", []) if "kind" in one]
    for one in made:
        _put(one, "title", known.get((one["kind"], one["id"])))
    doc["agreements"] = [
        {"agreement": one["id"], **picked(one, "title")}
        for one in made
        if one["kind"] == "agreement"
    ]


def _put(doc: Doc, name: str, value: str | None) -> None:
    if value:
        doc[name] = value


def _refs(doc: Doc) -> set[Ref]:
    refs = {("decision", link["decision"]) for field in LINKED for link in doc.get(field, [])}
    made = [one for one in doc.get("effectsRecorded", []) if "kind" in one]
    refs |= {("body", doc.get("body", "")), ("escalation", doc.get("escalation", ""))}
    refs |= {(one["kind"], one["id"]) for one in made}
    for vote_round in doc.get("rounds", []):
        refs.add(("decisionRule", str(vote_round.get("rule", ""))))
        refs |= {("partner", one["organisation"]) for one in vote_round.get("electors", [])}
        refs |= {("person", one["by"]) for one in vote_round.get("votes", [])}
    return refs


def _mandate(connection: Conn, view: View, name: str) -> Doc:
    """Return the mandate under which it was decided, as far as this reader knows it."""
    try:
        return mandates.mandate(connection, view, name)
    except NotFound:
        return {"mandate": name}
