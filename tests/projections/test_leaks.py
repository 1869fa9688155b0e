"""What somebody may not read makes no difference to what they are told.

Two chains differ in their hidden records alone: in one these are the decisions, votes and notes of
the demonstration, in the other so many remarks about nothing. Whoever may not read them gets the
same answer to every question: no list is longer, no page ends elsewhere, no count is higher.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from ledger import catalogue
from ledger.domain.events.chains import DrivingProblemRecorded
from ledger.domain.values import NotFound
from ledger.recording import Entry
from projections import decisions, figures, scopes, search, selection, story, timeline
from projections.access import Reader, access
from projections.growth import growth
from projections.models import KINDS
from projections.names import choices
from projections.scopes import Access
from projections.timeline import Chosen
from projections.views import Conn, Paging, View, look
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.projections.answers import ITEMS, LISTS, pages, whole
from tests.projections.given import CHAIN, NOW, reading, taken_in, words_in
from tests.projections.scenes import everything, mixed

READERS = {
    "public": scopes.of_scopes({"public"}),
    "chain": scopes.of_scopes({"public", "chain"}),
    "participant": Access(rank=2, floor=2, near_rank=3, places=("body:nergens",)),
    "reviewer": Access(rank=2, floor=1, first=60, last=250),
}


def hidden(entry: Entry) -> bool:
    return entry.header.scope == "confidential"


def told_otherwise() -> list[Entry]:
    """Return the mixed life with something else in the place of each confidential record."""
    return [_remark(one) if hidden(one) else one for one in mixed()]


def _remark(entry: Entry) -> Entry:
    event = DrivingProblemRecorded(text="Niets bijzonders.")
    header = replace(entry.header, under=(), cause=None, source=None, signature=None)
    return Entry(event, header, catalogue.encode(event, header))


@pytest.fixture(scope="module")
def both(server: str, template: str) -> Iterator[tuple[Conn, Conn]]:
    """Connections to the two chains, to read."""
    with ExitStack() as stack:
        found = []
        for life in (mixed(), told_otherwise()):
            name = f"test_{uuid4().hex[:12]}"
            _run(server, COPY_TEMPLATE, name=name, template=template)
            stack.callback(_run, server, DROP, name=name)
            taken_in(_url(server, name), life)
            found.append(stack.enter_context(reading(_url(server, name))))
        yield found[0], found[1]


def _names(connection: Conn, kind: str) -> list[str]:
    query = "SELECT DISTINCT id FROM read_links WHERE kind = %s ORDER BY id"
    return [name for (name,) in connection.execute(query, (kind,))]


def _items(connection: Conn, view: View, names: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for kind in KINDS.values():
        for name in names[kind.name] if kind.name in ITEMS else ():
            try:
                yield f"{kind.name} {name}", words_in(ITEMS[kind.name](connection, view, name))
            except NotFound as error:
                yield f"{kind.name} {name}", str(error)


def _evidence(connection: Conn, view: View, names: dict[str, list[str]]) -> dict[str, Any]:
    """Return which records would go along about each thing, and how many would be left out."""
    found: dict[str, Any] = {}
    for kind in selection.KINDS:
        for name in names[kind]:
            try:
                about = selection.about(connection, view, kind, name)
                found[f"{kind} {name}"] = (about.positions, about.unseen)
            except NotFound as error:
                found[f"{kind} {name}"] = str(error)
    return found


QUESTIONS: dict[str, Callable[[Conn, View, dict[str, list[str]]], Any]] = {
    "lists": lambda lent, view, _: {
        name: words_in(whole(query, lent, view)) for name, query in LISTS.items()
    },
    "cursors": lambda lent, view, _: {
        name: [(one.next, len(one.items)) for one in pages(query, lent, view, 5)]
        for name, query in LISTS.items()
    },
    "items": lambda lent, view, names: dict(_items(lent, view, names)),
    "evidence": _evidence,
    "how many are found": lambda lent, view, _: [
        search.hits(lent, view, Paging(), words).counts
        for words in ("besluit", "keten", "niets", "voorstel")
    ],
    "figures": lambda lent, view, _: [
        words_in(figures.figures(lent, view, year=year)) for year in ("", "2008")
    ],
    "subjects": lambda lent, view, _: words_in(story.subjects(lent, view)),
    "stories": lambda lent, view, _: [
        [words_in(item) for item in story.story(lent, view, one["subject"]).items]
        for one in story.subjects(lent, view)
    ],
    "what is new": lambda lent, view, _: [
        growth(lent, view, after=after) for after in (0, 50, 100, 200, 300)
    ],
    "what can be chosen": lambda lent, view, _: choices(lent, view, list(KINDS), most=20),
    "days": lambda lent, view, _: [
        selection.recorded_since(lent, view, day) for day in ("2007-01-01", "2015-01-01")
    ],
    "as of": lambda lent, view, _: [
        words_in(whole(decisions.decisions, lent, replace(view, valid_on=day)))
        for day in ("2008-01-01", "2010-06-01")
    ],
    "one type": lambda lent, view, _: [
        words_in(timeline.timeline(lent, view, Paging(), Chosen(types=(name,))).items)
        for name in ("VoteCast", "RecordCorrected", "DecisionAdopted")
    ],
}
"""Everything that a reader can ask and that could tell how much there is."""


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("name", READERS)
def test_what_is_hidden_makes_no_difference(
    both: tuple[Conn, Conn], name: str, question: str
) -> None:
    names = {kind: _names(both[0], kind) for kind in KINDS}
    answers = []
    for connection in both:
        view = look(connection, CHAIN, reader=READERS[name], now=NOW)
        answers.append(QUESTIONS[question](connection, view, names))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("question", QUESTIONS)
def test_who_may_read_it_all_is_told_the_difference(both: tuple[Conn, Conn], question: str) -> None:
    names = {kind: _names(both[0], kind) for kind in KINDS}
    answers = []
    for connection in both:
        view = look(connection, CHAIN, reader=frozenset(scopes.RANKS), now=NOW)
        answers.append(QUESTIONS[question](connection, view, names))
    if question in ("what is new", "days"):
        assert answers[0] == answers[1], "there are as many records in both"
    else:
        assert answers[0] != answers[1]


def test_hidden_is_what_the_test_says_it_is(both: tuple[Conn, Conn]) -> None:
    count = sum(map(hidden, mixed()))
    assert len(mixed()) // 10 < count < len(mixed()) // 3
    assert len(told_otherwise()) == len(mixed()) == len(everything())
    assert access(both[0], CHAIN, Reader(), moment=NOW) == access(
        both[1], CHAIN, Reader(), moment=NOW
    )
    assert re.search(
        "Niets bijzonders",
        words_in(
            whole(
                LISTS["timeline"],
                both[1],
                look(both[1], CHAIN, reader=frozenset(scopes.RANKS), now=NOW),
            )
        ),
    )
