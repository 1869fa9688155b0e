"""Free text in what is confidential stands sealed in the record, and nowhere else."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import pytest
from msgspec import inspect
from msgspec.structs import replace

from ledger import confidential, recording, sealed
from ledger.audit import audit
from ledger.domain import sealing
from ledger.domain.chain import OWNERS
from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.bodies import BodyEstablished
from ledger.domain.events.chains import DrivingProblemRecorded
from ledger.domain.events.decisions import (
    AdviceIssued,
    DeliberationOpened,
    Option,
    ProposalSubmitted,
    VoteCast,
)
from ledger.domain.events.memory import EventAnnotated, LessonRecorded
from ledger.domain.events.outcomes import Citation, DecisionRecorded
from ledger.domain.values import Event, Refused, Scope, Signature
from ledger.recording import Act
from tests.domain.given import IMPORTER, SOURCE, Life, a_chain
from tests.domain.given_decisions import board, opened, proposal

SEAL = f"sealed:{'A' * 43}"
NOTE = DrivingProblemRecorded(text="Het gaat om één afdeling.")
PROPOSAL = ProposalSubmitted(
    decision="b-1", body="team", subject="meten", title="Meten", chain_interest="Eerlijk.",
    options=(Option(text="Niets doen.", why_not="Te laat."),),
    effects=(
        ActionAssigned(
            action="a-1", title="Meet", organisation="bd", role="meter", due_on="2030-01-01",
            text="Zonder het te zeggen.",
        ),
    ),
)  # fmt: skip
OPEN = {"was", "logKey", "verifierKey"}
"""Long texts that are nobody's own words: a quote of the record, keys in the form of a standard."""


def offered(event: Event, scope: Scope | None) -> recording.Recorded:
    act = Act(event=event, by=IMPORTER, source=SOURCE, scope=scope)
    return recording.record(a_chain().state, act, at=a_chain().now)


def closed(life: Life, act: Act) -> confidential.Closed:
    def nothing(_: Collection[str]) -> dict[str, str]:
        return {}

    return confidential.closed(life.state, act, read=lambda _: None, told=nothing)


# Which texts


def leaves(kind: Any, path: str = "", free: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """Give the path, the type and whether it is free text of everything an event holds."""
    match kind:
        case inspect.Metadata():
            marked = bool((kind.extra_json_schema or {}).get("x-free-text"))
            yield from leaves(kind.type, path, marked)
        case inspect.StructType():
            for one in kind.fields:
                below = f"{path}/{one.encode_name}" if path else one.encode_name
                yield from leaves(one.type, below)
        case inspect.VarTupleType():
            yield from leaves(kind.item_type, f"{path}/0")
        case inspect.UnionType():
            for one in kind.types:
                yield from leaves(one, path)
        case _:
            yield path, kind, free


@pytest.mark.parametrize("kind", sorted(OWNERS, key=lambda kind: kind.__name__))
def test_every_long_text_that_people_write_is_free_text(kind: type[Event]) -> None:
    for path, found, free in leaves(inspect.type_info(kind)):
        if isinstance(found, inspect.StrType) and found.pattern is None:
            long = (found.max_length or 0) > 500
            assert free == long or path.split("/")[-1] in OPEN, path


def test_texts_are_found_wherever_they_lie() -> None:
    assert [path for path, _ in sealing.texts(PROPOSAL)] == [
        "chainInterest", "options/0/text", "options/0/whyNot", "effects/0/text",
    ]  # fmt: skip
    assert sealing.texts(VoteCast(decision="b-1", seat="s-1", choice="for")) == []


# What may be recorded


def test_a_text_in_the_clear_is_refused_in_what_is_confidential() -> None:
    with pytest.raises(Refused, match=r"G13.*text"):
        offered(NOTE, "confidential")
    offered(NOTE, None)
    offered(replace(NOTE, text=SEAL), "confidential")


def test_a_seal_is_refused_in_what_is_not_confidential() -> None:
    with pytest.raises(Refused, match=r"G13.*text"):
        offered(replace(NOTE, text=SEAL), "chain")
    offered(replace(NOTE, text=f"{SEAL}."), "chain")


def test_a_seal_that_was_typed_is_refused_where_its_matter_became_confidential_meanwhile() -> None:
    life = a_chain().given(TEAM)
    typed = Act(event=replace(RECORDED, text=SEAL), by=IMPORTER, source=SOURCE)
    with pytest.raises(Refused, match=r"G13.*text"):
        recording.record(life.state, typed, at=life.now)
    assert life.record(typed.event, by=IMPORTER, source=SOURCE).refusal is None


def test_an_audit_names_a_text_that_stands_in_the_clear() -> None:
    life = a_chain().record(NOTE, by=IMPORTER, source=SOURCE, scope="confidential").life
    assert audit(_rows(life), life.state.name).sound
    [*before, last] = life.entries
    data = last.data.replace(sealing.texts(last.event)[0][1].encode(), b"Open en bloot.")
    forged = Life(life.state, (*before, recording.Entry(last.event, last.header, data)))
    [found] = audit(_rows(forged), life.state.name).breaks
    assert (found.kind, found.rule) == ("refused", "G13")


class Row:
    def __init__(self, position: int, data: bytes) -> None:
        self.position, self.data = position, data


def _rows(life: Life) -> list[Row]:
    return [Row(one.header.position, one.data) for one in life.entries]


# Sealing


def test_each_text_has_its_own_seal_and_a_disclosure_that_says_where_it_stands() -> None:
    made = closed(a_chain(), Act(event=PROPOSAL, by=IMPORTER, scope="confidential"))
    seals = dict(sealing.texts(made.act.event))
    told = {one.digest: sealed.opened(one.text) for one in made.disclosures}
    assert len(set(seals.values())) == len(made.disclosures) == 4
    for path, text in sealing.texts(PROPOSAL):
        assert told[sealing.sealed_as(seals[path])] == sealed.Opened(name=path, value=text)
    assert {one.subject for one in made.disclosures} == {"decision:b-1"}


def test_what_is_not_confidential_is_left_alone() -> None:
    act = Act(event=PROPOSAL, by=IMPORTER, scope="chain")
    assert closed(a_chain(), act) == confidential.Closed(act, ())


@pytest.mark.parametrize(
    ("event", "matter"),
    [
        (VoteCast(decision="b-1", seat="s-1", choice="for", reason="Ja."), "decision:b-1"),
        (EventAnnotated(target=7, label="noot", text="Zie."), "record:7"),
        (LessonRecorded(lesson="l-1", subject="x", problem="a", approach="b", solution="c"),
         "lesson:l-1"),
        (AdviceIssued(decision="b-1", weight="free", text="Doen."), "decision:b-1"),
    ],
)  # fmt: skip
def test_the_matter_is_the_first_thing_an_event_names(event: Event, matter: str) -> None:
    assert confidential.matter_of(event) == matter


def test_a_matter_without_a_name_has_a_key_of_its_own() -> None:
    assert confidential.matter_of(NOTE) != confidential.matter_of(NOTE)


def test_the_chain_remembers_who_wrote_what_is_sealed() -> None:
    life = a_chain().given(TEAM, RECORDED)
    one = life.entries[-1]
    assert one.header.scope == "confidential"
    [(_, text)] = sealing.texts(one.event)
    digest = sealing.sealed_as(text)
    assert life.state.sealed[digest].subject == IMPORTER
    assert life.state.sealed[digest].field == "text"


TEAM = BodyEstablished(
    body="team", name="Kernteam", kind="core-team", level="strategic", records_scope="confidential"
)
RECORDED = DecisionRecorded(
    decision="b-1", body="team", title="Meten", status="in-force", text="Stil meten."
)


# Acts one after another


def test_an_act_waits_for_what_may_make_it_confidential() -> None:
    chain = a_chain().state
    foresight = confidential.Foresight(chain)
    assert not foresight.waits(chain, Act(event=NOTE, by=IMPORTER))
    assert not foresight.waits(chain, Act(event=TEAM, by=IMPORTER, scope="chain"))
    assert foresight.waits(chain, Act(event=RECORDED, by=IMPORTER))
    assert not foresight.waits(chain, Act(event=RECORDED, by=IMPORTER, scope="chain"))
    known = a_chain().given(TEAM).state
    assert confidential.Foresight(known).waits(known, Act(event=NOTE, by=IMPORTER))


# What began in confidence


def test_what_time_brings_of_a_confidential_decision_is_confidential() -> None:
    submitted = board().record(proposal(), by="bestuur-p-bd", scope="confidential").life
    life = submitted.done(DeliberationOpened(decision="b-1"), by="manager")
    assert {one.header.scope for one in life.entries[-2:]} == {"confidential"}
    passed = life.time_passes(60)
    assert {one.header.scope for one in passed.entries} == {"confidential"}
    assert audit(_rows(passed.life), passed.life.state.name).sound


def test_what_time_brings_of_another_decision_is_not() -> None:
    life = opened(board())
    assert {one.header.scope for one in life.time_passes(60).entries} == {"chain"}


def test_a_vote_on_a_confidential_decision_is_confidential_unless_it_says_otherwise() -> None:
    submitted = board().record(proposal(), by="bestuur-p-bd", scope="confidential").life
    life = submitted.done(DeliberationOpened(decision="b-1"), by="manager")
    cast = VoteCast(decision="b-1", seat="bestuur-bd", choice="for", reason="Ja.")
    own = life.record(cast, by="bestuur-p-bd").entries[0]
    [(_, text)] = sealing.texts(own.event)
    assert own.header.scope == "confidential"
    assert sealing.sealed_as(text)
    told = life.record(cast, by="bestuur-p-bd", scope="chain").entries[0]
    assert (told.header.scope, sealing.texts(told.event)) == ("chain", [("reason", "Ja.")])


def test_what_only_refers_to_a_confidential_matter_decides_for_itself() -> None:
    life = board().record(proposal(), by="bestuur-p-bd", scope="confidential").life
    cites = (Citation(decision="b-1", relation="confirms"),)
    other = life.record(proposal("b-2", cites=cites), by="bestuur-p-bd").entries[0]
    assert other.header.scope == "chain"


def test_an_act_waits_for_a_matter_that_may_begin_in_confidence_before_it() -> None:
    chain = a_chain().state
    foresight = confidential.Foresight(chain)
    assert not foresight.waits(chain, Act(event=NOTE, by=IMPORTER))
    assert foresight.waits(chain, Act(event=RECORDED, by=IMPORTER, scope="confidential"))
    assert foresight.waits(chain, Act(event=NOTE, by=IMPORTER))


# Signed


def test_a_signed_text_in_the_clear_or_without_its_disclosure_is_refused() -> None:
    signature = Signature(key="k-1", value="A" * 86 + "==")
    for text in ("Open.", SEAL):
        event = replace(NOTE, text=text)
        act = Act(event=event, by=IMPORTER, scope="confidential", signature=signature)
        with pytest.raises(Refused, match="G13"):
            closed(a_chain(), act)


def test_a_signed_body_gives_a_disclosure_for_a_text() -> None:
    event, [one] = confidential.seal_texts(NOTE)
    body = {"type": "DrivingProblemRecorded", "text": f"sealed:{one.text}"}
    read = sealed.seal_body(DrivingProblemRecorded, body, signed=True)
    assert read.body["text"] == sealing.texts(event)[0][1]
    assert [found.digest for found in read.disclosures] == [one.digest]
    for wrong in ("sealed:geen", f"sealed:{one.text}A"):
        with pytest.raises(Refused, match="G13"):
            sealed.seal_body(DrivingProblemRecorded, body | {"text": wrong}, signed=True)
    moved = {"type": "DrivingProblemRecorded", "reason": f"sealed:{one.text}"}
    with pytest.raises(Refused, match="G13"):
        sealed.seal_body(DrivingProblemRecorded, moved, signed=True)
