"""What began in confidence goes on so: matters whose first record is confidential.

What is recorded about such a matter later, by people or by the rules when time has passed, is
confidential too, unless whoever records it says otherwise. What begins a matter of its own and only
refers to another one decides for itself. A body says how its records are; people, seats and roles
are not matters.
"""

from __future__ import annotations

from typing import Final

from ledger.domain.maps import Map
from ledger.domain.values import Event, Header

MATTERS: Final = (
    "decision", "agreement", "escalation", "action", "meeting", "mandate", "objective",
    "bottleneck", "lesson", "evidence_request",
)  # fmt: skip
"""The ids by which an event names a matter, and those of the matters that events make."""


def noted(known: Map[str, int], event: Event, header: Header) -> Map[str, int]:
    """Return which matters are confidential once this is on record, each with where it began."""
    if header.scope != "confidential" or event.CREATES not in MATTERS:
        return known
    return known.insert(_name(event, event.CREATES), header.position)


def concerned(known: Map[str, int], event: Event) -> bool:
    """Tell whether an event goes on with a matter that is confidential."""
    if not known or event.CREATES:
        return False
    return any(_name(event, one) in known for one in MATTERS)


def _name(event: Event, kind: str) -> str:
    return f"{kind}:{getattr(event, kind, '')}"
