"""The chain memory: lessons, reasons told afterwards, clerical corrections and notes.

Everything here is added beside what stands, at any time, and changes nothing of it: no rule ever
reads a correction. Rules L1 to L7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field

from ledger.domain.events.memory import (
    EventAnnotated,
    LessonRecorded,
    MemoryEvent,
    RationaleAdded,
    RecordCorrected,
)
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import Header, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("L1", "Een les krijgt een kenmerk dat nog niet in gebruik is.", "default"),
    Rule(
        "L2", "Een les of toelichting noemt bestaande besluiten en escalaties.", "[S] K:1463-1470"
    ),
    Rule("L3", "Een correctie of aantekening gaat over een eerdere gebeurtenis.", "default"),
    Rule(
        "L4",
        "Een correctie raakt alleen bewoordingen; al het andere vraagt een eigen handeling.",
        "default",
    ),
    Rule("L5", "Een correctie maakt verschil.", "default"),
    Rule("L6", "Persoonsgegevens staan nooit in een correctie; zij worden verzegeld.", "default"),
    # Held at the door of the ledger (`ledger/corrections.py`), where the texts are.
    Rule("L7", "Een correctie noemt wat er staat, letter voor letter.", "default"),
)

WORDING = frozenset(
    {
        "approach", "archiveTransferPlan", "becomes", "chainInterest", "contribution",
        "deviation", "evidence", "finding", "function", "impact", "interface", "legalBasis",
        "managementContract", "name", "note", "notice", "openMatters", "place", "problem",
        "reason", "reasons", "reference", "remit", "skippedBecause", "solution", "statusLabel",
        "summary", "text", "title", "whyNot",
    }
)  # fmt: skip
"""The fields that hold nothing but words, in every event type that has them.

No rule reads them, so another reading of them changes no outcome. Ids, dates, numbers, choices,
and texts that set authority (such as the conditions of a mandate) are not among them. A list of
what may be corrected rather than of what may not: a field nobody thought of is refused.
"""
FIXED = ("effects", "indicators", "witnesses")
"""Parts that are fixed as a whole: what votes were cast on, what is measured by, who witnesses."""


class Memory(Struct, frozen=True):
    """The ids of all lessons, with their positions."""

    lessons: Map[str, int] = field(default_factory=Map)


def check(chain: ChainState, event: MemoryEvent, header: Header) -> None:
    """Refuse what speaks of nothing that is there, and a correction that would change it."""
    match event:
        case LessonRecorded():
            _lesson_recorded(chain, event)
        case RationaleAdded():
            _decision_known(chain, event.decision)
        case RecordCorrected():
            _earlier(event.target, header)
            _record_corrected(chain, event)
        case EventAnnotated():
            _earlier(event.target, header)
        case _:
            assert_never(event)


def _lesson_recorded(chain: ChainState, event: LessonRecorded) -> None:
    free = event.lesson not in chain.memory.lessons
    require(free, "L1", f"het kenmerk {event.lesson} is al van een andere les")
    for decision in event.decisions:
        _decision_known(chain, decision)
    known = not event.escalation or event.escalation in chain.escalations.all
    require(known, "L2", f"escalatie {event.escalation} bestaat niet")


def _decision_known(chain: ChainState, decision: str) -> None:
    require(decision in chain.decisions.all, "L2", f"besluit {decision} bestaat niet")


def _earlier(target: int, header: Header) -> None:
    # Positions have no gaps, so every lower number is a record.
    last = header.position - 1
    require(target <= last, "L3", f"gevonden {target}; de laatste gebeurtenis is {last}")


def _record_corrected(chain: ChainState, event: RecordCorrected) -> None:
    names = [part for part in event.field.split("/")[1:] if not part.isdigit()]
    wording = names and names[0] not in FIXED and names[-1] in WORDING
    require(wording, "L4", f"{event.field} is meer dan bewoording")
    personal = names[-1] == "name" and event.target in chain.people.detailed
    require(not personal, "L6", f"gebeurtenis {event.target} gaat over een persoon")
    require(event.was != event.becomes, "L5", f"er stond al {event.becomes!r}")


def evolve(own: Memory, event: MemoryEvent, header: Header) -> Memory:
    """Remember which lessons there are; everything else is for readers."""
    match event:
        case LessonRecorded():
            return Memory(lessons=own.lessons.insert(event.lesson, header.position))
        case RationaleAdded() | RecordCorrected() | EventAnnotated():
            return own
        case _:
            assert_never(event)
