"""Agreements in force: from when, replaced by what, ended when (rules A10 to A12)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.domain.events.agreements import (
    AgreementEnteredIntoForce,
    AgreementExpired,
)
from tests.domain.consequence import by_rules
from tests.domain.given import SOURCE, a_chain
from tests.domain.given_agreements import (
    CONVENANT,
    DELIVERY,
    ENDED,
    NEW_VERSION,
    a_proposal,
    agreement,
    in_force,
    signature,
)


def test_the_last_signature_puts_the_version_in_force() -> None:
    life = a_proposal().done(signature("uwv"), by="p-uwv").done(signature("bd"), by="p-bd")
    assert life.state.agreements.unfinished() == ()
    done = life.record(signature("cbs"), by="p-cbs").gives(AgreementEnteredIntoForce)
    done.holds(
        AgreementEnteredIntoForce(
            agreement="cv",
            version=1,
            signatories=("bd", "cbs", "uwv"),
            valid_from="2024-01-01",
        )
    )
    assert agreement(done.life).status == "in-force"
    assert done.life.state.agreements.unfinished() == ("cv",)


def test_a_version_is_not_in_force_while_a_signature_is_missing() -> None:
    life = a_proposal().given(signature("uwv"))
    early = AgreementEnteredIntoForce(
        agreement="cv", version=1, signatories=("uwv",), valid_from="2024-01-01"
    )
    by_rules(life, early).refused("A10")
    by_rules(life, replace(early, version=2)).refused("A10")
    assert agreement(life).version_on("2024-02-01") is None


def test_the_old_version_stays_in_force_until_all_signed_the_new_one_and_it_begins() -> None:
    life = in_force().at("2024-02-01").done(NEW_VERSION, by="manager")
    life = life.given(signature("bd", version=2), signature("cbs", version=2))
    old = agreement(life).version_on("2024-07-01")
    assert old is not None
    assert old.number == 1
    life = life.done(signature("uwv", version=2), by="p-uwv")
    versions = [agreement(life).version_on(day) for day in ("2024-05-31", "2024-06-01")]
    assert [one.number for one in versions if one is not None] == [1, 2]
    assert agreement(life).version_on("2026-01-01") is None


def test_a_new_version_does_not_bind_who_did_not_sign_it() -> None:
    life = in_force().given(replace(NEW_VERSION, parties=("bd", "uwv")))
    life = life.given(signature("bd", version=2), signature("uwv", version=2))
    version = agreement(life).version_on("2024-06-01")
    assert version is not None
    assert version.signed == ("bd", "uwv")


@pytest.mark.parametrize("wrong", [{"parties": ("bd", "rvig")}, {"parties": ("bd",)}], ids=str)
def test_a_new_version_is_judged_like_the_first(wrong: dict[str, object]) -> None:
    rule = "A2" if "rvig" in str(wrong) else "A3"
    in_force().record(replace(NEW_VERSION, **wrong), by="manager").refused(rule)


def test_a_party_ends_an_agreement_at_once() -> None:
    life = in_force().at("2024-03-01").done(ENDED, by="p-bd")
    assert agreement(life).status == "terminated"
    assert life.state.agreements.unfinished() == ()
    assert life.time_passes(1000).events == ()


def test_an_agreement_ended_as_of_a_later_day_binds_until_then() -> None:
    life = in_force().done(ENDED, by="p-bd")
    assert life.state.agreements.unfinished() == ("cv",)
    passed = life.time_passes(100).brings(AgreementExpired)
    assert passed.entries[0].header.on == "2024-03-01T00:00:00.000000Z"
    assert agreement(passed.life).status == "terminated"
    assert passed.life.state.agreements.unfinished() == ()


def test_a_proposal_that_is_ended_waits_for_nothing() -> None:
    life = a_proposal().done(ENDED, by="p-bd")
    assert agreement(life).status == "terminated"
    assert life.time_passes(1000).events == ()


def test_only_a_party_ends_an_agreement() -> None:
    life = a_proposal().given(replace(CONVENANT, agreement="cv2", parties=("bd", "uwv")))
    by_outsider = replace(ENDED, agreement="cv2", organisation="cbs")
    life.record(by_outsider, by="p-cbs").refused("A11")
    life.record(by_outsider, by="p-bd").not_allowed()
    life.record(replace(by_outsider, organisation="uwv"), by="p-uwv").gives()


def test_an_agreement_does_not_end_in_the_past_or_later_than_agreed() -> None:
    life = in_force().at("2024-02-15")
    life.record(replace(ENDED, valid_until="2024-02-14"), by="p-bd").refused("A11")
    life.record(replace(ENDED, valid_until="2025-01-02"), by="p-bd").refused("A11")
    life.record(replace(ENDED, valid_until="2024-02-15"), by="p-bd").gives()
    life.given(replace(ENDED, valid_until="2024-02-14"))


def test_without_a_party_only_a_decision_ends_an_agreement() -> None:
    by_decision = replace(ENDED, organisation="")
    in_force().record(by_decision, by="p-bd").not_allowed()
    direct = a_chain(direct=("AgreementTerminated",)).given(DELIVERY)
    life = direct.done(replace(by_decision, agreement="lc"), by="p-bd")
    assert agreement(life, "lc").status == "terminated"


def test_an_agreement_expires_at_the_end_of_its_term() -> None:
    life = in_force()
    assert life.at("2024-12-30").time_passes(1).events == ()
    passed = life.time_passes(500).brings(AgreementExpired)
    assert passed.entries[0].header.on == "2025-01-01T00:00:00.000000Z"
    assert agreement(passed.life).status == "expired"
    assert passed.life.time_passes(500).events == ()


def test_a_newer_version_moves_the_end() -> None:
    life = in_force().given(NEW_VERSION)
    for name in ("bd", "uwv", "cbs"):
        life = life.given(signature(name, version=2))
    assert life.at("2025-12-30").time_passes(1).events == ()
    life.at("2025-12-31").time_passes(1).brings(AgreementExpired)


def test_an_open_term_never_expires() -> None:
    life = a_chain().given(DELIVERY, signature("cbs", agreement="lc"))
    assert life.time_passes(3650).events == ()


def test_what_has_not_ended_has_not_expired() -> None:
    expired = AgreementExpired(agreement="cv")
    by_rules(in_force(), expired).refused("A12")
    by_rules(a_proposal().at("2025-01-01"), expired).refused("A12")
    assert by_rules(in_force().at("2025-01-01"), expired).refusal is None


def test_what_follows_from_an_imported_signature_is_labelled_as_imported() -> None:
    last = in_force().entries[-1]
    assert isinstance(last.event, AgreementEnteredIntoForce)
    assert last.header.source == SOURCE
    live = a_proposal().given(signature("bd"), signature("cbs"))
    assert live.record(signature("uwv"), by="p-uwv").entries[-1].header.source is None
