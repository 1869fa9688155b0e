"""Erasure: what is sealed of somebody here, once, by a partner that answers for them (U1 to U5)."""

from __future__ import annotations

from ledger.domain.events.chains import PartnershipEnded, PartnerWithdrew
from ledger.domain.events.erasures import PersonalDataErased
from ledger.domain.events.people import PersonDetailsGiven, PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from tests.domain.given import IMPORTER, SOURCE, Life, a_board, a_chain, people

NAME, CONTACT, OTHER = ("N" * 43, "C" * 43, "O" * 43)
DAY = "2024-01-01"
WITHDRAWAL = PartnerWithdrew(organisation="bd", effective_on="2024-02-01", notice="Opgezegd.")


def scene() -> Life:
    """Jan of bd has a name and a contact sealed, Piet a name; office is the chain office."""
    return (
        people(a_chain(), "office")
        .given(RoleAssigned(role="chain-office", person="office", valid_from=DAY))
        .given(PersonRegistered(person="jan", name=NAME))
        .given(PersonDetailsGiven(person="jan", contact=CONTACT))
        .given(PersonRegistered(person="piet", name=OTHER))
        .given(
            RoleAssigned(role="chain-coordinator", person="jan", organisation="bd", valid_from=DAY)
        )
    )


def erasing(*digests: str, person: str = "jan", organisation: str = "bd") -> PersonalDataErased:
    return PersonalDataErased(
        organisation=organisation, person=person, ground="objection", digests=digests
    )


def test_where_each_digest_stands_is_known() -> None:
    sealed = scene().state.sealed
    assert {digest: (one.subject, one.field) for digest, one in sealed.items()} == {
        NAME: ("jan", "name"),
        CONTACT: ("jan", "contact"),
        OTHER: ("piet", "name"),
    }
    assert len({one.position for one in sealed.values()}) == 3


def test_the_partner_and_the_office_record_what_is_erased() -> None:
    life = scene()
    for by in ("p-bd", "office"):
        after = life.done(erasing(NAME, CONTACT), by=by).state
        assert {digest: one.ground for digest, one in after.erasures.erased.items()} == {
            NAME: "objection",
            CONTACT: "objection",
        }
    life.record(erasing(NAME), by="p-uwv").not_allowed()
    life.record(erasing(NAME), by="jan").not_allowed()


def test_what_is_erased_is_sealed_here_of_that_person() -> None:
    life = scene()
    life.record(erasing("X" * 43), by="office").refused("U1")
    life.record(erasing(OTHER), by="office").refused("U1")
    life.record(erasing(NAME, person="piet"), by="office").refused("U1")


def test_a_value_is_erased_once() -> None:
    life = scene()
    life.record(erasing(NAME, NAME), by="office").refused("U2")
    life = life.done(erasing(NAME), by="office")
    life.record(erasing(NAME, CONTACT), by="office").refused("U2")
    life.done(erasing(CONTACT), by="office")


def test_the_partner_that_decides_answers_for_the_person() -> None:
    life = scene()
    life.record(erasing(NAME, organisation="uwv"), by="office").refused("U3")
    life.record(erasing(NAME, organisation="svb"), by="office").refused("U3")
    life.done(erasing(OTHER, person="piet", organisation="uwv"), by="office")


def test_a_seat_makes_a_partner_answer_too() -> None:
    seat = "S" * 43
    life = a_board(scene()).given(PersonDetailsGiven(person="bestuur-p-uwv", name=seat))
    of_bd = erasing(seat, person="bestuur-p-uwv", organisation="bd")
    life.record(of_bd, by="office").refused("U3")
    life.done(erasing(seat, person="bestuur-p-uwv", organisation="uwv"), by="p-uwv")


def test_of_whom_no_partner_is_left_every_partner_answers() -> None:
    life = scene().done(WITHDRAWAL, by="p-bd")
    ended = life.at("2024-03-01").time_passes(1)
    ended.first(PartnershipEnded)
    ended.life.done(erasing(NAME, organisation="cbs"), by="p-cbs")


def test_erasing_is_never_taken_over_as_history() -> None:
    scene().record(erasing(NAME), by=IMPORTER, source=SOURCE).refused("U4")


def test_that_something_was_erased_is_no_secret() -> None:
    scene().record(erasing(NAME), by="office", scope="confidential").refused("U5")
    scene().record(erasing(NAME), by="office", scope="public").gives()
