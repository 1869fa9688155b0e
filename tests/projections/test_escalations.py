"""Escalations as readers find them: every rung, who took it in hand, by when, how it ended."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.escalations import (
    BottleneckSignalled,
    EscalationForwarded,
    EscalationLadderAdopted,
    EscalationResolved,
    EscalationTermExpired,
    Rung,
)
from ledger.domain.events.outcomes import DecisionRecorded
from ledger.domain.values import NotFound
from projections.due import due
from projections.escalations import (
    DEFAULT,
    bottleneck,
    bottlenecks,
    escalation,
    escalations,
    ladder,
    ladders,
)
from projections.views import Doc, Paging
from tests.domain.given import Life
from tests.domain.given_escalations import (
    AUTOMATIC,
    BACK,
    BOTTLENECK,
    BYPASS,
    CLOSED,
    POLITICAL,
    RAISED,
    RECEIVED,
    SOLVED,
    UP,
    manned,
    raised,
    with_power,
)
from tests.projections.shown import shown

SHORT = EscalationLadderAdopted(
    rungs=(Rung(name="teams", term_days=5), Rung(name="top", term_days=0))
)


def received() -> Life:
    """The coordinators have had it in hand since 10 January; their term is two weeks."""
    return raised().done(RECEIVED, by="regisseur", on="2024-01-10")


def places(found: Doc) -> list[tuple[int, str, str]]:
    """Return of every stay on a rung: which rung, how it came there, how it left."""
    return [
        (one["rung"], one["arrived"]["how"], one.get("left", {}).get("how", ""))
        for one in found["rungs"]
    ]


def test_an_escalation_tells_who_raised_it_about_what_after_which_talks(database: str) -> None:
    with shown(database, raised()) as told:
        found = told.item(escalation, "e1")
        assert (found["status"], found["rung"], found["rungName"]) == (
            "raised", 2, "ketenregisseurs",
        )  # fmt: skip
        assert (list(found["jointlyBy"]), found["oneSided"]) == (["bd", "uwv"], False)
        assert found["bottleneckSubject"] == BOTTLENECK.subject
        [talks] = found["horizontalAttempts"]
        assert talks["result"] == "geen overeenstemming"
        assert "horizontalAttemptMissing" not in found
        assert len(found["history"]) == len(found["positions"])


def test_a_one_sided_escalation_without_talks_shows_both(database: str) -> None:
    alone = replace(RAISED, jointly_by=("uwv",), one_sided=True)
    with shown(database, manned().done(alone, by="p-uwv")) as told:
        found = told.item(escalation, "e1")
        assert found["oneSided"]
        assert found["horizontalAttemptMissing"]["position"] == found["positions"][1]
        assert found["horizontalAttempts"] == []
        assert told.page(escalations).items[0]["oneSided"]


def test_every_rung_tells_who_received_it_and_by_when(database: str) -> None:
    life = (
        received()
        .done(UP, by="manager", on="2024-01-20")
        .done(replace(RECEIVED, rung=3), by="manager", on="2024-01-21")
    )
    with shown(database, life) as told:
        found = told.item(escalation, "e1")
        assert places(found) == [(2, "raised", "forwarded"), (3, "forwarded", "")]
        first, second = found["rungs"]
        assert first["received"]["by"] == "regisseur"
        assert first["received"]["capacities"][0]["text"] == "ketenregisseur van UWV"
        assert first["dueAt"] == "2024-01-24T12:00:00.000000Z"
        assert (second["name"], second["dueAt"][:10]) == ("ketenmanager", "2024-01-31")
        assert first["left"]["reason"] == "wij komen er niet uit"
        assert not first["overdue"]


def test_a_term_that_ran_out_shows_though_no_record_says_so(database: str) -> None:
    with shown(database, received()) as told:
        assert not told.item(escalation, "e1", now="2024-01-24T11:59:59.999999Z")["overdue"]
        late = told.item(escalation, "e1", now="2024-01-24T12:00:00.000000Z")
        assert late["overdue"]
        assert "expired" not in late["rungs"][0]
        assert not told.page(escalations, asof={"now": "2024-01-23"}).items[0]["overdue"]
        [row] = told.page(escalations, asof={"now": "2024-01-25"}).items
        assert (row["overdue"], row["rungName"]) == (True, "ketenregisseurs")
        [waiting] = told.page(due, what="escalation").items
        assert waiting["dueAt"] == "2024-01-24T12:00:00.000000Z"


def test_a_term_on_record_forwards_by_itself_where_the_ladder_says_so(database: str) -> None:
    low = replace(RAISED, from_rung=0, to_rung=1)
    life = raised(AUTOMATIC, low).done(replace(RECEIVED, rung=1), by="lijn").time_passes(7).life
    with shown(database, life) as told:
        found = told.item(escalation, "e1")
        first, second = found["rungs"]
        assert first["expired"]["position"] == told.position(EscalationTermExpired)
        assert first["left"]["byItself"]
        assert first["left"]["position"] == told.position(EscalationForwarded)
        assert (first["name"], second["name"]) == ("teams", "regisseurs")


def test_sent_back_it_stands_on_the_lower_rung_again(database: str) -> None:
    life = received().done(BACK, by="regisseur", on="2024-01-15")
    with shown(database, life) as told:
        found = told.item(escalation, "e1")
        assert places(found) == [(2, "raised", "sent-back"), (1, "sent-back", "")]
        assert (found["status"], found["rung"]) == ("sent-back", 1)
        before = told.item(escalation, "e1", valid_on="2024-01-14")
        assert (before["status"], before["rung"]) == ("received", 2)
        [row] = told.page(escalations, asof={"valid_on": "2024-01-14"}).items
        assert (row["status"], row["rung"]) == ("received", 2)


def test_a_bypass_names_the_power_and_the_rungs_that_were_skipped(database: str) -> None:
    life = with_power(raised()).done(BYPASS, by="manager").given(POLITICAL)
    with shown(database, life) as told:
        found = told.item(escalation, "e1")
        [bypass] = found["bypasses"]
        assert (bypass["authority"], bypass["skipped"]) == ("dzm", [3, 4, 5, 6])
        kinds = [one["kind"] for one in bypass["capacities"]]
        assert kinds == ["authority", "role"]
        assert bypass["exercise"] == f"exercise-{bypass['position'] + 1}"
        assert places(found)[-1] == (7, "emergency", "")
        [political] = found["politicalDecisions"]
        assert political["authorityName"] == "minister van SZW"


def test_a_solution_and_its_lesson_end_it(database: str) -> None:
    life = received().done(SOLVED, by="manager").done(CLOSED, by="manager")
    action = ActionAssigned(
        title="Stem de nummers af",
        organisation="bd",
        role="productie",
        due_on="2024-03-01",
        escalation="e1",
    )
    with shown(database, life.given(action)) as told:
        found = told.item(escalation, "e1")
        assert (found["status"], found["overdue"]) == ("closed", False)
        assert found["resolved"]["solution"] == "één nummer voor allen"
        assert found["closed"]["lesson"] == "spreek de nummers vooraf af"
        assert [one["title"] for one in found["lessons"]] == ["Nummers"]
        assert [one["title"] for one in found["actions"]] == ["Stem de nummers af"]
        assert not told.item(escalation, "e1", now="2025-01-01")["overdue"]


def test_a_decision_that_solved_it_is_named(database: str) -> None:
    decided = DecisionRecorded(decision="b-1", title="Eén nummer", status="in-force")
    solved = EscalationResolved(escalation="e1", decision="b-1")
    with shown(database, received().given(decided).done(solved, by="manager")) as told:
        found = told.item(escalation, "e1")["resolved"]
        assert (found["decision"], found["decisionTitle"]) == ("b-1", "Eén nummer")
        assert told.ids(escalations, "escalation", decision="b-1") == ["e1"]
        assert told.ids(escalations, "escalation", decision="b-2") == []


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"status": "open"}, ["e2", "e1"]),
        ({"status": "received"}, ["e1"]),
        ({"status": "closed"}, []),
        ({"organisation": "cbs"}, ["e2"]),
        ({"bottleneck": "k1"}, ["e1"]),
        ({"text": "levering"}, ["e2"]),
    ],
)
def test_a_list_is_narrowed_by_status_organisation_bottleneck_and_words(
    database: str, chosen: dict[str, str], found: list[str]
) -> None:
    other = replace(
        RAISED, escalation="e2", bottleneck="", subject="Late leveringen", jointly_by=("bd", "cbs")
    )
    with shown(database, received().given(other)) as told:
        assert told.ids(escalations, "escalation", **chosen) == found


def test_a_bottleneck_tells_its_talks_and_how_its_escalations_stand(database: str) -> None:
    other = BottleneckSignalled(bottleneck="k2", subject="te laat", organisations=("cbs",))
    with shown(database, received().given(other)) as told:
        found = told.item(bottleneck, "k1")
        assert found["attempts"][0]["result"] == "geen overeenstemming"
        [led_to] = found["escalations"]
        assert (led_to["escalation"], led_to["status"]) == ("e1", "received")
        assert told.ids(bottlenecks, "bottleneck") == ["k2", "k1"]
        assert told.ids(bottlenecks, "bottleneck", organisation="cbs") == ["k2"]
        assert told.ids(bottlenecks, "bottleneck", text="nummer") == ["k1"]


def test_an_escalation_keeps_the_ladder_under_which_it_was_raised(database: str) -> None:
    with shown(database, raised(AUTOMATIC).given(SHORT)) as told:
        assert told.item(escalation, "e1")["rungName"] == "regisseurs"
        newest, older, default = told.page(ladders).items
        assert [one["inForce"] for one in (newest, older, default)] == [True, False, False]
        assert [rung["name"] for rung in newest["rungs"]] == ["teams", "top"]
        assert default["ladder"] == "default"
        assert told.item(ladder, newest["ladder"])["adopted"]["imported"]
        assert told.item(ladder, "default") == DEFAULT


def test_without_a_ladder_of_its_own_the_chain_has_the_default_one(database: str) -> None:
    with shown(database, raised()) as told:
        [default] = told.page(ladders).items
        assert default["inForce"]
        assert [rung["rung"] for rung in default["rungs"]] == list(range(8))


def test_pages_of_ladders_end_with_the_default_one(database: str) -> None:
    with shown(database, raised(AUTOMATIC).given(SHORT)) as told:
        seen, following = [], ""
        for _ in range(3):
            part = told.page(ladders, paging=Paging(following, 1))
            seen += [len(one["rungs"]) for one in part.items]
            following = part.next
        assert (seen, following) == ([2, 4, 8], "")


def test_who_may_not_see_an_escalation_does_not_find_it(database: str) -> None:
    life = manned().record(RAISED, by="manager", scope="confidential")
    with shown(database, life) as told:
        chain = frozenset({"public", "chain"})
        assert told.ids(escalations, "escalation") == ["e1"]
        assert told.ids(escalations, "escalation", asof={"reader": chain}) == []
        assert "escalations" not in told.page(bottlenecks, asof={"reader": chain}).items[0]
        with pytest.raises(NotFound):
            told.item(escalation, "e1", reader=chain)


def test_who_may_not_see_the_bottleneck_still_sees_the_escalation(database: str) -> None:
    secret = replace(BOTTLENECK, bottleneck="k2", subject="een geheim")
    hidden = manned().record(secret, by="manager", scope="confidential").life
    with shown(database, hidden.given(replace(RAISED, bottleneck="k2"))) as told:
        chain = frozenset({"public", "chain"})
        found = told.item(escalation, "e1", reader=chain)
        assert found["bottleneck"] == "k2"
        assert "een geheim" not in str(found)
        assert "een geheim" in str(told.item(escalation, "e1"))
