"""Service accounts: what a program may do is what was written down for it, and never more."""

from __future__ import annotations

import pytest

from ledger import catalogue
from ledger.domain import service_accounts
from ledger.domain.chain import BY_RULES, OWNERS
from ledger.domain.events.bodies import SeatAssigned
from ledger.domain.events.chains import ChainEstablished, PartnerWithdrew
from ledger.domain.events.decisions import VoteCast
from ledger.domain.events.mandates import MandateGranted, MandateScope
from ledger.domain.events.outcomes import EffectFailed
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Event, Signature
from tests import samples
from tests.domain import given_decisions
from tests.domain.forging import audited, forged
from tests.domain.given import IMPORTER, SOURCE, Life, a_chain
from tests.domain.given_service_accounts import (
    BD,
    NOTE,
    PROGRAM,
    SCENE,
    SIGNAL,
    UWV,
    account,
    digest_of,
    of_the_chain,
    opened,
    replaced,
    revoked,
)

SIGNED = Signature(key="sleutel", value="A" * 86 + "==")


def counts(life: Life, name: str = PROGRAM, *, day: str = "") -> bool:
    found = life.state.service_accounts.all[name]
    return not service_accounts.standing(life.state, found, day or life.now[:10])


def holder(life: Life, key: str) -> str:
    found = service_accounts.with_key(life.state, digest_of(key))
    return found[0] if found else ""


# Who opens it


def test_a_partner_opens_an_account_for_its_own_program() -> None:
    assert counts(opened())
    SCENE.record(account(), by=UWV).not_allowed()
    SCENE.record(account(), by="office").not_allowed()


def test_the_chain_office_opens_what_reads_no_more_than_what_is_public() -> None:
    for read in ("", "public"):
        assert counts(SCENE.done(of_the_chain(classification=read), by="office"))
    for read in ("chain", "confidential"):
        SCENE.record(of_the_chain(classification=read), by="office").not_allowed()
    SCENE.record(of_the_chain(), by=BD).not_allowed()


def test_reading_what_is_confidential_is_for_the_chain_to_decide() -> None:
    wide = account(classification="confidential", valid_until="2024-03-01")
    for person in (BD, "office", "manager"):
        SCENE.record(wide, by=person).not_allowed()
    life = decided(SCENE, wide)
    assert life.state.service_accounts.all[PROGRAM].classification == "confidential"
    life.record(replaced(), by=BD).not_allowed()
    life.record(replaced(), by="office").not_allowed()
    assert holder(decided(life, replaced(), name="b-2"), "tweede") == PROGRAM


def decided(life: Life, effect: Event, name: str = "b-1") -> Life:
    life = given_decisions.opened(life, effect, name=name)  # type: ignore[arg-type]  # one of them
    for organisation in ("bd", "uwv", "cbs"):
        voted = given_decisions.vote(life, organisation, "for", name)
        if voted.refusal is None:
            life = voted.life
    assert not any(isinstance(one.event, EffectFailed) for one in life.entries)
    return life


def test_nobody_opens_it_for_somebody_else_or_afterwards() -> None:
    SCENE.record(account(), by=BD, recorded_by="office").refused("Y3")
    SCENE.record(account(), by=IMPORTER, source=SOURCE).refused("Y3")
    SCENE.at("2024-01-05").record(account(valid_from="2024-01-04"), by=BD, on="2024-01-04").refused(
        "Y3"
    )


def test_every_partner_sees_which_programs_there_are() -> None:
    SCENE.record(account(), by=BD, scope="confidential").refused("Y9")
    assert opened().record(revoked(), by=BD, scope="confidential").refusal is None


# What it is


@pytest.mark.parametrize(
    ("start", "until"),
    [
        ("2023-12-31", "2024-01-31"),
        ("2024-01-01", "2024-01-01"),
        ("2024-01-02", "2024-01-01"),
        ("2024-01-01", "2025-01-02"),
    ],
)
def test_an_account_has_an_end_not_too_far_away(start: str, until: str) -> None:
    SCENE.record(account(valid_from=start, valid_until=until), by=BD).refused("Y4")


def test_an_account_lasts_a_year_at_most() -> None:
    assert counts(opened(valid_until="2025-01-01"), day="2024-12-31")


def test_an_account_has_a_name_that_nobody_has() -> None:
    opened().record(account(key_digest=digest_of("x")), by=BD).refused("Y1")
    for taken in ("manager", BD, "rules"):
        SCENE.record(account(taken), by=BD).refused("Y1")


def test_an_account_is_of_a_partner_or_of_the_chain() -> None:
    chain = a_chain(direct=("ServiceAccountOpened",))
    chain.record(account(organisation="svb"), by="p-bd").refused("Y5")
    assert counts(chain.done(account(), by="p-bd"))


def test_a_program_is_given_nothing_that_is_not_open_to_programs() -> None:
    for name in ("VoteCast", "MandateGranted", "AgreementSigned", "ServiceAccountOpened", "Iets"):
        SCENE.record(account(event_types=(name,)), by=BD).refused("Y6")
    assert counts(opened(event_types=()))


def test_a_key_is_given_once() -> None:
    life = opened()
    life.record(account("tweede", key_digest=digest_of(PROGRAM)), by=BD).refused("Y7")
    life.record(replaced(key=PROGRAM), by=BD).refused("Y7")
    again = life.done(replaced(), by=BD).record(replaced(key=PROGRAM), by=BD)
    again.refused("Y7")


# Its end


def test_another_key_makes_the_one_before_worth_nothing() -> None:
    life = opened()
    assert (holder(life, PROGRAM), holder(life, "tweede")) == (PROGRAM, "")
    life = life.done(replaced(), by=BD)
    assert (holder(life, PROGRAM), holder(life, "tweede")) == ("", PROGRAM)
    for other in (UWV, "office", "manager"):
        life.record(replaced(key="derde"), by=other).not_allowed()


def test_the_office_gives_another_key_only_to_what_it_could_open() -> None:
    life = SCENE.done(of_the_chain(), by="manager")
    assert holder(life.done(replaced(), by="office"), "tweede") == PROGRAM
    life.record(replaced(), by=BD).not_allowed()


def test_an_account_ends_at_once_by_who_is_responsible() -> None:
    for person in (BD, "office", "manager"):
        life = opened().done(revoked(), by=person)
        assert not counts(life)
        life.record(NOTE, by=PROGRAM).refused("Y10")
    opened().record(revoked(), by=UWV).not_allowed()
    assert not counts(decided(opened(valid_until="2024-03-01"), revoked()))


def test_what_ended_gets_no_key_and_ends_once() -> None:
    life = opened().done(revoked(), by=BD)
    life.record(revoked(), by=BD).refused("Y8")
    life.record(replaced(), by=BD).refused("Y8")
    opened().at("2024-01-31").record(replaced(), by=BD).refused("Y8")
    opened().record(revoked("niets"), by="office").refused("Y2")


def test_an_account_ends_by_itself() -> None:
    life = opened()
    assert counts(life, day="2024-01-30")
    assert not counts(life, day="2024-01-31")
    late = opened(valid_from="2024-01-10")
    assert not counts(late, day="2024-01-09")
    assert counts(late, day="2024-01-10")


def test_an_account_ends_with_the_partner_it_is_of() -> None:
    left = PartnerWithdrew(organisation="bd", effective_on="2024-01-10", notice="Opgezegd.")
    life = opened().given(left, on="2024-01-01").at("2024-01-12")
    assert not life.state.chains.partner_on("bd", "2024-01-12")
    assert not counts(life)
    life.record(NOTE, by=PROGRAM).refused("Y10")
    assert counts(opened(), day="2024-01-12")


# What it records


def test_a_program_records_what_its_account_names() -> None:
    life = opened()
    result = life.record(NOTE, by=PROGRAM)
    assert result.refusal is None, result.refusal
    [header] = [one.header for one in result.entries]
    under = [type(life.entries[position].event).__name__ for position in header.under]
    assert (header.by, under) == (PROGRAM, ["ServiceAccountOpened"])
    rekeyed = life.done(replaced(), by=BD)
    [after] = [one.header for one in rekeyed.record(NOTE, by=PROGRAM).entries]
    assert len(after.under) == 2
    opened(event_types=("EventAnnotated",)).record(SIGNAL, by=PROGRAM).refused("Y10")


def test_a_program_records_nothing_before_or_after_its_term() -> None:
    opened(valid_from="2024-01-10").record(NOTE, by=PROGRAM).refused("Y10")
    opened().at("2024-02-01").record(NOTE, by=PROGRAM).refused("Y10")
    opened().at("2024-02-01").record(NOTE, by=PROGRAM, on="2024-01-30").refused("Y10")
    late = opened(valid_from="2024-01-10").at("2024-01-12")
    late.record(NOTE, by=PROGRAM, on="2024-01-09").refused("Y10")
    assert late.record(NOTE, by=PROGRAM, on="2024-01-11").refusal is None


def test_a_program_acts_for_nobody_and_nobody_for_a_program() -> None:
    life = opened()
    life.record(NOTE, by=PROGRAM, recorded_by="office").refused("Y10")
    life.record(NOTE, by="manager", recorded_by=PROGRAM).refused("Y10")
    life.record(NOTE, by=PROGRAM, recorded_by=IMPORTER, source=SOURCE).refused("Y10")
    life.record(NOTE, by=PROGRAM, source=SOURCE).refused("Y10")
    life.record(NOTE, by=IMPORTER, recorded_by=PROGRAM, source=SOURCE).refused("Y10")


def test_a_program_signs_nothing() -> None:
    life = opened()
    life.record(NOTE, by=PROGRAM, signature=SIGNED, act="a-1", on=life.now).refused("Y10")


def test_a_program_of_a_partner_tells_nothing_of_another() -> None:
    measured = catalogue.read_body(
        {
            "type": "ServiceLevelMeasured",
            "agreement": "sla",
            "indicator": "op-tijd",
            "organisation": "uwv",
            "period": "2024-01",
            "measured": 1,
        }
    )
    life = opened(event_types=("ServiceLevelMeasured",))
    life.record(measured, by=PROGRAM).refused("Y10")
    refusal = SCENE.done(of_the_chain(event_types=("ServiceLevelMeasured",)), by="office").record(
        measured, by=PROGRAM
    )
    assert refusal.refusal is not None
    assert refusal.refusal.rule != "Y10"


# Never more


def everything() -> list[Event]:
    """A sample of every type that people record."""
    return [samples.fullest(kind) for kind in OWNERS if kind not in BY_RULES]


def test_a_program_with_every_type_there_is_records_no_other() -> None:
    """It never votes, signs, decides, grants, gives a role, a key or a sign-in."""
    named = tuple(sorted(OWNERS_OPEN))
    life = opened(event_types=named)
    refused = set()
    for event in everything():
        result = life.record(event, by=PROGRAM)
        if result.refusal is not None and result.refusal.rule == "Y10":
            refused.add(type(event).__name__)
    left = {type(one).__name__ for one in everything()} - refused
    assert left - {"ChainEstablished"} <= OWNERS_OPEN
    assert len(refused) > 80


OWNERS_OPEN = {"ServiceLevelMeasured", "BottleneckSignalled", "EventAnnotated"}
"""The list as it was agreed on. A type that is added to it is a decision of its own (ADR 0034)."""


def test_the_list_of_what_is_open_to_programs_is_this_one() -> None:
    assert set(service_accounts.open_to_programs(SCENE.state)) == OWNERS_OPEN
    for kind in OWNERS:
        if "service-account" in kind.WHO:
            assert kind not in BY_RULES
            assert kind is not ChainEstablished


def test_a_program_becomes_nobody_in_the_chain_whatever_comes_first() -> None:
    life = opened()
    life.record(PersonRegistered(person=PROGRAM), by="manager").refused("P1")
    life.record(PersonRegistered(person=PROGRAM), by=IMPORTER, source=SOURCE).refused("P1")
    seat = SeatAssigned(seat="bestuur-bd", person=PROGRAM, valid_from="2024-01-01")
    role = RoleAssigned(role="chain-manager", person=PROGRAM, valid_from="2024-01-01")
    mandate = MandateGranted(
        mandate="m-1",
        grantor_kind="organisation",
        grantor="bd",
        holder_kind="person",
        holder=PROGRAM,
        scope=MandateScope(subjects=("onderwerp",)),
        valid_from="2024-01-01",
    )
    for event in (seat, role, mandate):
        refusal = life.record(event, by=IMPORTER, source=SOURCE).refusal
        assert refusal is not None, event
    SCENE.given(PersonRegistered(person=PROGRAM)).record(account(), by=BD).refused("Y1")


def test_a_vote_of_a_program_is_refused_also_where_a_seat_is_named_after_it() -> None:
    life = given_decisions.opened(opened())
    vote = VoteCast(decision="b-1", seat="bestuur-bd", choice="for")
    life.record(vote, by=PROGRAM).refused("Y10")
    assert life.record(vote, by=BD).refusal is None


def test_a_vote_of_a_program_that_stands_in_the_log_all_the_same_is_caught() -> None:
    """Whoever writes past the rules is found by the audit, which asks them again."""
    life = given_decisions.opened(opened())
    honest = given_decisions.vote(life, "bd", "for").life
    assert audited(honest.entries).sound
    place = len(life.entries)
    by_program = [*honest.entries]
    by_program[place] = forged(by_program[place], by=PROGRAM)
    found = [(one.position, one.rule) for one in audited(by_program).breaks]
    assert (place, "Y10") in found
    note = life.done(NOTE, by=PROGRAM)
    assert audited(note.entries).sound
