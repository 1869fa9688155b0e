"""What can be recorded: the events of each capability, one file each."""

from ledger.domain.events import (
    actions,
    agreements,
    bodies,
    chains,
    decision_rules,
    decisions,
    escalations,
    evidence,
    mandates,
    meetings,
    memory,
    outcomes,
    people,
    reviews,
    roles,
    signing_keys,
)

__all__ = [
    "actions",
    "agreements",
    "bodies",
    "chains",
    "decision_rules",
    "decisions",
    "escalations",
    "evidence",
    "mandates",
    "meetings",
    "memory",
    "outcomes",
    "people",
    "reviews",
    "roles",
    "signing_keys",
]
