"""Roles: who does what for the chain, from when until when (R1 to R10)."""

from __future__ import annotations

import pytest

from ledger.domain.events.bodies import SeatAbolished, SeatAssigned, SeatCreated, SeatVacated
from ledger.domain.events.roles import RoleAssigned, RoleEnded, RoleKind
from tests.domain.given import IMPORTER, SOURCE, Life, Result, a_board, a_chain, people


def role(kind: RoleKind, person: str, **fields: str) -> RoleAssigned:
    return RoleAssigned(role=kind, person=person, **{"valid_from": "2024-02-01", **fields})


def imported(life: Life, event: object) -> Result:
    return life.record(event, by=IMPORTER, source=SOURCE)


def scene() -> Life:
    return people(a_chain(), "ann", "bob")


def ended(assignment: str, day: str = "2024-06-01") -> RoleEnded:
    return RoleEnded(assignment=assignment, valid_until=day, reason="Andere baan.")


def test_an_assignment_has_an_id_of_its_own() -> None:
    life = scene().given(role("reviewer", "ann", assignment="r-1"))
    imported(life, role("archivist", "bob", assignment="r-1")).refused("R1")
    life.given(role("archivist", "bob", assignment="r-2"))


def test_only_a_registered_person_gets_a_role() -> None:
    imported(scene(), role("reviewer", "nobody")).refused("P2")


@pytest.mark.parametrize("kind", ["chain-coordinator", "line-manager", "representative"])
def test_a_role_of_an_organisation_is_at_a_partner(kind: RoleKind) -> None:
    imported(scene(), role(kind, "ann")).refused("R2")
    imported(scene(), role(kind, "ann", organisation="knmi")).refused("R2")


def test_staff_of_the_office_comes_from_a_partner_or_from_nowhere() -> None:
    scene().given(role("chain-office", "ann"), role("chain-office", "bob", organisation="uwv"))
    imported(scene(), role("chain-office", "bob", organisation="knmi")).refused("R2")


def holding(kind: RoleKind, **term: str) -> Life:
    organisation = "" if kind == "chain-manager" else "uwv"
    life = scene()
    if kind == "representative":
        assignment = life.state.roles.by_role[(kind, organisation)][0]
        life = life.given(ended(assignment, "2024-01-01"))
    return life.given(role(kind, "ann", organisation=organisation, assignment="first", **term))


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("chain-coordinator", "R3"), ("chain-manager", "R7"), ("representative", "R9")],
)
def test_some_roles_have_one_holder_at_a_time(kind: RoleKind, rule: str) -> None:
    organisation = "" if kind == "chain-manager" else "uwv"
    second = role(kind, "bob", organisation=organisation, valid_from="2024-06-01")
    imported(holding(kind), second).refused(rule)
    imported(holding(kind, valid_until="2024-06-02"), second).refused(rule)
    holding(kind, valid_until="2024-06-01").given(second)
    holding(kind).given(ended("first"), second)


def test_every_organisation_has_a_coordinator_of_its_own() -> None:
    scene().given(
        role("chain-coordinator", "ann", organisation="uwv"),
        role("chain-coordinator", "bob", organisation="cbs"),
    )


def test_an_assignment_that_was_called_off_blocks_nobody() -> None:
    later = role("chain-manager", "ann", assignment="m-1", valid_from="2024-05-01")
    life = scene().given(later, ended("m-1", "2024-05-01"))
    life.given(role("chain-manager", "bob"))


def test_the_chain_manager_belongs_to_no_organisation() -> None:
    imported(scene(), role("chain-manager", "ann", organisation="uwv")).refused("R10")
    scene().given(role("chain-manager", "ann"))


def test_the_chain_manager_holds_no_seat_of_a_partner() -> None:
    board = a_board(a_chain())
    manager = role("chain-manager", "bestuur-p-bd", valid_from="2024-06-01")
    imported(board, manager).refused("R4")
    left = SeatVacated(seat="bestuur-bd", valid_until="2024-06-01", reason="Wordt ketenmanager.")
    board.given(left, manager)


def test_a_seat_that_is_gone_keeps_nobody_from_becoming_chain_manager() -> None:
    board = a_board(a_chain()).given(SeatAbolished(seat="bestuur-bd", reason="Kleiner bestuur."))
    board.given(role("chain-manager", "bestuur-p-bd"))


def test_the_chain_manager_may_have_an_advisory_seat() -> None:
    life = a_board(scene()).given(
        SeatCreated(seat="advies", body="bestuur", advisory=True),
        SeatAssigned(seat="advies", person="ann", valid_from="2024-01-01"),
    )
    life.given(role("chain-manager", "ann"))


def test_a_role_of_the_chains_own_making_has_a_name() -> None:
    imported(scene(), role("other", "ann")).refused("R5")
    scene().given(role("other", "ann", label="pionier"))


def test_a_term_ends_after_it_begins() -> None:
    imported(scene(), role("reviewer", "ann", valid_until="2024-02-01")).refused("R8")
    life = scene().given(role("reviewer", "ann", valid_until="2024-02-02", assignment="r-1"))
    imported(life, ended("r-1", "2024-01-31")).refused("R8")


def test_only_a_running_assignment_ends() -> None:
    life = scene().given(role("reviewer", "ann", assignment="r-1"), ended("r-1"))
    imported(life, ended("r-9")).refused("R6")
    imported(life, ended("r-1")).refused("R6")
    imported(life, ended("r-1", "2024-07-01")).refused("R6")
    life.given(ended("r-1", "2024-05-01"))


def test_roles_are_judged_by_their_day() -> None:
    state = scene().given(role("reviewer", "ann", valid_until="2024-03-01")).state
    days = ("2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01")
    assert [state.roles.holds("ann", "reviewer", day) for day in days] == [
        False,
        True,
        True,
        False,
    ]


# Who may record it


def test_an_organisation_appoints_its_own_coordinator() -> None:
    event = role("chain-coordinator", "ann", organisation="uwv")
    scene().done(event, by="p-uwv")
    scene().record(event, by="p-bd").not_allowed()


def test_the_chain_manager_is_appointed_by_decision() -> None:
    event = role("chain-manager", "ann")
    scene().record(event, by="p-uwv").not_allowed()
    people(a_chain(direct=("RoleAssigned",)), "ann").done(event, by="p-uwv")


def test_people_lay_down_their_own_role() -> None:
    life = scene().given(role("reviewer", "ann", assignment="r-1"))
    life.done(ended("r-1"), by="ann")
    life.record(ended("r-1"), by="bob").not_allowed()


def test_an_organisation_ends_the_roles_of_its_people() -> None:
    life = scene().given(role("line-manager", "ann", organisation="uwv", assignment="l-1"))
    life.done(ended("l-1"), by="p-uwv")
    life.record(ended("l-1"), by="p-cbs").not_allowed()
