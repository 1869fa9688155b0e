"""What was known then, and to whom, is what a reader would have seen then, on every position."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
import pytest
from psycopg.rows import tuple_row

from ledger.domain.values import NotFound
from ledger.log.store import Store
from ledger.recording import Entry
from projections import decisions, listing
from projections.listing import Wanted
from projections.models import KINDS
from projections.runner import Runner
from projections.scopes import RANKS
from projections.things import Kind, Seen, add, fresh, row_of, status_on
from projections.views import Paging, View
from tests.projections.answers import ITEMS, LISTS, whole
from tests.projections.given import (
    EVERYTHING,
    reading,
    require_as_rebuilt,
    row,
    seen,
    taken_in,
    words_in,
)
from tests.projections.scenes import everything, mixed, with_scopes
from tests.properties.lives import seeded

READERS = (
    frozenset({"public"}),
    frozenset({"public", "chain"}),
    EVERYTHING,
)
Links = dict[tuple[str, str], list[tuple[int, int]]]


def links(database: str) -> Links:
    """Return for each thing the positions of its records, as the read models link them.

    With each comes the rank from which on it is known that the record is about the thing.
    """
    query = """
        SELECT kind, id, position, scope FROM read_links WHERE kind <> 'under' ORDER BY position
    """
    found: Links = {}
    with psycopg.connect(database, row_factory=tuple_row) as connection:
        for kind, name, position, scope in connection.execute(query):
            found.setdefault((kind, name), []).append((position, scope))
    return found


def expected(
    kind: Kind, entries: Sequence[Entry], found: Links, view: View
) -> dict[str, dict[str, Any]]:
    """Return what a list of this kind holds if nothing but the visible records had ever been."""
    things: dict[str, dict[str, Any]] = {}
    for (kind_name, name), positions in found.items():
        doc = fresh(kind, name)
        for position, scope in positions if kind_name == kind.name else ():
            entry = entries[position]
            assert scope >= RANKS[entry.header.scope]
            if position <= view.known_at and scope <= view.access.rank:
                add(kind, doc, Seen(entry.event, entry.header))
        if doc["positions"]:
            things[name] = _item(kind, doc, view)
    return things


def _item(kind: Kind, doc: dict[str, Any], view: View) -> dict[str, Any]:
    held = status_on(doc, view.day)
    status = {} if held is None else {"status": held["status"], "statusSince": held["on"]}
    return {**row_of(kind, doc)["summary"], "positions": doc["positions"], **status}


def listed(connection: Any, view: View, kind: Kind) -> dict[str, dict[str, Any]]:
    """Return what the tables give, without what is computed from the term of validity."""
    found = listing.everything(connection, view, kind, Wanted())
    computed = ("validFrom", "validUntil", "valid", "statusLabel")
    return {
        one[kind.name]: {name: value for name, value in one.items() if name not in computed}
        for one in found
    }


def hold_to_the_records(database: str, entries: Sequence[Entry], ends: Iterable[int]) -> None:
    """Compare every list, for every reader, as of these positions."""
    found = links(database)
    with reading(database) as connection:
        for end in ends:
            for reader in READERS:
                try:
                    view = seen(connection, reader=reader, known_at=end)
                except NotFound:
                    continue
                for kind in KINDS.values():
                    wanted = expected(kind, entries, found, view)
                    told = listed(connection, view, kind)
                    assert told == json.loads(words_in(wanted)), (end, reader, kind.name)


def test_every_list_as_of_any_position_is_what_the_records_up_to_it_say(database: str) -> None:
    entries = mixed()
    taken_in(database, entries)
    hold_to_the_records(database, entries, [*range(0, len(entries), 37), len(entries) - 1])


@pytest.mark.parametrize("number", range(4))
def test_the_same_holds_for_random_lives(database: str, number: int) -> None:
    entries = with_scopes(seeded(number, steps=120).entries)
    taken_in(database, entries)
    hold_to_the_records(database, entries, [len(entries) // 3, len(entries) - 1])
    require_as_rebuilt(database)


def test_every_answer_as_known_then_is_the_answer_that_was_given_then(database: str) -> None:
    entries = everything()
    then: dict[int, dict[str, str]] = {}
    with Store(database) as store, Runner(database) as runner, reading(database) as connection:
        start = 0
        for end in range(40, len(entries) + 1, 96):
            store.append([row(entry) for entry in entries[start:end]])
            runner.catch_up()
            then[end - 1] = _answers(connection, seen(connection))
            start = end
        store.append([row(entry) for entry in entries[start:]])
        runner.catch_up()
        for position, answers in then.items():
            assert _answers(connection, seen(connection, known_at=position)) == answers, position


def _answers(connection: Any, view: View) -> dict[str, str]:
    lists = {name: words_in(whole(query, connection, view)) for name, query in LISTS.items()}
    kept = {name: words_in(_item_of(kind, connection, view)) for name, kind in KINDS.items()}
    return {**lists, **{f"items of {name}": text for name, text in kept.items()}}


def _item_of(kind: Kind, connection: Any, view: View) -> list[Any]:
    names = [one[kind.name] for one in listing.everything(connection, view, kind, Wanted())]
    return [ITEMS[kind.name](connection, view, name) for name in names[:10]]


def test_a_time_stands_for_the_last_position_recorded_by_then(database: str) -> None:
    entries = everything()
    taken_in(database, entries)
    with reading(database) as connection:
        last = seen(connection, known_at=entries[-1].header.at)
        assert last.known_at == len(entries) - 1
        with pytest.raises(NotFound):
            seen(connection, known_at="1999-01-01T00:00:00.000000Z")
        assert seen(connection, known_at=7).known_at == 7
        assert seen(connection, known_at=10**15).known_at == len(entries) - 1


def test_a_later_day_changes_nothing_of_what_was_valid_before(database: str) -> None:
    taken_in(database, everything())
    with reading(database) as connection:
        then = seen(connection, valid_on="2007-03-01")
        found = whole(decisions.decisions, connection, then)
        assert {one["decision"]: one["status"] for one in found} == {
            "B-2006-01": "in-force",
            "B-2006-02": "rejected",
            "B-2007-01": "in-force",
        }
        assert decisions.decisions(connection, then, Paging(), status="rejected").items[0][
            "decision"
        ] == ("B-2006-02")


def test_a_page_goes_on_where_the_last_one_ended_while_the_chain_grows(database: str) -> None:
    entries = everything()
    taken_in(database, entries[:250])
    with reading(database) as connection, Store(database) as store, Runner(database) as runner:
        view = seen(connection)
        for name, query in LISTS.items():
            assert whole(query, connection, view, limit=3) == whole(query, connection, view), name
        first = decisions.decisions(connection, view, Paging(limit=4))
        store.append([row(entry) for entry in entries[250:]])
        runner.catch_up()
        rest = decisions.decisions(connection, view, Paging(first.next, 200))
        names = [one["decision"] for one in (*first.items, *rest.items)]
        assert len(names) == len(set(names))
        assert names == [one["decision"] for one in whole(decisions.decisions, connection, view)]
