"""The file of Python Enhancement Proposals as a reader of its JSON sees it, without our code.

What the import makes of it is held against this. Moments are compared in UTC.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CUT = Path(__file__).parent.parent / "data" / "peps-cut.json"
WHOLE = "python-peps.json"
SECOND = timedelta(seconds=1)
SAMPLE_YEARS = range(1996, 2028)

Document = dict[str, Any]
History = list[tuple[datetime, str]]


def load(path: Path) -> tuple[Document, str]:
    """Return the file's content and its digest."""
    data = path.read_bytes()
    return json.loads(data), hashlib.sha256(data).hexdigest()


def moment(text: str) -> datetime:
    """Read a moment with any offset."""
    return datetime.fromisoformat(text).astimezone(UTC)


def histories(document: Document) -> dict[str, History]:
    """Return the dated status words of each decision, oldest first."""
    found: dict[str, History] = {}
    for change in document["statusHistory"]:
        found.setdefault(change["decision"], []).append((moment(change["at"]), change["status"]))
    for history in found.values():
        history.sort(key=lambda one: one[0])
    return found


def status_at(history: History, when: datetime) -> str:
    """Return the status word that held at a moment; "" before the first."""
    place = bisect_right([at for at, _ in history], when)
    return history[place - 1][1] if place else ""


def telling_moments(history: History) -> list[datetime]:
    """Return every change, a second before and after it, and a day of each quarter of a year."""
    changes = [at + shift for at, _ in history for shift in (-SECOND, timedelta(0), SECOND)]
    quarters = [
        datetime(year, month, 17, 12, tzinfo=UTC)
        for year in SAMPLE_YEARS
        for month in (2, 5, 8, 11)
    ]
    return changes + quarters


def edges(document: Document) -> dict[tuple[str, str], str]:
    """Return each (successor, predecessor) with who states it."""
    sides: dict[tuple[str, str], set[str]] = {}
    for one in document["decisions"]:
        for other in one["supersedes"]:
            sides.setdefault((one["id"], other), set()).add("successor")
        for other in one["supersededBy"]:
            sides.setdefault((other, one["id"]), set()).add("predecessor")
    return {edge: "both" if len(by) == 2 else next(iter(by)) for edge, by in sides.items()}


def names(document: Document) -> set[str]:
    """Return every spelling of a name, anywhere in the file."""
    found: set[str] = set()
    for one in document["decisions"]:
        for field in ("proposers", "sponsor", "decidedUnderMandateOf"):
            found.update(one[field] or [])
    found.update(one["holder"] for one in document["mandates"])
    found.update(one["person"] for one in document["seatAssignments"])
    for election in document["elections"]:
        found.update(election["winners"])
        for part in (election, *election.get("rounds", ())):
            found.update(score["candidate"] for score in part["tally"] or ())
    return {name.strip() for name in found}


def seated(document: Document, day: str) -> set[str]:
    """Return who sits in the council on a day."""
    return {
        term["person"]
        for term in document["seatAssignments"]
        if term["from"] <= day and (term["until"] is None or day < term["until"])
    }
