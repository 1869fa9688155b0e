"""Roles as readers find them: who held which role on a day, in one question."""

from __future__ import annotations

from ledger.domain.events.roles import RoleAssigned, RoleEnded
from projections.people import person
from projections.roles import role, roles
from tests.domain.given import Life, a_chain, people
from tests.projections.shown import Shown, shown


def managed() -> Life:
    """Ann manages the chain until March, ben from March; somebody has a role of the chain's own."""
    life = people(a_chain(), "ann", "ben", "coen")
    return life.given(
        _manager("m-1", "ann", "2024-01-01", "2024-03-01"),
        _manager("m-2", "ben", "2024-03-01"),
        RoleAssigned(
            assignment="vrij",
            role="other",
            label="pionier",
            person="coen",
            valid_from="2024-01-01",
        ),
    )


def _manager(name: str, who: str, start: str, until: str = "") -> RoleAssigned:
    return RoleAssigned(
        assignment=name, role="chain-manager", person=who, valid_from=start, valid_until=until
    )


def manager_on(readers: Shown, day: str) -> list[str]:
    return readers.ids(roles, "person", role="chain-manager", asof={"valid_on": day})


def test_who_held_a_role_on_a_day_is_one_question(database: str) -> None:
    with shown(database, managed()) as readers:
        days = ("2023-12-31", "2024-01-01", "2024-02-29", "2024-03-01", "2030-01-01")
        assert [manager_on(readers, day) for day in days] == [
            [],
            ["ann"],
            ["ann"],
            ["ben"],
            ["ben"],
        ]


def test_an_end_recorded_later_counts_from_when_it_is_known(database: str) -> None:
    life = managed()
    ended = life.given(RoleEnded(assignment="m-2", valid_until="2024-06-01", reason="Vertrek"))
    known = life.entries[-1].header.position
    with shown(database, ended) as readers:
        asof = {"valid_on": "2024-07-01"}
        assert readers.ids(roles, "person", role="chain-manager", asof=asof) == []
        before = {**asof, "known_at": known}
        assert readers.ids(roles, "person", role="chain-manager", asof=before) == ["ben"]
        doc = readers.item(role, "m-2")
    assert (doc["ended"]["was"], doc["validUntil"]) == ("", "2024-06-01")
    assert doc["assigned"]["capacities"][0]["kind"] == "founding"


def test_roles_are_found_by_organisation_person_and_own_label(database: str) -> None:
    with shown(database, managed()) as readers:
        assert readers.ids(roles, "person", organisation="uwv") == ["p-uwv"]
        assert readers.ids(roles, "assignment", person="ben") == ["m-2"]
        assert readers.ids(roles, "person", role="pionier") == ["coen"]
        assert readers.ids(roles, "person", role="other") == ["coen"]
        assert readers.ids(roles, "person", role="onbekend") == []
        everybody = readers.page(roles).items
    assert {one["assignment"]: one["valid"] for one in everybody}["m-2"] is False
    assert {one["organisationName"] for one in everybody} == {"", "BD", "UWV", "CBS"}


def test_a_person_shows_all_roles_with_their_terms(database: str) -> None:
    with shown(database, managed()) as readers:
        [held] = readers.item(person, "ann")["roles"]
    assert (held["validFrom"], held["validUntil"]) == ("2024-01-01", "2024-03-01")
