"""Which records belong to a thing: those about it, what they name, and all that they rest on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.domain.events.decisions import ElectorateFixed
from ledger.domain.events.memory import EventAnnotated, RecordCorrected
from ledger.domain.values import NotFound, Refused
from ledger.recording import Entry
from projections import selection
from projections.selection import about, recorded_since, visible
from projections.views import Conn
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.projections.given import reading, seen, taken_in
from tests.projections.scenes import everything, mixed

PUBLIC = frozenset({"public"})
OF_THE_CHAIN = frozenset({"public", "chain"})


@pytest.fixture(scope="module")
def databases(server: str, template: str) -> Iterator[dict[str, str]]:
    """The demonstration, and the same with scopes that change from record to record."""
    made = {name: f"test_{name}_{template.rpartition('_')[2]}" for name in ("plain", "mixed")}
    try:
        for name, life in (("plain", everything()), ("mixed", mixed())):
            _run(server, COPY_TEMPLATE, name=made[name], template=template)
            taken_in(_url(server, made[name]), life)
        yield {name: _url(server, one) for name, one in made.items()}
    finally:
        for one in made.values():
            _run(server, DROP, name=one)


@pytest.fixture
def plain(databases: dict[str, str]) -> Iterator[Conn]:
    with reading(databases["plain"]) as connection:
        yield connection


def rests_on(entry: Entry) -> set[int]:
    """What one record rests on, said a second time."""
    cause = {entry.header.cause} if entry.header.cause is not None else set()
    rule = {entry.event.rule} if isinstance(entry.event, ElectorateFixed) else set()
    return {*entry.header.under, *cause, *rule}


def named(kind: str) -> list[str]:
    """Every thing of a kind that occurs in the demonstration."""
    ids = (getattr(entry.event, kind, "") for entry in everything())
    return sorted({one for one in ids if isinstance(one, str) and one})


@pytest.mark.parametrize("kind", selection.KINDS)
def test_a_selection_holds_the_thing_itself_and_all_it_rests_on(plain: Conn, kind: str) -> None:
    life = everything()
    assert named(kind)
    for name in named(kind):
        found = about(plain, seen(plain), kind, name)
        chosen = set(found.positions)
        own = {e.header.position for e in life if getattr(e.event, kind, "") == name}
        assert own <= chosen
        for position in chosen:
            assert rests_on(life[position]) <= chosen
        notes = {
            e.header.position
            for e in life
            if isinstance(e.event, RecordCorrected | EventAnnotated) and e.event.target in chosen
        }
        assert notes <= chosen
        assert found.unseen == 0
        assert found.about == f"{selection.KINDS[kind]} {name}"
        assert found.positions == sorted(chosen)


def test_a_selection_is_a_part_and_not_the_whole_chain(plain: Conn) -> None:
    for name in named("decision"):
        found = about(plain, seen(plain), "decision", name)
        assert len(found.positions) < len(everything()) / 2


def test_replaced_and_replacing_decisions_are_in_each_others_selection(plain: Conn) -> None:
    pairs = [
        (e.event.decision, e.event.by_decision)  # type: ignore[union-attr]
        for e in everything()
        if type(e.event).__name__ == "DecisionSuperseded"
    ]
    assert pairs
    for one, other in pairs:
        for asked, wanted in ((one, other), (other, one)):
            chosen = about(plain, seen(plain), "decision", asked).positions
            own = {
                e.header.position
                for e in everything()
                if type(e.event).__name__ in ("ProposalSubmitted", "DecisionTookForce")
                and getattr(e.event, "decision", "") == wanted
            }
            assert own <= set(chosen)


def test_an_agreement_brings_the_votes_of_the_decision_that_made_it(plain: Conn) -> None:
    life = everything()
    made = [e for e in life if type(e.event).__name__ == "AgreementProposed" and e.header.cause]
    assert made
    entry = made[0]
    chosen = about(plain, seen(plain), "agreement", entry.event.agreement)  # type: ignore[union-attr]
    kinds = {type(life[position].event).__name__ for position in chosen.positions}
    assert {"AgreementProposed", "DecisionTookForce", "ProposalSubmitted", "VoteCast"} <= kinds


def test_nothing_in_a_selection_is_beyond_its_reader(databases: dict[str, str]) -> None:
    scope_of = [entry.header.scope for entry in mixed()]
    with reading(databases["mixed"]) as connection:
        for reader in (PUBLIC, OF_THE_CHAIN):
            view = seen(connection, reader=reader)
            unseen = 0
            for name in named("decision"):
                try:
                    found = about(connection, view, "decision", name)
                except NotFound:
                    continue
                assert {scope_of[position] for position in found.positions} <= reader
                unseen += found.unseen
            assert unseen > 0


def test_a_selection_ends_at_what_was_known(plain: Conn) -> None:
    view = seen(plain, known_at=40)
    assert max(about(plain, view, "decision", "B-2006-02").positions) <= 40
    with pytest.raises(NotFound):
        about(plain, seen(plain, known_at=5), "decision", "B-2006-02")


def test_what_is_not_there_cannot_be_selected(plain: Conn) -> None:
    with pytest.raises(NotFound, match="Besluit B-0 bestaat niet"):
        about(plain, seen(plain), "decision", "B-0")


def test_a_selection_that_is_too_large_is_refused(
    plain: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MAX_SELECTED", 12)
    with pytest.raises(Refused, match="meer dan 12"):
        about(plain, seen(plain), "decision", "B-2006-02")


def test_the_visible_records_are_those_of_the_readers_scopes(databases: dict[str, str]) -> None:
    scope_of = [entry.header.scope for entry in mixed()]
    everywhere = list(range(len(scope_of)))
    with reading(databases["mixed"]) as connection:
        for reader in (PUBLIC, OF_THE_CHAIN):
            found = visible(connection, seen(connection, reader=reader), everywhere)
            assert found == {n for n in everywhere if scope_of[n] in reader}


def test_a_day_is_the_first_position_recorded_on_it(plain: Conn) -> None:
    ats = [entry.header.at[:10] for entry in everything()]
    middle = ats[len(ats) // 2]
    assert recorded_since(plain, seen(plain), middle) == ats.index(middle)
    assert recorded_since(plain, seen(plain), "0001-01-01") == 0
    assert recorded_since(plain, seen(plain), "9999-01-01") is None
