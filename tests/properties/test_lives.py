"""What holds in every life of a chain, tried on random ones (see `lives.py`)."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, note

from ledger import recording
from ledger.domain import chain as fold
from ledger.domain.chain import OWNERS, ChainState
from ledger.domain.values import RULES
from ledger.recording import GENERAL_RULES
from tests.properties.dump import dumped
from tests.properties.invariants import breaches
from tests.properties.lives import BOUNDED, Story, folded, lives, seeded

KNOWN_RULES = {rule.number for rule in (*GENERAL_RULES, *fold.domain_rules())}
MANY = range(40)
"""The numbers of fixed lives in which most of what can happen does."""


@BOUNDED
@given(lives(steps=60))
def test_whatever_is_tried_a_rule_refuses_it_or_it_gives_records(story: Story) -> None:
    note(story.told())
    for step in story.steps:
        if step.refusal is not None:
            assert step.refusal.rule in KNOWN_RULES
            assert step.refusal.reason
            assert step.after is None
            assert not step.entries
        elif step.act is not None:
            assert any(entry.header.by != RULES for entry in step.entries)


@BOUNDED
@given(lives(steps=40))
def test_a_refused_act_changes_nothing_and_every_state_is_the_fold_of_its_records(
    story: Story,
) -> None:
    note(story.told())
    for step in story.steps[::7]:
        assert dumped(step.before) == dumped(story.at(step.before.size))
    assert dumped(story.state) == dumped(folded(story.entries))


@BOUNDED
@given(lives(steps=60))
def test_records_stand_in_order_and_say_what_they_follow_from(story: Story) -> None:
    note(story.told())
    before = ""
    for position, entry in enumerate(story.entries):
        header = entry.header
        assert header.position == position
        assert before <= header.at
        assert header.on <= header.at
        assert all(one < position for one in header.under)
        assert header.cause is None or header.cause < position
        assert header.cause is None or header.by == RULES
        assert header.under or header.by == RULES or position == 0
        before = header.at


@BOUNDED
@given(lives(steps=60))
def test_no_chain_ever_comes_to_what_no_chain_may_be(story: Story) -> None:
    note(story.told())
    assert breaches(story) == []


@BOUNDED
@given(lives(steps=40))
def test_time_never_stands_still_and_passes_once(story: Story) -> None:
    note(story.told())
    for step in story.steps:
        passed = recording.pass_time(step.before, at=step.at)
        again = recording.pass_time(passed.chain, at=step.at)
        assert not again.entries
        assert dumped(again.chain) == dumped(passed.chain)


@BOUNDED
@given(lives(steps=40))
def test_a_chain_wakes_at_the_first_of_all_that_waits_in_it(story: Story) -> None:
    note(story.told())
    for step in story.steps:
        firsts = [look(getattr(step.before, name)) for name, (look, _) in fold.TIMED.items()]
        assert step.before.wakes == min(filter(None, firsts), default="")


@BOUNDED
@given(lives(steps=40))
def test_time_may_pass_before_an_act_or_with_it(story: Story) -> None:
    note(story.told())
    for step in story.acts:
        now = step.act is not None and step.act.on in ("", step.at) and step.at >= step.before.at
        if now and step.act is not None and step.entries:
            passed = recording.pass_time(step.before, at=step.at)
            after = recording.record(passed.chain, step.act, at=step.at)
            apart = [entry.data for entry in (*passed.entries, *after.entries)]
            assert apart == [entry.data for entry in step.entries]


@BOUNDED
@given(lives(steps=60))
def test_what_follows_from_an_act_is_what_its_rules_say(story: Story) -> None:
    note(story.told())
    state = ChainState(name=story.state.name)
    follow = Counter(entry.header.cause for entry in story.entries)
    for position, entry in enumerate(story.entries):
        state = fold.evolve(state, entry.event, entry.header)
        assert follow[position] == len(fold.follow(state, entry.event, entry.header))


@pytest.fixture(scope="module")
def many() -> list[Story]:
    """Return a number of long lives, always the same ones."""
    return [seeded(number, steps=220) for number in MANY]


def test_in_these_lives_nearly_everything_happens(many: list[Story]) -> None:
    happened = {type(entry.event) for story in many for entry in story.entries}
    missing = sorted(kind.__name__ for kind in OWNERS if kind not in happened)
    assert len(missing) <= len(OWNERS) // 20, missing


def test_in_these_lives_much_is_done_and_much_is_refused(many: list[Story]) -> None:
    tried = [step for story in many for step in story.steps]
    refused = [step.refusal for step in tried if step.refusal is not None]
    assert len(tried) // 10 < len(refused) < len(tried) // 2
    rules = {refusal.rule for refusal in refused}
    assert len(rules) > len(KNOWN_RULES) // 2


def test_the_same_number_gives_the_same_life() -> None:
    assert seeded(7, steps=60).data == seeded(7, steps=60).data
    assert seeded(7, steps=60).data != seeded(8, steps=60).data
