"""Signing keys as readers find them: whose, from when until when, and what has to be signed."""

from __future__ import annotations

from ledger.domain.events.signing_keys import SignatureRuleAdopted
from projections.signing_keys import signature_rules, signing_key, signing_keys
from tests.domain.given import Life
from tests.domain.given_decisions import BOARD
from tests.domain.given_signing import SIGNING, accepted, ended, registered, sign
from tests.projections.shown import shown

PUBLIC = frozenset({"public"})


def a_life() -> Life:
    """One key in use and then revoked, one that waits to be accepted."""
    life = registered(accepted(BOARD, "bd"), "uwv", valid_from="2024-02-01")
    return sign(life, ended("bd", "2024-03-01"), by="bestuur-p-bd", key="bd").life


def test_a_key_is_found_by_its_partner_and_on_its_days(database: str) -> None:
    with shown(database, a_life()) as readers:
        found = readers.page(signing_keys).items
        assert {one["signingKey"]: one["accepted"] for one in found} == {"bd": True, "uwv": False}
        assert readers.ids(signing_keys, "signingKey", organisation="uwv") == ["uwv"]
        for day, keys in (
            ("2024-01-31", ["bd"]), ("2024-02-01", ["bd", "uwv"]), ("2024-03-01", ["uwv"])
        ):  # fmt: skip
            asof = {"valid_on": day}
            assert sorted(readers.ids(signing_keys, "signingKey", asof=asof)) == keys


def test_everybody_sees_a_key_with_who_accepted_and_who_ended_it(database: str) -> None:
    life = a_life()
    with shown(database, life) as readers:
        key = readers.item(signing_key, "bd", reader=PUBLIC)
        assert key["publicKey"] == life.state.signing_keys.all["bd"].public_key
        assert key["registered"]["signedWith"] == key["revoked"]["signedWith"] == "bd"
        assert "signedWith" not in key["accepted"]
        before = readers.item(signing_key, "bd", known_at=key["accepted"]["position"])
        assert (key["validUntil"], before.get("validUntil", "")) == ("2024-03-01", "")


def test_what_has_to_be_signed_is_told_rule_by_rule(database: str) -> None:
    lifted = SignatureRuleAdopted(reason="Het kan weer zonder.")
    with shown(database, SIGNING.given(lifted)) as readers:
        rules = [one.get("eventTypes") for one in readers.page(signature_rules).items]
        assert rules == [["VoteCast"], []]
