"""A list of a day shows things as they were then, by their rows of before or by their records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ledger.domain.values import NotFound
from projections import as_it_was, scopes
from projections.as_it_was import Recorded
from projections.items import find_listed
from projections.listing import Wanted, listed
from projections.models import KINDS
from projections.scopes import Access
from projections.things import Kind
from projections.views import Conn, Doc, Paging, View, look
from tests.projections.given import CHAIN, NOW, reading, taken_in
from tests.projections.scenes import everything, mixed, with_scopes
from tests.properties.lives import seeded

READERS = (
    scopes.of_scopes({"public"}),
    scopes.of_scopes({"public", "chain"}),
    scopes.of_scopes({"public", "chain", "confidential"}),
    Access(rank=2, floor=1, first=100, last=200),
)
ALL_OF_THEM = Paging("", 200)
UNDATED = [kind for kind in KINDS.values() if not kind.dated]


def lists(connection: Conn, days: Sequence[str], most: int) -> dict[Any, list[Doc]]:
    """Return the lists of all kinds for all readers, on these days, as known now and earlier."""
    found: dict[Any, list[Doc]] = {}
    for number, reader in enumerate(READERS):
        for known_at in (None, most * 2 // 3):
            for day in days:
                asked = {"reader": reader, "known_at": known_at, "valid_on": day, "now": NOW}
                try:
                    view = look(connection, CHAIN, **asked)
                except NotFound:
                    continue
                for kind in UNDATED:
                    page = listed(connection, view, ALL_OF_THEM, kind, Wanted())
                    found[number, known_at, day, kind.name] = page.items
    return found


@pytest.mark.parametrize("life", ["mixed", "everything", "random"])
def test_a_row_of_before_tells_what_the_records_tell(
    database: str, life: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = {"mixed": mixed(), "everything": everything()}
    entries = lives.get(life) or with_scopes(seeded(3, steps=150).entries)
    taken_in(database, entries)
    days = sorted({one.header.on[:10] for one in entries})[:: max(1, len(entries) // 80)]
    read: dict[bool, int] = {True: 0, False: 0}
    summaries = as_it_was._summaries

    def by_rows(connection: Conn, view: View, kind: Kind, names: list[str], at: int) -> Any:
        found = summaries(connection, view, kind, names, at)
        read[True] += len(found)
        return found

    def by_records(connection: Conn, view: View, kind: Kind, names: Sequence[str]) -> Any:
        found = find_listed(connection, view, kind, names)
        read[False] += len(found)
        return found

    with reading(database) as connection:
        monkeypatch.setattr(as_it_was, "_summaries", by_rows)
        monkeypatch.setattr("projections.as_it_was.find_listed", by_records)
        told = lists(connection, days, len(entries))
        some, few = read[True], read[False]
        monkeypatch.setattr(as_it_was, "_summaries", lambda *_: {})
        assert lists(connection, days, len(entries)) == told
    assert some > 20
    assert read[False] - few == some + few


def test_the_row_is_of_a_position_at_which_most_things_were_known_as_on_the_day() -> None:
    on_time = [Recorded([at, at + 20], at, at + 20) for at in (3, 5, 8)]
    late, never = Recorded([1, 7, 30], 30, 7), Recorded([4], -1, 4)
    position = as_it_was._where_most_are_told([never, *on_time, late])
    assert [one.told_at(position) for one in on_time] == [True, True, True]
    assert [one.told_at(at) for one in (late, never) for at in range(40)] == [False] * 80
    assert as_it_was._where_most_are_told([late, never]) == -1
