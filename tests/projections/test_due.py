"""What is due: what waits for whom, by which day, and whether that has passed."""

from __future__ import annotations

from ledger.domain.events.actions import ActionAssigned, ActionCompleted, ActionDelayed
from ledger.domain.events.decision_rules import DecisionRule
from projections.due import due
from projections.views import Paging
from tests.domain.given import Life
from tests.domain.given_decisions import BOARD, board, opened, proposal, vote
from tests.projections.shown import Shown, shown


def waiting(readers: Shown, **more: object) -> list[tuple[str, str]]:
    asof = more.pop("asof", None)
    found = readers.page(due, asof=asof, **more)  # type: ignore[arg-type]  # filters by name
    return [(one["what"], one["id"]) for one in found.items]


def busy() -> Life:
    """Two actions, a proposal that waits for deliberation, and one that is voted on."""
    life = opened(BOARD).done(proposal("b-2"), by="bestuur-p-bd")
    for name, day in (("a-1", "2024-03-01"), ("a-2", "2024-01-10")):
        action = ActionAssigned(
            action=name, title=f"Actie {name}", organisation="uwv", role="lijn", due_on=day
        )
        life = life.done(action, by="manager")
    return life


def test_the_nearest_day_comes_first_and_what_has_none_last(database: str) -> None:
    with shown(database, busy()) as readers:
        assert waiting(readers) == [
            ("action", "a-2"), ("vote", "b-1"), ("action", "a-1"), ("deliberation", "b-2"),
        ]  # fmt: skip
        pages, cursor = [], ""
        while True:
            page = readers.page(due, paging=Paging(cursor, 1))
            pages += [one["id"] for one in page.items]
            cursor = page.next
            if not cursor:
                break
    assert pages == ["a-2", "b-1", "a-1", "b-2"]


def test_whether_a_day_has_passed_is_told_when_it_is_read(database: str) -> None:
    with shown(database, busy()) as readers:
        for now, late in (
            ("2024-01-10", set()),
            ("2024-01-11", {"a-2"}),
            ("2024-02-01", {"a-2", "b-1"}),
            ("2024-03-02", {"a-1", "a-2", "b-1"}),
        ):
            items = readers.page(due, asof={"now": now}).items
            assert {one["id"] for one in items if one["overdue"]} == late
        items = readers.page(due, asof={"valid_on": "2024-01-11"}).items
        assert {one["id"] for one in items if one["overdue"]} == {"a-2"}


def test_what_waits_is_chosen_by_sort_owner_and_day(database: str) -> None:
    with shown(database, busy()) as readers:
        assert waiting(readers, what="vote") == [("vote", "b-1")]
        assert waiting(readers, owner="uwv") == [("action", "a-2"), ("action", "a-1")]
        assert waiting(readers, owner="bestuur") == [("vote", "b-1"), ("deliberation", "b-2")]
        assert waiting(readers, owner="cbs") == []
        assert waiting(readers, until="2024-01-10") == [("action", "a-2")]
        [first, *_] = readers.page(due).items
        assert (first["title"], first["action"], first["dueOn"]) == (
            "Actie a-2",
            "a-2",
            "2024-01-10",
        )


def test_what_is_done_waits_no_more_and_did_wait_before(database: str) -> None:
    life = busy()
    before = life.entries[-1].header.position
    life = life.done(ActionCompleted(action="a-1", evidence="Zie verslag"), by="manager")
    delay = ActionDelayed(action="a-2", due_on="2024-08-01", reason="Ziekte")
    with shown(database, life.done(delay, by="manager")) as readers:
        assert waiting(readers) == [("vote", "b-1"), ("action", "a-2"), ("deliberation", "b-2")]
        assert len(waiting(readers, asof={"known_at": before})) == 4


def test_an_adopted_decision_waits_out_its_reflection(database: str) -> None:
    rule = DecisionRule(kind="majority", reflection_days=10)
    life = opened(board(rule))
    for organisation in ("bd", "uwv", "cbs"):
        life = vote(life, organisation, "for").life
    with shown(database, life) as readers:
        [one] = readers.page(due).items
    assert (one["what"], one["dueAt"][:10]) == ("reflection", "2024-01-11")
