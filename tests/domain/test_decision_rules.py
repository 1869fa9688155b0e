"""How a body decides: versions of exact parameters, and parameters that make no sense."""

import pytest

from ledger.domain import decision_rules
from ledger.domain.events.decision_rules import (
    DecisionRule,
    DecisionRuleAdopted,
    Fraction,
    Quorum,
)
from tests.domain.given import IMPORTER, SOURCE, Life, Result, a_board, a_chain, on_day

MAJORITY = DecisionRule(kind="majority")


def adopt(life: Life, rule: DecisionRule, **fields: object) -> Result:
    event = DecisionRuleAdopted(body="bestuur", name="regel", rule=rule, **fields)  # type: ignore[arg-type]  # test data
    return life.record(event, by=IMPORTER, source=SOURCE)


BOARD = a_board(a_chain())


def test_a_board_adopts_a_rule() -> None:
    assert adopt(BOARD, MAJORITY).refusal is None


def test_a_body_that_does_not_exist_has_no_rule() -> None:
    event = DecisionRuleAdopted(body="nergens", name="regel", rule=MAJORITY)
    BOARD.record(event, by=IMPORTER, source=SOURCE).refused("Q1")


def test_nobody_adopts_a_rule_without_a_decision() -> None:
    event = DecisionRuleAdopted(body="bestuur", name="regel", rule=MAJORITY)
    BOARD.record(event, by="p-bd").not_allowed()


@pytest.mark.parametrize(("num", "den"), [(1, 2), (0, 1), (3, 2), (2, 5)])
def test_a_qualified_majority_lies_above_half_and_at_most_at_all(num: int, den: int) -> None:
    threshold = Fraction(num=num, den=den)
    adopt(BOARD, DecisionRule(kind="qualified-majority", threshold=threshold)).refused("Q2")


def test_a_qualified_majority_names_its_threshold() -> None:
    adopt(BOARD, DecisionRule(kind="qualified-majority")).refused("Q2")
    rule = DecisionRule(kind="qualified-majority", threshold=Fraction(num=3, den=4))
    assert adopt(BOARD, rule).refusal is None


def test_only_a_qualified_majority_has_a_threshold() -> None:
    adopt(BOARD, DecisionRule(kind="majority", threshold=Fraction(num=2, den=3))).refused("Q8")


def test_a_new_version_names_the_one_it_replaces() -> None:
    first = adopt(BOARD, MAJORITY).life
    adopt(first, DecisionRule(kind="consent")).refused("Q3")
    position = first.entries[-1].header.position
    adopt(first, DecisionRule(kind="consent"), replaces=position + 1).refused("Q3")
    assert adopt(first, DecisionRule(kind="consent"), replaces=position).refusal is None


@pytest.mark.parametrize(
    "quorum",
    [
        Quorum(of="seats"),
        Quorum(of="seats", absolute=0),
        Quorum(of="seats", absolute=1, fraction=Fraction(num=1, den=2)),
        Quorum(of="seats", fraction=Fraction(num=0, den=2)),
        Quorum(of="seats", fraction=Fraction(num=3, den=2)),
    ],
)
def test_a_quorum_is_one_number_above_nothing(quorum: Quorum) -> None:
    adopt(BOARD, DecisionRule(kind="majority", quorum=quorum)).refused("Q4")


def test_a_quorum_can_be_reached_so_that_no_rule_blocks_its_own_change() -> None:
    adopt(BOARD, DecisionRule(kind="majority", quorum=Quorum(of="seats", absolute=4))).refused("Q5")
    rule = DecisionRule(kind="majority", quorum=Quorum(of="seats", absolute=3))
    assert adopt(BOARD, rule).refusal is None


def test_silence_never_closes_early_on_what_might_come() -> None:
    adopt(BOARD, DecisionRule(kind="tacit", early_closing="outcome-fixed")).refused("Q6")


def test_a_late_quorum_extension_needs_a_quorum() -> None:
    adopt(BOARD, DecisionRule(kind="majority", late_quorum_extension_days=7)).refused("Q7")


def test_voting_takes_at_least_a_day() -> None:
    adopt(BOARD, DecisionRule(kind="majority", voting_days=0)).refused("Q9")


def test_the_rule_of_a_subject_goes_before_that_of_the_body_and_the_founding_rule() -> None:
    life = adopt(BOARD, MAJORITY).life
    life = adopt(life, DecisionRule(kind="consent"), subject="begroting").life

    def kind(body: str, subject: str) -> str:
        version = decision_rules.in_force(life.state, body=body, subject=subject, moment=life.now)
        return version.rule.kind

    assert kind("bestuur", "begroting") == "consent"
    assert kind("bestuur", "anders") == "majority"
    assert kind("stuurgroep", "anders") == "unanimity"


def test_an_act_of_last_year_is_judged_by_the_rule_of_last_year() -> None:
    life = adopt(BOARD, MAJORITY).life
    position = life.entries[-1].header.position
    later = life.at("2025-03-01")
    later = adopt(later, DecisionRule(kind="consent"), replaces=position).life
    before = decision_rules.in_force(
        later.state, body="bestuur", subject="", moment=on_day("2024-06-01")
    )
    after = decision_rules.in_force(
        later.state, body="bestuur", subject="", moment=on_day("2025-06-01")
    )
    assert (before.rule.kind, after.rule.kind) == ("majority", "consent")
