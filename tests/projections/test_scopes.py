"""Nobody reads what they may not: every question is asked by readers who may see less."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from ledger import catalogue
from ledger.domain.events.decisions import VoteCast
from ledger.domain.values import NotFound
from ledger.recording import Entry
from projections import chains, decision_page, decisions, records, scopes, search
from projections.capacities import capacities
from projections.models import KINDS
from projections.views import Paging
from tests.projections.answers import ITEMS, LISTS, whole
from tests.projections.given import CHAIN, EVERYTHING, reading, seen, taken_in, words_in
from tests.projections.scenes import everything, mixed

PUBLIC = frozenset({"public"})
OF_THE_CHAIN = frozenset({"public", "chain"})
MARK = "GEHEIM"
PACKAGE = Path(__file__).parents[2] / "projections"


def marked() -> tuple[Entry, ...]:
    """Return a life in which every sentence of a confidential record says so."""
    return tuple(_marked(entry) for entry in mixed())


def _marked(entry: Entry) -> Entry:
    if entry.header.scope != "confidential":
        return entry
    body = _with_mark(msgspec.to_builtins(entry.event))
    event = msgspec.convert(body, type(entry.event))
    return Entry(event, entry.header, catalogue.encode(event, entry.header))


def _with_mark(value: Any) -> Any:
    """Mark what is prose: text with a space in it."""
    if isinstance(value, dict):
        return {name: _with_mark(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_with_mark(part) for part in value]
    is_prose = isinstance(value, str) and " " in value and not value.startswith(MARK)
    return f"{MARK} {value}"[:200] if is_prose else value


def answers(connection: Any, reader: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Give every answer this reader gets, about everything there is."""
    all_of_it = seen(connection)
    view = seen(connection, reader=reader)
    for name, query in LISTS.items():
        yield name, words_in(whole(query, connection, view))
    for kind in KINDS.values():
        for name in _names(connection, kind.name, all_of_it.chain):
            try:
                yield f"{kind.name} {name}", words_in(ITEMS[kind.name](connection, view, name))
            except NotFound:
                yield f"{kind.name} {name}", ""


def _names(connection: Any, kind: str, chain: str) -> list[str]:
    query = "SELECT DISTINCT id FROM read_links WHERE chain = %s AND kind = %s"
    return [name for (name,) in connection.execute(query, (chain, kind))]


@pytest.mark.parametrize("reader", [PUBLIC, OF_THE_CHAIN], ids=["public", "chain"])
def test_no_answer_tells_what_is_confidential(database: str, reader: frozenset[str]) -> None:
    taken_in(database, marked())
    with reading(database) as connection:
        told = dict(answers(connection, reader))
        assert {name for name, text in told.items() if MARK in text} == set()
        assert sum(bool(text) for text in told.values()) > len(LISTS)


def test_who_may_read_everything_does_see_it(database: str) -> None:
    taken_in(database, marked())
    with reading(database) as connection:
        told = dict(answers(connection, EVERYTHING))
        with_mark = {name.partition(" ")[0] for name, text in told.items() if MARK in text}
        assert {"timeline", "search", "decisions", "decision", "records", "memory"} <= with_mark
        assert all(told.values())


def test_the_public_sees_less_than_the_chain(database: str) -> None:
    taken_in(database, mixed())
    with reading(database) as connection:
        positions = [
            {one["position"] for one in whole(LISTS["timeline"], connection, view)}
            for view in (
                seen(connection, reader=reader) for reader in (PUBLIC, OF_THE_CHAIN, EVERYTHING)
            )
        ]
    assert positions[0] < positions[1] < positions[2]
    assert len(positions[2]) == len(mixed())


@pytest.mark.parametrize(
    "reader",
    [frozenset(), frozenset({"confidential"}), frozenset({"chain", "confidential"})],
    ids=["none", "confidential alone", "all but public"],
)
def test_a_scope_that_is_missing_is_denied(database: str, reader: frozenset[str]) -> None:
    taken_in(database, everything())
    with reading(database) as connection:
        assert chains.chains(connection, reader, Paging()).items == []
        with pytest.raises(NotFound):
            seen(connection, reader=reader)


def test_a_gap_in_the_scopes_ends_what_is_seen(database: str) -> None:
    assert scopes.rank({"public", "confidential"}) == scopes.rank(PUBLIC) == 1
    assert scopes.rank(OF_THE_CHAIN) == 2
    assert scopes.rank(EVERYTHING) == 3
    assert scopes.rank({"onzin"}) == scopes.NOBODY


def test_a_chain_shows_to_who_may_know_of_it(database: str) -> None:
    hidden = [_scoped(entry, "confidential") for entry in everything()[:30]]
    taken_in(database, hidden)
    with reading(database) as connection:
        assert chains.chains(connection, OF_THE_CHAIN, Paging()).items == []
        with pytest.raises(NotFound):
            seen(connection, reader=OF_THE_CHAIN)
        assert [one["chain"] for one in chains.chains(connection, EVERYTHING, Paging()).items] == [
            CHAIN
        ]


def _scoped(entry: Entry, scope: str) -> Entry:
    header = replace(entry.header, scope=scope)
    return Entry(entry.event, header, catalogue.encode(entry.event, header))


def test_a_confidential_vote_is_there_for_some_and_never_was_for_others(database: str) -> None:
    entries = list(everything())
    vote = next(number for number, one in enumerate(entries) if isinstance(one.event, VoteCast))
    entries[vote] = _scoped(entries[vote], "confidential")
    event = entries[vote].event
    assert isinstance(event, VoteCast)
    taken_in(database, entries)
    with reading(database) as connection:
        some = seen(connection)
        others = seen(connection, reader=OF_THE_CHAIN)
        in_full = decision_page.decision(connection, some, event.decision)
        in_part = decision_page.decision(connection, others, event.decision)
        assert [one["seat"] for one in in_full["votes"]].count(event.seat) == 1
        assert event.seat not in [one["seat"] for one in in_part["votes"]]
        assert event.seat in [one["seat"] for one in in_part["silent"]]
        assert vote not in [one["position"] for one in in_part["history"]]
        with pytest.raises(NotFound):
            records.record(connection, others, vote)
        assert records.record(connection, some, vote)["position"] == vote


def test_what_an_act_rests_on_shows_as_hidden_to_who_may_not_see_it(database: str) -> None:
    entries = [_scoped(everything()[0], "confidential"), *everything()[1:30]]
    taken_in(database, entries)
    with reading(database) as connection:
        hidden = capacities(connection, seen(connection, reader=OF_THE_CHAIN), [0, 3])
        assert hidden[0]["kind"] == "hidden"
        assert hidden[3]["kind"] == "role"
        assert capacities(connection, seen(connection), [0])[0]["kind"] == "founding"


def test_a_title_is_not_found_by_who_may_not_read_it(database: str) -> None:
    entries = everything()
    taken_in(
        database, [_scoped(entry, "confidential") for entry in entries[:1]] + list(entries[1:])
    )
    with reading(database) as connection:
        for reader, found in ((OF_THE_CHAIN, False), (EVERYTHING, True)):
            hits = search.search(
                connection, seen(connection, reader=reader), Paging(), "demonstratie"
            )
            assert ("chain" in [one["kind"] for one in hits.items]) is found


def test_lists_and_filters_count_only_what_is_seen(database: str) -> None:
    entries = [
        _scoped(entry, "confidential") if getattr(entry.event, "subject", "") else entry
        for entry in everything()
    ]
    taken_in(database, entries)
    with reading(database) as connection:
        some, others = seen(connection), seen(connection, reader=OF_THE_CHAIN)
        subject = whole(decisions.decisions, connection, some)[0]["subject"]
        assert decisions.decisions(connection, some, Paging(), subject=subject).items
        assert decisions.decisions(connection, others, Paging(), subject=subject).items == []


HARMLESS = {
    "access.py": "WHERE may.person <> ''",  # makes the filter: what somebody holds is a fact
    "chains.py": "SELECT DISTINCT t.chain",  # which there are; who may see them is asked next
    "names.py": "y.title = x.title",  # only compares a name that its own filter lets through
    "reviews.py": "t.state = 'granted'",  # asks what may be read, so it cannot be filtered by it
    "search.py": "r.occurred_at < %(valid_on)s",  # narrows what its own filter lets through
    "story.py": "WHERE {lessons}",  # has a filter for each of the two tables it joins
}


def test_behind_the_wall_looks_only_what_must_know_before_it_is_known_who_reads() -> None:
    looks = {
        path.name
        for path in PACKAGE.glob("*.py")
        if re.search(r"\b(?:FROM|JOIN) behind\.", path.read_text("utf-8"))
    }
    # The names compare what their own filter let through; the view of words has its own condition.
    before = {"access.py", "chains.py", "reviews.py"}
    assert looks == before | {"listing.py", "names.py", "search.py"}


def test_every_query_of_a_read_model_goes_through_the_scope_filter() -> None:
    writers = {"folding.py", "tables.py", "progress.py", "rebuild.py", "scopes.py"}
    unfiltered = {}
    for path in PACKAGE.glob("*.py"):
        queries = re.findall(r'SQL\("""(.*?)"""\)', path.read_text("utf-8"), re.DOTALL)
        asked = [
            one
            for one in queries
            if re.search(r"\b(?:FROM|JOIN) (?:public\.)?(?:read_|behind\.|\{table\})", one)
        ]
        loose = [one for one in asked if "{visible" not in one and "%(rank)s" not in one]
        if loose and path.name not in writers:
            unfiltered[path.name] = loose
    assert sorted(unfiltered) == sorted(HARMLESS)
    for name, loose in unfiltered.items():
        assert all(HARMLESS[name] in one for one in loose), loose
