"""Snapshots: a long chain starts from its kept state, and nothing ever depends on that."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import psycopg
import pytest

from api import made_up_chain
from ledger import recording, state_parts
from ledger.domain.alarms import Alarms
from ledger.domain.chain import ChainState
from ledger.domain.events.memory import EventAnnotated
from ledger.ledger import Ledger
from ledger.log.store import Store
from ledger.recording import Act
from ledger.snapshots import Snapshots
from ledger.states import States

CHAIN = "verzonnen"
EVENTS = 700
NOW = "2026-01-01T00:00:00.000000Z"


@pytest.fixture(scope="module")
def state() -> ChainState:
    """A chain in which much has happened, and much is still open."""
    found = ChainState(name=CHAIN)
    for act in made_up_chain.acts(EVENTS, 7):
        found = recording.record(found, act, at=NOW).chain
    return found


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store(database, pool_size=4) as store:
        with Ledger(store) as ledger:
            ledger.submit_many(CHAIN, made_up_chain.acts(EVENTS, 7), stop_at_refusal=True)
        yield store


def plain(state: ChainState) -> dict[str, object]:
    """A state as values that can be compared: of alarms only what waits, and until when."""
    return {name: _plain(getattr(state, name)) for name in state.__struct_fields__}


def _plain(value: object) -> object:
    if isinstance(value, Alarms):
        return (dict(value.moments.items()), value.first)
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    return value


def kept(store: Store) -> Snapshots:
    """Keep the state of the chain as it is now."""
    snapshots, states = Snapshots(store, every=100), States(store)
    last = store.read(CHAIN, start=EVENTS - 1, limit=1)[0].data
    snapshots.keep(states.caught_up(CHAIN), last)
    return Snapshots(store, every=100)


def noted(target: int) -> EventAnnotated:
    return EventAnnotated(target=target, label="later", text="Hier is nog iets over te zeggen.")


def changed(database: str, statement: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        assert conn.execute(statement).rowcount > 0


def test_a_state_comes_back_as_it_was(state: ChainState) -> None:
    back = state_parts.restored(state_parts.parts(state))
    assert plain(back) == plain(state)
    assert back.wakes == state.wakes != ""


def test_a_state_that_came_back_goes_on_as_the_other_does(state: ChainState) -> None:
    back = state_parts.restored(state_parts.parts(state))
    later = "2042-01-01T00:00:00.000000Z"
    assert (
        recording.pass_time(back, at=later).entries == recording.pass_time(state, at=later).entries
    )
    assert recording.pass_time(state, at=later).entries


def test_the_state_of_no_chain_yet_comes_back_too() -> None:
    empty = ChainState(name=CHAIN)
    assert plain(state_parts.restored(state_parts.parts(empty))) == plain(empty)


@pytest.mark.parametrize(
    "wrong", [b"", b"\x93", msgspec.msgpack.encode(("decisions.all", [["x", 1]]))]
)
def test_what_is_no_part_of_a_state_is_damaged(state: ChainState, wrong: bytes) -> None:
    with pytest.raises(state_parts.Damaged):
        state_parts.restored([*state_parts.parts(state), wrong])


def test_a_state_without_one_of_its_parts_is_damaged(state: ChainState) -> None:
    with pytest.raises(state_parts.Damaged):
        state_parts.restored(list(state_parts.parts(state))[1:])


def test_a_kept_state_is_that_of_the_log(store: Store) -> None:
    found = kept(store).load(CHAIN)
    assert found is not None
    folded = store.read(CHAIN, start=EVENTS - 1, limit=1)[0].data
    assert found[1] == folded
    assert plain(found[0]) == plain(States(store).at(CHAIN, EVENTS - 1))


def test_nothing_is_kept_of_a_chain_that_nobody_kept(store: Store) -> None:
    assert Snapshots(store).load(CHAIN) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE snapshots SET state = state || 'x' WHERE part = 3",
        "DELETE FROM snapshots WHERE part = 2",
        "UPDATE snapshots SET position = position - 1",
        "UPDATE snapshots SET format = 'parts-1-andere-regels'",
    ],
    ids=["a changed byte", "a part gone", "of another record", "of other rules"],
)
def test_what_does_not_belong_to_the_log_is_passed_over(
    store: Store, database: str, statement: str
) -> None:
    snapshots = kept(store)
    assert snapshots.load(CHAIN) is not None
    changed(database, statement)
    assert snapshots.load(CHAIN) is None
    assert States(store).caught_up(CHAIN).size == EVENTS


def test_a_start_from_a_kept_state_reads_what_came_after(store: Store) -> None:
    kept(store)
    with Ledger(store) as ledger:
        more = (Act(event=noted(target), by="bureau") for target in range(200))
        ledger.submit_many(CHAIN, more, stop_at_refusal=True)
        grown = ledger.state(CHAIN)
    again = States(store).caught_up(CHAIN)
    assert again.size == grown.size == EVENTS + 200
    assert plain(again) == plain(grown)


def test_a_newer_state_takes_the_place_of_an_older_one(store: Store, database: str) -> None:
    kept(store)
    changed(database, "UPDATE snapshots SET position = position - 10")
    kept(store)
    with psycopg.connect(database) as conn:
        row = conn.execute("SELECT array_agg(DISTINCT position) FROM snapshots").fetchone()
    assert row == ([EVENTS - 1],)


def test_a_state_is_kept_again_when_the_chain_grew_enough(store: Store) -> None:
    state = States(store).caught_up(CHAIN)
    snapshots = Snapshots(store, every=100)
    assert snapshots.worth_keeping(state, at_work=True)
    snapshots.keep(state, store.read(CHAIN, start=EVENTS - 1, limit=1)[0].data)
    assert not snapshots.worth_keeping(state, at_work=False)
    assert not Snapshots(store, every=EVENTS + 1).worth_keeping(state, at_work=False)


def test_a_ledger_keeps_the_states_of_long_chains_when_it_closes(store: Store) -> None:
    states = States(store, snapshots=Snapshots(store, every=100))
    states.caught_up(CHAIN)
    assert states.keep_long_ones(at_work=False) == 1
    assert states.keep_long_ones(at_work=False) == 0
    assert Snapshots(store).load(CHAIN) is not None


def test_a_state_that_holds_what_cannot_be_kept_is_not_kept(state: ChainState) -> None:
    odd = msgspec.structs.replace(state, at=object())
    with pytest.raises(TypeError, match="a state holds no object"):
        list(state_parts.parts(odd))
