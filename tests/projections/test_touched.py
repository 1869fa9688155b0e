"""What an answer was made from is told to whoever logs reads: nothing confidential goes unseen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from projections import touched
from projections.scopes import RANKS
from projections.touched import CONFIDENTIAL, Touched, watching
from projections.views import View
from tests.projections.answers import ITEMS, LISTS, whole
from tests.projections.given import reading, seen, taken_in
from tests.projections.scenes import mixed

OF_THE_CHAIN = frozenset({"public", "chain"})
SECRET = {one.header.position for one in mixed() if one.header.scope == "confidential"}


def test_rows_tell_positions_and_things() -> None:
    with watching() as found:
        touched.note(
            [
                {"position": 3},
                {"positions": [4, 5]},
                {"status": {"position": 6}},
                {"entry": {"position": 7}, "kind": "seat", "id": "z-1", "scope": 2},
                {"kind": "decision", "id": "b-1", "scope": 3, "status": "open"},
            ]
        )
    assert found == Touched({3, 4, 5, 6, 7}, {("decision", "b-1")})
    assert RANKS["confidential"] == CONFIDENTIAL


def test_nobody_hears_of_a_question_that_is_not_watched() -> None:
    with watching() as found:
        pass
    touched.note([{"position": 3}])
    assert found == Touched()


def test_who_watches_inside_hears_alone() -> None:
    with watching() as outer:
        with watching() as inner:
            touched.note([{"position": 1}])
        touched.note([{"position": 2}])
    assert (inner.positions, outer.positions) == ({1}, {2})


@pytest.mark.slow
def test_an_answer_that_tells_something_confidential_is_never_unseen(database: str) -> None:
    """Whatever differs for who may see everything was made with confidential records, noticed."""
    taken_in(database, mixed())
    told = 0
    with reading(database) as connection:
        views = seen(connection), seen(connection, reader=OF_THE_CHAIN)

        def answers(ask: Any) -> tuple[set[str], set[str], bool]:
            with watching() as found:
                full = _told(ask(views[0]))
            noticed = bool(found.positions & SECRET or found.things)
            return full, _told(ask(views[1])), noticed

        asked: dict[str, Any] = {
            name: lambda view, query=query: whole(query, connection, view)
            for name, query in LISTS.items()
        }
        for kind, item in ITEMS.items():
            for name in _ids(connection, views[1], kind)[:3]:
                asked[f"{kind} {name}"] = lambda view, item=item, name=name: item(
                    connection, view, name
                )
        for name, ask in asked.items():
            full, partial, noticed = answers(ask)
            if full - partial:
                told += 1
                assert noticed, name
    assert told > 20


def _told(answer: Any) -> set[str]:
    """Return what an answer tells: each item of a list by itself, or one thing as a whole."""
    parts = answer if isinstance(answer, list) else [answer]
    return {json.dumps(one, sort_keys=True, default=str) for one in parts}


def _ids(connection: Any, view: View, kind: str) -> list[str]:
    rows = connection.execute(
        "SELECT DISTINCT id FROM read_texts WHERE kind = %s AND scope < 3 ORDER BY id", (kind,)
    ).fetchall()
    return [name for (name,) in rows]
