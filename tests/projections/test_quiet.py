"""Events of which nothing is listed cost the read models nothing, however many there are."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger import catalogue
from ledger.domain.events.decisions import VoteCast
from ledger.domain.events.memory import RationaleAdded
from ledger.domain.values import Event
from ledger.log.store import Row, Store
from ledger.recording import Entry
from projections import folding
from projections.models import KINDS
from projections.runner import Runner
from projections.things import Seen
from tests.projections.given import CHAIN, dump, keep, require_as_rebuilt, row, taken_in
from tests.projections.scenes import everything, mixed

MANY = 400


def votes() -> list[Entry]:
    return [one for one in everything() if isinstance(one.event, VoteCast)]


def again(entry: Entry, position: int) -> Row:
    """Return the same act once more, at another position."""
    header = replace(entry.header, position=position)
    return row(entry)._replace(position=position, data=catalogue.encode(entry.event, header))


def test_some_events_are_quiet_and_they_are_the_most_of_what_a_chain_records() -> None:
    assert KINDS["decision"].is_quiet(votes()[0].event)
    assert not KINDS["decision"].is_quiet(everything()[0].event)


def require_the_same(
    database: str, monkeypatch: pytest.MonkeyPatch, question: str, *, says: bool
) -> None:
    """Fail where a rebuild gives something else when each kind answers this of every event."""
    taken_in(database, mixed())
    before = dump(database)
    monkeypatch.setattr(f"projections.things.Kind.{question}", lambda *_: says)
    with Runner(database) as runner:
        runner.rebuild()
    assert dump(database) == before


def test_what_is_listed_is_the_same_as_when_every_event_is_looked_at(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_the_same(database, monkeypatch, "is_quiet", says=False)


def test_words_come_from_no_other_events_than_those_that_are_named(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert any(kind.worded_by for kind in KINDS.values())
    require_the_same(database, monkeypatch, "adds_words", says=True)


def test_a_thing_with_many_quiet_records_is_known_again_from_a_few(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was forgotten, or another process takes over: its history is not read again whole."""
    entries = everything()
    keep(database, entries)
    size, vote = len(entries), votes()[0]
    with Store(database) as store, Runner(database) as runner:
        store.append([again(vote, size + number) for number in range(MANY)])
        runner.catch_up()
        store.append([again(vote, size + MANY)])
    read: list[Seen] = []
    whole = folding._read

    def counted(data: bytes) -> Seen:
        read.append(whole(data))
        return read[-1]

    monkeypatch.setattr("projections.folding._read", counted)
    with Runner(database) as runner:
        assert runner.catch_up() == 1
    assert 0 < len(read) < MANY / 4
    require_as_rebuilt(database)
    with Runner(database) as runner:
        assert runner.sizes() == {CHAIN: size + MANY + 1}


def test_whom_quiet_records_concern_counts_also_after_the_thing_was_forgotten(
    database: str,
) -> None:
    """A row made with confidential records is for who may see every one of them."""
    entries = everything()
    keep(database, entries)
    size, vote, note = len(entries), votes()[0], about(votes()[0].event)
    with Store(database) as store, Runner(database) as runner:
        for number, person in enumerate(("person-a", "person-b")):
            header = replace(vote.header, scope="confidential", by=person)
            store.append([again(replace(vote, header=header), size + number)])
        runner.catch_up()
        store.append([again(note, size + 2)])
    with Runner(database) as runner:
        assert runner.catch_up() == 1
    require_as_rebuilt(database)


def about(vote: Event) -> Entry:
    """Return an open record about the decision of a vote of which something is listed."""
    assert isinstance(vote, VoteCast)
    text = RationaleAdded(decision=vote.decision, text="Nader toegelicht.")
    first = everything()[0]
    return Entry(text, replace(first.header, act=""), b"")
