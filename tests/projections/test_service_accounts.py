"""Service accounts as readers find them: whose, what for, in their term or revoked."""

from __future__ import annotations

from projections.service_accounts import service_account, service_accounts
from tests.domain.given import Life
from tests.domain.given_service_accounts import (
    BD,
    account,
    digest_of,
    of_the_chain,
    opened,
    replaced,
    revoked,
)
from tests.projections.shown import shown


def a_life() -> Life:
    """One account that got another key, one that was revoked, one that begins later."""
    life = opened().done(replaced(), by=BD)
    life = life.done(of_the_chain("open", valid_until="2024-06-01"), by="office")
    life = life.done(account("later", valid_from="2024-01-20", valid_until="2024-02-10"), by=BD)
    return life.at("2024-01-15").done(revoked("open"), by="manager")


def test_an_account_is_found_by_its_partner_and_on_its_days(database: str) -> None:
    with shown(database, a_life()) as readers:
        kind = "serviceAccount"
        assert readers.ids(service_accounts, kind) == ["later", "open", "meter"]
        assert readers.ids(service_accounts, kind, organisation="bd") == ["later", "meter"]
        for on, names in (
            ("2024-01-14", ["open", "meter"]),
            ("2024-01-20", ["later", "meter"]),
            ("2024-02-01", ["later"]),
        ):
            asof = {"valid_on": on}
            assert readers.ids(service_accounts, kind, asof=asof) == names


def test_an_account_tells_who_opened_it_and_how_its_key_and_end_came_about(database: str) -> None:
    with shown(database, a_life()) as readers:
        one = readers.item(service_account, "meter")
        assert (one["keyDigest"], one["organisationName"]) == (digest_of("tweede"), "BD")
        assert one["replaced"]["reason"] == "Gelekt."
        before = readers.item(service_account, "meter", known_at=one["opened"]["position"])
        assert before["keyDigest"] == digest_of("meter")
        ended = readers.item(service_account, "open")
        assert (ended["status"], ended["revoked"]["by"]) == ("revoked", "manager")
        [held] = ended["opened"]["capacities"]
        assert held["role"] == "chain-office"
