"""Chains and partners as readers find them: who was a partner on a day, and what it was all for."""

from __future__ import annotations

from ledger.domain.events.chains import (
    ChainConditionDeclared,
    ContributionCommitted,
    DrivingProblemRecorded,
    ObjectiveRevised,
    PartnerAdmitted,
    PartnerStatusChanged,
    PartnerWithdrew,
)
from projections.chains import chain, chains, objective, objectives, partner, partners
from projections.views import Doc, Paging
from tests.domain.given import Life, a_chain
from tests.projections.given import EVERYTHING, keep, taken_in
from tests.projections.shown import Shown, shown

LEAVES = PartnerWithdrew(organisation="cbs", notice="Einde taak", effective_on="2024-03-01")
RETURNS = PartnerAdmitted(
    organisation="cbs",
    name="CBS",
    status="participant",
    representative="p-cbs",
    effective_on="2024-06-01",
)


def left_and_back() -> Life:
    """CBS leaves on the first of March and comes back in June, as a participant."""
    life = a_chain().given(LEAVES)
    life = life.at("2024-05-01").time_passes(0).life
    return life.given(RETURNS, on="2024-05-01").at("2024-07-01")


def whole_chain(readers: Shown, **asof: str) -> Doc:
    """Return the chain itself, as of a day."""
    return chain(readers.connection, readers.view(valid_on=asof.get("valid_on", "")))


def on(readers: Shown, day: str) -> list[str]:
    return sorted(readers.ids(partners, "partner", asof={"valid_on": day}))


def test_a_partner_is_one_on_the_days_of_its_terms(database: str) -> None:
    with shown(database, left_and_back()) as readers:
        assert on(readers, "2024-02-29") == ["bd", "cbs", "uwv"]
        assert on(readers, "2024-03-01") == ["bd", "uwv"]
        assert on(readers, "2024-05-31") == ["bd", "uwv"]
        assert on(readers, "2024-06-01") == ["bd", "cbs", "uwv"]
        assert on(readers, "2023-12-31") == []
        doc = readers.item(partner, "cbs", valid_on="2024-06-01")
        now = {one["partner"] for one in whole_chain(readers, valid_on="2024-04-01")["partners"]}
    assert [one["validFrom"] for one in doc["terms"]] == ["2024-01-01", "2024-06-01"]
    assert doc["terms"][0]["validUntil"] == "2024-03-01"
    assert doc["status"] == "participant"
    assert now == {"bd", "uwv"}


def test_a_partner_shows_its_status_its_contributions_and_who_speaks_for_it(database: str) -> None:
    life = a_chain().given(PartnerStatusChanged(organisation="uwv", status="partner"))
    given = ContributionCommitted(organisation="uwv", contribution="Twee mensen", period="2024")
    with shown(database, life.done(given, by="p-uwv")) as readers:
        doc = readers.item(partner, "uwv")
    assert [one["status"] for one in doc["statuses"]] == ["owner", "partner"]
    assert doc["contributions"][0]["contribution"] == "Twee mensen"
    assert doc["representativeFunction"] == "vertegenwoordiger van UWV"


def test_a_chain_tells_what_it_is_for_and_in_which_state_it_is(database: str) -> None:
    life = a_chain().given(
        DrivingProblemRecorded(text="Alles staat drie keer"),
        ChainConditionDeclared(condition="crisis", reason="Achterstand"),
    )
    first = next(iter(life.state.chains.objectives))
    life = life.given(
        ObjectiveRevised(
            objective="doel-2",
            supersedes=first,
            text="Eén keer goed",
            supported_by=("bd", "cbs", "uwv"),
        ),
        on="2024-02-01",
    )
    with shown(database, life.at("2024-03-01")) as readers:
        doc = whole_chain(readers)
        before = whole_chain(readers, valid_on="2024-01-15")
        old = readers.item(objective, first)
        assert readers.ids(objectives, "objective") == ["doel-2", first]
    assert doc["drivingProblems"][0]["text"] == "Alles staat drie keer"
    assert doc["conditions"][0]["condition"] == "crisis"
    assert [one["objective"] for one in doc["objectives"]] == ["doel-2"]
    assert [one["objective"] for one in before["objectives"]] == [first]
    assert (old["supersededBy"], old["status"]) == ("doel-2", "superseded")


def test_all_chains_are_listed_by_name_in_pages(database: str) -> None:
    life = a_chain()
    for name in ("b-keten", "a-keten"):
        keep(database, life.entries, chain=name)
    taken_in(database, life.entries, chain="c-keten")
    with shown(database, life) as readers:
        first = chains(readers.connection, EVERYTHING, Paging(limit=3))
        rest = chains(readers.connection, EVERYTHING, Paging(first.next, 3))
    names = [one["chain"] for one in (*first.items, *rest.items)]
    assert names == ["a-keten", "b-keten", "c-keten", "testketen"]
    assert rest.next == ""
