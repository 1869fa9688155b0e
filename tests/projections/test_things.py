"""Every record finds its things, and nothing it says about them is lost."""

from __future__ import annotations

from typing import Any, get_type_hints

import msgspec
import pytest
from msgspec.structs import replace

from ledger import catalogue
from ledger.domain.events.memory import EventAnnotated, RecordCorrected
from ledger.domain.values import SLUG_PATTERN, Event, Header
from projections.models import KINDS
from projections.sentences import _traits
from projections.things import Seen, Thing, add, fresh, last_status, mark, status_on
from tests.projections.given import words_in
from tests.samples import fullest, smallest

NOTES = (RecordCorrected, EventAnnotated)
"""They are about whatever their target is about."""


def header(position: int = 3, scope: str = "chain", on: str = "2024-05-05") -> Header:
    return Header(
        v=1,
        chain="keten",
        position=position,
        at=f"{on}T12:00:00.000000Z",
        on=f"{on}T12:00:00.000000Z",
        by="p-1",
        scope=scope,  # type: ignore[arg-type]  # one of three, in a test
    )


def distinct(event: Event) -> tuple[Event, dict[str, str]]:
    """Return an event with another text in every field that may hold any, and those texts."""
    texts: dict[str, str] = {}
    hints = get_type_hints(type(event), include_extras=True)
    for name in event.__struct_fields__:
        patterns, choice = _traits(hints[name])
        free = not patterns or any(one.endswith(SLUG_PATTERN) for one in patterns)
        if isinstance(getattr(event, name), str) and free and not choice:
            texts[name] = f"t{len(texts)}-{name.replace('_', '')}"
    return replace(event, **texts), texts


def docs_of(event: Event, seen: Header) -> list[dict[str, Any]]:
    """Return what all the things that an event is about make of it."""
    docs = []
    for kind in KINDS.values():
        part = kind.parts.get(type(event))
        for name in part.ids(event, seen) if part is not None else ():
            doc = fresh(kind, name)
            add(kind, doc, Seen(event, seen))
            docs.append(doc)
    return docs


@pytest.mark.parametrize("name", list(catalogue.TYPES))
def test_nothing_that_an_event_says_is_lost(name: str) -> None:
    kind = catalogue.TYPES[name].kind
    event, texts = distinct(fullest(kind))
    if kind in NOTES:
        doc = fresh(KINDS["decision"], "b-1")
        add(KINDS["decision"], doc, Seen(event, header()))
        told = words_in(doc)
    else:
        told = words_in(docs_of(event, header()))
    assert {field for field, text in texts.items() if text not in told} == set()


@pytest.mark.parametrize("make", [smallest, fullest])
@pytest.mark.parametrize("name", list(catalogue.TYPES))
def test_a_record_alone_makes_things_with_rows_and_words(name: str, make: Any) -> None:
    """A reader may be allowed to see this record and none of those before it."""
    event = make(catalogue.TYPES[name].kind)
    docs = 0
    for kind in KINDS.values():
        part = kind.parts.get(type(event))
        for thing in part.ids(event, header()) if part is not None else ():
            doc = fresh(kind, thing)
            add(kind, doc, Seen(event, header()))
            msgspec.json.encode((kind.row(doc), kind.words(doc), kind.waiting(doc)))
            docs += 1
    assert docs or isinstance(event, NOTES) or make is smallest


def test_a_thing_is_known_otherwise_to_who_may_see_more() -> None:
    kind = KINDS["decision"]
    thing = Thing(kind, "b-1")
    for position, scope in enumerate(("chain", "confidential", "public", "chain")):
        event = catalogue.TYPES["RationaleAdded.v1"].kind(decision="b-1", text=scope)
        thing.take(Seen(event, header(position, scope)))
    known = {
        (start, end): [one["text"] for one in doc["rationale"]] for start, end, doc in thing.spans()
    }
    assert known == {
        (1, 2): ["public"],
        (2, 3): ["chain", "public", "chain"],
        (3, 4): ["chain", "confidential", "public", "chain"],
    }


def test_a_thing_that_all_its_readers_know_alike_is_kept_once() -> None:
    thing = Thing(KINDS["decision"], "b-1")
    assert thing.spans() == []
    event = catalogue.TYPES["RationaleAdded.v1"].kind(decision="b-1", text="x")
    thing.take(Seen(event, header()))
    assert [(start, end) for start, end, _ in thing.spans()] == [(2, 4)]


def test_the_status_of_a_day_is_the_last_one_by_when_it_held() -> None:
    doc = fresh(KINDS["decision"], "b-1")
    for position, (status, on) in enumerate(
        (("open", "2024-01-10"), ("proposed", "2024-01-01"), ("adopted", "2024-01-10"))
    ):
        mark(doc, header(position, on=on), status)
    days = ("2023-12-31", "2024-01-01", "2024-01-09", "2024-01-10", "2025-01-01")
    found = [status_on(doc, day) for day in days]
    assert [one and one["status"] for one in found] == [
        None, "proposed", "proposed", "adopted", "adopted",
    ]  # fmt: skip
    assert last_status(doc) == "adopted"
