"""Decision rules as readers find them: which version held for which body on a day."""

from __future__ import annotations

from ledger.domain.events.decision_rules import DecisionRule, DecisionRuleAdopted
from projections.decision_rules import decision_rule, decision_rules
from tests.domain.given import Life, a_board, a_chain
from tests.projections.shown import shown


def changed() -> tuple[Life, str, str]:
    """The board decides by majority, and from March on unanimously; gives both versions."""
    life = a_board(a_chain(), DecisionRule(kind="majority"))
    first = life.entries[-1].header.position
    stricter = DecisionRuleAdopted(
        body="bestuur", name="streng", rule=DecisionRule(kind="unanimity"), replaces=first
    )
    life = life.at("2024-03-01").given(stricter)
    return life, str(first), str(life.entries[-1].header.position)


def test_the_version_in_force_on_a_day_is_found(database: str) -> None:
    life, first, second = changed()
    with shown(database, life) as readers:
        for day, version in (("2024-02-29", first), ("2024-03-01", second)):
            asof = {"valid_on": day}
            assert readers.ids(decision_rules, "decisionRule", body="bestuur", asof=asof) == [
                version
            ]
        assert readers.ids(decision_rules, "decisionRule", body="bestuur") == [first, second]
        assert readers.ids(decision_rules, "decisionRule", subject="post") == []


def test_a_version_shows_its_parameters_and_what_it_replaced(database: str) -> None:
    life, first, second = changed()
    with shown(database, life) as readers:
        old, new = (readers.item(decision_rule, version) for version in (first, second))
        then = readers.item(decision_rule, first, known_at=int(first))
    assert (old["replacedBy"], old["validUntil"]) == (second, "2024-03-01")
    assert (new["replaces"], new["rule"]["kind"], new["name"]) == (first, "unanimity", "streng")
    assert "replacedBy" not in then
    assert new["positions"] == [int(second)]
    assert old["positions"] == [int(first), int(second)]
