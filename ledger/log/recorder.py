"""The `eventsourcing` library's persistence layer on our table of records.

The library's words: an originator is a chain, its version the position + 1, a stored event a row.
What differs from its own recorder, and why:

- arrays instead of a composite type: 2 us instead of 32 us of Python per row, and plain VALUES for
  a single row, which a distributed database answers in a third of the time;
- an insert is tried once. The library repeats it blindly after a lost connection; then a commit
  that did happen would come back as a position taken by somebody else;
- the table is made by a migration, so `create_table` has nothing to do.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.postgres import PostgresAggregateRecorder, PostgresDatastore
from psycopg import Cursor
from psycopg.rows import DictRow
from psycopg.sql import SQL

INSERT_ONE = """
    INSERT INTO records (originator_id, originator_version, topic, state)
    VALUES (%b, %b, %b, %b)
"""

INSERT_MANY = """
    INSERT INTO records (originator_id, originator_version, topic, state)
    SELECT given.originator_id, given.originator_version, given.topic, given.state
    FROM unnest(%b::text[], %b::int8[], %b::text[], %b::bytea[])
        AS given (originator_id, originator_version, topic, state)
"""

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

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        """Insert all of these in one transaction, once.

        Raises the library's IntegrityError where a position is taken, OperationalError where the
        connection was lost: then they may have been kept or not.
        """
        if stored_events:
            with self.datastore.get_connection() as conn, conn.cursor(binary=True) as curs:
                self._insert_stored_events(curs, stored_events, **kwargs)

    def _insert_stored_events(
        self, curs: Cursor[DictRow], stored_events: Sequence[StoredEvent], **_: Any
    ) -> None:
        if len(stored_events) == 1:
            [one] = stored_events
            values = (one.originator_id, one.originator_version, one.topic, one.state)
            curs.execute(INSERT_ONE, values)
            return
        columns = (
            [event.originator_id for event in stored_events],
            [event.originator_version for event in stored_events],
            [event.topic for event in stored_events],
            [event.state for event in stored_events],
        )
        curs.execute(INSERT_MANY, columns)
