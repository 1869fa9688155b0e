"""People: pseudonyms given out once, details that are sealed (P1 to P3)."""

from __future__ import annotations

from ledger.domain.events.bodies import SeatAssigned
from ledger.domain.events.chains import PartnerAdmitted
from ledger.domain.events.people import PersonDetailsGiven, PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import RULES
from tests.domain.given import IMPORTER, SOURCE, a_chain, people

DIGEST = "A" * 43


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
