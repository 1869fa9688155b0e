"""People: pseudonyms given out once, details that are sealed, how they sign in (P1 to P7)."""

from __future__ import annotations

from ledger.domain.events.bodies import SeatAssigned
from ledger.domain.events.chains import PartnerAdmitted
from ledger.domain.events.people import (
    PersonDetailsGiven,
    PersonRegistered,
    SignInLinked,
    SignInUnlinked,
)
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import RULES
from tests.domain.given import IMPORTER, SOURCE, a_chain, people

DIGEST = "A" * 43
OTHER = "B" * 43


def test_a_pseudonym_is_given_out_once() -> None:
    life = people(a_chain(), "person-1")
    life.record(PersonRegistered(person="person-1"), by="p-bd").refused("P1")
    life.record(PersonRegistered(person="person-2"), by="p-bd").gives()


def test_without_a_pseudonym_the_ledger_gives_one() -> None:
    result = a_chain().record(PersonRegistered(function="secretaris", name=DIGEST), by="p-bd")
    made = result.first(PersonRegistered)
    assert made == PersonRegistered(
        person=f"person-{result.entries[0].header.position}", function="secretaris", name=DIGEST
    )


def test_details_are_given_of_somebody_registered() -> None:
    life = people(a_chain(), "person-1")
    life.record(
        PersonDetailsGiven(person="person-2", name=DIGEST), by=IMPORTER, source=SOURCE
    ).refused("P2")
    life.given(PersonDetailsGiven(person="person-1", name=DIGEST))


def test_only_who_is_registered_holds_a_seat() -> None:
    life = a_chain()
    event = SeatAssigned(seat="stuurgroep-bd", person="nobody", valid_from="2024-02-01")
    life.record(event, by=IMPORTER, source=SOURCE).refused("P2")


def test_nobody_is_named_as_the_rules_themselves() -> None:
    life = a_chain()
    life.record(PersonRegistered(person=RULES), by="p-bd").refused("P3")
    spoof = PartnerAdmitted(
        organisation="svb",
        name="SVB",
        status="partner",
        representative=RULES,
        effective_on="2024-02-01",
    )
    life.record(spoof, by=IMPORTER, source=SOURCE).refused("P3")


def test_people_are_registered_by_whoever_brings_them_in() -> None:
    life = people(a_chain(), "office", "visitor").given(
        RoleAssigned(role="chain-office", person="office", valid_from="2024-01-01")
    )
    life.done(PersonRegistered(person="new"), by="office")
    life.done(PersonRegistered(person="new"), by="p-cbs")
    life.record(PersonRegistered(person="new"), by="visitor").not_allowed()


def test_people_change_their_own_details_and_not_those_of_others() -> None:
    life = people(a_chain(), "person-1", "person-2")
    event = PersonDetailsGiven(person="person-1", contact=DIGEST)
    life.done(event, by="person-1")
    life.record(event, by="person-2").not_allowed()


def linked(person: str, organisation: str, digest: str = DIGEST, sign_in: str = "") -> SignInLinked:
    return SignInLinked(
        sign_in=sign_in, person=person, organisation=organisation, token_subject=digest
    )


def ended(person: str, organisation: str, sign_in: str = "a-1") -> SignInUnlinked:
    return SignInUnlinked(
        sign_in=sign_in, person=person, organisation=organisation, reason="uit dienst"
    )


def test_a_partner_links_the_sign_ins_of_its_own_people() -> None:
    life = people(a_chain(), "person-1").done(linked("p-uwv", "uwv", sign_in="a-1"), by="p-uwv")
    assert life.state.people.signs_in_as(DIGEST) == "p-uwv"
    assert life.state.people.signs_in_as(OTHER) == ""
    life.record(linked("p-uwv", "uwv", OTHER), by="p-cbs").not_allowed()
    life.record(linked("p-uwv", "bd", OTHER), by="p-bd").refused("P5")
    life.record(linked("nobody", "bd", OTHER), by="p-bd").refused("P2")
    life.done(linked("person-1", "bd", OTHER), by="p-bd")


def test_a_sign_in_is_linked_once() -> None:
    life = a_chain().done(linked("p-uwv", "uwv", sign_in="a-1"), by="p-uwv")
    life.record(linked("p-uwv", "uwv", OTHER, "a-1"), by="p-uwv").refused("P4")
    life.record(linked("p-uwv", "uwv", DIGEST, "a-2"), by="p-uwv").refused("P4")
    life.done(linked("p-uwv", "uwv", OTHER, "a-2"), by="p-uwv")


def test_nobody_is_taken_over_by_another_partner() -> None:
    life = people(a_chain(), "person-1").done(linked("person-1", "bd", sign_in="a-1"), by="p-bd")
    life.record(linked("person-1", "uwv", OTHER), by="p-uwv").refused("P6")
    life = life.done(ended("person-1", "bd"), by="person-1")
    life.done(linked("person-1", "uwv", OTHER), by="p-uwv")


def test_who_founded_the_chain_links_the_first_sign_in_of_each_partner_and_no_more() -> None:
    life = a_chain().done(linked("p-uwv", "uwv", sign_in="a-1"), by="p-bd")
    assert life.state.people.signs_in_as(DIGEST) == "p-uwv"
    life.record(linked("p-uwv", "uwv", OTHER), by="p-bd").not_allowed()
    life = life.done(ended("p-uwv", "uwv"), by="p-uwv")
    life.record(linked("p-uwv", "uwv", OTHER), by="p-bd").not_allowed()


def test_nobody_becomes_somebody_else_by_entering_the_consent_of_a_partner() -> None:
    """Who did could give access for two partners alone."""
    life = people(a_chain(), "office").given(
        RoleAssigned(role="chain-office", person="office", valid_from="2024-01-01")
    )
    entered = {"by": "p-uwv", "recorded_by": "office"}
    own = linked("p-uwv", "uwv", OTHER, "a-2")
    life.record(linked("p-uwv", "uwv", sign_in="a-1"), **entered).gives()
    life = life.done(linked("p-uwv", "uwv", sign_in="a-1"), by="p-uwv")
    life.record(own, **entered).refused("P5")
    life.record(own, by=IMPORTER, source=SOURCE).refused("P5")
    life.at("2024-02-02").record(own, by="p-uwv", on="2024-02-01").refused("P5")
    # Nor by ending what there is first.
    ending = ended("p-uwv", "uwv")
    life.done(ending, by="office").record(own, **entered).refused("P5")
    life.at("2024-02-02").done(own, by="p-uwv")


def test_a_first_sign_in_is_entered_for_a_partner_and_not_imported() -> None:
    life = a_chain()
    life.record(linked("p-uwv", "uwv"), by=IMPORTER, source=SOURCE).refused("P5")
    later = life.at("2024-02-02")
    later.record(linked("p-uwv", "uwv"), by="p-bd", on="2024-02-01").refused("P5")
    later.done(linked("p-uwv", "uwv"), by="p-bd")


def test_only_for_whoever_speaks_for_the_partner_the_founder_links() -> None:
    life = people(a_chain(), "person-1")
    life.record(linked("person-1", "uwv"), by="p-bd").not_allowed()


def test_a_sign_in_that_was_unlinked_is_nobodys() -> None:
    life = a_chain().done(linked("p-uwv", "uwv", sign_in="a-1"), by="p-uwv")
    life.record(ended("p-uwv", "uwv", "a-2"), by="p-uwv").refused("P7")
    life.record(ended("p-uwv", "uwv"), by="p-bd").not_allowed()
    life.record(ended("p-bd", "uwv"), by="p-uwv").refused("P7")
    life = life.done(ended("p-uwv", "uwv"), by="p-uwv")
    assert life.state.people.signs_in_as(DIGEST) == ""
    life.record(ended("p-uwv", "uwv"), by="p-uwv").refused("P7")
