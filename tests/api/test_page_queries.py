"""How many questions a page asks of the database: bounded, however much there is to tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from api.pages import actions, bodies, decisions, figures, meetings, powers, roles, start, timeline
from api.pages.site import Screen
from projections.views import Conn
from tests.api.test_page_items import asked
from tests.projections.given import taken_in
from tests.projections.scenes import everything

MOST = 32
PAGES: list[tuple[Screen, dict[str, str]]] = [
    (start.SCREENS[0], {}),
    (timeline.SCREENS[0], {}),
    (decisions.SCREENS[0], {}),
    (decisions.SCREENS[1], {"decision": "B-2007-03"}),
    (meetings.SCREENS[0], {}),
    (meetings.SCREENS[1], {"meeting": "V-2008-01"}),
    (actions.SCREENS[0], {}),
    (actions.SCREENS[1], {"action": "A-2007-01"}),
    (powers.SCREENS[0], {"authority": "DM-2007-01"}),
    (bodies.SCREENS[0], {}),
    (bodies.SCREENS[1], {"body": "ketenbestuur"}),
    (roles.SCREENS[0], {}),
    (figures.SCREENS[0], {}),
]


class Counting(psycopg.Cursor[Any]):
    """A cursor that counts what it is asked."""

    asked = 0

    def execute(self, *given: Any, **more: Any) -> Counting:
        type(self).asked += 1
        super().execute(*given, **more)
        return self


@pytest.fixture(scope="module")
def whole(shared_database: str) -> Iterator[Conn]:
    """The demonstration chain, on a connection that counts."""
    taken_in(shared_database, everything())
    with psycopg.connect(shared_database, autocommit=True, cursor_factory=Counting) as connection:
        yield connection


@pytest.mark.parametrize(("screen", "named"), PAGES, ids=lambda one: getattr(one, "path", ""))
def test_a_page_asks_a_bounded_number_of_questions(
    whole: Conn, screen: Screen, named: dict[str, str]
) -> None:
    request, _ = asked(whole, screen, **named)
    before = Counting.asked
    screen.gather(request)
    assert 0 < Counting.asked - before <= MOST


def test_the_questions_are_really_counted(whole: Conn) -> None:
    before = Counting.asked
    whole.execute("SELECT 1")
    assert Counting.asked == before + 1
