"""Every event type speaks one Dutch sentence, with names, days and choices as people say them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from ledger import catalogue
from ledger.domain.events.agreements import AgreementEnteredIntoForce
from ledger.domain.events.bodies import ChairRotationAgreed, SeatAssigned, SeatCreated
from ledger.domain.events.chains import PartnerAdmitted
from ledger.domain.events.decisions import DeadlineExtended, EarlierDecisionNotCited, VoteCast
from ledger.domain.events.escalations import EscalationClosed, EscalationResolved
from ledger.domain.events.mandates import MandateGranted
from ledger.domain.events.memory import RecordCorrected
from ledger.domain.events.outcomes import SupersessionRecorded
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Event
from projections.models import KINDS
from projections.sentences import references, sentence
from projections.words import THINGS, WORDS, listed, moment_in_words, word
from tests.samples import fullest, smallest

KNOWN = {
    ("partner", "uwv"): "UWV",
    ("partner", "bd"): "Belastingdienst",
    ("body", "bestuur"): "Ketenbestuur",
    ("decision", "b-1"): "Samen bouwen",
    ("person", "p-1"): "bestuurder UWV",
    ("seat", "z-1"): "UWV",
    ("assignment", "rol-1"): "ketenmanager",
}

SAID: dict[Event, str] = {
    VoteCast(decision="b-1", seat="z-1", choice="abstain"): (
        "Zetel z-1 (UWV) stemt onthouding over b-1 (Samen bouwen)."
    ),
    SeatAssigned(seat="z-1", person="p-1", valid_from="2026-11-01"): (
        "p-1 (bestuurder UWV) bekleedt zetel z-1 (UWV) vanaf 1 november 2026."
    ),
    SeatCreated(seat="z-9", body="bestuur", advisory=True): (
        "De keten heeft zetel z-9 in Ketenbestuur."
    ),
    PartnerAdmitted(
        organisation="uwv",
        name="UWV",
        status="owner",
        representative="p-1",
        effective_on="2026-01-01",
    ): "UWV (uwv) is toegetreden als eigenaar.",
    RoleAssigned(role="other", label="pionier", person="p-9", valid_from="2026-01-31"): (
        "p-9 is pionier vanaf 31 januari 2026."
    ),
    RoleAssigned(role="line-manager", person="p-9", organisation="bd", valid_from="2026-01-31"): (
        "p-9 is lijnmanager Belastingdienst vanaf 31 januari 2026."
    ),
    ChairRotationAgreed(body="bestuur", order=("uwv", "bd", "cbs"), period="per-meeting"): (
        "Het voorzitterschap van Ketenbestuur rouleert: UWV, Belastingdienst en cbs."
    ),
    MandateGranted(
        mandate="m-1",
        grantor_kind="organisation",
        grantor="bd",
        holder_kind="role",
        holder="rol-1",
        valid_from="2026-03-01",
    ): "Belastingdienst geeft rol-1 (ketenmanager) mandaat m-1 vanaf 1 maart 2026.",
    DeadlineExtended(decision="b-7", deadline="2026-03-29T00:30:00.000000Z", reason="Quorum."): (
        "De stemtermijn van b-7 is verlengd tot 29 maart 2026 om 0.30 uur (UTC): Quorum."
    ),
    EarlierDecisionNotCited(decision="b-7", earlier=("b-1", "b-2")): (
        "b-7 noemt eerdere besluiten over dit onderwerp niet: b-1 (Samen bouwen) en b-2."
    ),
    SupersessionRecorded(decision="b-1", by_decision="b-2", stated_by="predecessor"): (
        "Volgens het vervangen besluit is b-1 (Samen bouwen) vervangen door b-2."
    ),
    EscalationResolved(escalation="e-1", solution="Opgelost"): (
        "Escalatie e-1 is opgelost: Opgelost."
    ),
    EscalationResolved(escalation="e-1", decision="b-1"): (
        "Escalatie e-1 is opgelost b-1 (Samen bouwen)."
    ),
    EscalationClosed(escalation="e-1", lesson="Meten is weten!"): (
        "Escalatie e-1 is gesloten; geleerd: Meten is weten!"
    ),
    AgreementEnteredIntoForce(
        agreement="cv", version=2, signatories=("uwv",), valid_from="2026-05-01"
    ): "Versie 2 van cv is van kracht vanaf 1 mei 2026.",
    RecordCorrected(target=3, field="/title", was="Fout.", becomes="Goed.", reason="Tikfout."): (
        "Gebeurtenis 3 is gecorrigeerd: er stond “Fout”, er hoort te staan “Goed”. Tikfout."
    ),
}


@pytest.mark.parametrize("event", SAID, ids=lambda one: SAID[one][:40])
def test_an_event_is_told_as_people_say_it(event: Event) -> None:
    assert sentence(event, KNOWN) == SAID[event]


@pytest.mark.parametrize("make", [smallest, fullest])
@pytest.mark.parametrize("name", catalogue.TYPES)
def test_every_event_type_has_a_whole_sentence(name: str, make: Any) -> None:
    event = make(catalogue.TYPES[name].kind)
    told = sentence(event, {})
    assert told[-1] in ".!?…"
    assert "{" not in told
    assert "  " not in told
    assert " ." not in told
    assert all(kind and one for kind, one in references(event))


def choices() -> set[str]:
    """Return every choice that any event can hold."""
    found: set[str] = set()
    walked: set[Any] = set()

    def walk(hint: Any) -> None:
        if get_origin(hint) is Literal:
            found.update(one for one in get_args(hint) if isinstance(one, str))
            return
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and hint not in walked:
            walked.add(hint)
            for inner in get_type_hints(hint).values():
                if get_origin(inner) is not ClassVar:
                    walk(inner)
        for inner in get_args(hint):
            walk(inner)

    for one in catalogue.TYPES.values():
        walk(one.kind)
    return found - {""}


def test_every_choice_has_a_dutch_word() -> None:
    assert {one for one in choices() if one not in WORDS} == set()
    assert set(THINGS) == set(KINDS), "what is not there is told in Dutch too"
    assert word("for") == "voor"
    assert word("iets anders") == "iets anders"


def test_lists_and_moments_are_written_as_in_dutch() -> None:
    assert [listed(list("abc"[:size])) for size in range(4)] == ["", "a", "a en b", "a, b en c"]
    assert moment_in_words("2026-10-25T01:05:09.000000Z") == "25 oktober 2026 om 1.05 uur (UTC)"
