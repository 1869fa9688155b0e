"""The file of Python Enhancement Proposals: what it holds, read strictly and never filled in.

`keten-import/0` is JSON: decisions, dated status changes, mandates, bodies, elections, terms on
seats, and changes of the rule. What does not fit, or names a decision that the file does not have,
is refused before anything is recorded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from ledger.catalogue import in_dutch
from ledger.domain.values import Date, Refused, Slug, require

Word = Literal[
    "Draft",
    "Incomplete",
    "Accepted",
    "Provisional",
    "Active",
    "Final",
    "Rejected",
    "Withdrawn",
    "Deferred",
    "Superseded",
    "Replaced",
    "April Fool!",
]
"""Where a decision stands, in the source's own word."""
Moment = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=2000)]
Words = Annotated[str, Meta(min_length=1, max_length=20_000)]
Revision = Annotated[str, Meta(min_length=1, max_length=100)]
StatedBy = Literal["both", "successor", "predecessor"]
MAX_LABEL: Final = 200


class Part(Struct, frozen=True, rename="camel"):
    """A part of the file. What the ledger has no use for is left alone."""


class Origin(Part, frozen=True):
    """Which collection the file was made from, and which revision of it."""

    name: Words
    repo: Words
    commit: Revision
    licence: str


class Body(Part, frozen=True):
    """A body that decides; `until` is the first day without it."""

    id: Literal["BDFL", "Python Steering Council"]
    seats: Annotated[int, Meta(ge=1, le=100)]
    until: Date | None = None


class Decision(Part, frozen=True):
    """A decision as its own text describes it at this revision."""

    id: Slug
    title: Words
    kind: Annotated[str, Meta(min_length=1, max_length=100)]
    topic: str | None
    proposed_on: Date
    proposers: tuple[Name, ...]
    sponsor: tuple[Name, ...] | None
    resolved_on: Date | None
    resolution_ref: Annotated[str, Meta(max_length=500)] | None
    decided_under_mandate_of: tuple[Name, ...] | None
    supersedes: tuple[Slug, ...]
    superseded_by: tuple[Slug, ...]
    requires: tuple[Slug, ...]

    @property
    def resolved(self) -> bool:
        """Whether the decision itself says that it was resolved."""
        return bool(self.resolved_on or self.resolution_ref)


class StatusChange(Part, frozen=True):
    """A decision got a status; `evidence` is the revision that shows it."""

    decision: Slug
    at: Moment
    status: Word
    evidence: Revision


class Mandate(Part, frozen=True):
    """Somebody may decide on one decision; `granted_at` is when the source first says so."""

    scope: Slug
    holder: Name
    kind: Words
    granted_at: Moment
    evidence: Revision


class Score(Part, frozen=True):
    """What a candidate got."""

    candidate: Name
    score: int


class Round(Part, frozen=True):
    """One round of an election that had more than one."""

    round: Words
    tally: tuple[Score, ...]
    eligible: int | None = None
    ballots: int | None = None


class Election(Part, frozen=True):
    """An election of the council; its tally stands here or in its rounds."""

    id: Slug
    title: Words
    closed_on: Date
    eligible: int
    ballots: int
    method: Words
    seats: int
    winners: tuple[Name, ...]
    tally: tuple[Score, ...] | None
    extension: bool
    rounds: tuple[Round, ...] = ()


class SeatTerm(Part, frozen=True):
    """Somebody has a seat in a body from a day on; `until` is the first day without."""

    body: Literal["Python Steering Council"]
    person: Name
    start: Date = msgspec.field(name="from")
    until: Date | None


class RuleChange(Part, frozen=True):
    """The text by which is decided was changed."""

    at: Date
    rule: Slug
    change: Words


class Peps(Part, frozen=True):
    """The whole file."""

    format: Literal["keten-import/0"]
    source: Origin
    bodies: tuple[Body, ...]
    decisions: tuple[Decision, ...]
    status_history: tuple[StatusChange, ...]
    mandates: tuple[Mandate, ...]
    elections: tuple[Election, ...]
    seat_assignments: tuple[SeatTerm, ...]
    rule_changes: tuple[RuleChange, ...]


def read(document: dict[str, Any]) -> Peps:
    """Return what a file holds, or refuse it (G13, D1, D3) and say what is wrong."""
    try:
        peps = msgspec.convert(document, Peps)
    except msgspec.ValidationError as error:
        raise Refused("G13", f"dit is geen keten-import/0: {in_dutch(str(error))}") from error
    names = [one.id for one in peps.decisions]
    double = sorted({name for name in names if names.count(name) > 1})
    require(not double, "D1", f"meer dan één keer in het bestand: {', '.join(double)}")
    dated = {one.decision for one in peps.status_history}
    undated = sorted(set(names) - dated)
    require(not undated, "G13", f"zonder statusgeschiedenis: {', '.join(undated)}")
    unknown = sorted(set(_referred(peps)) - set(names))
    require(not unknown, "D3", f"niet in het bestand: {', '.join(unknown)}")
    return peps


def _referred(peps: Peps) -> Iterator[str]:
    """Yield each decision that another part names. A status may stand alone, nothing else."""
    for decision in peps.decisions:
        yield from (*decision.supersedes, *decision.superseded_by, *decision.requires)
    yield from (one.scope for one in peps.mandates)
    yield from (one.id for one in peps.elections)
    yield from (one.rule for one in peps.rule_changes)


def supersessions(peps: Peps) -> dict[tuple[str, str], StatedBy]:
    """Return each (successor, predecessor) with which of the two says so, in alphabetical order."""
    later = {(one.id, other) for one in peps.decisions for other in one.supersedes}
    earlier = {(other, one.id) for one in peps.decisions for other in one.superseded_by}
    stated: dict[tuple[str, str], StatedBy] = {}
    for edge in sorted(later | earlier):
        by_one: StatedBy = "successor" if edge in later else "predecessor"
        stated[edge] = "both" if edge in later & earlier else by_one
    return stated


def plain(text: str) -> str:
    """Return text as a record holds it: normalised (NFC), without spaces around it."""
    return unicodedata.normalize("NFC", text).strip()


def label(text: str) -> str:
    """Return text as a line of at most 200 characters, cut off with an ellipsis."""
    text = plain(text)
    return text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…"


def slug(text: str) -> str:
    """Return the words of a text as an id: `Packaging` becomes `packaging`."""
    return re.sub(r"[^a-z0-9]+", "-", plain(text).lower()).strip("-")[:64].strip("-")
