"""Events of erasure: which sealed values of a person were erased, on what ground, by whom."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.domain.values import Digest, Event, PersonId, Slug

Digests = Annotated[tuple[Digest, ...], Meta(min_length=1, max_length=500)]
ErasureGround = Literal[
    "no-longer-needed",
    "consent-withdrawn",
    "objection",
    "unlawful",
    "legal-duty",
    "retention-ended",
]
"""Article 17, paragraph 1, a to e of the General Data Protection Regulation; or the records act."""
GROUND_NAMES = {
    "no-longer-needed": "niet langer nodig (AVG, artikel 17 lid 1 onder a)",
    "consent-withdrawn": "toestemming ingetrokken (AVG, artikel 17 lid 1 onder b)",
    "objection": "bezwaar (AVG, artikel 17 lid 1 onder c)",
    "unlawful": "onrechtmatig verwerkt (AVG, artikel 17 lid 1 onder d)",
    "legal-duty": "wettelijke plicht (AVG, artikel 17 lid 1 onder e)",
    "retention-ended": "bewaartermijn verstreken (Archiefwet)",
}
"""How people say on what ground."""


class PersonalDataErased(Event, frozen=True, kw_only=True):
    """Sealed values of a person were erased: their disclosures deleted, their key destroyed.

    `organisation` is the partner that decided so, as the one that answers for these data. What
    stays is named by `digests` alone; no word of what they stood for belongs here.
    """

    SENTENCE = "Gegevens van {person} zijn gewist op besluit van {organisation}: {ground}."
    WHO = ("partner", "chain-office")

    organisation: Slug
    person: PersonId
    ground: ErasureGround
    digests: Digests


ErasureEvent = PersonalDataErased
EVENTS: tuple[type[Event], ...] = (PersonalDataErased,)
BY_RULES: tuple[type[Event], ...] = ()
