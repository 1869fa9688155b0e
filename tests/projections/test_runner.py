"""The runner takes every record in exactly once, whatever breaks, and whoever helps."""

from __future__ import annotations

import threading

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from ledger.faults import BrokenLog
from ledger.log.database import Datastore
from ledger.log.store import Store, StoreUnavailable
from projections import progress
from projections.progress import ReadModelsDiffer
from projections.runner import Runner, migrate
from tests.projections.given import CHAIN, dump, keep, require_as_rebuilt, row, taken_in
from tests.projections.scenes import everything, mixed

# Who owns a table gave up all rights but those it needs, and can give itself one.
FAIL_HALFWAY = """
    GRANT TRIGGER ON read_records TO CURRENT_USER;
    CREATE FUNCTION fail_halfway() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.position = 200 THEN
            {how};
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER fail_halfway BEFORE INSERT ON read_records
        FOR EACH ROW EXECUTE FUNCTION fail_halfway()
"""
NO_MORE = "DROP TRIGGER fail_halfway ON read_records"
BY_AN_ERROR = "RAISE EXCEPTION 'halfway'"
BY_A_LOST_CONNECTION = "PERFORM pg_terminate_backend(pg_backend_pid())"


def run(database: str, statement: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement.encode())


def sizes(database: str) -> dict[str, int]:
    with Runner(database) as runner:
        return runner.sizes()


def test_all_records_are_taken_in_and_a_second_time_changes_nothing(database: str) -> None:
    entries = everything()
    keep(database, entries)
    with Runner(database) as runner:
        assert runner.catch_up() == len(entries)
        before = dump(database)
        assert runner.sizes() == {CHAIN: len(entries)}
        assert runner.catch_up() == 0
    assert dump(database) == before


def test_the_size_of_batches_and_of_what_is_remembered_makes_no_difference(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_in(database, mixed())
    at_once = dump(database)
    run(database, "DELETE FROM read_progress WHERE application_name <> '__migration__'")
    for table in at_once:
        run(database, f"DELETE FROM {table}")
    monkeypatch.setattr("projections.runner.BATCH", 7)
    monkeypatch.setattr("projections.folding.MAX_THINGS", 3)
    with Runner(database) as runner:
        runner.catch_up()
    assert dump(database) == at_once


def test_one_record_at_a_time_by_fresh_processes_comes_to_the_same(database: str) -> None:
    entries = mixed()[:120]
    with Store(database) as store:
        for entry in entries:
            store.append([row(entry)])
            with Runner(database) as runner:
                assert runner.catch_up() == 1
    require_as_rebuilt(database)


@pytest.mark.parametrize(
    ("how", "error"),
    [(BY_AN_ERROR, psycopg.errors.RaiseException), (BY_A_LOST_CONNECTION, StoreUnavailable)],
    ids=["an error", "a lost connection"],
)
def test_a_batch_that_breaks_halfway_leaves_no_trace(
    database: str, how: str, error: type[Exception]
) -> None:
    entries = everything()
    keep(database, entries[:150])
    with Runner(database) as runner:
        runner.catch_up()
        before = dump(database)
        run(database, FAIL_HALFWAY.format(how=how))
        with Store(database) as store:
            store.append([row(entry) for entry in entries[150:]])
        with pytest.raises(error):
            runner.catch_up()
        assert (dump(database), sizes(database)) == (before, {CHAIN: 150})
        run(database, NO_MORE)
        assert runner.catch_up() == len(entries) - 150
    require_as_rebuilt(database)


def test_two_runners_at_once_take_each_record_in_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.runner.BATCH", 10)
    keep(database, everything())
    keep(database, everything(), chain="tweede")
    taken: list[int] = []

    def work() -> None:
        with Runner(database) as runner:
            taken.append(runner.catch_up())

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(taken) == 2 * len(everything())
    require_as_rebuilt(database)


def test_a_running_runner_is_woken_when_a_chain_grows(database: str) -> None:
    with Runner(database) as runner, Store(database) as store:
        runner.start()
        store.append([row(entry) for entry in everything()[:40]])
        store.notify({CHAIN: 40})
        assert runner.wait(CHAIN, 39, timeout_seconds=30)
        assert runner.running
        runner.stop()
        assert not runner.running


def test_a_writer_in_the_same_process_wakes_the_runner_without_the_database(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.runner.POLL_SECONDS", 600.0)
    with Runner(database) as runner, Store(database) as store:
        store.append([row(entry) for entry in everything()[:10]])
        runner.start()
        assert runner.wait(CHAIN, 9, timeout_seconds=30)
        store.append([row(entry) for entry in everything()[10:40]])
        assert not runner.wait(CHAIN, 39, timeout_seconds=0.2)
        runner.grown({CHAIN: 40})
        assert runner.wait(CHAIN, 39, timeout_seconds=30)


def test_a_few_rows_and_many_come_to_the_same(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_in(database, mixed())
    many = dump(database)
    run(database, "DELETE FROM read_progress WHERE application_name <> '__migration__'")
    for table in many:
        run(database, f"DELETE FROM {table}")
    monkeypatch.setattr("projections.batch.FEW", 10**6)
    with Runner(database) as runner:
        runner.catch_up()
    assert dump(database) == many


def test_a_chain_with_much_to_take_in_leaves_the_others_their_turn(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = everything()
    keep(database, entries)
    keep(database, entries[:5], "zuinigheid")
    monkeypatch.setattr("projections.runner.BATCH", 20)
    order: list[str] = []
    with (
        Runner(database) as runner,
        runner.ringing(CHAIN, len(entries) - 1, lambda: order.append("much")),
        runner.ringing("zuinigheid", 4, lambda: order.append("little")),
    ):
        runner.start()
        assert runner.wait(CHAIN, len(entries) - 1, 60)
    assert order == ["little", "much"]


def test_a_missed_wake_up_is_made_good(database: str) -> None:
    with Runner(database) as runner, Store(database) as store:
        runner.start()
        store.append([row(entry) for entry in everything()[:40]])
        assert runner.wait(CHAIN, 39, timeout_seconds=30)


def test_waiting_for_a_record_that_does_not_come_ends(database: str) -> None:
    taken_in(database, everything()[:40])
    with Runner(database) as runner:
        assert runner.wait(CHAIN, 39, timeout_seconds=0)
        assert not runner.wait(CHAIN, 40, timeout_seconds=0.05)
        assert not runner.wait("onbekend", 0, timeout_seconds=0.05)


def test_a_runner_that_stops_finishes_and_the_next_goes_on(database: str) -> None:
    entries = everything()
    keep(database, entries)
    with Runner(database) as runner:
        runner.start()
        runner.stop()
    with Runner(database) as runner:
        runner.catch_up()
    require_as_rebuilt(database)


def test_code_of_another_version_takes_nothing_in(database: str) -> None:
    keep(database, everything()[:40])
    run(database, "UPDATE read_models SET version = 'later' WHERE name = 'decisions'")
    with Runner(database) as runner, pytest.raises(ReadModelsDiffer, match="decisions"):
        runner.catch_up()
    assert migrate(database) == ["decisions"]
    with Runner(database) as runner:
        assert runner.catch_up() == 40


def test_a_log_that_cannot_be_read_stops_at_that_record_and_costs_others_nothing(
    database: str,
) -> None:
    entries = everything()[:40]
    with Store(database) as store:
        for name in ("onleesbaar", "gat", "vreemd"):
            rows = [row(entry, name) for entry in entries[:9]]
            wrong = {
                "onleesbaar": rows[7]._replace(data=b"{}"),
                "gat": rows[8],
                "vreemd": rows[7]._replace(data=rows[6].data),
            }
            store.append([*rows[:7], wrong[name]])
        store.append([row(entry) for entry in entries])
    with Runner(database) as runner:
        runner.start()
        assert runner.wait(CHAIN, 39, timeout_seconds=30)
        while len(runner.broken) < 3:
            assert not runner.wait("gat", 7, timeout_seconds=0.05)
        assert runner.running
        assert {error.position for error in runner.broken.values()} == {7}
    with Runner(database) as runner, pytest.raises(BrokenLog, match="gebeurtenis 7"):
        runner.catch_up("onleesbaar")
    assert sizes(database) == {CHAIN: 40, "onleesbaar": 7, "gat": 7, "vreemd": 7}


def test_a_position_never_goes_back(database: str) -> None:
    taken_in(database, everything()[:40])
    with Datastore(database, pool_size=1) as datastore:
        own = progress.Progress(datastore)
        for size, step_on in ((39, False), (40, False), (41, True)):
            with own.batch(CHAIN, wait=True) as turn:
                assert turn is not None
                if step_on:
                    own.keep(turn.cursor, CHAIN, size)
                else:
                    with pytest.raises(IntegrityError):
                        own.keep(turn.cursor, CHAIN, size)
        assert own.all() == {CHAIN: 41}
