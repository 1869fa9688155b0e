"""Who holds which mandate on a day, how far it reaches then, and when it lapses by itself."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ledger.domain import mandates
from ledger.domain.events.bodies import SeatAssigned, SeatVacated
from ledger.domain.events.chains import PartnerWithdrew
from ledger.domain.events.mandates import MandateLapsed, MandateScope
from ledger.domain.events.people import PersonRegistered
from tests.domain.given import Life, a_board
from tests.domain.given_mandates import (
    ICT,
    UNLIMITED,
    ann_and_ben,
    grant,
    line_manager,
    passed_on,
    restrict,
    revoke,
)


@pytest.fixture
def life() -> Life:
    """A chain in which ann and ben have no role or seat yet."""
    return ann_and_ben()


@pytest.fixture
def mandated(life: Life) -> Life:
    """Ann holds m-1 of bd, which she may pass on."""
    return life.given(grant(may_pass_on=True))


def held(life: Life, name: str, person: str, day: str) -> bool:
    """Tell whether a person holds a mandate on a day."""
    return mandates.held_as(life.state, name, person=person, day=day) is not None


def test_a_mandate_lapses_by_time(life: Life) -> None:
    lapsing = life.given(grant(until="2024-01-11"))
    result = lapsing.time_passes(10).brings(MandateLapsed)
    assert result.entries[0].header.on == "2024-01-11T00:00:00.000000Z"
    result.life.time_passes(10).brings()
    lapsing.time_passes(9).brings()


def test_a_revoked_mandate_does_not_lapse_as_well(life: Life) -> None:
    lapsing = life.given(grant(until="2024-01-11"), revoke("2024-01-05"))
    lapsing.time_passes(30).brings()


def test_all_that_ran_out_lapses_in_order(life: Life) -> None:
    lapsing = life.given(grant("m-b", until="2024-01-12"), grant("m-a", until="2024-01-11"))
    ended = [event.mandate for event in lapsing.time_passes(30).events]  # type: ignore[attr-defined]
    assert ended == ["m-a", "m-b"]


# Who holds what on a day


def test_a_mandate_is_held_within_its_term_by_its_holder(life: Life) -> None:
    chain = life.given(grant(start="2024-02-01", until="2024-03-01"))
    days = ("2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01")
    assert [held(chain, "m-1", "ann", day) for day in days] == [False, True, True, False]
    assert not held(chain, "m-1", "ben", "2024-02-01")
    assert not held(chain, "niets", "ann", "2024-02-01")


def test_a_mandate_through_a_role_shows_both_positions(life: Life) -> None:
    chain = life.given(*line_manager("2024-03-01"), grant(to=("role", "lijn"))).state
    both = (chain.mandates.all["m-1"].position, chain.roles.assignments["lijn"].position)
    assert mandates.held_as(chain, "m-1", person="ann", day="2024-02-29") == both
    assert mandates.held_as(chain, "m-1", person="ann", day="2024-03-01") is None


def test_a_mandate_of_a_seat_goes_to_the_next_holder(life: Life) -> None:
    left = SeatVacated(seat="bestuur-uwv", valid_until="2024-03-01", reason="wissel")
    chain = a_board(life).given(
        left,
        SeatAssigned(seat="bestuur-uwv", person="ben", valid_from="2024-03-01"),
        grant(to=("seat", "bestuur-uwv")),
    )
    before, after = "bestuur-p-uwv", "ben"
    assert held(chain, "m-1", before, "2024-02-29")
    assert held(chain, "m-1", after, "2024-03-01")
    assert not held(chain, "m-1", before, "2024-03-01")
    assert not held(chain, "m-1", after, "2024-02-29")


def test_a_revocation_ends_what_was_passed_on_but_undoes_nothing(mandated: Life) -> None:
    chain = mandated.done(passed_on(), by="ann").done(revoke("2024-02-01"), by="p-bd")
    assert held(chain, "m-2", "ben", "2024-01-31")
    assert not held(chain, "m-2", "ben", "2024-02-01")


def test_a_restriction_narrows_what_was_passed_on(mandated: Life) -> None:
    wide = MandateScope(subjects=("geld", "ict"))
    chain = mandated.done(passed_on(scope=wide), by="ann").done(restrict(), by="p-bd").state
    assert mandates.reach(chain, "m-2", "2024-01-31") == wide
    assert mandates.reach(chain, "m-2", "2024-02-01") == ICT


def test_nothing_is_held_when_a_restriction_leaves_nothing(mandated: Life) -> None:
    passed = mandated.done(passed_on(scope=MandateScope(subjects=("geld",))), by="ann")
    chain = passed.done(restrict(), by="p-bd")
    assert held(chain, "m-2", "ben", "2024-01-31")
    assert not held(chain, "m-2", "ben", "2024-02-01")


def test_a_mandate_of_a_partner_ends_with_its_partnership(mandated: Life) -> None:
    withdrew = PartnerWithdrew(organisation="bd", notice="klaar", effective_on="2024-06-01")
    chain = mandated.given(withdrew)
    assert held(chain, "m-1", "ann", "2024-05-31")
    assert not held(chain, "m-1", "ann", "2024-06-01")


def test_in_hand_is_all_that_can_be_used_in_order_of_grant(life: Life) -> None:
    chain = life.given(
        *line_manager(),
        grant("of-the-role", to=("role", "lijn"), may_pass_on=True),
        grant("ended", until="2024-02-01"),
        grant("own", scope=ICT),
        grant("of-ben", to=("person", "ben")),
        PersonRegistered(person="cas", function="test"),
    ).state
    found = mandates.in_hand(chain, person="ann", day="2024-02-01")
    assert [name for name, _ in found] == ["of-the-role", "own"]
    assert found[1][1].scope == ICT
    assert mandates.in_hand(chain, person="cas", day="2024-02-01") == ()


def test_in_hand_shows_the_reach_of_the_day(mandated: Life) -> None:
    chain = mandated.done(restrict(), by="p-bd").state
    for day, scope in (("2024-01-31", UNLIMITED), ("2024-02-01", ICT)):
        ((_, mandate),) = mandates.in_hand(chain, person="ann", day=day)
        assert mandate.scope == scope


# How far a scope reaches


@dataclass(frozen=True)
class Matter:
    """Something somebody wants to do under a mandate."""

    subjects: tuple[str, ...] = ("ict",)
    amount_cents: int | None = 100_00
    level: str = "tactical"


@pytest.mark.parametrize(
    "matter",
    [Matter(), Matter(amount_cents=None), Matter(level=""), Matter(amount_cents=0)],
    ids=["to the letter", "no money", "any level", "nothing"],
)
def test_a_scope_covers_what_lies_within(matter: Matter) -> None:
    assert covered(ICT, matter)


@pytest.mark.parametrize(
    "matter",
    [
        Matter(subjects=("geld",)),
        Matter(subjects=("ict", "geld")),
        Matter(subjects=()),
        Matter(amount_cents=100_01),
        Matter(level="strategic"),
    ],
    ids=["other subject", "one subject too many", "no subject", "a cent more", "level"],
)
def test_a_scope_does_not_cover_what_lies_outside(matter: Matter) -> None:
    assert not covered(ICT, matter)
    assert covered(MandateScope(), matter)


def covered(scope: MandateScope, matter: Matter) -> bool:
    """Tell whether a scope covers a matter."""
    return mandates.covers(
        scope,
        subjects=matter.subjects,
        amount_cents=matter.amount_cents,
        level=matter.level,
    )
