"""Doorzettingsmacht: used by who was given it; all seats hear of it and the board looks back."""

from __future__ import annotations

import pytest

from ledger.domain import mandates
from ledger.domain.events.bodies import BodyDissolved, SeatCreated, SeatVacated
from ledger.domain.events.mandates import (
    OverrideAuthorityExercised,
    OverrideAuthorityGranted,
    OverrideAuthorityWithdrawn,
    OverrideReviewed,
    SeatsInformed,
)
from ledger.domain.events.meetings import AgendaItemPlanned, MeetingConvened
from ledger.domain.events.roles import RoleAssigned, RoleEnded
from tests.domain.given import IMPORTER, SOURCE, Life, a_board, a_chain, people

DIRECT = ("OverrideAuthorityGranted", "OverrideAuthorityWithdrawn", "OverrideReviewed")
MANAGER = RoleAssigned(
    assignment="manager", role="chain-manager", person="mia", valid_from="2024-01-01"
)
REVIEW = "Beoordeling gebruik doorzettingsmacht nood-1"


def grant(
    authority: str = "macht", *, holder: str = "manager", start: str = "2024-01-01", until: str = ""
) -> OverrideAuthorityGranted:
    """Return doorzettingsmacht of the chain manager."""
    return OverrideAuthorityGranted(
        authority=authority,
        holder=holder,
        scope="de gegevensstroom",
        emergency_definition="de uitbetaling staat stil",
        valid_from=start,
        valid_until=until,
    )


def exercise(name: str = "nood-1", *, authority: str = "macht") -> OverrideAuthorityExercised:
    """Return a use of it towards uwv."""
    return OverrideAuthorityExercised(
        exercise=name,
        authority=authority,
        towards="uwv",
        instruction="lever vandaag",
        emergency_reason="de uitbetaling staat stil",
    )


def review(name: str = "nood-1", *, meeting: str = "") -> OverrideReviewed:
    """Return the board's look back."""
    return OverrideReviewed(exercise=name, outcome="terecht", justified=True, meeting=meeting)


def withdraw(until: str = "2024-02-01") -> OverrideAuthorityWithdrawn:
    """Return the end of it."""
    return OverrideAuthorityWithdrawn(authority="macht", valid_until=until, reason="rust")


@pytest.fixture
def life() -> Life:
    """A chain with a chain manager, mia, and an office worker, ola."""
    return people(a_chain(direct=DIRECT), "mia", "ola").given(
        MANAGER,
        RoleAssigned(
            assignment="bureau", role="chain-office", person="ola", valid_from="2024-01-01"
        ),
    )


@pytest.fixture
def powerful(life: Life) -> Life:
    """The chain manager has doorzettingsmacht."""
    return life.given(grant())


# Given


def test_it_is_given_by_decision_or_as_the_governance_model_says(life: Life) -> None:
    life.record(grant(), by="p-bd").gives()
    life.record(grant(), by="ola").not_allowed()
    strict = people(a_chain(), "mia").given(MANAGER)
    strict.record(grant(), by="p-bd").not_allowed()


def test_it_is_given_to_the_chain_manager_alone(life: Life) -> None:
    life.record(grant(holder="bureau"), by="p-bd").refused("M16")
    life.record(grant(holder="niemand"), by="p-bd").refused("M16")
    life.record(grant(holder="manager"), by="p-bd").gives()


def test_it_is_not_given_for_a_time_without_that_manager(life: Life) -> None:
    ended = RoleEnded(assignment="manager", valid_until="2024-03-01", reason="andere baan")
    left = life.given(ended)
    left.record(grant(start="2024-03-01"), by="p-bd").refused("M16")
    left.record(grant(start="2024-02-29"), by="p-bd").gives()


def test_it_has_an_id_of_its_own(powerful: Life) -> None:
    powerful.record(grant(), by="p-bd").refused("M1")
    powerful.record(grant("macht-2"), by="p-bd").gives()


def test_its_term_ends_after_its_start(life: Life) -> None:
    life.record(grant(until="2024-01-01"), by="p-bd").refused("M10")
    life.record(grant(until="2024-01-02"), by="p-bd").gives()


# Used


def test_its_use_informs_all_seats_and_plans_a_review(powerful: Life) -> None:
    result = powerful.record(exercise(), by="mia").gives(SeatsInformed, AgendaItemPlanned)
    seats = ("stuurgroep-bd", "stuurgroep-cbs", "stuurgroep-uwv")
    persons = ("p-bd", "p-cbs", "p-uwv")
    result.holds(
        SeatsInformed(exercise="nood-1", seats=seats, persons=persons),
        AgendaItemPlanned(
            body="stuurgroep", subject=REVIEW, origin=result.entries[0].header.position
        ),
    )


def test_its_use_shows_the_grant_and_the_role_it_rests_on(powerful: Life) -> None:
    result = powerful.record(exercise(), by="mia")
    granted = powerful.state.mandates.overrides.authorities["macht"].position
    role = powerful.state.roles.assignments["manager"].position
    assert result.entries[0].header.under == (granted, role)


def test_the_chain_board_reviews_where_there_is_one(powerful: Life) -> None:
    result = a_board(powerful).record(exercise(), by="mia")
    planned = [event.body for event in result.events if isinstance(event, AgendaItemPlanned)]
    assert planned == ["bestuur"]


def test_only_strategic_seats_with_a_vote_of_working_bodies_are_informed(powerful: Life) -> None:
    changed = a_board(powerful).given(
        SeatCreated(seat="gast", body="bestuur", organisation="bd", advisory=True),
        SeatVacated(seat="bestuur-uwv", valid_until="2024-01-01", reason="wissel"),
        BodyDissolved(body="stuurgroep", reason="opgegaan in het bestuur"),
    )
    result = changed.record(exercise(), by="mia")
    seats = ("bestuur-bd", "bestuur-cbs", "bestuur-uwv")
    persons = ("bestuur-p-bd", "bestuur-p-cbs")
    result.holds(SeatsInformed(exercise="nood-1", seats=seats, persons=persons))


def test_without_a_strategic_body_there_is_no_agenda_to_put_it_on(powerful: Life) -> None:
    empty = powerful.given(BodyDissolved(body="stuurgroep", reason="opgeheven"))
    empty.record(exercise(), by="mia").gives(SeatsInformed)


def test_nobody_but_its_holder_uses_it(powerful: Life) -> None:
    powerful.record(exercise(), by="ola").not_allowed()
    powerful.record(exercise(), by="p-bd").not_allowed()


def test_it_is_used_within_its_term(life: Life) -> None:
    short = life.given(grant(start="2024-02-01", until="2024-03-01"))
    for day in ("2024-01-31", "2024-03-01"):
        short.record(exercise(), by="mia", on=day).not_allowed()
    for day in ("2024-02-01", "2024-02-29"):
        assert short.record(exercise(), by="mia", on=day).refusal is None


def test_it_ends_with_the_role_of_its_holder(powerful: Life) -> None:
    left = powerful.given(
        RoleEnded(assignment="manager", valid_until="2024-03-01", reason="andere baan")
    )
    held = [
        mandates.override_held(left.state, "macht", person="mia", day=day) is not None
        for day in ("2024-02-29", "2024-03-01")
    ]
    assert held == [True, False]


def test_a_use_has_an_id_of_its_own(powerful: Life) -> None:
    used = powerful.done(exercise(), by="mia")
    used.record(exercise(), by="mia").refused("M1")
    used.record(exercise("nood-2"), by="mia").gives(SeatsInformed, AgendaItemPlanned)


def test_an_unknown_power_cannot_be_used_even_in_history(powerful: Life) -> None:
    powerful.record(exercise(authority="niets"), by="mia").not_allowed()
    stray = exercise(authority="niets")
    powerful.record(stray, by=IMPORTER, source=SOURCE).refused("M2")


def test_nobody_says_themselves_that_seats_were_informed(powerful: Life) -> None:
    used = powerful.done(exercise(), by="mia")
    used.record(SeatsInformed(exercise="nood-1", seats=()), by="mia").refused("G4")


# Reviewed and withdrawn


def test_a_use_is_reviewed_once(powerful: Life) -> None:
    reviewed = powerful.done(exercise(), by="mia").done(review(), by="p-bd")
    reviewed.record(review(), by="p-bd").refused("M17")


def test_only_a_use_is_reviewed(powerful: Life) -> None:
    powerful.record(review(), by="p-bd").refused("M2")


def test_its_holder_does_not_review_it_alone() -> None:
    used = powerful_without_direct().done(exercise(), by="mia")
    used.record(review(), by="mia").not_allowed()


def powerful_without_direct() -> Life:
    """Return a chain where everything about doorzettingsmacht needs a decision."""
    return people(a_chain(), "mia").given(MANAGER, grant())


def test_a_review_names_a_meeting_that_exists(powerful: Life) -> None:
    used = powerful.done(exercise(), by="mia")
    used.record(review(meeting="v-1"), by="p-bd").refused("M18")
    starts_at = "2024-02-01T09:00:00.000000Z"
    met = used.given(MeetingConvened(meeting="v-1", body="stuurgroep", starts_at=starts_at))
    met.record(review(meeting="v-1"), by="p-bd").gives()


def test_it_is_withdrawn_while_it_runs(powerful: Life) -> None:
    ended = powerful.done(withdraw(), by="p-bd")
    ended.record(withdraw(), by="p-bd").refused("M13")
    ended.record(exercise(), by="mia", on="2024-02-01").not_allowed()
    assert ended.record(exercise(), by="mia", on="2024-01-31").refusal is None


def test_it_is_withdrawn_after_it_began(life: Life) -> None:
    coming = life.given(grant(start="2024-03-01"))
    coming.record(withdraw("2024-02-29"), by="p-bd").refused("M10")
    coming.record(withdraw("2024-03-01"), by="p-bd").gives()


def test_who_has_it_does_not_decide_on_its_end(powerful: Life) -> None:
    powerful_without_direct().record(withdraw(), by="mia").not_allowed()
    powerful.record(withdraw(), by="ola").not_allowed()
