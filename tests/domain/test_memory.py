"""The chain memory: lessons, reasons, corrections and notes beside the record (L1 to L6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect
from msgspec.structs import replace

from ledger.domain.chain import OWNERS
from ledger.domain.events.chains import DrivingProblemRecorded
from ledger.domain.events.memory import (
    EventAnnotated,
    LessonRecorded,
    RationaleAdded,
    RecordCorrected,
)
from ledger.domain.events.outcomes import DecisionRecorded
from ledger.domain.events.people import PersonDetailsGiven
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.memory import FIXED, WORDING
from ledger.domain.values import Event, Sealed
from tests.domain.given import Life, a_chain, people

LESSON = LessonRecorded(
    lesson="les-1",
    subject="aanlevering",
    problem="Te late aanlevering.",
    approach="Eén kalender.",
    solution="De kalender geldt voor alle partners.",
)
DECISION = DecisionRecorded(decision="b-1", title="Eén kalender", status="in-force")


def scene() -> Life:
    """A chain with a chain office and one decision from before the ledger."""
    life = people(a_chain(), "office", "visitor")
    office = RoleAssigned(role="chain-office", person="office", valid_from="2024-01-01")
    problem = DrivingProblemRecorded(text="De cijfres kloppen niet.")
    return life.given(office, DECISION, problem)


def target(life: Life) -> int:
    """Return the position of the last record."""
    return life.state.size - 1


def correction(life: Life, field: str = "/text", **changes: Any) -> RecordCorrected:
    event = RecordCorrected(
        target=target(life),
        field=field,
        was="De cijfres kloppen niet.",
        becomes="De cijfers kloppen niet.",
        reason="Tikfout.",
    )
    return replace(event, **changes)


# Lessons and reasons


def test_a_lesson_has_an_id_of_its_own() -> None:
    life = scene().done(LESSON, by="p-bd")
    life.record(LESSON, by="p-bd").refused("L1")
    life.done(replace(LESSON, lesson=""), by="p-bd")


def test_a_lesson_names_decisions_and_escalations_that_exist() -> None:
    scene().record(replace(LESSON, decisions=("b-1", "b-2")), by="p-bd").refused("L2")
    scene().record(replace(LESSON, escalation="e-1"), by="p-bd").refused("L2")
    scene().done(replace(LESSON, decisions=("b-1",)), by="p-bd")


def test_a_reason_is_added_to_a_decision_that_exists() -> None:
    scene().record(RationaleAdded(decision="b-2", text="Daarom."), by="p-bd").refused("L2")
    scene().done(RationaleAdded(decision="b-1", text="Daarom."), by="p-bd")


# Notes


def test_a_note_is_about_an_earlier_record() -> None:
    life = scene()
    note = EventAnnotated(target=life.state.size, label="context", text="Zie ook het verslag.")
    life.record(note, by="p-bd").refused("L3")
    life.done(replace(note, target=life.state.size - 1), by="p-bd")
    life.done(replace(note, target=0), by="p-bd")


# Corrections


def test_a_correction_is_about_an_earlier_record() -> None:
    life = scene()
    life.record(correction(life, target=life.state.size), by="office").refused("L3")
    life.done(correction(life), by="office")


def test_a_correction_makes_a_difference() -> None:
    life = scene()
    same = correction(life, becomes="De cijfres kloppen niet.")
    life.record(same, by="office").refused("L5")


@pytest.mark.parametrize(
    "field",
    [
        "/type",
        "/decision",
        "/seat",
        "/choice",
        "/person",
        "/organisation",
        "/subject",
        "/status",
        "/outcome",
        "/rule/threshold/num",
        "/tally/seatsFor",
        "/weight",
        "/mandate",
        "/conditions",
        "/scope/subjects/0",
        "/amountCents",
        "/validFrom",
        "/dueOn",
        "/deadline",
        "/parties/0",
        "/electors/0/holder",
        "/effects/0/text",
        "/indicators/0/name",
        "/document/sha256",
        "/contact",
        "/0",
        "/nonsense",
    ],
)
def test_a_correction_changes_no_outcome_no_date_and_nobody(field: str) -> None:
    life = scene()
    life.record(correction(life, field), by="office").refused("L4")


@pytest.mark.parametrize(
    "field", ["/text", "/title", "/reasons/0", "/options/2/whyNot", "/document/title", "/name"]
)
def test_a_correction_may_change_wording(field: str) -> None:
    life = scene()
    life.done(correction(life, field), by="office")


def test_a_correction_can_be_corrected() -> None:
    life = scene()
    life = life.done(correction(life), by="office")
    life.done(correction(life, "/becomes"), by="office")


def test_a_correction_never_tells_a_name_that_was_sealed() -> None:
    life = people(scene(), "person-1")
    life.record(correction(life, "/name"), by="office").refused("L6")
    life.done(correction(life, "/function"), by="office")
    again = life.given(PersonDetailsGiven(person="person-1", name="A" * 43))
    again.record(correction(again, "/name"), by="office").refused("L6")


def leaves(kind: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give the path and the type of everything an event holds, without the effects of others."""
    if isinstance(kind, inspect.StructType):
        for one in kind.fields:
            yield from leaves(one.type, (*path, one.encode_name))
    elif isinstance(kind, inspect.VarTupleType):
        yield from leaves(kind.item_type, path)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from leaves(one, path)
    else:
        yield path, kind


@pytest.mark.parametrize("kind", sorted(OWNERS, key=lambda kind: kind.__name__))
def test_what_counts_as_wording_is_free_text_in_every_event(kind: type[Event]) -> None:
    sealed = inspect.type_info(Sealed)
    for path, found in leaves(inspect.type_info(kind)):
        if path[0] in FIXED or path[-1] not in WORDING:
            continue
        personal = path == ("name",) and found == sealed
        bare = found.type if isinstance(found, inspect.Metadata) and not personal else found
        free = isinstance(bare, inspect.StrType) and bare.pattern is None
        assert free or personal or isinstance(found, inspect.NoneType), path


def test_every_word_that_may_be_corrected_exists() -> None:
    found = {path[-1] for kind in OWNERS for path, _ in leaves(inspect.type_info(kind))}
    assert found >= WORDING
    assert msgspec.structs.fields(RecordCorrected)[1].name == "field"


# Who may record it


@pytest.mark.parametrize(
    "event",
    [
        LESSON,
        RationaleAdded(decision="b-1", text="Daarom."),
        EventAnnotated(target=3, label="context", text="Zie het verslag."),
    ],
    ids=lambda event: type(event).__name__,
)
def test_anybody_with_a_part_in_the_chain_adds_to_its_memory(event: Event) -> None:
    scene().done(event, by="p-cbs")
    scene().done(event, by="office")
    scene().record(event, by="visitor").not_allowed()


def test_corrections_are_made_by_the_office_the_manager_or_a_chair() -> None:
    life = scene()
    life.done(correction(life), by="office")
    life.record(correction(life), by="p-cbs").not_allowed()
