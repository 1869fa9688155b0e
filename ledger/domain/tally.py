"""Counting votes: exact whole numbers in, an outcome with its explanation out.

One function counts, one judges. A comparison is always `reached >= needed` between whole numbers:

    majority             2 x for            >= base + 1
    qualified n/d        d x for            >= n x base
    unanimity            for                >= base, and somebody is for
    consent, tacit       no objection stands (reached counts objections, needed is 0)

Nobody is in favour of a proposal by staying away, except where the rule is tacit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from ledger.domain.events.decision_rules import DecisionRule
from ledger.domain.events.decisions import Elector
from ledger.domain.events.outcomes import Tally

Verdict = Literal["adopted", "rejected", "tied", "lapsed"]


def count(
    rule: DecisionRule,
    electors: Collection[Elector],
    votes: Mapping[str, str],
    present: Collection[str] = (),
) -> Tally:
    """Count votes (seat -> choice) of the electors; `present` are seats that attended a meeting."""
    weights = {one.seat: one.weight if rule.weight == "seat" else 1 for one in electors}
    cast: dict[str | None, list[int]] = {}  # by choice, None for silence, what each seat weighs
    for seat, heavy in weights.items():
        cast.setdefault(votes.get(seat), []).append(heavy)
    supporting, opposed = cast.get("for", []), cast.get("against", [])
    abstaining, silent = cast.get("abstain", []), cast.get(None, [])
    in_favour, against = sum(supporting), sum(opposed)
    taking_part = [seat for seat in weights if seat in votes or seat in present]
    base = _base(rule, weights, votes, taking_part)
    reached, needed = _comparison(rule, base, in_favour=in_favour, against=against)
    found, wanted = _quorum(rule, weights, votes, taking_part, in_favour=in_favour)
    return Tally(
        seats=len(weights),
        seats_for=len(supporting),
        seats_against=len(opposed),
        seats_abstained=len(abstaining),
        seats_silent=len(silent),
        weight=sum(weights.values()),
        weight_for=in_favour,
        weight_against=against,
        weight_abstained=sum(abstaining),
        base=base,
        reached=reached,
        needed=needed,
        quorum_found=found,
        quorum_needed=wanted,
        quorum_met=found >= wanted,
    )


def _base(
    rule: DecisionRule,
    weights: Mapping[str, int],
    votes: Mapping[str, str],
    taking_part: Collection[str],
) -> int:
    """What votes in favour are compared with; abstentions count only where the rule says so."""
    if rule.base == "all-seats":
        counted: Collection[str] = weights
    elif rule.base == "present":
        counted = taking_part
    else:
        counted = [seat for seat in weights if seat in votes]
    return sum(
        weights[seat]
        for seat in counted
        if rule.abstentions_in_base or votes.get(seat) != "abstain"
    )


def _comparison(rule: DecisionRule, base: int, *, in_favour: int, against: int) -> tuple[int, int]:
    if rule.kind in ("consent", "tacit"):
        return against, 0
    if rule.kind == "qualified-majority" and rule.threshold is not None:
        return in_favour * rule.threshold.den, base * rule.threshold.num
    if rule.kind == "majority":
        return 2 * in_favour, base + 1
    return in_favour, base


def _quorum(
    rule: DecisionRule,
    weights: Mapping[str, int],
    votes: Mapping[str, str],
    taking_part: Collection[str],
    *,
    in_favour: int,
) -> tuple[int, int]:
    """Return (found, needed); a rule without a quorum needs nothing."""
    quorum = rule.quorum
    if quorum is None:
        return 0, 0
    counted = [
        seat for seat in taking_part if rule.abstentions_for_quorum or votes.get(seat) != "abstain"
    ]
    by_seats = quorum.of == "seats"
    total = len(weights) if by_seats else sum(weights.values())
    found = len(counted) if by_seats else sum(weights[seat] for seat in counted)
    if quorum.of == "weight-in-favour":
        found = in_favour
    if quorum.fraction is None:
        return found, quorum.absolute or 0
    return found, -(-total * quorum.fraction.num // quorum.fraction.den)


def judge(rule: DecisionRule, tally: Tally) -> tuple[Verdict, str]:
    """Return the outcome when voting closes now, and why, as a Dutch sentence."""
    if not tally.quorum_met:
        lacking = f"quorum niet gehaald: {tally.quorum_found} van de vereiste {tally.quorum_needed}"
        return "lapsed", lacking
    if rule.kind == "tacit":
        return _unopposed(tally, "stilzwijgend")
    if rule.kind == "consent":
        if tally.weight_for == 0 and tally.weight_against == 0:
            return "rejected", "niemand heeft ingestemd"
        return _unopposed(tally, "met instemming")
    if rule.kind == "majority" and tally.weight_for == tally.weight_against > 0:
        return "tied", f"{tally.weight_for} voor en {tally.weight_against} tegen"
    adopted = tally.weight_for > 0 and tally.reached >= tally.needed
    return ("adopted" if adopted else "rejected"), _comparison_in_words(rule, tally)


def _unopposed(tally: Tally, how: str) -> tuple[Verdict, str]:
    if tally.weight_against == 0:
        return "adopted", f"{how}: geen bezwaar binnen de termijn"
    return "rejected", f"bezwaar van {tally.seats_against} zetel(s)"


def _comparison_in_words(rule: DecisionRule, tally: Tally) -> str:
    votes = (
        f"{tally.weight_for} voor, {tally.weight_against} tegen, "
        f"{tally.weight_abstained} onthouding"
    )
    sign = ">=" if tally.reached >= tally.needed else "<"
    if rule.kind == "majority":
        return f"{votes}; 2 x {tally.weight_for} {sign} {tally.base} + 1"
    if rule.threshold is not None:
        num, den = rule.threshold.num, rule.threshold.den
        return f"{votes}; {den} x {tally.weight_for} {sign} {num} x {tally.base}"
    return f"{votes}; unanimiteit vraagt {tally.needed}"


def settled(
    rule: DecisionRule,
    electors: Collection[Elector],
    votes: Mapping[str, str],
    present: Collection[str] = (),
) -> bool:
    """Tell whether the rule lets voting close before its deadline, now."""
    if rule.early_closing == "never":
        return False
    held = [one.seat for one in electors if one.holder]
    silent = [seat for seat in held if seat not in votes]
    if not held:
        return False
    if not silent:
        return True
    if rule.early_closing == "all-voted":
        return False
    now = count(rule, electors, votes, present)
    if not now.quorum_met:
        return False
    ends = {
        judge(rule, count(rule, electors, {**votes, **dict.fromkeys(silent, choice)}, present))[0]
        for choice in ("for", "against", "abstain")
    }
    return ends == {judge(rule, now)[0]}
