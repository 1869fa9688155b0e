"""The course of a decision in five steps: proposal, deliberation, vote, decision, revision.

Says of each step whether it was taken, when, and what there is to say about it in one line. What
was decided under a mandate, or elsewhere, has no vote here and says so.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from api.pages.language import Language
from projections.views import Doc

State = Literal["done", "now", "ahead", "none"]
ENDED: Final = ("superseded", "revoked")


class Step(Struct, frozen=True):
    """One step: its name, whether it was taken, on which day, and a line about it."""

    name: str
    state: State
    on: str = ""
    note: str = ""


def course(doc: Doc, language: Language) -> tuple[Step, ...]:
    """Return the five steps of a decision, in order."""
    steps = (_proposal, _deliberation, _vote, _decision, _revision)
    return tuple(step(doc, language) for step in steps)


def _proposal(doc: Doc, language: Language) -> Step:
    name = language.text("Voorstel")
    if "proposed" in doc:
        return Step(name, "done", doc["proposed"]["on"])
    if "recorded" in doc:
        return Step(name, "done", doc.get("proposedOn", ""), language.text("elders ingediend"))
    return Step(name, "none", note=language.text("niet zichtbaar voor u"))


def _deliberation(doc: Doc, language: Language) -> Step:
    name = language.text("Beraad")
    if "opened" in doc:
        return Step(name, "done", doc["opened"]["on"])
    return Step(name, *_not_here(doc, language))


def _vote(doc: Doc, language: Language) -> Step:
    name = language.text("Stemming")
    if "electors" not in doc:
        return Step(name, *_not_here(doc, language))
    votes = doc.get("votes", [])
    note = language.text("%(voted)s van %(seats)s zetels stemden") % {
        "voted": len(votes),
        "seats": len(doc["electors"]),
    }
    if doc.get("status") == "open":
        return Step(name, "now", doc["deadline"], f"{language.text('kan tot dan')}; {note}")
    last = max((vote["on"] for vote in votes), default="")
    return Step(name, "done", last, note)


def _decision(doc: Doc, language: Language) -> Step:
    name = language.text("Besluit")
    ends = ("withdrawn", "outcome", "takenUnderMandate", "recorded")
    end = next((doc[field] for field in ends if field in doc), None)
    if end is None:
        return Step(name, "ahead")
    said = "withdrawn" if "withdrawn" in doc else end.get("outcome", "")
    if "recorded" in doc and not said:
        return Step(name, "done", doc.get("decidedAt", end["on"]), _status(doc, language))
    return Step(name, "done", end["on"], language.word(said))


def _revision(doc: Doc, language: Language) -> Step:
    name = language.text("Herziening")
    ended = [one for one in doc["statuses"] if one["status"] in ENDED]
    if ended:
        return Step(name, "done", ended[-1]["on"], language.word(ended[-1]["status"]))
    agreed = doc.get("reviewOn", "")
    if doc.get("status") in ("in-force", "executed", "adopted") and agreed:
        return Step(name, "ahead", agreed, language.text("voorgenomen; nog niet herzien"))
    if doc.get("status") in ("in-force", "executed", "adopted"):
        return Step(name, "ahead", note=language.text("niet herzien"))
    if agreed and doc.get("status") in ("proposed", "open", "deferred", "tied"):
        return Step(name, "ahead", agreed, language.text("voorgesteld"))
    return Step(name, "none", note=language.text("niet aan de orde"))


def _not_here(doc: Doc, language: Language) -> tuple[State, str, str]:
    if "takenUnderMandate" in doc:
        return "none", "", language.text("niet nodig: onder mandaat")
    if "recorded" in doc:
        return "none", "", language.text("niet in dit register")
    if "withdrawn" in doc:
        return "none", "", language.text("niet meer")
    return "ahead", "", ""


def _status(doc: Doc, language: Language) -> str:
    return str(doc.get("statusLabel") or language.word(doc.get("status", "")))
