"""A made-up chain: the rules take every act of it, and it is the same for the same seed."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from api import made_up_chain, record_lines
from ledger import catalogue, recording
from ledger.domain import chain as fold
from ledger.domain.chain import ChainState
from ledger.domain.values import Refused

EVENTS = 3000
NOW = "2026-01-01T00:00:00.000000Z"


def lines(events: int, seed: int) -> bytes:
    return b"\n".join(made_up_chain.line(act) for act in made_up_chain.acts(events, seed))


def test_the_rules_take_every_act_and_each_gives_as_many_records_as_it_says() -> None:
    state = ChainState(name="verzonnen")
    kinds: Counter[str] = Counter()
    for step in made_up_chain.steps(EVENTS, 7):
        done = recording.record(state, step.act, at=NOW)
        assert len(done.entries) == step.records, step.act
        kinds.update(type(entry.event).__name__ for entry in done.entries)
        state = done.chain
    assert state.size == EVENTS
    assert EVENTS / 13 < kinds["ProposalSubmitted"] < EVENTS / 8
    assert {"DecisionSuperseded", "DecisionRejected", "EscalationClosed", "SeatVacated"} <= set(
        kinds
    )


@pytest.mark.parametrize("begun", [0, EVENTS // 2])
def test_all_records_at_once_give_the_state_that_one_by_one_gives(begun: int) -> None:
    """From the start, and from a state that others made."""
    state = before = ChainState(name="verzonnen")
    records = []
    for act in made_up_chain.acts(EVENTS, 7):
        done = recording.record(state, act, at=NOW)
        state = done.chain
        if state.size <= begun:
            before = state
        else:
            records += [catalogue.believed(entry.data) for entry in done.entries]
    assert fold.evolve_all(before, records) == state


@pytest.mark.parametrize("events", [made_up_chain.MIN_EVENTS, 101, 137, 1000])
def test_a_chain_has_exactly_as_many_records_as_were_asked_for(events: int) -> None:
    assert sum(step.records for step in made_up_chain.steps(events, 3)) == events


def test_the_same_seed_gives_the_same_chain_and_another_seed_another() -> None:
    first, again, other = lines(500, 7), lines(500, 7), lines(500, 8)
    assert first == again
    assert first != other


def test_the_chain_of_a_seed_stays_what_it_was() -> None:
    assert hashlib.sha256(lines(500, 7)).hexdigest()[:16] == "acf191b5c96b3000"


def test_a_line_is_what_record_takes() -> None:
    for number, act in enumerate(made_up_chain.acts(200, 7), 1):
        read = record_lines.read(made_up_chain.line(act), number=number)
        assert read.by == act.by
        assert read.on == act.on
        assert catalogue.read_body(read.body) == act.event


@pytest.mark.parametrize("events", [0, made_up_chain.MIN_EVENTS - 1, made_up_chain.MAX_EVENTS + 1])
def test_too_small_and_too_large_a_chain_is_refused(events: int) -> None:
    with pytest.raises(Refused, match="G13"):
        next(made_up_chain.steps(events, 7))
