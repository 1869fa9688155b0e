"""The story of a subject: all that happened on it in order, and what replaced what."""

from __future__ import annotations

import pytest

from ledger.domain.events.memory import LessonRecorded, RationaleAdded
from ledger.domain.events.outcomes import DecisionRecorded
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import NotFound
from projections.story import story, subjects
from projections.views import look
from tests.domain.given import Life, a_chain, people
from tests.projections.given import CHAIN, EVERYTHING, reading, taken_in
from tests.projections.scenes import everything
from tests.projections.shown import Shown, shown

FIRST = DecisionRecorded(
    decision="b-1", subject="aanlevering", title="Eén kalender", status="in-force"
)
OTHER = DecisionRecorded(decision="b-2", subject="kosten", title="Verdeling", status="in-force")
LESSON = LessonRecorded(
    lesson="les-1",
    subject="aanlevering",
    problem="Te late aanlevering.",
    approach="Eén kalender voor iedereen.",
    solution="De kalender geldt voor alle partners.",
    decisions=("b-2",),
)
LATER = RationaleAdded(decision="b-1", text="Dat was toen het enige dat kon.")


def scene() -> Life:
    office = RoleAssigned(role="chain-office", person="office", valid_from="2024-01-01")
    return people(a_chain(), "office").given(office, FIRST, OTHER, LESSON, LATER)


def told(readers: Shown, subject: str) -> list[tuple[str, str]]:
    found = story(readers.connection, readers.view(), subject)
    return [(one["kind"], one["id"]) for one in found.items]


def test_a_story_tells_what_is_on_its_subject_and_nothing_else(database: str) -> None:
    with shown(database, scene()) as readers:
        assert told(readers, "aanlevering") == [("decision", "b-1"), ("lesson", "les-1")]
        assert told(readers, "kosten") == [("decision", "b-2")]


def test_a_story_says_what_was_told_later_and_where_a_lesson_came_from(database: str) -> None:
    with shown(database, scene()) as readers:
        decision, lesson = story(readers.connection, readers.view(), "aanlevering").items
    assert [one["text"] for one in decision["rationale"]] == [LATER.text]
    assert lesson["drawnFrom"] == [{"decision": "b-2", "title": "Verdeling"}]


def test_a_subject_of_which_nothing_is_known_has_no_story(database: str) -> None:
    with shown(database, scene()) as readers:
        with pytest.raises(NotFound):
            story(readers.connection, readers.view(), "huisvesting")
        with pytest.raises(NotFound):
            story(readers.connection, readers.view(known_at=2), "aanlevering")
        with pytest.raises(NotFound):
            story(readers.connection, readers.view(reader=frozenset({"public"})), "aanlevering")


def test_the_subjects_count_their_decisions_and_lessons(database: str) -> None:
    with shown(database, scene()) as readers:
        found = subjects(readers.connection, readers.view())
        early = subjects(readers.connection, readers.view(valid_on="2001-01-01"))
    assert [(one["subject"], one["decisions"], one["lessons"]) for one in found] == [
        ("aanlevering", 1, 1),
        ("kosten", 1, 0),
    ]
    assert early == []


def test_a_story_of_the_demonstration_shows_what_replaced_what(database: str) -> None:
    taken_in(database, everything())
    with reading(database) as connection:
        view = look(connection, CHAIN, reader=EVERYTHING)
        earlier, later = story(connection, view, "financiering").items
        raised = story(connection, view, "K-2009-01").items
    assert [one["decision"] for one in earlier["supersededBy"]] == [later["id"]]
    assert [one["decision"] for one in later["supersedes"]] == [earlier["id"]]
    assert later["supersedes"][0]["title"] == earlier["title"]
    assert [one["kind"] for one in raised] == ["bottleneck", "escalation", "lesson"]
    assert raised[1]["solvedBy"][0]["decision"] == "B-2009-03"
