"""Mandates: nobody gives more than they hold, and nothing done under one is ever undone."""

from __future__ import annotations

import pytest

from ledger.domain import mandates
from ledger.domain.events.bodies import BodyDissolved, BodyEstablished
from ledger.domain.events.chains import PartnerWithdrew
from ledger.domain.events.decisions import ProposalSubmitted
from ledger.domain.events.mandates import (
    MandateAccepted,
    MandateGranted,
    MandateLapsed,
    MandateScope,
)
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Event, Source
from tests.domain.given import Life, a_board, a_chain, people
from tests.domain.given_mandates import (
    ICT,
    UNLIMITED,
    ann_and_ben,
    as_effect,
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


# Who may record it


def test_a_partner_grants_through_whoever_speaks_for_it(life: Life) -> None:
    life.record(grant(), by="p-bd").gives()


def test_nobody_grants_for_another_partner(life: Life) -> None:
    life.record(grant(), by="p-uwv").not_allowed()


def test_a_body_grants_by_decision_or_as_the_governance_model_says(life: Life) -> None:
    of_the_board = grant(of=("body", "stuurgroep"))
    life.record(of_the_board, by="p-bd").gives()
    life.record(of_the_board, by="ann").not_allowed()
    strict = people(a_chain(), "ann")
    strict.record(of_the_board, by="p-bd").not_allowed()


def test_the_holder_passes_a_mandate_on(mandated: Life) -> None:
    result = mandated.record(passed_on(), by="ann").gives()
    assert result.entries[0].header.under == (mandated.state.mandates.all["m-1"].position,)


def test_nobody_but_the_holder_passes_a_mandate_on(mandated: Life) -> None:
    mandated.record(passed_on(), by="p-bd").not_allowed()


def test_the_holder_accepts(mandated: Life) -> None:
    mandated.record(MandateAccepted(mandate="m-1"), by="ann").gives()


def test_nobody_accepts_for_the_holder(mandated: Life) -> None:
    mandated.record(MandateAccepted(mandate="m-1"), by="ben").not_allowed()


@pytest.mark.parametrize("act", [restrict(), revoke()], ids=["restricted", "revoked"])
def test_the_grantor_narrows_and_takes_back(mandated: Life, act: Event) -> None:
    mandated.record(act, by="p-bd").gives()


@pytest.mark.parametrize("act", [restrict(), revoke()], ids=["restricted", "revoked"])
def test_the_holder_does_not_change_a_mandate(mandated: Life, act: Event) -> None:
    mandated.record(act, by="ann").not_allowed()


def test_nobody_records_that_a_mandate_lapsed(mandated: Life) -> None:
    mandated.record(MandateLapsed(mandate="m-1"), by="p-bd").refused("G4")


# What may be granted


def test_a_mandate_has_an_id_of_its_own(mandated: Life) -> None:
    mandated.record(grant(), by="p-bd").refused("M1")
    mandated.record(grant("m-2"), by="p-bd").gives()


def test_an_unknown_mandate_is_refused(life: Life) -> None:
    life.record(restrict(), by="p-bd").refused("M2")


def test_a_term_ends_after_its_start(life: Life) -> None:
    life.record(grant(until="2024-01-01"), by="p-bd").refused("M10")
    life.record(grant(until="2024-01-02"), by="p-bd").gives()


def test_a_partner_grants_while_it_is_in_the_chain(life: Life) -> None:
    withdrew = PartnerWithdrew(organisation="bd", notice="klaar", effective_on="2024-06-01")
    leaving = life.given(withdrew)
    leaving.record(grant(start="2024-06-01"), by="p-bd").refused("M3")
    leaving.record(grant(start="2024-05-31"), by="p-bd").gives()


def test_a_body_that_was_dissolved_grants_nothing(life: Life) -> None:
    group = BodyEstablished(body="groep", name="Groep", kind="working-group", level="strategic")
    working = life.given(group)
    working.record(grant(of=("body", "groep")), by="p-bd").gives()
    ended = working.given(BodyDissolved(body="groep", reason="klaar"))
    ended.record(grant(of=("body", "groep")), by="p-bd").refused("M3")
    life.record(grant(of=("body", "groep")), by="p-bd").refused("M3")


def test_history_knows_mandates_of_bodies_that_have_ended(life: Life) -> None:
    group = BodyEstablished(body="groep", name="Groep", kind="working-group", level="strategic")
    ended = life.given(group, BodyDissolved(body="groep", reason="klaar"))
    ended.given(grant(of=("body", "groep")))


def test_a_mandate_is_passed_on_only_where_it_says_so(life: Life) -> None:
    life.given(grant()).record(passed_on(), by="ann").refused("M4")
    life.given(grant(may_pass_on=True)).record(passed_on(), by="ann").gives()


def test_a_mandate_that_has_ended_is_not_passed_on(life: Life) -> None:
    chain = life.given(
        grant("m-0", to=("person", "ben"), may_pass_on=True),
        grant("m-1", of=("mandate", "m-0"), may_pass_on=True),
        revoke("2024-02-01", mandate="m-0"),
    )
    later_on = grant("m-2", of=("mandate", "m-1"), to=("person", "ben"), start="2024-02-01")
    chain.record(later_on, by="ann").refused("M3")
    chain.record(passed_on(), by="ann").gives()


@pytest.mark.parametrize(
    "wider",
    [
        MandateScope(subjects=("ict", "geld"), max_amount_cents=100_00, levels=("tactical",)),
        MandateScope(max_amount_cents=100_00, levels=("tactical",)),
        MandateScope(subjects=("ict",), max_amount_cents=100_01, levels=("tactical",)),
        MandateScope(subjects=("ict",), levels=("tactical",)),
        MandateScope(subjects=("ict",), max_amount_cents=100_00, levels=("strategic",)),
        MandateScope(subjects=("ict",), max_amount_cents=100_00),
    ],
    ids=["subject", "all subjects", "amount", "any amount", "level", "all levels"],
)
def test_nobody_passes_on_more_than_they_hold(life: Life, wider: MandateScope) -> None:
    narrow = life.given(grant(scope=ICT, may_pass_on=True))
    narrow.record(passed_on(scope=wider), by="ann").refused("M5")
    narrow.record(passed_on(scope=ICT), by="ann").gives()


def test_a_passed_on_mandate_ends_no_later(life: Life) -> None:
    until_june = life.given(grant(until="2024-06-01", may_pass_on=True))
    until_june.record(passed_on(), by="ann").refused("M6")
    until_june.record(passed_on(until="2024-06-02"), by="ann").refused("M6")
    until_june.record(passed_on(until="2024-06-01"), by="ann").gives()


def test_a_passed_on_mandate_starts_no_earlier(life: Life) -> None:
    from_february = life.given(grant(start="2024-02-01", may_pass_on=True)).at("2024-02-02")
    from_february.record(passed_on(), by="ann").refused("M6")


def test_a_body_grants_on_its_own_level_and_below(life: Life) -> None:
    tactical = life.given(
        BodyEstablished(body="lmo", name="LMO", kind="line-managers-meeting", level="tactical")
    )
    for levels in ((), ("strategic",), ("tactical", "strategic")):
        wide = grant(of=("body", "lmo"), scope=MandateScope(levels=levels))
        tactical.record(wide, by="p-bd").refused("M7")
    below = MandateScope(levels=("tactical", "operational"))
    tactical.record(grant(of=("body", "lmo"), scope=below), by="p-bd").gives()


def test_nobody_grants_to_themselves(life: Life) -> None:
    life.record(grant(to=("person", "p-bd")), by="p-bd").refused("M8")
    life.record(grant(to=("person", "p-uwv")), by="p-bd").gives()


def test_nobody_grants_to_a_role_or_seat_of_their_own(life: Life) -> None:
    coordinator = RoleAssigned(
        assignment="regie",
        role="chain-coordinator",
        person="p-bd",
        organisation="bd",
        valid_from="2024-01-01",
    )
    both = life.given(coordinator)
    both.record(grant(to=("role", "regie")), by="p-bd").refused("M8")
    both.record(grant(to=("seat", "stuurgroep-bd")), by="p-bd").refused("M8")
    both.record(grant(to=("seat", "stuurgroep-uwv")), by="p-bd").gives()


def test_a_holder_does_not_pass_on_to_themselves_even_in_history(mandated: Life) -> None:
    to_ann = grant("m-2", of=("mandate", "m-1"), to=("person", "ann"))
    mandated.record(to_ann, by="ann").refused("M8")
    source = Source(name="test", sha256="0" * 64)
    mandated.record(to_ann, by="importer", source=source).refused("M8")


def test_the_holder_must_be_there(life: Life) -> None:
    life.record(grant(to=("person", "niemand")), by="p-bd").refused("P2")
    life.record(grant(to=("seat", "niets")), by="p-bd").refused("B2")
    life.record(grant(to=("role", "niets")), by="p-bd").refused("M9")


def test_a_role_that_has_ended_holds_no_new_mandate(life: Life) -> None:
    ended = life.given(*line_manager("2024-03-01"))
    ended.record(grant(to=("role", "lijn"), start="2024-03-01"), by="p-bd").refused("M9")
    ended.record(grant(to=("role", "lijn"), start="2024-02-29"), by="p-bd").gives()


# Narrower, and over


def test_a_restriction_only_narrows(mandated: Life) -> None:
    narrowed = mandated.done(restrict(), by="p-bd")
    wider = MandateScope(subjects=("ict",))
    narrowed.record(restrict(wider, start="2024-03-01"), by="p-bd").refused("M11")
    narrowed.record(restrict(ICT, start="2024-03-01"), by="p-bd").refused("M11")
    tighter = MandateScope(subjects=("ict",), max_amount_cents=50_00, levels=("tactical",))
    narrowed.record(restrict(tighter, start="2024-03-01"), by="p-bd").gives()


def test_restrictions_come_in_order(mandated: Life) -> None:
    narrowed = mandated.done(restrict(start="2024-03-01"), by="p-bd")
    before = MandateScope(subjects=("ict",))
    narrowed.record(restrict(before, start="2024-02-01"), by="p-bd").refused("M11")


def test_an_act_is_judged_by_the_scope_of_its_day(mandated: Life) -> None:
    narrowed = mandated.done(restrict(), by="p-bd").state
    assert mandates.reach(narrowed, "m-1", "2024-01-31") == UNLIMITED
    assert mandates.reach(narrowed, "m-1", "2024-02-01") == ICT


@pytest.mark.parametrize(
    "act", [restrict(start="2024-01-31"), revoke("2024-01-31")], ids=["restricted", "revoked"]
)
def test_nobody_backdates_the_end_of_authority(mandated: Life, act: Event) -> None:
    mandated.record(act, by="p-bd", on="2024-02-01").refused("M12")
    mandated.record(act, by="p-bd", on="2024-01-31").gives()


def test_an_adopted_decision_may_name_an_earlier_day(life: Life) -> None:
    of_the_board = life.given(grant(of=("body", "stuurgroep"))).at("2024-03-01")
    as_effect(of_the_board, revoke("2024-02-01")).gives()


def test_what_has_ended_is_not_ended_again(mandated: Life) -> None:
    ended = mandated.done(revoke("2024-03-01"), by="p-bd")
    ended.record(revoke("2024-03-01"), by="p-bd").refused("M13")
    ended.record(restrict(start="2024-03-01"), by="p-bd").refused("M13")
    ended.record(revoke("2024-02-15"), by="p-bd").gives()


def test_a_mandate_ends_after_its_start(life: Life) -> None:
    coming = life.given(grant(start="2024-02-01"))
    coming.record(revoke("2024-01-31"), by="p-bd").refused("M10")


def test_a_mandate_is_accepted_once(mandated: Life) -> None:
    accepted = mandated.done(MandateAccepted(mandate="m-1"), by="ann")
    accepted.record(MandateAccepted(mandate="m-1"), by="ann").refused("M14")


def test_a_decision_gives_no_mandate_of_a_partner(life: Life) -> None:
    as_effect(life, grant()).refused("M15")
    as_effect(life, grant(of=("body", "stuurgroep"))).gives()


@pytest.mark.parametrize("act", [restrict(), revoke()], ids=["restricted", "revoked"])
def test_a_decision_leaves_the_mandates_of_partners_alone(life: Life, act: Event) -> None:
    as_effect(life.given(grant()), act).refused("M15")
    as_effect(life.given(grant(of=("body", "stuurgroep"))), act).gives()


def test_a_proposal_cannot_carry_a_mandate_of_a_partner(life: Life) -> None:
    board = a_board(life)
    board.record(proposal(grant()), by="bestuur-p-bd").refused("D5")
    board.record(proposal(grant(of=("body", "bestuur"))), by="bestuur-p-bd").gives()


def proposal(effect: MandateGranted) -> ProposalSubmitted:
    """Return a proposal to the board that grants a mandate."""
    return ProposalSubmitted(
        decision="b-1",
        body="bestuur",
        subject="mandaat",
        title="Mandaat voor ann",
        chain_interest="Sneller handelen voor de keten.",
        effects=(effect,),
    )


def test_a_body_takes_back_what_was_passed_on_from_its_mandate(life: Life) -> None:
    passed = life.given(grant(of=("body", "stuurgroep"), may_pass_on=True), passed_on())
    as_effect(passed, revoke(mandate="m-2")).gives()
