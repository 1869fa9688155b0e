"""Actions: agreed measures under watch until they are done (X1 to X7)."""

from __future__ import annotations

import pytest

from ledger.domain import actions
from ledger.domain.chain import check
from ledger.domain.events.actions import (
    ActionAssigned,
    ActionCancelled,
    ActionCompleted,
    ActionDelayed,
    ActionOverdue,
)
from ledger.domain.events.bodies import BodyEstablished, ChairTermStarted, SeatVacated
from ledger.domain.events.outcomes import DecisionRecorded
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Event, Refused
from tests.domain.given import IMPORTER, SOURCE, Life, Result, a_board, a_chain, people

DONE = ActionCompleted(action="a-1", evidence="Zie het rapport.")
CANCELLED = ActionCancelled(action="a-1", reason="Achterhaald.")


def assigned(name: str = "a-1", **fields: str) -> ActionAssigned:
    given = {"organisation": "uwv", "due_on": "2024-02-01", **fields}
    return ActionAssigned(action=name, title="Meet de fouten", role="productie", **given)


def delayed(due_on: str) -> ActionDelayed:
    return ActionDelayed(action="a-1", due_on=due_on, reason="Er is een systeem uitgevallen.")


def imported(life: Life, event: Event) -> Result:
    return life.record(event, by=IMPORTER, source=SOURCE)


def scene() -> Life:
    """A board with its chair, a chain manager and an office, on the first of January."""
    life = people(a_board(a_chain()), "manager", "office", "worker", "visitor")
    return life.given(
        ChairTermStarted(body="bestuur", seat="bestuur-bd"),
        RoleAssigned(role="chain-manager", person="manager", valid_from="2024-01-01"),
        RoleAssigned(role="chain-office", person="office", valid_from="2024-01-01"),
        RoleAssigned(
            role="line-manager", person="worker", organisation="uwv", valid_from="2024-01-01"
        ),
    )


def running() -> Life:
    return scene().done(assigned(), by="office")


def status(life: Life) -> str:
    return life.state.actions.all["a-1"].status


# Assigned


def test_an_action_has_an_id_of_its_own() -> None:
    running().record(assigned(), by="office").refused("X1")
    running().done(assigned("a-2"), by="office")


def test_an_action_without_an_id_gets_one() -> None:
    life = scene().done(assigned(""), by="office")
    assert life.state.actions.unfinished() == (f"action-{life.state.size - 1}",)


def test_an_action_is_owned_by_a_partner_of_the_day() -> None:
    scene().record(assigned(organisation="knmi"), by="office").refused("X2")
    imported(scene(), assigned(organisation="knmi")).refused("X2")


def test_an_action_ends_on_the_day_itself_or_later() -> None:
    scene().record(assigned(due_on="2023-12-31"), by="office").refused("X3")
    scene().done(assigned(due_on="2024-01-01"), by="office")


def test_history_may_tell_of_an_action_after_its_day() -> None:
    assert status(scene().given(assigned(due_on="2023-12-31"))) == "open"


@pytest.mark.parametrize("origin", ["decision", "agreement", "escalation", "meeting"])
def test_what_an_action_comes_from_is_on_record(origin: str) -> None:
    scene().record(assigned(**{origin: "nergens"}), by="office").refused("X4")


def test_an_action_may_come_from_a_decision() -> None:
    decision = DecisionRecorded(decision="b-1", body="bestuur", title="Meten", status="in-force")
    life = scene().given(decision).done(assigned(decision="b-1"), by="office")
    assert life.state.actions.all["a-1"].decision == "b-1"


# Done, cancelled, delayed


@pytest.mark.parametrize("event", [DONE, CANCELLED, delayed("2024-03-01")])
def test_only_an_action_that_runs_can_change(event: Event) -> None:
    scene().record(event, by="manager").refused("X5")
    for end in (DONE, CANCELLED):
        imported(running().done(end, by="manager"), event).refused("X5")
    running().done(event, by="manager")


def test_a_delay_gives_a_later_day_that_is_still_to_come() -> None:
    life = running()
    life.record(delayed("2024-02-01"), by="manager").refused("X6")
    life.record(delayed("2024-01-31"), by="manager").refused("X6")
    life.record(delayed("2024-03-01"), by="manager", on="2024-03-02").refused("X6")
    life.done(delayed("2024-02-02"), by="manager")
    life.done(delayed("2024-03-01"), by="manager", on="2024-03-01")


def test_history_may_tell_of_a_delay_afterwards() -> None:
    event = delayed("2024-03-01")
    assert running().record(event, by=IMPORTER, source=SOURCE, on="2024-05-01").refusal is None


def test_what_is_neither_done_nor_cancelled_is_unfinished() -> None:
    life = running().done(assigned("a-0"), by="office")
    assert life.state.actions.unfinished() == ("a-0", "a-1")
    assert life.done(DONE, by="manager").state.actions.unfinished() == ("a-0",)
    assert life.done(CANCELLED, by="manager").state.actions.unfinished() == ("a-0",)


# Time


def test_an_action_is_overdue_when_its_last_day_has_passed() -> None:
    life = running()
    life.at("2024-02-01T23:59:59.999999Z").time_passes(0).brings()
    result = life.at("2024-02-02T00:00:00.000000Z").time_passes(0)
    result.brings(ActionOverdue)
    assert result.entries[0].header.on == "2024-02-02T00:00:00.000000Z"
    assert status(result.life) == "overdue"
    assert result.life.state.actions.unfinished() == ("a-1",)
    result.life.time_passes(1000).brings()


def test_several_actions_become_overdue_in_order_of_their_days() -> None:
    life = running().done(assigned("a-0", due_on="2024-03-01"), by="office")
    life = life.done(assigned("a-2"), by="office")
    events = life.time_passes(100).events
    assert events == tuple(ActionOverdue(action=name) for name in ("a-1", "a-2", "a-0"))


def test_an_overdue_action_can_still_be_done_or_cancelled() -> None:
    late = running().time_passes(60).life
    assert status(late.done(DONE, by="manager")) == "done"
    assert status(late.done(CANCELLED, by="manager")) == "cancelled"


def test_a_delay_makes_an_overdue_action_open_and_watches_it_again() -> None:
    late = running().time_passes(60).life
    life = late.done(delayed("2024-05-01"), by="manager")
    assert status(life) == "open"
    life.at("2024-05-01").time_passes(0).brings()
    life.at("2024-05-02").time_passes(0).brings(ActionOverdue)


@pytest.mark.parametrize("event", [DONE, CANCELLED])
def test_what_has_ended_is_never_overdue(event: Event) -> None:
    running().done(event, by="manager").time_passes(1000).brings()


def test_a_delayed_action_is_not_overdue_on_its_first_day() -> None:
    life = running().done(delayed("2024-03-01"), by="manager")
    life.at("2024-02-02").time_passes(0).brings()


def test_overdue_before_the_day_is_a_false_record() -> None:
    life = running()
    assigned_at = life.entries[-1].header
    with pytest.raises(Refused) as refusal:
        check(life.state, ActionOverdue(action="a-1"), assigned_at)
    assert refusal.value.rule == "X7"
    late = life.time_passes(60)
    with pytest.raises(Refused, match="X7"):
        check(late.life.state, ActionOverdue(action="a-1"), late.entries[0].header)


def test_nothing_due_costs_one_comparison() -> None:
    life = running()
    assert life.state.actions.terms.first == "2024-02-02T00:00:00.000000Z"
    assert actions.due(life.state, "2024-02-01T23:59:59.999999Z") == ()


# Who may record it


def test_actions_are_assigned_by_the_office_the_manager_or_a_member() -> None:
    for person in ("office", "manager", "bestuur-p-cbs"):
        scene().done(assigned(), by=person)
    scene().record(assigned(), by="worker").not_allowed()
    scene().record(assigned(), by="visitor").not_allowed()


def test_an_action_is_completed_by_its_own_organisation_or_the_watch() -> None:
    for person in ("worker", "p-uwv", "bestuur-p-uwv", "manager", "office"):
        running().done(DONE, by=person)
    for person in ("p-cbs", "bestuur-p-cbs", "visitor"):
        running().record(DONE, by=person).not_allowed()


def test_the_office_watches_and_gives_no_delay() -> None:
    running().record(delayed("2024-03-01"), by="office").not_allowed()
    running().record(CANCELLED, by="office").not_allowed()


def test_the_owner_may_delay_an_action_but_not_cancel_it() -> None:
    running().done(delayed("2024-03-01"), by="worker")
    running().record(CANCELLED, by="worker").not_allowed()


def test_the_chair_may_delay_and_cancel() -> None:
    running().done(delayed("2024-03-01"), by="bestuur-p-bd")
    running().done(CANCELLED, by="bestuur-p-bd")
    running().record(CANCELLED, by="bestuur-p-cbs").not_allowed()
    gone = running().given(
        SeatVacated(seat="bestuur-bd", valid_until="2024-01-01", reason="Andere functie.")
    )
    gone.record(CANCELLED, by="bestuur-p-bd").not_allowed()


def test_nobody_says_that_an_action_is_overdue() -> None:
    running().record(ActionOverdue(action="a-1"), by="office", on="2024-03-01").refused("G4")


def test_only_the_chair_of_the_body_it_came_from_cancels_an_action() -> None:
    decision = DecisionRecorded(decision="b-1", body="stuurgroep", title="Meten", status="in-force")
    life = scene().given(decision).done(assigned(decision="b-1"), by="office")
    life.record(CANCELLED, by="bestuur-p-bd").not_allowed()
    chair = ChairTermStarted(body="stuurgroep", seat="stuurgroep-cbs")
    life.given(chair).done(CANCELLED, by="p-cbs")


def test_an_action_of_a_confidential_body_stays_confidential() -> None:
    body = BodyEstablished(
        body="team",
        name="Kernteam",
        kind="core-team",
        level="strategic",
        records_scope="confidential",
    )
    decision = DecisionRecorded(decision="b-1", body="team", title="Meten", status="in-force")
    life = scene().given(body, decision).done(assigned(decision="b-1"), by="office")
    done = life.record(DONE, by="manager")
    assert life.entries[-1].header.scope == "confidential"
    assert done.entries[-1].header.scope == "confidential"
    assert running().record(DONE, by="manager").entries[-1].header.scope == "chain"
