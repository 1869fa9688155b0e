"""Several writers of one chain: a position is taken once, a batch is kept whole or not at all."""

import threading

import psycopg
import pytest

from ledger.log.store import PositionTaken, Row, Store

TRANSACTIONS = "SELECT count(DISTINCT xmin::text) AS n FROM records"
WAITING = """
    SELECT count(*) AS n FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
INSERT_FIRST_OF = """
    INSERT INTO records (originator_id, originator_version, topic, state)
    VALUES (%(chain)s, 1, 'T', 'first')
"""
PATIENCE_SECONDS = 30


def row(position: int, chain: str = "keten", data: bytes = b"{}") -> Row:
    return Row(chain, position, "Made.v1", data)


def rows(count: int, *, start: int = 0, chain: str = "keten") -> list[Row]:
    return [
        row(position, chain, b'{"n":%d}' % position) for position in range(start, start + count)
    ]


def test_a_position_taken_is_refused_and_nothing_of_the_batch_is_kept(store: Store) -> None:
    store.append(rows(3))
    for batch in ([row(2)], [row(3), row(2)], [row(3), row(4), row(2)], [row(3), row(3)]):
        with pytest.raises(PositionTaken):
            store.append(batch)
    assert store.read("keten") == rows(3)


def test_a_batch_over_two_chains_is_kept_whole_or_not_at_all(store: Store) -> None:
    store.append([row(0, "b")])
    with pytest.raises(PositionTaken):
        store.append([row(0, "a"), row(0, "b")])
    assert store.sizes() == {"b": 1}


def test_256_rows_are_one_transaction(store: Store) -> None:
    store.append(rows(256))
    with store.connection() as conn:
        assert conn.execute(TRANSACTIONS).fetchone() == {"n": 1}
    with pytest.raises(PositionTaken):
        store.append([*rows(255, start=256), row(255)])
    assert store.size("keten") == 256


def test_two_writers_race_and_one_wins_each_time(database: str) -> None:
    outcomes: list[tuple[int, str]] = []
    together = threading.Barrier(2)

    def write(name: str, chains: tuple[str, str]) -> None:
        with Store(database, pool_size=1) as own:
            for position in range(25):
                together.wait(PATIENCE_SECONDS)
                try:
                    own.append([row(position, chain, name.encode()) for chain in chains])
                    outcomes.append((position, name))
                except PositionTaken:
                    outcomes.append((position, "lost"))

    writers = [
        threading.Thread(target=write, args=("one", ("a", "b"))),
        threading.Thread(target=write, args=("two", ("b", "a"))),
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE_SECONDS)
    winners = {position: name for position, name in outcomes if name != "lost"}
    assert len(outcomes) == 50
    assert sorted(winners) == list(range(25))
    with Store(database) as store:
        for chain in ("a", "b"):
            assert [found.data.decode() for found in store.walk(chain)] == list(winners.values())


@pytest.mark.parametrize("first_commits", [True, False])
def test_the_second_writer_waits_for_the_outcome_of_the_first(
    store: Store, database: str, first_commits: bool
) -> None:
    outcome: list[str] = []

    def second() -> None:
        try:
            store.append([row(0, data=b"second")])
            outcome.append("kept")
        except PositionTaken:
            outcome.append("taken")

    with psycopg.connect(database) as first:
        first.execute(INSERT_FIRST_OF, {"chain": "keten"})
        waiter = threading.Thread(target=second)
        waiter.start()
        _until_somebody_waits(database)
        assert outcome == []
        first.commit() if first_commits else first.rollback()
        waiter.join(PATIENCE_SECONDS)
    assert outcome == (["taken"] if first_commits else ["kept"])
    assert [found.data for found in store.read("keten")] == [
        b"first" if first_commits else b"second"
    ]


def test_two_writers_of_the_same_chains_never_block_each_other(store: Store, database: str) -> None:
    outcome: list[str] = []

    def second() -> None:
        try:
            store.append([row(0, "b"), row(0, "a")])
        except PositionTaken:
            outcome.append("taken")

    with psycopg.connect(database) as first:
        first.execute(INSERT_FIRST_OF, {"chain": "a"})
        waiter = threading.Thread(target=second)
        waiter.start()
        _until_somebody_waits(database)
        # Had the waiter put its "b" in before its "a", this would be a deadlock.
        first.execute(INSERT_FIRST_OF, {"chain": "b"})
        first.commit()
        waiter.join(PATIENCE_SECONDS)
    assert outcome == ["taken"]


def _until_somebody_waits(database: str) -> None:
    pause = threading.Event()
    with psycopg.connect(database, autocommit=True) as watcher:
        for _ in range(PATIENCE_SECONDS * 100):
            if watcher.execute(WAITING).fetchone() != (0,):
                return
            pause.wait(0.01)
    raise AssertionError("nobody came to wait for the lock")
