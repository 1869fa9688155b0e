"""Keeping what was agreed: measured, carried through, watched (rules A13 to A18)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.domain.events.agreements import (
    AgreementAmended,
    AgreementProposed,
    AgreementSigned,
    BreachExcused,
    ImplementationConfirmed,
    Indicator,
    NonComplianceSignalled,
    ServiceLevelBreached,
    ServiceLevelMeasured,
    ServiceLevelRestored,
)
from ledger.domain.events.roles import RoleAssigned, RoleKind
from ledger.domain.values import Event
from tests.domain.consequence import by_rules
from tests.domain.given import Life, a_chain, people

ON_TIME = Indicator(name="op-tijd", unit="promille", target=990, direction="at-least")
FAULTS = Indicator(name="fouten", unit="stuks", target=10, direction="at-most")
CONVENANT = AgreementProposed(
    agreement="cv",
    kind="convenant",
    title="Convenant van de keten",
    parties=("bd", "uwv", "cbs"),
    valid_from="2024-01-01",
)
SERVICE_LEVEL = AgreementProposed(
    agreement="sla",
    kind="service-level",
    title="Levering loongegevens",
    parties=("bd", "uwv"),
    parent="cv",
    provider="bd",
    consumer="uwv",
    indicators=(ON_TIME, FAULTS),
    valid_from="2024-01-01",
    valid_until="2025-01-01",
)
LATE = ServiceLevelMeasured(agreement="sla", indicator="op-tijd", period="2024-01", measured=989)
IN_TIME = replace(LATE, period="2024-02", measured=990)
BREACH = ServiceLevelBreached(
    agreement="sla", indicator="op-tijd", period="2024-01", measured=989, target=990
)
RESTORED = ServiceLevelRestored(
    agreement="sla", indicator="op-tijd", period="2024-02", measured=990
)
EXCUSED = BreachExcused(
    agreement="sla", organisation="uwv", indicator="op-tijd", reason="storm in het net"
)
CONFIRMED = ImplementationConfirmed(agreement="sla", organisation="uwv")
SIGNALLED = NonComplianceSignalled(agreement="sla", organisation="bd", finding="levert te laat")


def role(kind: RoleKind, person: str, organisation: str = "") -> RoleAssigned:
    return RoleAssigned(
        role=kind, person=person, organisation=organisation, valid_from="2024-01-01"
    )


def signatures(agreement: str, *organisations: str, version: int = 1) -> list[AgreementSigned]:
    return [
        AgreementSigned(agreement=agreement, organisation=name, version=version)
        for name in organisations
    ]


def proposed() -> Life:
    """Return a chain with a service level agreement that nobody signed yet."""
    life = people(a_chain(), "manager", "bureau", "regisseur", "lijn-uwv", "lijn-bd", "gast")
    return life.given(
        role("chain-manager", "manager"),
        role("chain-office", "bureau"),
        role("chain-coordinator", "regisseur", "cbs"),
        role("line-manager", "lijn-uwv", "uwv"),
        role("line-manager", "lijn-bd", "bd"),
        CONVENANT,
        *signatures("cv", "bd", "uwv", "cbs"),
        SERVICE_LEVEL,
    )


def in_force() -> Life:
    return proposed().given(*signatures("sla", "bd", "uwv"))


@pytest.mark.parametrize("event", [LATE, CONFIRMED, SIGNALLED], ids=lambda one: type(one).__name__)
def test_what_is_not_in_force_is_not_measured_confirmed_or_guarded(event: Event) -> None:
    person = "lijn-uwv" if event is CONFIRMED else "manager"
    proposed().record(event, by=person).refused("A13")
    in_force().at("2025-01-01").record(event, by=person).refused("A13")
    assert in_force().record(event, by=person).refusal is None


def test_the_last_period_is_measured_on_the_last_day_of_the_agreement() -> None:
    life = in_force().time_passes(400).life
    life.record(IN_TIME, by="bureau").refused("A13")
    assert life.record(IN_TIME, by="bureau", on="2024-12-31").refusal is None


def test_only_an_agreed_indicator_is_measured() -> None:
    in_force().record(replace(LATE, indicator="stiptheid"), by="bureau").refused("A14")
    in_force().record(replace(IN_TIME, indicator="fouten", measured=0), by="bureau").gives()


@pytest.mark.parametrize("organisation", ["bd", "uwv"])
def test_provider_and_consumer_measure(organisation: str) -> None:
    measured = replace(IN_TIME, organisation=organisation)
    in_force().record(measured, by=f"p-{organisation}").gives()


@pytest.mark.parametrize("person", ["manager", "bureau"])
def test_chain_manager_and_office_measure(person: str) -> None:
    in_force().record(IN_TIME, by=person).gives()


def test_a_partner_outside_the_agreement_does_not_measure() -> None:
    in_force().record(replace(IN_TIME, organisation="cbs"), by="p-cbs").refused("A14")


@pytest.mark.parametrize("person", ["p-bd", "regisseur", "gast"])
def test_nobody_measures_in_their_own_name(person: str) -> None:
    in_force().record(IN_TIME, by=person).not_allowed()


def test_a_missed_target_is_a_breach_and_reaching_it_again_restores() -> None:
    missed = in_force().record(LATE, by="bureau").gives(ServiceLevelBreached).holds(BREACH)
    again = missed.life.record(replace(LATE, measured=0), by="bureau").gives(ServiceLevelBreached)
    reached = again.life.record(IN_TIME, by="bureau").gives(ServiceLevelRestored).holds(RESTORED)
    reached.life.record(IN_TIME, by="bureau").gives()


def test_a_ceiling_is_missed_from_above() -> None:
    measured = replace(LATE, indicator="fouten", measured=10)
    in_force().record(measured, by="bureau").gives()
    in_force().record(replace(measured, measured=11), by="bureau").gives(ServiceLevelBreached)


def test_a_breach_of_one_indicator_leaves_the_other_alone() -> None:
    life = in_force().done(LATE, by="bureau")
    life.record(replace(IN_TIME, indicator="fouten", measured=1), by="bureau").gives()


def test_a_measurement_is_judged_by_the_target_of_its_day() -> None:
    lower = AgreementAmended(
        agreement="sla",
        reason="het net wordt vervangen",
        parties=("bd", "uwv"),
        indicators=(replace(ON_TIME, target=900),),
        valid_from="2024-06-01",
    )
    life = in_force().given(lower, *signatures("sla", "bd", "uwv", version=2)).at("2024-06-02")
    life.record(LATE, by="bureau").gives()
    life.record(LATE, by="bureau", on="2024-05-31").gives(ServiceLevelBreached)
    life.record(replace(LATE, indicator="fouten"), by="bureau").refused("A14")


@pytest.mark.parametrize(
    "wrong",
    [replace(BREACH, measured=990), replace(BREACH, target=991), RESTORED],
    ids=["met", "another target", "never breached"],
)
def test_a_breach_or_restoration_that_does_not_follow_is_refused(wrong: Event) -> None:
    by_rules(in_force(), wrong).refused("A15")


def test_a_breach_and_a_restoration_that_follow_pass() -> None:
    assert by_rules(in_force(), BREACH).refusal is None
    breached = in_force().done(LATE, by="bureau")
    assert by_rules(breached, RESTORED).refusal is None
    by_rules(breached, replace(RESTORED, measured=989)).refused("A15")


def test_the_consumer_excuses_a_breach_and_it_stays_visible() -> None:
    life = in_force().done(LATE, by="bureau").done(EXCUSED, by="p-uwv")
    life.record(IN_TIME, by="bureau").gives(ServiceLevelRestored)
    by_decision = replace(EXCUSED, organisation="")
    assert by_rules(life, by_decision).refusal is None


def test_only_the_consumer_excuses_only_what_was_breached() -> None:
    in_force().record(EXCUSED, by="p-uwv").refused("A16")
    life = in_force().done(LATE, by="bureau")
    life.record(replace(EXCUSED, organisation="bd"), by="p-bd").refused("A16")
    life.record(EXCUSED, by="p-bd").not_allowed()
    life.record(replace(EXCUSED, organisation=""), by="p-uwv").not_allowed()
    life.done(IN_TIME, by="bureau").record(EXCUSED, by="p-uwv").gives()


def test_nobody_is_held_to_what_they_did_not_sign() -> None:
    life = in_force()
    life.record(replace(SIGNALLED, organisation="cbs"), by="manager").refused("A17")
    life.record(replace(CONFIRMED, organisation="cbs"), by="p-cbs").refused("A17")
    life.record(SIGNALLED, by="manager").gives()


def test_a_party_left_out_of_the_new_version_is_not_bound_by_it() -> None:
    narrower = AgreementAmended(
        agreement="cv", reason="CBS doet niet meer mee", parties=("bd", "uwv"),
        valid_from="2024-06-01",
    )  # fmt: skip
    life = in_force().given(narrower, *signatures("cv", "bd", "uwv", version=2))
    signalled = replace(SIGNALLED, agreement="cv", organisation="cbs")
    life.record(signalled, by="manager").gives()
    life.at("2024-06-01").record(signalled, by="manager").refused("A17")


@pytest.mark.parametrize("person", ["manager", "regisseur", "bureau", "p-cbs", "lijn-uwv"])
def test_who_guards_the_agreements_signals_that_one_is_not_kept(person: str) -> None:
    in_force().record(SIGNALLED, by=person).gives()


def test_somebody_without_a_role_signals_nothing() -> None:
    in_force().record(SIGNALLED, by="gast").not_allowed()


@pytest.mark.parametrize("person", ["p-uwv", "lijn-uwv"])
def test_a_partner_confirms_its_own_implementation(person: str) -> None:
    in_force().record(CONFIRMED, by=person).gives()


def test_nobody_confirms_for_another_partner() -> None:
    in_force().record(CONFIRMED, by="lijn-bd").refused("A18")
    in_force().record(CONFIRMED, by="p-bd").not_allowed()
    in_force().record(CONFIRMED, by="manager").not_allowed()
    in_force().given(CONFIRMED)
