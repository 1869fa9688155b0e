"""Every rule is numbered once, sourced, used and tested; every event type is described whole."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from msgspec.structs import fields

from ledger import policy
from ledger.domain.chain import BY_RULES, OWNERS, domain_rules
from ledger.domain.values import Event
from ledger.recording import GENERAL_RULES

ROOT = Path(__file__).resolve().parents[2]
RULES = (*domain_rules(), *GENERAL_RULES)
LINES = r"[KO]:\d+(?:-\d+)?"
SOURCE = re.compile(rf"default|\[S(?:-opt)?\] {LINES}(?:(?:, | en ){LINES})*")
CALLED = re.compile(r"refused\(\s*\"([A-Z]+\d+)\"")
ASKED = re.compile(r"==\s*\"([A-Z]+\d+)\"|match=\"([A-Z]+\d+)\"")

NEVER_REFUSED_BY_ITSELF: dict[str, str] = {}
"""Rules no test sees refused, each with the reason why there is nothing to see."""


def texts(folder: str) -> dict[Path, str]:
    """Return the source of every Python file below a folder."""
    return {path: path.read_text("utf-8") for path in sorted((ROOT / folder).rglob("*.py"))}


def refused_in(source: str) -> set[str]:
    """Return the numbers of the rules that some test in this source sees refused."""
    found = set(CALLED.findall(source))
    found |= {number for pair in ASKED.findall(source) for number in pair if number}
    # Given as data to a parametrised test: a number that stands there in quotes by itself.
    for block in re.findall(r"(?s)@pytest\.mark\.parametrize\(.*?\ndef ", source):
        found |= set(re.findall(r"\"([A-Z]+\d+)\"", block))
    return found


def used_in(source: str) -> set[str]:
    """Return the numbers in quotes outside the rules' own definitions."""
    code = re.sub(r"(?s)\bRule\(\s*\"[A-Z]+\d+\"", "Rule(", source)
    return set(re.findall(r"\"([A-Z]+\d+)\"", code))


USED = used_in("\n".join(texts("ledger").values()))
REFUSED = refused_in("\n".join(texts("tests").values()))


def test_a_rule_has_a_number_of_its_own() -> None:
    numbers = [rule.number for rule in RULES]
    assert sorted(numbers) == sorted(set(numbers))


@pytest.mark.parametrize("letter", sorted({rule.number.rstrip("0123456789") for rule in RULES}))
def test_the_numbers_of_a_capability_have_no_gap(letter: str) -> None:
    own = [rule.number for rule in RULES if rule.number.rstrip("0123456789") == letter]
    assert own == [f"{letter}{count}" for count in range(1, len(own) + 1)]


def test_a_rule_is_a_sentence_with_a_source() -> None:
    for rule in RULES:
        assert rule.sentence[0].isupper(), rule
        assert rule.sentence.endswith("."), rule
        assert SOURCE.fullmatch(rule.source), rule


def test_every_rule_is_used() -> None:
    assert {rule.number for rule in RULES} - USED == set()


def test_some_test_sees_every_rule_refuse() -> None:
    unseen = {rule.number for rule in RULES} - REFUSED
    assert unseen == set(NEVER_REFUSED_BY_ITSELF)


def test_every_number_that_is_used_is_a_rule() -> None:
    known = {rule.number for rule in RULES}
    letters = {number.rstrip("0123456789") for number in known}
    used = {number for number in USED if number.rstrip("0123456789") in letters}
    assert used - known == set()


def test_an_unused_or_untested_rule_would_be_noticed() -> None:
    definition = (
        'RULES = (Rule("Z1", "Zo is het.", "default"), Rule(\n    "Z2", "Ook.", "default"))'
    )
    assert used_in(definition) == set()
    assert used_in(definition + '\nrequire(x, "Z1", "y")') == {"Z1"}
    assert refused_in('life.record(event, by="x")') == set()
    assert refused_in('life.record(event, by="x").refused("Z1")') == {"Z1"}
    assert refused_in('.refused(\n        "Z2"\n    )') == {"Z2"}


# Events


def names_of(kind: type[Event]) -> set[str]:
    return {one.name for one in fields(kind)}


def test_an_event_has_a_sentence_of_its_own_fields() -> None:
    for kind in OWNERS:
        assert kind.SENTENCE.endswith((".", "}", ")")), kind
        braces = {name for _, name, _, _ in Formatter().parse(kind.SENTENCE) if name is not None}
        assert braces <= names_of(kind), kind


def test_an_event_names_capacities_that_exist_once() -> None:
    for kind in OWNERS:
        assert kind.WHO, kind
        assert set(kind.WHO) <= set(policy.FINDERS), kind
        assert len(set(kind.WHO)) == len(kind.WHO), kind


def test_an_event_makes_a_thing_by_a_field_that_may_be_left_out() -> None:
    for kind in OWNERS:
        made = [one.default for one in fields(kind) if one.name == kind.CREATES]
        assert made == ([""] if kind.CREATES else []), kind


def test_what_only_the_rules_record_has_no_other_capacity() -> None:
    for kind in OWNERS:
        assert (kind.WHO == ("rules",)) is (kind in BY_RULES), kind


def test_an_event_says_what_it_is_and_who_may_read_it() -> None:
    for kind in OWNERS:
        assert kind.__dict__.get("__doc__"), kind
        assert kind.SCOPE in ("public", "chain", "confidential"), kind
