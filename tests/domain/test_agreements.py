"""Agreements before they are in force: what lies before whom, and who signs it (A1 to A9)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.domain.events.agreements import (
    AgreementEnteredIntoForce,
)
from ledger.domain.events.chains import PartnerWithdrew
from ledger.domain.events.mandates import MandateGranted, MandateScope
from tests.domain.given import a_chain
from tests.domain.given_agreements import (
    CONVENANT,
    DELIVERY,
    ENDED,
    NEW_VERSION,
    ON_TIME,
    SERVICE_LEVEL,
    a_proposal,
    agreement,
    in_force,
    signature,
)


@pytest.mark.parametrize("person", ["manager", "bureau", "p-cbs"])
def test_who_steers_the_chain_or_sits_in_it_proposes(person: str) -> None:
    proposal = replace(CONVENANT, agreement="cv2")
    assert agreement(a_proposal().done(proposal, by=person), "cv2").status == "proposed"


@pytest.mark.parametrize("person", ["gast", "regisseur"])
def test_somebody_without_such_a_role_does_not_propose_or_amend(person: str) -> None:
    life = a_proposal()
    life.record(replace(CONVENANT, agreement="cv2"), by=person).not_allowed()
    life.record(NEW_VERSION, by=person).not_allowed()


def test_an_agreement_without_an_id_gets_one_from_its_position() -> None:
    life = a_proposal()
    done = life.record(replace(CONVENANT, agreement=""), by="manager")
    assert agreement(done.life, f"agreement-{life.state.size}").status == "proposed"


def test_an_id_is_used_once() -> None:
    a_proposal().record(CONVENANT, by="manager").refused("A1")


def test_a_party_is_a_partner() -> None:
    a_chain().record(replace(CONVENANT, parties=("bd", "rvig")), by="p-bd").refused("A2")


def test_a_party_is_named_once() -> None:
    a_chain().record(replace(CONVENANT, parties=("bd", "uwv", "bd")), by="p-bd").refused("A2")


def test_a_partner_who_left_signs_nothing_even_in_history() -> None:
    left = PartnerWithdrew(organisation="cbs", notice="einde taak", effective_on="2024-02-01")
    life = a_proposal().given(left).at("2024-02-01")
    with pytest.raises(AssertionError, match="A2"):
        life.given(signature("cbs"))
    life.given(signature("bd"))


def test_an_agreement_has_two_parties() -> None:
    a_chain().record(replace(CONVENANT, parties=("bd",)), by="p-bd").refused("A3")
    a_chain().done(replace(CONVENANT, parties=("bd", "uwv")), by="p-bd")


def test_a_delivery_contract_may_have_one_party_and_a_consumer_outside() -> None:
    in_text = a_chain().done(DELIVERY, by="p-cbs")
    in_text.record(signature("cbs", agreement="lc"), by="p-cbs").gives(AgreementEnteredIntoForce)
    a_chain().done(replace(DELIVERY, text="", consumer="gemeente"), by="p-cbs")


def test_a_delivery_contract_with_nobody_outside_is_refused() -> None:
    a_chain().record(replace(DELIVERY, text=""), by="p-cbs").refused("A3")
    a_chain().record(replace(DELIVERY, text="", consumer="cbs"), by="p-cbs").refused("A3")
    a_chain().record(replace(DELIVERY, parties=()), by="p-cbs").refused("A3")


def test_a_service_level_stands_under_a_convenant() -> None:
    for life in (a_proposal(), in_force()):
        life.done(SERVICE_LEVEL, by="manager")


@pytest.mark.parametrize("parent", ["", "onbekend", "lc"])
def test_a_service_level_without_a_convenant_is_refused(parent: str) -> None:
    life = a_proposal().given(DELIVERY)
    life.record(replace(SERVICE_LEVEL, parent=parent), by="manager").refused("A4")


def test_a_service_level_is_refused_under_a_convenant_that_ended() -> None:
    life = in_force().at("2025-01-02")
    life.record(SERVICE_LEVEL, by="manager").refused("A4")
    life.record(SERVICE_LEVEL, by="manager", on="2024-12-31").gives()


def test_parties_of_a_service_level_are_parties_of_its_convenant() -> None:
    narrow = replace(CONVENANT, agreement="smal", parties=("bd", "cbs"))
    life = a_proposal().given(narrow)
    life.record(replace(SERVICE_LEVEL, parent="smal"), by="manager").refused("A4")
    life.record(SERVICE_LEVEL, by="manager").gives()


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": ""},
        {"consumer": "bd"},
        {"consumer": "cbs"},
        {"indicators": ()},
        {"indicators": (ON_TIME, ON_TIME)},
    ],
    ids=str,
)
def test_a_service_level_names_two_sides_and_its_indicators(wrong: dict[str, object]) -> None:
    a_proposal().record(replace(SERVICE_LEVEL, **wrong), by="manager").refused("A5")


def test_a_term_ends_after_its_start() -> None:
    at_once = replace(CONVENANT, agreement="cv2", valid_until="2024-01-01")
    a_proposal().record(at_once, by="manager").refused("A6")
    a_proposal().record(replace(at_once, valid_until="2024-01-02"), by="manager").gives()


def test_nothing_is_signed_after_its_term() -> None:
    life = a_proposal()
    life.at("2025-01-01").record(signature("bd"), by="p-bd").refused("A6")
    life.at("2024-12-31").record(signature("bd"), by="p-bd").gives()


def test_what_is_signed_amended_or_ended_exists() -> None:
    life = a_proposal()
    life.given(NEW_VERSION)
    life.record(replace(NEW_VERSION, agreement="x"), by="manager").refused("A7")
    with pytest.raises(AssertionError, match="A7"):
        life.given(signature("bd", agreement="x"))
    with pytest.raises(AssertionError, match="A7"):
        life.given(replace(ENDED, agreement="x"))


def test_an_ended_agreement_takes_nothing_more() -> None:
    life = in_force().at("2025-01-01")
    life.record(NEW_VERSION, by="manager").refused("A7")
    life.record(signature("bd", version=2), by="p-bd").refused("A7")
    life.record(replace(ENDED, valid_until="2025-02-01"), by="p-bd").refused("A7")


def test_what_happened_before_the_end_is_recorded_after_it() -> None:
    life = in_force().time_passes(400).life
    assert agreement(life).status == "expired"
    life = life.done(NEW_VERSION, by="manager", on="2024-12-01")
    for name in ("bd", "uwv", "cbs"):
        life = life.done(signature(name, version=2), by=f"p-{name}", on="2024-12-02")
    assert agreement(life).status == "in-force"
    assert agreement(life).until == "2026-01-01"


def test_only_the_version_that_lies_before_the_parties_is_signed() -> None:
    life = a_proposal().given(signature("bd"), NEW_VERSION)
    life.record(signature("uwv", version=1), by="p-uwv").refused("A8")
    life.record(signature("uwv", version=2), by="p-uwv").gives()
    in_force().record(signature("bd", version=1), by="p-bd").refused("A8")


def test_only_a_named_party_signs() -> None:
    life = a_proposal().given(replace(CONVENANT, agreement="cv2", parties=("bd", "uwv")))
    life.record(signature("cbs", agreement="cv2"), by="p-cbs").refused("A9")
    life.record(signature("uwv", agreement="cv2"), by="p-uwv").gives()


def test_a_party_signs_once() -> None:
    life = a_proposal().done(signature("bd"), by="p-bd")
    life.record(signature("bd"), by="p-bd").refused("A9")
    life.record(signature("uwv"), by="p-uwv").gives()


def test_a_new_version_has_to_be_signed_again() -> None:
    life = a_proposal().given(signature("bd"), NEW_VERSION)
    life.record(signature("bd", version=2), by="p-bd").gives()


def test_nobody_signs_for_another_party() -> None:
    life = a_proposal()
    life.record(signature("uwv"), by="p-bd").not_allowed()
    life.record(signature("uwv"), by="manager").not_allowed()


def test_somebody_signs_with_a_mandate_of_the_party_for_the_matter() -> None:
    mandate = MandateGranted(
        mandate="m1",
        grantor_kind="organisation",
        grantor="uwv",
        holder_kind="person",
        holder="tekenaar",
        scope=MandateScope(subjects=("tasks",), max_amount_cents=100_00),
        valid_from="2024-01-01",
    )
    life = a_proposal().done(mandate, by="p-uwv")
    life.record(signature("uwv"), by="tekenaar").gives()
    life.record(signature("bd"), by="tekenaar").not_allowed()
    dearer = life.given(replace(NEW_VERSION, amount_cents=100_01))
    dearer.record(signature("uwv", version=2), by="tekenaar").not_allowed()
