"""Figures over the years, held against what the lists and the records themselves tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from ledger.domain.events.actions import ActionAssigned, ActionCompleted
from projections.decisions import DECISION, decisions
from projections.figures import MAX_YEARS, NOT_TAKEN, TAKEN, figures
from projections.items import find_many
from projections.views import Conn, Doc, Paging
from tests.domain.given import Life
from tests.domain.given_decisions import board
from tests.projections.given import reading, seen, taken_in
from tests.projections.scenes import everything, mixed
from tests.projections.shown import shown

PUBLIC = frozenset({"public"})


@pytest.fixture(scope="module")
def whole(shared_database: str) -> Iterator[Conn]:
    """The demonstration chain."""
    taken_in(shared_database, everything())
    with reading(shared_database) as connection:
        yield connection


def column(rows: list[Doc], name: str) -> dict[str, int]:
    """Return the figures of one series that are not nought, by period."""
    return {row["period"]: row[name] for row in rows if row.get(name)}


def first_days(connection: Conn, statuses: tuple[str, ...]) -> Counter[str]:
    """Count by month when each decision first had one of these statuses, from its own story."""
    view = seen(connection)
    names = [one["decision"] for one in decisions(connection, view, Paging("", 200)).items]
    docs = [item.doc for item in find_many(connection, view, DECISION, names).values()]
    days = [
        min((one["on"] for one in doc["statuses"] if one["status"] in statuses), default="")
        for doc in docs
    ]
    return Counter(day[:7] for day in days if day)


def test_decisions_count_in_the_month_in_which_they_were_first_taken(whole: Conn) -> None:
    for statuses, name in ((TAKEN, "taken"), (NOT_TAKEN, "notTaken")):
        counted = first_days(whole, statuses)
        assert counted
        for year in {month[:4] for month in counted}:
            found = column(figures(whole, seen(whole), year=year)["decisions"], name)
            assert found == {one: n for one, n in counted.items() if one.startswith(year)}
        yearly = Counter(month[:4] for month in counted.elements())
        assert column(figures(whole, seen(whole))["decisions"], name) == yearly


def test_how_long_escalations_took_is_from_raising_to_solving(whole: Conn) -> None:
    found = figures(whole, seen(whole))
    [told] = found["latestEscalations"]
    assert (told["escalation"], told["raised"], told["resolved"]) == (
        "E-2009-01",
        "2009-05-28",
        "2009-08-20",
    )
    assert told["days"] == 84
    [year] = [row for row in found["escalations"] if row["solved"]]
    assert year == {"period": "2009", "solved": 1, "medianDays": 84, "longestDays": 84}
    before = figures(whole, seen(whole, valid_on="2009-06-27"))
    [open_then] = before["latestEscalations"]
    assert "resolved" not in open_then
    assert open_then["days"] == 30
    assert all(row["solved"] == 0 for row in before["escalations"])


def test_actions_agreements_and_roles_are_told_as_they_stood_at_the_end_of_a_year(
    whole: Conn,
) -> None:
    found = figures(whole, seen(whole))
    assert column(found["actions"], "open")["2007"] == 1
    assert "2009" not in column(found["actions"], "open")
    inside = figures(whole, seen(whole), year="2007")
    assert column(inside["actions"], "overdue") == {"2007-10": 1}
    assert column(found["agreements"], "inForce")["2009"] == 2
    roles = found["roles"]
    for before, row in zip([{"held": 0}, *roles], roles, strict=False):
        assert row["held"] == before["held"] + row["begun"] - row["ended"]
    assert sum(row["begun"] for row in roles) > sum(row["ended"] for row in roles) > 0


def test_nothing_counts_that_happened_after_the_day_or_was_not_known_yet(whole: Conn) -> None:
    then = figures(whole, seen(whole, valid_on="2008-06-30"))
    assert then["years"] == ["2006", "2007", "2008"]
    assert (
        figures(whole, seen(whole, valid_on="2008-06-30"), year="2008")["decisions"][-1]["period"]
        == "2008-06"
    )
    known = figures(whole, seen(whole, known_at=40))
    assert sum(column(known["decisions"], "taken").values()) == 2
    assert sum(column(figures(whole, seen(whole))["decisions"], "taken").values()) > 2
    assert known["latestEscalations"] == []


def test_a_reader_counts_only_what_they_may_read(database: str) -> None:
    taken_in(database, mixed())
    with reading(database) as connection:
        all_of_it = figures(connection, seen(connection))
        public = figures(connection, seen(connection, reader=PUBLIC))
    taken = [sum(column(one["decisions"], "taken").values()) for one in (public, all_of_it)]
    assert taken[0] < taken[1]


def test_an_action_is_counted_from_when_it_was_assigned_until_it_is_done(database: str) -> None:
    life: Life = board()
    for name, due_on in (("a-1", "2024-03-10"), ("a-2", "2024-12-31")):
        action = ActionAssigned(
            action=name, title=name, organisation="uwv", role="lijn", due_on=due_on
        )
        life = life.done(action, by="manager", on="2024-02-01")
    life = life.time_passes(40).life
    done = ActionCompleted(action="a-1", evidence="Klaar.")
    life = life.done(done, by="manager", on="2024-04-05")
    with shown(database, life) as readers:
        found = figures(readers.connection, readers.view(now="2024-05-20"), year="2024")
    assert column(found["actions"], "open") == {
        "2024-02": 2, "2024-03": 2, "2024-04": 1, "2024-05": 1
    }  # fmt: skip
    assert column(found["actions"], "overdue") == {"2024-03": 1}


def test_only_the_last_years_are_told(whole: Conn) -> None:
    late = figures(whole, seen(whole, valid_on="2060-01-01"))
    assert len(late["years"]) == MAX_YEARS
    assert late["years"][-1] == "2060"


def test_a_year_of_which_nothing_is_known_has_no_figures(whole: Conn) -> None:
    found: dict[str, Any] = figures(whole, seen(whole), year="1999")
    assert all(row["taken"] == 0 for row in found["decisions"])
    assert figures(whole, seen(whole), year="2099")["decisions"] == []
