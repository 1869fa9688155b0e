"""The pages of meetings, of actions and of doorzettingsmacht, whatever part a reader may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from api.pages import actions, bodies, meetings, powers, start
from api.pages.actions import course
from api.pages.language import language
from api.pages.site import Screen
from api.problems import Problem
from ledger.domain.values import NotFound
from projections.views import Conn
from tests.api.test_page_items import ALL, PARTNER, PUBLIC, asked, printed_page
from tests.projections.given import reading, taken_in
from tests.projections.scenes import everything, mixed

PAGES = {
    "meeting": (meetings.SCREENS[1], "V-2007-01 V-2008-01"),
    "action": (actions.SCREENS[1], "A-2007-01 A-2010-01 A-2014-01"),
    "authority": (powers.SCREENS[0], "DM-2007-01"),
    "exercise": (powers.SCREENS[1], "DG-2008-01"),
}
ITEMS = [(kind, name) for kind, (_, names) in PAGES.items() for name in names.split()]


@pytest.fixture(scope="module")
def whole(shared_database: str) -> Iterator[Conn]:
    """The demonstration chain, every record in the scope it has there."""
    taken_in(shared_database, everything())
    with reading(shared_database) as connection:
        yield connection


def shown(connection: Conn, screen: Screen, **more: Any) -> str:
    """Return a page as it is sent, in English."""
    request, template = asked(connection, screen, **more)
    return printed_page(request, template, screen)


def item(connection: Conn, kind: str, name: str, **more: Any) -> str:
    return shown(connection, PAGES[kind][0], **{kind: name}, **more)


@pytest.mark.parametrize(("kind", "name"), ITEMS)
def test_each_thing_of_the_demonstration_has_a_page(whole: Conn, kind: str, name: str) -> None:
    page = item(whole, kind, name)
    assert page.count("<h1>") == 1
    assert name in page


@pytest.mark.parametrize("reader", [PUBLIC, PARTNER, ALL], ids=["public", "chain", "everything"])
def test_who_may_see_only_some_records_gets_a_page_of_those(
    database: str, reader: frozenset[str]
) -> None:
    taken_in(database, mixed())
    found = []
    with reading(database) as connection:
        for kind, name in ITEMS:
            try:
                found.append(item(connection, kind, name, reader=reader))
            except NotFound:
                assert reader != ALL
        assert "<h1>" in shown(connection, meetings.SCREENS[0], reader=reader)
    assert len(found) >= 3


def test_a_meeting_tells_who_was_there_who_was_not_and_who_was_refused(whole: Conn) -> None:
    page = item(whole, "meeting", "V-2007-01")
    table = page.split("<table>")[1].split("</table>")[0]
    assert table.count("<tr>") == 4
    assert "<strong>nobody</strong>" in table.split("stuurgroep-cbs")[-1]
    assert "Stayed as a listener." in page
    assert "75840b77f2b6abdef2f7cf54e6e91fd8c0400cae00abd3c5d29deaddcb8b6886" in page


def test_a_meeting_tells_how_each_proposal_stands_and_what_was_put_right(whole: Conn) -> None:
    page = item(whole, "meeting", "V-2008-01")
    agenda = page.split('id="agenda"')[1].split("<h2")[0]
    assert "besluiten/B-2008-01" in agenda
    assert "in force" in agenda
    assert "a rule demands it" in agenda
    assert "Corrected on 5 January 2009" in page.split('id="agenda"')[0]


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("overleg=stuurgroep", "V-2007-01", "V-2008-01"),
        ("overleg=ketenbestuur&status=held", "V-2008-01", "V-2007-01"),
        ("status=cancelled", "fits your choice", "V-2008-01"),
    ],
)
def test_meetings_are_narrowed_by_the_address(
    whole: Conn, query: str, there: str, not_there: str
) -> None:
    page = shown(whole, meetings.SCREENS[0], query=query).split("</form>")[-1]
    assert there in page
    assert not_there not in page


def test_what_can_be_no_choice_is_refused(whole: Conn) -> None:
    with pytest.raises(Problem, match="status"):
        shown(whole, meetings.SCREENS[0], query="status=adopted")


def test_doorzettingsmacht_tells_each_use_its_reason_and_its_judgement(whole: Conn) -> None:
    page = item(whole, "authority", "DM-2007-01")
    assert "Used 1 time." in page
    use = page.split('id="gebruik"')[1].split("<h2")[0]
    for part in ("Belastingdienst", "uitkeringen op oude lonen", "justified", "B-2008-01"):
        assert part in use


def test_an_action_tells_what_it_came_from_and_its_course(whole: Conn) -> None:
    page = item(whole, "action", "A-2007-01")
    assert "besluiten/B-2007-02" in page
    steps = page.split('class="course"')[1].split("</ol>")[0]
    assert [steps.count(f'class="{state}"') for state in ("done", "none", "now")] == [2, 1, 0]


def stood(*statuses: str, **more: Any) -> list[tuple[str, str]]:
    """Return name and state of the steps of an action that stood like this, one each day."""
    entries = [
        {"status": status, "on": f"2024-01-0{day}T00:00:00.000000Z", "position": day}
        for day, status in enumerate(statuses, 1)
    ]
    doc = {"statuses": entries, "status": statuses[-1], "dueOn": "2024-01-02", **more}
    return [(step.name, step.state) for step in course(doc, language("nl"))]


def test_an_action_with_time_left_has_its_last_day_ahead() -> None:
    assert stood("assigned") == [("uitgezet", "done"), ("Laatste dag", "ahead")]
    assert stood("assigned", "delayed")[1:] == [("uitgesteld", "done"), ("Laatste dag", "ahead")]
    assert stood("assigned", "completed")[1:] == [("afgerond", "done")]


def test_an_action_over_its_day_stands_there_and_is_not_ticked_off() -> None:
    now = ("over tijd", "now")
    assert stood("assigned", "overdue", statusSince="2024-01-03")[1:] == [now]
    # Also when time has not been recorded yet.
    assert stood("assigned", status="overdue", statusSince="2024-01-03")[1:] == [now]
    assert stood("assigned", "overdue", "completed")[1] == ("over tijd", "none")


def on_day(connection: Conn, screen: Screen, day: str) -> dict[str, Any]:
    """Return what a page gathers for a day."""
    request, _ = asked(connection, screen)
    found = screen.gather(replace(request, view=replace(request.view, valid_on=day)))
    assert isinstance(found, dict)
    return found


def test_a_day_that_is_over_tells_what_waited_then_and_not_what_waits_now(whole: Conn) -> None:
    def waited(day: str) -> dict[str, tuple[str, bool]]:
        items = on_day(whole, actions.SCREENS[0], day)["items"]
        return {one["id"]: (one["what"], one["overdue"]) for one in items}

    autumn = waited("2007-10-05")
    assert autumn["A-2007-01"] == ("action", True)
    assert autumn["A-2007-02"] == ("action", False)
    assert "A-2014-01" not in autumn
    assert waited("2007-06-19")["B-2007-03"] == ("vote", False)
    assert waited("2009-06-27")["E-2009-01"][0] == "escalation"
    assert waited("2008-02-01")["V-2008-01"] == ("meeting", False)
    assert "A-2007-01" not in waited("")


def test_the_overview_of_a_day_says_what_was_overdue_then(whole: Conn) -> None:
    def late(day: str) -> list[str]:
        tiles = on_day(whole, start.SCREENS[0], day)["tiles"]
        [tile] = [one for one in tiles if one.id == "te-laat"]
        return [one["id"] for one in tile.items]

    assert late("2007-10-05") == ["A-2007-01"]
    assert late("2007-09-30") == []


def test_the_overview_says_which_outcome_is_disputed(whole: Conn) -> None:
    def disputed(day: str) -> list[str]:
        tiles = on_day(whole, start.SCREENS[0], day)["tiles"]
        [tile] = [one for one in tiles if one.id == "betwist"]
        return [one["id"] for one in tile.items]

    assert disputed("2009-04-08") == ["B-2009-02"]
    assert disputed("2009-04-07") == []


def test_a_body_that_is_no_more_comes_last_with_the_seats_of_its_last_day(whole: Conn) -> None:
    items = on_day(whole, bodies.SCREENS[0], "")["items"]
    assert [(one["body"], one["over"]) for one in items][-1] == ("stuurgroep", True)
    assert [one["over"] for one in items[:-1]] == [False] * (len(items) - 1)
    assert [one["vacant"] for one in items[-1]["seats"]] == [False] * 3
    before = on_day(whole, bodies.SCREENS[0], "2007-08-26")["items"]
    assert [(one["body"], one["over"]) for one in before] == [("stuurgroep", False)]


def test_an_empty_seat_counts_as_vacant_while_its_body_is_there() -> None:
    seats = [{"seat": "s-1", "vacant": True}, {"seat": "s-2", "vacant": False}]
    body = {"body": "b", "validUntil": "2020-01-01", "seats": seats}
    assert [one["seat"] for _, one in start.vacant_seats([body], "2019-12-31")] == ["s-1"]
    assert list(start.vacant_seats([body], "2020-01-01")) == []
