"""Review access: given by two partners, for a term, to somebody who records nothing else."""

from __future__ import annotations

import pytest

from ledger import catalogue
from ledger.domain import reviews
from ledger.domain.chain import BY_RULES, OWNERS
from ledger.domain.events.bodies import BodyEstablished, SeatAssigned, SeatCreated
from ledger.domain.events.chains import PartnerAdmitted, PartnerWithdrew
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.reviews import (
    ReviewAccessGranted,
    ReviewAccessLapsed,
    ReviewAccessWithdrawn,
)
from ledger.domain.values import Document, Event
from tests import samples
from tests.domain.given import IMPORTER, SOURCE, Life
from tests.domain.given_decisions import opened, vote
from tests.domain.given_reviews import (
    DAYS,
    REVIEWER,
    SCENE,
    answered,
    asked,
    granted,
    proposed,
    supported,
    waiting,
    withdrawn,
)

BD, UWV, CBS = "bestuur-p-bd", "bestuur-p-uwv", "bestuur-p-cbs"
SECOND_SEAT = (
    BodyEstablished(body="raad", name="Raad", kind="chain-board", level="strategic"),
    SeatCreated(seat="raad-uwv", body="raad", organisation="uwv"),
    SeatAssigned(seat="raad-uwv", person=BD, valid_from="2024-01-01"),
)
"""With this, whoever speaks for the first partner speaks for the second one too."""


def holds(life: Life, name: str = "t-1", *, person: str = REVIEWER, day: str = "") -> bool:
    found = reviews.held(life.state, name, person=person, day=day or life.now[:10])
    return found is not None


# Two partners


def test_access_is_given_once_a_second_partner_supports_it() -> None:
    life = waiting()
    assert not holds(life)
    result = life.record(supported(), by=UWV).gives(ReviewAccessGranted)
    assert result.events[1] == ReviewAccessGranted(review="t-1", organisations=("bd", "uwv"))
    assert holds(result.life)
    assert not holds(result.life, person="manager")


def test_the_partner_that_proposes_cannot_be_the_second() -> None:
    waiting().record(supported(organisation="bd"), by=BD).refused("T3")


def test_nobody_gives_access_alone_by_speaking_for_two_partners() -> None:
    life = waiting().given(*SECOND_SEAT)
    life.record(supported(), by=BD).refused("T3")
    life.record(supported(), by=UWV).gives(ReviewAccessGranted)


def test_access_is_supported_by_whoever_speaks_for_that_partner_alone() -> None:
    for other in ("manager", "office", CBS, REVIEWER):
        waiting().record(supported(), by=other).not_allowed()


def test_a_partner_that_left_no_longer_counts_for_two() -> None:
    newcomer = PartnerAdmitted(
        organisation="svb",
        name="SVB",
        status="partner",
        representative="p-svb",
        consent=Document(title="Instemming", sha256="0" * 64),
        effective_on="2024-01-01",
    )
    life = SCENE.given(newcomer).done(proposed(organisation="svb"), by="p-svb")
    left = life.at("2024-01-10").given(
        PartnerWithdrew(
            organisation="svb",
            effective_on="2024-01-10",
            notice="Opgezegd.",
        )
    )
    left.record(supported(), by=UWV).refused("T3")
    life.record(supported(), by=UWV).gives(ReviewAccessGranted)


def test_nobody_gives_access_in_the_name_of_somebody_else() -> None:
    SCENE.record(proposed(), by=BD, recorded_by="office").refused("T4")
    waiting().record(supported(), by=UWV, recorded_by="office").refused("T4")


def test_access_is_never_taken_over_from_elsewhere() -> None:
    SCENE.record(proposed(), by=IMPORTER, source=SOURCE).refused("T4")
    waiting().record(supported(), by=IMPORTER, source=SOURCE).refused("T4")


def test_a_role_that_ended_gives_no_access_by_dating_it_back() -> None:
    SCENE.at("2024-01-05").record(proposed(), by=BD, on="2024-01-04").refused("T5")
    life = waiting().at("2024-01-05")
    life.record(supported(), by=UWV, on="2024-01-04").refused("T5")
    life.record(withdrawn(), by=BD, on="2024-01-04").refused("T5")


def test_a_reviewer_gives_themselves_nothing() -> None:
    SCENE.record(proposed(reviewer=BD), by=BD).refused("T6")
    waiting(reviewer=UWV).record(supported(), by=UWV).refused("T6")


def test_a_reviewer_takes_part_under_a_pseudonym() -> None:
    SCENE.record(proposed(reviewer="niemand"), by=BD).refused("P2")


# What and how long


@pytest.mark.parametrize(
    ("start", "until"),
    [
        ("2023-12-31", "2024-01-31"),
        ("2024-01-01", "2024-01-01"),
        ("2024-01-02", "2024-01-01"),
        ("2024-01-01", "2025-01-02"),
    ],
)
def test_access_has_an_end_not_too_far_away(start: str, until: str) -> None:
    SCENE.record(proposed(valid_from=start, valid_until=until), by=BD).refused("T7")


def test_access_lasts_a_year_at_most() -> None:
    life = SCENE.done(proposed(valid_from="2024-01-01", valid_until="2025-01-01"), by=BD)
    assert life.state.reviews.all["t-1"].until == "2025-01-01"


def test_the_period_of_the_record_has_an_order() -> None:
    upside_down = proposed(record_from="2024-01-02", record_until="2024-01-02")
    SCENE.record(upside_down, by=BD).refused("T8")
    open_ended = proposed(record_from="2024-01-02")
    assert SCENE.record(open_ended, by=BD).refusal is None


def test_an_access_has_an_id_of_its_own() -> None:
    waiting().record(proposed(), by=BD).refused("T1")


def test_every_partner_sees_who_has_access() -> None:
    SCENE.record(proposed(), by=BD, scope="confidential").refused("T11")
    assert SCENE.record(proposed(), by=BD, scope="public").refusal is None


# The end


def test_access_ends_by_itself_and_that_is_recorded() -> None:
    life = granted()
    assert holds(life, day="2024-01-30")
    assert not holds(life, day="2024-01-31")
    life.time_passes(DAYS - 1).brings()
    life.time_passes(DAYS).brings(ReviewAccessLapsed)


def test_access_that_starts_later_does_not_hold_before() -> None:
    life = granted(valid_from="2024-01-10")
    assert not holds(life, day="2024-01-09")
    assert holds(life, day="2024-01-10")


@pytest.mark.parametrize(("organisation", "by"), [("bd", BD), ("uwv", UWV)])
def test_either_partner_withdraws_it_and_it_ends_at_once(organisation: str, by: str) -> None:
    life = granted().done(withdrawn(organisation=organisation), by=by)
    assert not holds(life)
    life.record(asked(), by=REVIEWER).not_allowed()
    life.time_passes(DAYS).brings()


def test_a_third_partner_does_not_withdraw_it() -> None:
    granted().record(withdrawn(organisation="cbs"), by=CBS).refused("T10")
    granted().record(withdrawn(), by=CBS).not_allowed()


def test_the_chain_withdraws_it_by_decision() -> None:
    event = ReviewAccessWithdrawn(review="t-1", reason="De keten wil het niet meer.")
    granted().record(event, by="manager").not_allowed()
    life = opened(granted(), event)
    life = vote(life, "bd", "for").life
    result = vote(life, "uwv", "for")
    life = result.life if event in result.events else vote(result.life, "cbs", "for").life
    assert not holds(life)


def test_what_ended_is_neither_withdrawn_again_nor_granted() -> None:
    gone = granted().done(withdrawn(), by=BD)
    gone.record(withdrawn(organisation="uwv"), by=UWV).refused("T10")
    gone.record(supported(organisation="cbs"), by=CBS).refused("T9")
    taken_back = waiting().done(withdrawn(), by=BD)
    taken_back.record(supported(), by=UWV).refused("T9")


def test_a_proposal_that_ran_out_is_not_granted_any_more() -> None:
    waiting().at("2024-01-31").record(supported(), by=UWV).refused("T9")


def test_access_is_granted_once() -> None:
    granted().record(supported(organisation="cbs"), by=CBS).refused("T9")


def test_what_was_never_proposed_is_neither_supported_nor_withdrawn() -> None:
    SCENE.record(supported(), by=UWV).refused("T2")
    SCENE.record(withdrawn(), by=BD).refused("T2")


# Asking for evidence


def test_a_reviewer_asks_for_evidence_and_is_answered() -> None:
    life = granted()
    result = life.record(asked(), by=REVIEWER)
    [position] = [
        one.header.position for one in life.entries if isinstance(one.event, ReviewAccessGranted)
    ]
    assert result.entries[0].header.under == (position,)
    for by in ("office", "manager", CBS):
        assert result.life.record(answered(bundle="b-1"), by=by).refusal is None
    result.life.record(answered(), by=REVIEWER).not_allowed()


def test_nobody_asks_under_access_that_is_not_theirs_or_does_not_run() -> None:
    granted().record(asked(), by="manager").not_allowed()
    waiting().record(asked(), by=REVIEWER).not_allowed()
    granted().at("2024-01-31").record(asked(), by=REVIEWER).not_allowed()
    granted().record(asked(), by=IMPORTER, source=SOURCE).refused("T12")


def test_access_that_ended_is_not_used_by_dating_back() -> None:
    late = granted().at("2024-02-03")
    late.record(asked(), by=REVIEWER, on="2024-01-30").refused("T5")


def test_a_request_has_an_id_of_its_own_and_one_answer() -> None:
    life = granted().done(asked(), by=REVIEWER)
    life.record(asked(), by=REVIEWER).refused("T1")
    done = life.done(answered(), by="office")
    done.record(answered(), by="office").refused("T13")


def test_an_answer_says_something_about_a_request_that_is_there() -> None:
    SCENE.record(answered(), by="office").refused("T2")
    life = granted().done(asked(), by=REVIEWER)
    life.record(answered(text="", bundle=""), by="office").refused("T14")


# Nothing else

OWN_AFFAIRS = {"PersonDetailsGiven", "SigningKeyRegistered", "SigningKeyRevoked"}
"""What everybody may record of themselves, reviewers too: their own details and keys."""


def _of(person: str) -> list[Event]:
    """A sample of everything that people record, as near to this person as its fields allow."""
    return [
        samples.fullest(kind)
        for kind in OWNERS
        if kind not in BY_RULES and catalogue.type_name(kind) and person
    ]


def test_a_reviewer_records_nothing_but_requests() -> None:
    life = granted()
    other = life.given(PersonRegistered(person="kenmerk-1"))
    for event in _of(REVIEWER):
        name = type(event).__name__
        if name in {"EvidenceRequested", "ChainEstablished", *OWN_AFFAIRS}:
            continue
        result = other.record(event, by=REVIEWER)
        assert result.refusal is not None, name
        assert result.refusal.rule == "G5", (name, result.refusal)


def test_whoever_has_a_seat_may_record_more_than_a_reviewer() -> None:
    allowed = [
        type(event).__name__
        for event in _of(BD)
        if (refusal := granted().record(event, by=BD).refusal) is None or refusal.rule != "G5"
    ]
    assert len(allowed) > 10
