"""The `eventsourcing` library's persistence layer on our table of records.

The library's words: an originator is a chain, its version the position + 1, a stored event a row.
What differs from its own recorder, and why:

- arrays instead of a composite type, 1 us instead of 32 us of Python per row (see `insertion.py`);
- an insert is tried once. The library repeats it blindly after a lost connection; then a commit
  that did happen would come back as a position taken by somebody else;
- the table is made by a migration, so `create_table` has nothing to do.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.postgres import PostgresAggregateRecorder, PostgresDatastore
from psycopg.sql import SQL

from ledger.log import insertion
from ledger.log.database import BoundedConnection

SELECT_ROWS = SQL("""
    SELECT originator_id, originator_version, topic, state
    FROM records
    WHERE originator_id = %s
""")


class Row(NamedTuple):
    """One stored record: `data` are its bytes, `position` counts from 0 in its chain."""

    chain: str
    position: int
    topic: str
    data: bytes

    @property
    def originator_id(self) -> str:
        return self.chain

    @property
    def originator_version(self) -> int:
        return self.position + 1


def columns_of(rows: Sequence[Row]) -> insertion.Columns:
    """Return rows column by column, as they are sent."""
    return insertion.Columns(
        chains=[row.chain for row in rows],
        versions=[row.position + 1 for row in rows],
        topics=[row.topic for row in rows],
        states=[row.data for row in rows],
    )


class RowMapper(Mapper[str]):
    """Lets the library's EventStore and Repository read and write rows; nothing is re-encoded."""

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        if not isinstance(domain_event, Row):
            raise TypeError(f"a row was expected, found {type(domain_event).__name__}")
        return StoredEvent(
            domain_event.chain, domain_event.position + 1, domain_event.topic, domain_event.data
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Row:
        return Row(
            str(stored_event.originator_id),
            stored_event.originator_version - 1,
            stored_event.topic,
            stored_event.state,
        )


class RecordRecorder(PostgresAggregateRecorder):
    """Inserts and selects stored events in the table `records`."""

    def __init__(self, datastore: PostgresDatastore) -> None:
        super().__init__(datastore, events_table_name="records")
        self.sql_create_statements.clear()
        self.select_events_statement = SELECT_ROWS.format()

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        """Insert all of these in one transaction, once.

        Raises the library's IntegrityError where a position is taken, OperationalError where the
        connection was lost: then they may have been kept or not.
        """
        if stored_events:
            with self.datastore.get_connection() as conn:
                ours = cast(BoundedConnection, conn)
                insertion.send(ours, _columns(stored_events))
                insertion.landed(ours)


def _columns(stored_events: Sequence[StoredEvent]) -> insertion.Columns:
    return insertion.Columns(
        chains=[str(event.originator_id) for event in stored_events],
        versions=[event.originator_version for event in stored_events],
        topics=[event.topic for event in stored_events],
        states=[event.state for event in stored_events],
    )
