"""Counting votes: exact numbers, every kind of rule, and the faults other systems made."""

from fractions import Fraction as Exact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain import tally
from ledger.domain.events.decision_rules import DecisionRule, Fraction, Quorum
from ledger.domain.events.decisions import Elector

HALF = Fraction(num=1, den=2)
TWO_THIRDS = Fraction(num=2, den=3)


def electors(*weights: int) -> tuple[Elector, ...]:
    return tuple(
        Elector(seat=f"s{number}", organisation=f"o{number}", weight=weight, holder=f"p{number}")
        for number, weight in enumerate(weights)
    )


def outcome(rule: DecisionRule, choices: str, weights: tuple[int, ...] = ()) -> str:
    """Judge a row of choices: + for, - against, o abstain, . silent."""
    who = electors(*(weights or (1,) * len(choices)))
    words = {"+": "for", "-": "against", "o": "abstain"}
    votes = {f"s{number}": words[one] for number, one in enumerate(choices) if one != "."}
    return tally.judge(rule, tally.count(rule, who, votes))[0]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ("++-", "adopted"),
        ("+--", "rejected"),
        ("+-", "tied"),
        ("+-o", "tied"),
        ("+..", "adopted"),
        ("...", "rejected"),
        ("ooo", "rejected"),
    ],
)
def test_a_majority_of_votes_cast_is_more_than_half(choices: str, expected: str) -> None:
    assert outcome(DecisionRule(kind="majority"), choices) == expected


@pytest.mark.parametrize(
    ("choices", "expected"), [("++.", "adopted"), ("+..", "rejected"), ("++--", "tied")]
)
def test_a_majority_of_all_seats_counts_the_silent(choices: str, expected: str) -> None:
    assert outcome(DecisionRule(kind="majority", base="all-seats"), choices) == expected


def test_two_thirds_is_exact_at_the_border() -> None:
    rule = DecisionRule(kind="qualified-majority", threshold=TWO_THIRDS)
    assert outcome(rule, "++-") == "adopted"
    assert outcome(rule, "++--+") == "rejected"
    assert outcome(rule, "++++--") == "adopted"


def test_abstentions_count_in_the_base_only_where_the_rule_says_so() -> None:
    out = DecisionRule(kind="majority")
    into = DecisionRule(kind="majority", abstentions_in_base=True)
    assert outcome(out, "+oo") == "adopted"
    assert outcome(into, "+oo") == "rejected"


def test_abstentions_count_for_the_quorum_only_where_the_rule_says_so() -> None:
    quorum = Quorum(of="seats", absolute=2)
    counts = DecisionRule(kind="majority", quorum=quorum)
    counts_not = DecisionRule(kind="majority", quorum=quorum, abstentions_for_quorum=False)
    assert outcome(counts, "+o.") == "adopted"
    assert outcome(counts_not, "+o.") == "lapsed"


def test_without_a_quorum_the_proposal_lapses() -> None:
    rule = DecisionRule(kind="majority", quorum=Quorum(of="seats", fraction=HALF))
    assert outcome(rule, "+...") == "lapsed"
    assert outcome(rule, "++..") == "adopted"


def test_a_fraction_of_the_seats_is_rounded_up() -> None:
    rule = DecisionRule(kind="majority", quorum=Quorum(of="seats", fraction=TWO_THIRDS))
    assert outcome(rule, "+++..") == "lapsed"
    assert outcome(rule, "++++.") == "adopted"


def test_a_quorum_of_weight_in_favour_does_not_reward_staying_away() -> None:
    rule = DecisionRule(kind="majority", quorum=Quorum(of="weight-in-favour", absolute=2))
    assert outcome(rule, "++-") == "adopted"
    assert outcome(rule, "+..") == "lapsed"


def test_a_quorum_by_weight_counts_weight_where_seats_weigh() -> None:
    quorum = Quorum(of="weight", absolute=5)
    rule = DecisionRule(kind="majority", weight="seat", quorum=quorum)
    assert outcome(rule, "+..", (5, 1, 1)) == "adopted"
    assert outcome(rule, ".++", (5, 1, 1)) == "lapsed"


def test_seats_weigh_equally_unless_the_rule_says_otherwise() -> None:
    assert outcome(DecisionRule(kind="majority"), "+--", (5, 1, 1)) == "rejected"
    assert outcome(DecisionRule(kind="majority", weight="seat"), "+--", (5, 1, 1)) == "adopted"


def test_unanimity_of_all_seats_needs_every_seat() -> None:
    rule = DecisionRule(kind="unanimity", base="all-seats", abstentions_in_base=True)
    assert outcome(rule, "+++") == "adopted"
    assert outcome(rule, "++.") == "rejected"
    assert outcome(rule, "++o") == "rejected"
    assert outcome(rule, "++-") == "rejected"


def test_consent_needs_somebody_in_favour_and_nobody_against() -> None:
    rule = DecisionRule(kind="consent")
    assert outcome(rule, "+oo") == "adopted"
    assert outcome(rule, "+o-") == "rejected"
    assert outcome(rule, "ooo") == "rejected"


def test_silence_adopts_only_under_a_tacit_rule() -> None:
    assert outcome(DecisionRule(kind="tacit"), "...") == "adopted"
    assert outcome(DecisionRule(kind="tacit"), "..-") == "rejected"
    assert outcome(DecisionRule(kind="consent"), "...") == "rejected"


def test_seats_present_without_voting_are_in_the_base_of_those_present() -> None:
    rule = DecisionRule(kind="majority", base="present")
    who = electors(1, 1, 1, 1)
    votes = {"s0": "for"}
    alone = tally.count(rule, who, votes)
    with_two = tally.count(rule, who, votes, present=("s0", "s1", "s2"))
    assert (alone.base, with_two.base) == (1, 3)
    assert tally.judge(rule, alone)[0] == "adopted"
    assert tally.judge(rule, with_two)[0] == "rejected"


def test_voting_closes_early_only_as_far_as_the_rule_says() -> None:
    who = electors(1, 1, 1)
    two = {"s0": "for", "s1": "for"}
    three = {**two, "s2": "against"}
    never = DecisionRule(kind="majority", early_closing="never")
    voted = DecisionRule(kind="majority", early_closing="all-voted")
    fixed = DecisionRule(kind="majority", early_closing="outcome-fixed")
    assert not tally.settled(never, who, three)
    assert not tally.settled(voted, who, two)
    assert tally.settled(voted, who, three)
    assert tally.settled(fixed, who, two)
    assert not tally.settled(fixed, who, {"s0": "for"})


def test_a_vacant_seat_does_not_keep_voting_open() -> None:
    held, vacant = electors(1), Elector(seat="v", organisation="o", weight=1)
    rule = DecisionRule(kind="majority")
    assert tally.settled(rule, (*held, vacant), {"s0": "for"})


def test_every_outcome_says_why_in_words_and_numbers() -> None:
    rule = DecisionRule(kind="qualified-majority", threshold=TWO_THIRDS)
    counts = tally.count(rule, electors(1, 1, 1), {"s0": "for", "s1": "for", "s2": "against"})
    verdict, because = tally.judge(rule, counts)
    assert (verdict, counts.reached, counts.needed) == ("adopted", 6, 6)
    assert because == "2 voor, 1 tegen, 0 onthouding; 3 x 2 >= 2 x 3"


CHOICES = st.lists(st.sampled_from(["for", "against", "abstain", ""]), min_size=1, max_size=9)
SHARES = st.tuples(st.integers(1, 20), st.integers(1, 20)).filter(
    lambda share: share[1] < 2 * share[0] <= 2 * share[1]
)


@given(choices=CHOICES, share=SHARES, weights=st.lists(st.integers(1, 50), min_size=9, max_size=9))
def test_a_qualified_majority_equals_exact_arithmetic(
    choices: list[str], share: tuple[int, int], weights: list[int]
) -> None:
    num, den = share
    rule = DecisionRule(
        kind="qualified-majority", threshold=Fraction(num=num, den=den), weight="seat"
    )
    who = electors(*weights[: len(choices)])
    votes = {f"s{number}": one for number, one in enumerate(choices) if one}
    in_favour = sum(one.weight for one in who if votes.get(one.seat) == "for")
    against = sum(one.weight for one in who if votes.get(one.seat) == "against")
    adopted = in_favour > 0 and Exact(in_favour, in_favour + against) >= Exact(num, den)
    verdict = tally.judge(rule, tally.count(rule, who, votes))[0]
    assert verdict == ("adopted" if adopted else "rejected")


@given(choices=CHOICES)
def test_one_more_vote_in_favour_never_turns_adopted_into_rejected(choices: list[str]) -> None:
    for kind in ("majority", "consent", "unanimity"):
        rule = DecisionRule(kind=kind)  # type: ignore[arg-type]  # the three literals above
        who = electors(*(1,) * (len(choices) + 1))
        votes = {f"s{number}": one for number, one in enumerate(choices) if one}
        before = tally.judge(rule, tally.count(rule, who, votes))[0]
        votes[f"s{len(choices)}"] = "for"
        after = tally.judge(rule, tally.count(rule, who, votes))[0]
        assert before != "adopted" or after == "adopted"


@given(choices=CHOICES)
def test_the_order_of_votes_and_seats_changes_nothing(choices: list[str]) -> None:
    rule = DecisionRule(kind="majority", quorum=Quorum(of="seats", fraction=HALF))
    who = electors(*(1,) * len(choices))
    votes = {f"s{number}": one for number, one in enumerate(choices) if one}
    turned = dict(reversed(list(votes.items())))
    assert tally.count(rule, who, votes) == tally.count(rule, tuple(reversed(who)), turned)
