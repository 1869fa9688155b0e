"""The scene of tests about reviews: a board of three, a reviewer from outside, access in steps."""

from __future__ import annotations

from ledger.domain.events.reviews import (
    EvidenceRequestAnswered,
    EvidenceRequested,
    ReviewAccessProposed,
    ReviewAccessSupported,
    ReviewAccessWithdrawn,
)
from tests.domain.given import Life, people
from tests.domain.given_decisions import board

REVIEWER = "auditor"
SCENE = people(board(), REVIEWER)
DAYS = 30
"""How long the access of these tests lasts; it starts on the day it is proposed."""


def proposed(name: str = "t-1", **fields: object) -> ReviewAccessProposed:
    """Return a proposal by the first partner, from the founding day for thirty days."""
    wanted: dict[str, object] = {
        "review": name,
        "organisation": "bd",
        "reviewer": REVIEWER,
        "commission": "Rekenkamer, onderzoek naar de keten",
        "classification": "chain",
        "valid_from": "2024-01-01",
        "valid_until": "2024-01-31",
        "reason": "Het onderzoek is aangekondigd.",
        **fields,
    }
    return ReviewAccessProposed(**wanted)  # type: ignore[arg-type]  # fields by name, for tests


def supported(name: str = "t-1", organisation: str = "uwv") -> ReviewAccessSupported:
    return ReviewAccessSupported(review=name, organisation=organisation)


def withdrawn(name: str = "t-1", organisation: str = "bd") -> ReviewAccessWithdrawn:
    return ReviewAccessWithdrawn(review=name, organisation=organisation, reason="Niet meer nodig.")


def asked(name: str = "v-1", review: str = "t-1") -> EvidenceRequested:
    return EvidenceRequested(evidence_request=name, review=review, question="Toon besluit B-1.")


def answered(name: str = "v-1", **fields: str) -> EvidenceRequestAnswered:
    return EvidenceRequestAnswered(evidence_request=name, **(fields or {"text": "Dat is er niet."}))


def waiting(name: str = "t-1", **fields: object) -> Life:
    """Return a chain in which access waits for a second partner."""
    return SCENE.done(proposed(name, **fields), by="bestuur-p-bd")


def granted(name: str = "t-1", **fields: object) -> Life:
    """Return a chain in which two partners have given access."""
    return waiting(name, **fields).done(supported(name), by="bestuur-p-uwv")
