"""The chain memory as readers find it: what was decided and learnt before, and said of it since."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.domain.events.memory import (
    EventAnnotated,
    LessonRecorded,
    RationaleAdded,
    RecordCorrected,
)
from ledger.domain.events.outcomes import DecisionRecorded
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import NotFound
from projections.memory import lesson, lessons, memory
from projections.views import Paging
from tests.domain.given import Life, a_chain, people
from tests.domain.given_escalations import CLOSED, RECEIVED, SOLVED, raised
from tests.projections.shown import Shown, shown

DECISION = DecisionRecorded(
    decision="b-1", subject="aanlevering", title="Eén kalender", status="in-force"
)
OTHER = DecisionRecorded(decision="b-2", subject="kosten", title="Verdeling", status="in-force")
LESSON = LessonRecorded(
    lesson="les-1",
    subject="aanlevering",
    problem="Te late aanlevering.",
    approach="Eén kalender voor iedereen.",
    solution="De kalender geldt voor alle partners.",
    decisions=("b-1",),
)


def scene() -> Life:
    office = RoleAssigned(role="chain-office", person="office", valid_from="2024-01-01")
    return people(a_chain(), "office").given(office, DECISION, OTHER, LESSON)


def remembered(told: Shown, *, subject: str = "", text: str = "") -> list[tuple[str, str]]:
    items = told.page(memory, subject=subject, text=text).items
    return [(one["remembered"], one[one["remembered"]]) for one in items]


def test_a_subject_gives_its_earlier_decisions_and_lessons(database: str) -> None:
    with shown(database, scene()) as told:
        assert remembered(told, subject="aanlevering") == [
            ("lesson", "les-1"),
            ("decision", "b-1"),
        ]
        assert remembered(told, subject="kosten") == [("decision", "b-2")]
        assert remembered(told, subject="huisvesting") == []
        assert len(remembered(told)) == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kalenders", [("lesson", "les-1"), ("decision", "b-1")]),
        ("aanleveringen", [("lesson", "les-1"), ("decision", "b-1")]),
        ("verdeling", [("decision", "b-2")]),
        ("huisvesting", []),
    ],
)
def test_words_find_what_is_remembered(
    database: str, text: str, found: list[tuple[str, str]]
) -> None:
    with shown(database, scene()) as told:
        assert remembered(told, text=text) == found


def test_reasons_corrections_and_notes_come_with_what_they_are_about(database: str) -> None:
    life = scene()
    at = {type(one.event): one.header.position for one in life.entries}
    life = (
        life.done(RationaleAdded(decision="b-1", text="Anders bleef het misgaan."), by="p-bd")
        .done(EventAnnotated(target=at[LessonRecorded], label="Let op", text="Zie b-1"), by="p-bd")
        .done(
            RecordCorrected(
                target=at[LessonRecorded],
                field="/problem",
                was="Te late",
                becomes="Veel te late",
                reason="onvolledig",
            ),
            by="office",
        )
    )
    with shown(database, life) as told:
        learnt, decided = told.page(memory, subject="aanlevering").items
        assert [one["text"] for one in decided["rationale"]] == ["Anders bleef het misgaan."]
        assert [one["lesson"] for one in decided["lessons"]] == ["les-1"]
        assert [one["text"] for one in learnt["annotations"]] == ["Zie b-1"]
        [fixed] = learnt["corrections"]
        assert (fixed["was"], fixed["becomes"]) == ("Te late", "Veel te late")
        assert learnt["problem"] == "Te late aanlevering."
        assert "lessons" not in learnt
        earlier = told.page(memory, subject="aanlevering", asof={"known_at": life.state.size - 4})
        assert not {"rationale", "annotations"} & {name for one in earlier.items for name in one}


def test_what_was_said_after_the_day_is_not_told_of_that_day(database: str) -> None:
    reason = RationaleAdded(decision="b-1", text="Anders bleef het misgaan.")
    with shown(database, scene().done(reason, by="p-bd", on="2024-05-01")) as told:
        for day, names in (("2024-05-01", True), ("2024-04-30", False)):
            found = told.page(memory, subject="aanlevering", asof={"valid_on": day})
            assert any("rationale" in one for one in found.items) == names, day


def test_pages_go_on_where_the_last_one_ended_across_both_kinds(database: str) -> None:
    life = scene()
    for number in range(2, 5):
        life = life.given(
            replace(DECISION, decision=f"c-{number}"), replace(LESSON, lesson=f"les-{number}")
        )
    with shown(database, life) as told:
        whole = remembered(told, subject="aanlevering")
        seen: list[tuple[str, str]] = []
        following = ""
        for _ in range(3):
            paging = Paging(following, 3)
            part = told.page(memory, paging=paging, subject="aanlevering")
            seen += [(one["remembered"], one[one["remembered"]]) for one in part.items]
            following = part.next
        assert (seen, following) == (whole, "")
        assert len(whole) == 8


def test_a_lesson_names_the_decisions_it_was_drawn_from(database: str) -> None:
    with shown(database, scene()) as told:
        found = told.item(lesson, "les-1")
        assert found["decisions"] == [{"decision": "b-1", "title": "Eén kalender"}]
        assert found["recorded"]["imported"]["name"] == "test history"
        assert told.ids(lessons, "lesson", decision="b-1") == ["les-1"]
        assert told.ids(lessons, "lesson", decision="b-2") == []
        with pytest.raises(NotFound):
            told.item(lesson, "les-9")


def test_a_closed_escalation_leaves_its_lesson_under_its_bottleneck(database: str) -> None:
    life = raised().done(RECEIVED, by="manager").done(SOLVED, by="manager")
    with shown(database, life.done(CLOSED, by="manager")) as told:
        [learnt] = told.page(memory, subject="k1").items
        assert (learnt["escalation"], learnt["solution"]) == ("e1", "spreek de nummers vooraf af")
        assert told.item(lesson, learnt["lesson"])["escalationTitle"] == "Nummers"
        assert told.ids(lessons, "lesson", escalation="e1") == [learnt["lesson"]]


def test_what_a_reader_may_not_see_is_not_remembered_for_them(database: str) -> None:
    secret = replace(LESSON, lesson="geheim", decisions=())
    life = scene().record(secret, by="p-bd", scope="confidential").life
    hidden = RationaleAdded(decision="b-1", text="Vertrouwelijke reden.")
    life = life.record(hidden, by="p-bd", scope="confidential").life
    with shown(database, life) as told:
        chain = frozenset({"public", "chain"})
        seen = told.page(memory, subject="aanlevering", asof={"reader": chain}).items
        assert [one[one["remembered"]] for one in seen] == ["les-1", "b-1"]
        assert "Vertrouwelijke reden." not in str(seen)
        everything = told.page(memory, subject="aanlevering").items
        assert [one[one["remembered"]] for one in everything] == ["geheim", "les-1", "b-1"]
        assert "Vertrouwelijke reden." in str(everything)
