"""Keys to sign with: registered with themselves, accepted by their partner, ended in order."""

from __future__ import annotations

import pytest

from ledger.domain import signing_keys
from ledger.domain.events.chains import GovernanceModelAdopted, PartnerAdmitted
from ledger.domain.events.signing_keys import (
    SignatureRuleAdopted,
    SigningKeyAccepted,
    SigningKeyRegistered,
)
from ledger.domain.values import Document
from tests.domain.given import IMPORTER, SOURCE, Life
from tests.domain.given_decisions import BOARD, opened, vote
from tests.domain.given_signing import (
    LIFTED,
    SIGNING,
    VOTES_SIGNED,
    WITH_KEYS,
    a_key,
    accepted,
    adopt,
    ended,
    registered,
    sign,
)

NEWCOMER = PartnerAdmitted(
    organisation="svb",
    name="SVB",
    status="partner",
    representative="p-svb",
    consent=Document(title="Instemming", sha256="0" * 64),
    effective_on="2024-01-01",
)


def counting(life: Life, key: str, day: str = "") -> bool:
    return signing_keys.counts(life.state, key, day or life.now[:10])


def test_a_key_counts_once_its_partner_accepted_it() -> None:
    life = registered(BOARD, "bd")
    assert not counting(life, "bd")
    assert counting(accepted(BOARD, "bd"), "bd")


def test_a_key_is_registered_under_an_id_of_its_own() -> None:
    life = registered(BOARD, "bd")
    event = a_key("uwv", signing_key="bd")
    sign(life, event, by="bestuur-p-uwv", key="uwv", named="bd").refused("S1")


def test_a_public_key_is_registered_once() -> None:
    life = registered(BOARD, "bd")
    event = a_key("bd", "uwv", signing_key="uwv")
    sign(life, event, by="bestuur-p-uwv", key="bd", named="uwv").refused("S2")


def test_a_key_is_that_of_a_partner() -> None:
    life = BOARD.given(NEWCOMER)
    sign(life, a_key("thief", "svb"), by="p-svb", key="thief").life.done(
        SigningKeyAccepted(signing_key="thief"), by="p-svb"
    )
    event = a_key("thief", "elders", person="manager")
    sign(BOARD, event, by="manager", key="thief").refused("S3")


def test_a_key_of_a_person_is_that_of_somebody_who_takes_part() -> None:
    event = a_key("person", "bd", person="niemand")
    sign(BOARD, event, by="bestuur-p-bd", key="person").refused("P2")


def test_a_key_is_registered_by_its_person_or_partner_alone() -> None:
    event = a_key("person", "bd", person="manager")
    assert sign(BOARD, event, by="manager", key="person").refusal is None
    assert sign(BOARD, event, by="bestuur-p-bd", key="person").refusal is None
    sign(BOARD, event, by="bestuur-p-uwv", key="person").not_allowed()
    sign(BOARD, a_key("bd"), by="office", key="bd").not_allowed()


def test_whoever_registers_a_key_shows_to_hold_it() -> None:
    event = a_key("bd")
    BOARD.record(event, by="bestuur-p-bd").refused("S11")
    sign(WITH_KEYS, a_key("bd-2", "bd"), by="bestuur-p-bd", key="bd").refused("S11")
    sign(BOARD, event, by="bestuur-p-bd", key="thief", named="bd").refused("G16")


def test_only_its_partner_accepts_a_key() -> None:
    life = registered(BOARD, "bd")
    for other in ("bestuur-p-uwv", "manager", "office"):
        life.record(SigningKeyAccepted(signing_key="bd"), by=other).not_allowed()


def test_only_a_key_that_is_registered_is_accepted_or_revoked() -> None:
    event = SigningKeyAccepted(signing_key="bd")
    BOARD.record(event, by=IMPORTER, source=SOURCE).refused("S4")
    BOARD.record(ended("bd"), by=IMPORTER, source=SOURCE).refused("S4")


def test_a_key_is_accepted_once_and_not_after_its_end() -> None:
    life = accepted(BOARD, "bd")
    again = SigningKeyAccepted(signing_key="bd")
    sign(life, again, by="bestuur-p-bd", key="bd").refused("S5")
    gone = registered(BOARD, "bd").done(ended("bd"), by="bestuur-p-bd")
    gone.record(again, by="bestuur-p-bd").refused("S5")


def test_the_next_key_is_accepted_under_a_signature_with_the_one_before() -> None:
    life = registered(accepted(BOARD, "bd"), "bd-2", "bd")
    event = SigningKeyAccepted(signing_key="bd-2")
    life.record(event, by="bestuur-p-bd").refused("S12")
    sign(life, event, by="bestuur-p-bd", key="bd-2").refused("S9")
    assert counting(sign(life, event, by="bestuur-p-bd", key="bd").life, "bd-2")


def test_a_key_is_ended_under_a_signature_also_its_own() -> None:
    life = accepted(BOARD, "bd")
    life.record(ended("bd"), by="bestuur-p-bd").refused("S12")
    after = sign(life, ended("bd"), by="bestuur-p-bd", key="bd").life
    assert not counting(after, "bd")
    sign(WITH_KEYS, ended("bd"), by="bestuur-p-bd", key="uwv").refused("S10")


def test_a_partner_that_ended_its_last_key_accepts_a_new_one() -> None:
    life = sign(accepted(BOARD, "bd"), ended("bd"), by="bestuur-p-bd", key="bd").life
    assert counting(accepted(life, "bd-2", "bd"), "bd-2")


def test_the_chain_decides_about_a_key_that_was_lost() -> None:
    life = opened(WITH_KEYS, ended("bd", "2024-02-01"))
    for organisation in ("bd", "uwv", "cbs"):
        life = vote(life, organisation, "for").life
    assert life.state.signing_keys.all["bd"].until == "2024-02-01"
    assert counting(life, "bd")
    assert not counting(life.at("2024-02-01"), "bd")


def test_an_end_is_not_backdated_and_not_put_off() -> None:
    life = WITH_KEYS.at("2024-03-01")
    sign(life, ended("bd", "2024-02-29"), by="bestuur-p-bd", key="bd").refused("S6")
    planned = sign(life, ended("bd", "2024-06-01"), by="bestuur-p-bd", key="bd").life
    sign(planned, ended("bd", "2024-07-01"), by="bestuur-p-bd", key="bd").refused("S6")
    sooner = sign(planned, ended("bd", "2024-03-01"), by="bestuur-p-bd", key="bd").life
    assert (counting(planned, "bd"), counting(sooner, "bd")) == (True, False)


@pytest.mark.parametrize("name", ["Verzonnen", "DecisionAdopted", "SigningKeyAccepted"])
def test_a_signature_is_required_for_what_people_record(name: str) -> None:
    adopt(WITH_KEYS, SignatureRuleAdopted(event_types=(name,), reason="Waarom niet?")).refused("S7")


def test_a_signature_is_required_once_every_partner_can_sign() -> None:
    some = accepted(accepted(BOARD, "bd"), "uwv")
    adopt(some, VOTES_SIGNED).refused("S8")
    adopt(registered(some, "cbs"), VOTES_SIGNED).refused("S8")
    assert adopt(accepted(some, "cbs"), VOTES_SIGNED).refusal is None
    assert adopt(BOARD, LIFTED).refusal is None


def test_a_rule_on_signatures_is_the_effect_of_a_decision() -> None:
    WITH_KEYS.record(VOTES_SIGNED, by="manager").not_allowed()
    life = opened(WITH_KEYS, VOTES_SIGNED)
    for organisation in ("bd", "uwv", "cbs"):
        life = vote(life, organisation, "for").life
    assert life.state.signing_keys.required == {"VoteCast"}


def test_no_governance_model_lets_one_person_lift_it() -> None:
    model = GovernanceModelAdopted(direct=("SignatureRuleAdopted",), reason="Sneller.")
    SIGNING.record(model, by=IMPORTER, source=SOURCE).refused("C14")
    model = GovernanceModelAdopted(direct=("SigningKeyRevoked",), reason="Sneller.")
    life = SIGNING.given(model)
    life.record(ended("bd", life.now[:10]), by="manager").refused("S12")


def test_a_newcomer_without_a_key_gets_one_after_the_rule() -> None:
    life = SIGNING.given(NEWCOMER)
    life = sign(life, a_key("thief", "svb"), by="p-svb", key="thief").life
    assert counting(life.done(SigningKeyAccepted(signing_key="thief"), by="p-svb"), "thief")


def test_a_key_without_an_id_is_refused_rather_than_named() -> None:
    event = SigningKeyRegistered(
        public_key=a_key("bd").public_key, organisation="bd", valid_from="2024-01-01"
    )
    sign(BOARD, event, by="bestuur-p-bd", key="bd").refused("G17")
