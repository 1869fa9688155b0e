"""Actions as readers find them: who does what by when, and whether it is done."""

from __future__ import annotations

import pytest

from ledger.domain.events.actions import (
    ActionAssigned,
    ActionCancelled,
    ActionCompleted,
    ActionDelayed,
)
from ledger.domain.events.meetings import MeetingHeld
from ledger.domain.events.outcomes import DecisionRecorded
from ledger.domain.values import NotFound
from projections.actions import action, actions
from projections.due import due
from projections.views import Paging
from tests.domain.given import Life, a_chain
from tests.domain.given_meetings import MANAGER, a_meeting
from tests.projections.shown import shown

DELAYED = ActionDelayed(action="a-1", due_on="2024-03-01", reason="Er viel een systeem uit.")
DONE = ActionCompleted(action="a-1", evidence="Zie het rapport.")


def assigned(name: str = "a-1", **more: str) -> ActionAssigned:
    fields = {"organisation": "uwv", "due_on": "2024-02-10", "title": "Meet de fouten", **more}
    return ActionAssigned(action=name, role="productie", **fields)


def running() -> Life:
    """The board decides in its meeting of 1 February; an action comes of it."""
    decided = DecisionRecorded(decision="b-1", title="Eén kalender", status="in-force")
    life = a_meeting().given(decided)
    return life.done(assigned(decision="b-1", meeting="v-1"), by=MANAGER, on="2024-02-01")


def test_an_action_tells_its_owner_its_day_and_what_it_came_from(database: str) -> None:
    life = running().done(MeetingHeld(meeting="v-1", actions=("a-1",)), by=MANAGER)
    with shown(database, life) as told:
        found = told.item(action, "a-1")
        assert (found["organisation"], found["organisationName"]) == ("uwv", "UWV")
        assert (found["role"], found["dueOn"], found["status"]) == (
            "productie", "2024-02-10", "assigned",
        )  # fmt: skip
        assert (found["decision"], found["decisionTitle"]) == ("b-1", "Eén kalender")
        assert [one["meeting"] for one in found["meetings"]] == ["v-1"]
        assert found["assigned"]["capacities"][0]["text"] == "ketenmanager"
        assert len(found["history"]) == len(found["positions"]) == 2
        assert not found["overdue"]


def test_an_action_is_overdue_the_day_after_its_last_though_no_record_says_so(
    database: str,
) -> None:
    with shown(database, running()) as told:
        last_day = told.item(action, "a-1", now="2024-02-10")
        next_day = told.item(action, "a-1", now="2024-02-11")
        assert (last_day["status"], last_day["overdue"]) == ("assigned", False)
        assert (next_day["status"], next_day["overdue"]) == ("overdue", True)
        assert next_day["statusSince"] == "2024-02-11T00:00:00.000000Z"
        assert [one["status"] for one in next_day["statuses"]] == ["assigned"]


def test_time_that_was_recorded_gives_the_same_answer(database: str) -> None:
    late = running().time_passes(20).life
    with shown(database, late) as told:
        found = told.item(action, "a-1")
        assert (found["status"], found["statusSince"]) == (
            "overdue", "2024-02-11T00:00:00.000000Z",
        )  # fmt: skip
        assert [one["status"] for one in found["statuses"]] == ["assigned", "overdue"]


def test_the_list_finds_what_is_overdue_on_the_day_of_asking(database: str) -> None:
    life = running().done(assigned("a-2", due_on="2024-04-01"), by=MANAGER)
    with shown(database, life) as told:
        asof = {"now": "2024-02-11"}
        assert told.ids(actions, "action", status="overdue", asof=asof) == ["a-1"]
        assert told.ids(actions, "action", status="assigned", asof=asof) == ["a-2"]
        assert told.ids(actions, "action", status="open", asof=asof) == ["a-2", "a-1"]
        assert told.ids(actions, "action", status="overdue", asof={"now": "2024-02-10"}) == []
        assert told.ids(actions, "action", status="completed", asof=asof) == []


def test_a_delay_moves_the_day_and_keeps_the_day_that_was(database: str) -> None:
    life = running().done(DELAYED, by=MANAGER, on="2024-02-05")
    with shown(database, life) as told:
        after = told.item(action, "a-1", now="2024-02-20")
        assert (after["status"], after["dueOn"], after["overdue"]) == (
            "delayed", "2024-03-01", False,
        )  # fmt: skip
        assert [(one["was"], one["dueOn"]) for one in after["delays"]] == [
            ("2024-02-10", "2024-03-01")
        ]
        before = told.item(action, "a-1", valid_on="2024-02-04")
        assert (before["status"], before["dueOn"]) == ("assigned", "2024-02-10")
        [row] = told.page(actions, asof={"valid_on": "2024-02-04"}).items
        assert (row["status"], row["dueOn"]) == ("assigned", "2024-02-10")
        assert told.page(actions, asof={"now": "2024-02-20"}).items[0]["dueOn"] == "2024-03-01"


def test_what_is_done_is_never_overdue_and_shows_its_evidence(database: str) -> None:
    life = running().done(DONE, by=MANAGER, on="2024-02-08")
    with shown(database, life) as told:
        found = told.item(action, "a-1", now="2024-06-01")
        assert (found["status"], found["overdue"]) == ("completed", False)
        assert found["completed"]["evidence"] == "Zie het rapport."
        assert told.ids(actions, "action", status="overdue", asof={"now": "2024-06-01"}) == []
        assert told.item(action, "a-1", valid_on="2024-02-07")["status"] == "assigned"


def test_a_cancelled_action_tells_why(database: str) -> None:
    life = running().done(ActionCancelled(action="a-1", reason="Achterhaald."), by=MANAGER)
    with shown(database, life) as told:
        found = told.item(action, "a-1", now="2024-06-01")
        assert (found["status"], found["cancelled"]["reason"]) == ("cancelled", "Achterhaald.")
        assert not found["overdue"]


def test_as_known_before_the_delay_the_old_day_stands(database: str) -> None:
    life = running()
    before = life.state.size - 1
    with shown(database, life.done(DELAYED, by=MANAGER)) as told:
        assert told.item(action, "a-1", known_at=before)["dueOn"] == "2024-02-10"
        [row] = told.page(actions, asof={"known_at": before}).items
        assert row["dueOn"] == "2024-02-10"


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"organisation": "uwv"}, ["a-1"]),
        ({"organisation": "cbs"}, ["a-2"]),
        ({"decision": "b-1"}, ["a-1"]),
        ({"meeting": "v-1"}, ["a-1"]),
        ({"text": "fout"}, ["a-1"]),
        ({"text": "kalender"}, ["a-2"]),
        ({"organisation": "bd"}, []),
    ],
)
def test_a_list_is_narrowed_by_owner_origin_and_words(
    database: str, chosen: dict[str, str], found: list[str]
) -> None:
    other = assigned("a-2", organisation="cbs", title="Maak een kalender")
    with shown(database, running().done(other, by=MANAGER)) as told:
        assert told.ids(actions, "action", **chosen) == found


def test_pages_of_overdue_actions_go_on_where_the_last_one_ended(database: str) -> None:
    life = a_chain()
    for number in range(5):
        due_on = "2024-02-01" if number % 2 == 0 else "2024-12-31"
        life = life.given(assigned(f"a-{number}", due_on=due_on))
    with shown(database, life) as told:
        seen: list[str] = []
        cursor = ""
        for _ in range(3):
            paging = Paging(cursor, 1)
            asof = {"now": "2024-03-01"}
            part = told.page(actions, paging=paging, status="overdue", asof=asof)
            seen += [one["action"] for one in part.items]
            cursor = part.next
        assert (seen, cursor) == (["a-4", "a-2", "a-0"], "")


def test_what_is_open_is_due_by_its_day_for_its_owner(database: str) -> None:
    with shown(database, running()) as told:
        [waiting] = told.page(due, what="action").items
        assert (waiting["id"], waiting["dueOn"], waiting["owner"]) == ("a-1", "2024-02-10", "uwv")
    done = running().done(DONE, by=MANAGER)
    assert done.state.actions.unfinished() == ()


def test_who_may_not_see_an_action_does_not_find_it(database: str) -> None:
    life = a_chain().record(assigned(), by="p-bd", scope="confidential")
    with shown(database, life) as told:
        chain = frozenset({"public", "chain"})
        assert told.ids(actions, "action") == ["a-1"]
        assert told.ids(actions, "action", asof={"reader": chain}) == []
        with pytest.raises(NotFound):
            told.item(action, "a-1", reader=chain)
