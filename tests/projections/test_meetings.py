"""Meetings as readers find them: agenda, who was there for which seat, who was not admitted."""

from __future__ import annotations

import pytest

from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.meetings import AgendaItem
from ledger.domain.values import NotFound
from projections.due import due
from projections.meetings import meeting, meetings
from projections.stands import stands
from tests.domain.given import Life
from tests.domain.given_decisions import proposal
from tests.domain.given_meetings import (
    CHAIR,
    MEMBER,
    NEXT,
    OFFICE,
    OUTSIDER,
    SEAT,
    a_meeting,
    cancelled,
    convened,
    held,
    item,
    minutes,
    present,
    refused,
)
from tests.projections.shown import shown


def attended() -> Life:
    """One seat is there in person, for another a substitute came and was not admitted."""
    life = a_meeting().done(item(), by=CHAIR).done(present(), by=OFFICE)
    return life.done(refused(OUTSIDER, seat="bestuur-cbs"), by=OFFICE)


def test_a_meeting_shows_who_was_there_and_who_was_refused(database: str) -> None:
    with shown(database, attended()) as readers:
        doc = readers.item(meeting, "v-1")
    [there] = doc["attendance"]
    assert (there["seat"], there["person"], there["organisationName"]) == (SEAT, MEMBER, "UWV")
    assert there["capacities"][0]["text"] == "ketenbureau"
    [refusal] = doc["refusedSubstitutes"]
    assert (refusal["person"], refusal["stayedAs"]) == (OUTSIDER, "listener")
    assert refusal["reason"] == "geen vervanging"
    assert [one["subject"] for one in doc["agenda"]] == ["Rondvraag"]


def test_a_meeting_links_the_decisions_and_actions_that_came_of_it(database: str) -> None:
    life = a_meeting().done(proposal("b-9", title="Een plan"), by=CHAIR)
    agenda = (AgendaItem(subject="Plan", decision="b-9"),)
    life = life.done(
        convened("v-3", starts_at="2024-03-05T09:00:00.000000Z", agenda=agenda), by=CHAIR
    )
    action = ActionAssigned(
        action="a-1",
        title="Doen",
        organisation="uwv",
        role="lijnmanager",
        due_on="2024-09-01",
        meeting="v-1",
    )
    life = life.done(action, by=CHAIR).done(held(decisions=("b-9",)), by=CHAIR)
    with shown(database, life.done(minutes(), by=CHAIR)) as readers:
        doc = readers.item(meeting, "v-1")
        [item_of_agenda] = readers.item(meeting, "v-3")["agenda"]
    assert (doc["decisions"], doc["actions"]) == (["b-9"], ["a-1"])
    assert doc["minutes"]["title"] == "Verslag"
    assert item_of_agenda["title"] == "Een plan"
    assert [one["status"] for one in doc["statuses"]] == ["convened", "held"]


def test_the_list_tells_how_a_meeting_stood_on_a_day(database: str) -> None:
    life = attended().done(held(), by=CHAIR, on="2024-02-01").at("2024-02-02").done(NEXT, by=CHAIR)
    with shown(database, life) as readers:
        assert readers.ids(meetings, "meeting") == ["v-2", "v-1"]
        assert readers.ids(meetings, "meeting", status="held") == ["v-1"]
        assert readers.ids(meetings, "meeting", body="stuurgroep") == []
        [then] = readers.page(meetings, asof={"valid_on": "2024-01-31"}).items
        assert (then["status"], then["present"]) == ("convened", 0)
        rows = {one["meeting"]: one for one in readers.page(meetings).items}
        assert (rows["v-1"]["present"], rows["v-1"]["agendaItems"]) == (1, 1)
        with pytest.raises(NotFound):
            readers.item(meeting, "v-2", valid_on="2024-01-31")


def test_what_waits_is_the_meeting_then_its_minutes_then_nothing(database: str) -> None:
    life = a_meeting()
    lives = [life, life.done(held(), by=CHAIR)]
    lives += [lives[-1].done(minutes(), by=CHAIR), life.done(cancelled(), by=CHAIR)]
    ends = [one.entries[-1].header.position for one in lives[:3]]
    with shown(database, lives[2]) as readers:
        waits = [readers.page(due, asof={"known_at": end}).items for end in ends]
    found = [[one["what"] for one in items if one["kind"] == "meeting"] for items in waits]
    assert found == [["meeting"], ["minutes"], []]


def test_a_point_of_the_agenda_tells_how_its_proposal_stood_on_the_day(database: str) -> None:
    life = a_meeting().done(proposal("b-9", title="Een plan"), by=CHAIR)
    agenda = (AgendaItem(subject="Plan", decision="b-9"),)
    life = life.done(
        convened("v-3", starts_at="2024-03-05T09:00:00.000000Z", agenda=agenda), by=CHAIR
    )
    with shown(database, life) as readers:
        doc = readers.item(meeting, "v-3")
        [point] = doc["agenda"]
        assert (point["status"], doc["bodyName"]) == ("proposed", "Bestuur")
        view = readers.view()
        asked = [("decision", "b-9"), ("meeting", "v-3"), ("decision", "no-such")]
        found = stands(readers.connection, view, asked)
        assert {ref: one["status"] for ref, one in found.items()} == {
            ("decision", "b-9"): "proposed",
            ("meeting", "v-3"): "convened",
        }
        assert stands(readers.connection, view, []) == {}
        before = readers.view(valid_on="2000-01-01")
        assert stands(readers.connection, before, asked) == {}
