"""The library's own contract for recorders, held by ours on the table our migration makes."""

import sys
from collections.abc import Iterator
from uuid import uuid4

import eventsourcing.cryptography
import psycopg
import pytest
from eventsourcing.persistence import EventStore, IntegrityError, OperationalError, StoredEvent

from ledger.log.database import Datastore
from ledger.log.recorder import RecordRecorder, Row, RowMapper

# The library's test module also imports a cipher, for tests of which none is run here, from its
# variant on a package we do not use. This is the library's own other variant of it.
sys.modules.setdefault("eventsourcing.cipher", eventsourcing.cryptography)

from eventsourcing.tests import persistence as contract  # noqa: E402

# The contract wants to store a version 0; in our table a version is a position + 1.
ALLOW_VERSION_0 = "ALTER TABLE records DROP CONSTRAINT records_position_from_zero"


@pytest.fixture
def datastore(database: str) -> Iterator[Datastore]:
    with Datastore(database, pool_size=1) as datastore:
        yield datastore


class TestTheLibrarysContract(contract.AggregateRecorderTestCase):
    @pytest.fixture(autouse=True)
    def _ours(self, database: str, datastore: Datastore) -> None:
        self.datastore = datastore
        with psycopg.connect(database) as conn:
            conn.execute(ALLOW_VERSION_0)

    def new_originator_id(self) -> str:
        return str(uuid4())

    def create_recorder(self) -> RecordRecorder:
        recorder = RecordRecorder(self.datastore)
        recorder.create_table()  # nothing left to make
        return recorder


def test_the_librarys_event_store_keeps_rows_as_they_are(datastore: Datastore) -> None:
    events = EventStore(RowMapper(), RecordRecorder(datastore))
    rows = [Row("keten", position, "Made.v1", b'{"n":%d}' % position) for position in range(5)]
    events.put(rows[:1])
    events.put(rows[1:])
    assert list(events.get("keten")) == rows
    assert list(events.get("keten", gt=2, lte=4)) == rows[2:4]
    assert list(events.get("keten", desc=True, limit=1)) == rows[-1:]


def test_bytes_that_are_no_text_are_kept_as_well(datastore: Datastore) -> None:
    recorder = RecordRecorder(datastore)
    data = bytes(range(256))
    recorder.insert_events([StoredEvent("keten", 1, "T", data)])
    recorder.insert_events([StoredEvent("keten", version, "T", data) for version in (2, 3)])
    assert [event.state for event in recorder.select_events("keten")] == [data] * 3


@pytest.mark.parametrize("version", [1, 2**15, 2**31, 2**62])
def test_versions_of_every_width_are_kept(datastore: Datastore, version: int) -> None:
    recorder = RecordRecorder(datastore)
    events = [StoredEvent("keten", version + step, "T", b"x") for step in range(3)]
    recorder.insert_events(events[:1])
    recorder.insert_events(events[1:])
    assert recorder.select_events("keten") == events


def test_the_version_0_is_refused_by_our_table(datastore: Datastore) -> None:
    with pytest.raises(IntegrityError, match="records_position_from_zero"):
        RecordRecorder(datastore).insert_events([StoredEvent("keten", 0, "T", b"x")])


def test_an_insert_is_tried_once_where_the_connection_is_lost(
    database: str, datastore: Datastore
) -> None:
    recorder = RecordRecorder(datastore)
    recorder.insert_events([StoredEvent("keten", 1, "T", b"x")])
    with datastore.get_connection() as conn:
        ours = conn.info.backend_pid
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", (ours,))
    with pytest.raises(OperationalError):
        recorder.insert_events([StoredEvent("keten", 2, "T", b"x")])
    recorder.insert_events([StoredEvent("keten", 2, "T", b"x")])
    assert len(recorder.select_events("keten")) == 2


def test_only_rows_go_through_the_mapper() -> None:
    with pytest.raises(TypeError, match="a row was expected"):
        RowMapper().to_stored_event(StoredEvent("keten", 1, "T", b"x"))  # type: ignore[arg-type]
