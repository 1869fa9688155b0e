"""Connections to PostgreSQL: every wait has an end, and every failure one name.

A connection is made from a libpq conninfo or URL, a Unix socket folder as host included. Whatever
the caller does not say is set here: keepalives and time-outs for the network, and time-outs for
locks, statements and idle transactions inside the server. The answer of a server that hangs is not
waited for either: `BoundedConnection` gives up shortly after the server itself should have.

StoreUnavailable is the one error for a database that is gone, full, read-only or too slow.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import psycopg
import psycopg_pool
from eventsourcing.persistence import PersistenceError
from eventsourcing.postgres import PostgresDatastore
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier

POOL_SECONDS: Final = 5.0
"""How long a caller waits for a free connection."""

STATEMENT_SECONDS: Final = 30.0
LOCK_SECONDS: Final = 10.0
IDLE_IN_TRANSACTION_SECONDS: Final = 60.0

ANSWER_MARGIN_SECONDS: Final = 10.0
"""How much longer than its own statement time-out the server is waited for."""

_RECONNECT_SECONDS: Final = 3.0
"""The pool backs off longer and longer; a short limit makes it start afresh at the next request."""

_NETWORK: Final = {
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "ketenledger",
}

_UNAVAILABLE: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
)

# An acknowledged act is on disk: a server that is set up to acknowledge earlier is overruled.
SESSION_SETTINGS = """
    SELECT
        set_config('search_path', 'public', false),
        set_config('TimeZone', 'UTC', false),
        set_config('statement_timeout', %(statement_timeout)s, false),
        set_config('lock_timeout', %(lock_timeout)s, false),
        set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, false),
        set_config('idle_session_timeout', '0', false),
        set_config(
            'synchronous_commit',
            CASE current_setting('synchronous_commit')
                WHEN 'off' THEN 'on'
                ELSE current_setting('synchronous_commit')
            END,
            false
        )
"""

STATEMENT_TIMEOUT = "SELECT set_config('statement_timeout', %(statement_timeout)s, true)"


class StoreUnavailable(Exception):
    """The database is gone, full, read-only or too slow. Whether a write was kept is unknown."""

    def __init__(self, detail: str, *, connection_lost: bool = False) -> None:
        super().__init__(f"De database is niet beschikbaar: {detail}")
        self.connection_lost = connection_lost


class BoundedConnection(psycopg.Connection[DictRow]):
    """A connection that waits for an answer at most `answer_seconds`, then is of no more use."""

    answer_seconds: float = STATEMENT_SECONDS + ANSWER_MARGIN_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: set[bytes] = set()
        """The statements that the server keeps prepared for this connection, by name."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        except psycopg.OperationalError:
            # Still active means that the answer to come belongs to a question given up.
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()
            raise


class Datastore(PostgresDatastore):
    """The library's pool of connections, made from a conninfo and with an end to every wait.

    It connects at the first use, not before.
    """

    def __init__(self, conninfo: str, *, pool_size: int) -> None:
        wanted = parameters(conninfo)
        super().__init__(
            dbname=wanted.get("dbname", ""),
            host=wanted.get("host", ""),
            port=wanted.get("port", ""),
            user=wanted.get("user", ""),
            password=wanted.get("password", ""),
            connect_timeout=POOL_SECONDS,
            pool_size=pool_size,
            originator_id_type="text",
        )
        # The library passes on five parameters only; a conninfo may say more (sslmode, hosts).
        self.pool.kwargs = {**wanted, "row_factory": dict_row}
        self.pool.connection_class = BoundedConnection
        self.pool.reconnect_timeout = _RECONNECT_SECONDS

    def after_connect_func(self) -> Callable[[psycopg.Connection[Any]], None]:
        return _begin_session

    def register_type_adapters(self) -> None:
        """Do nothing: the record is written with arrays, not with the library's composite type."""

    @contextmanager
    def session(self) -> Iterator[BoundedConnection]:
        """Lend a connection in autocommit; raise StoreUnavailable, any other error as it is."""
        with unavailable_is_ours(self.pool):
            self.pool.open()
            with self.pool.connection() as conn:
                yield cast(BoundedConnection, conn)


def parameters(conninfo: str) -> dict[str, Any]:
    """Return the connection parameters of a conninfo or URL, completed with our time-outs."""
    try:
        given = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        # The message of libpq may quote the password, so it goes no further.
        raise StoreUnavailable("de verbindingsgegevens zijn onleesbaar.") from None
    return {**_NETWORK, **given, "client_encoding": "UTF8"}


def connect(conninfo: str, *, statement_seconds: float = STATEMENT_SECONDS) -> BoundedConnection:
    """Return a connection of one's own in autocommit, outside any pool; the caller closes it."""
    with unavailable_is_ours():
        conn = BoundedConnection.connect(
            **parameters(conninfo), autocommit=True, row_factory=dict_row
        )
        conn.answer_seconds = statement_seconds + ANSWER_MARGIN_SECONDS
        _begin_session(conn, statement_seconds)
        return conn


def rewrite(conninfo: str, table: str) -> str:
    """Write a small table anew, so that nothing of deleted rows is left in its file.

    Returns what the server had against it, such as that only the owner may; empty if nothing.
    """
    said: list[str] = []
    with unavailable_is_ours(), connect(conninfo) as conn:
        conn.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        conn.execute(SQL("VACUUM (FULL) {}").format(Identifier(table)))
    return "; ".join(said)


@contextmanager
def unavailable_is_ours(
    pool: psycopg_pool.ConnectionPool[Any] | None = None,
) -> Iterator[None]:
    """Turn every way in which a database can be away into StoreUnavailable.

    Where a connection broke, the others in the pool are as old: all are replaced at once.
    """
    try:
        yield
    except (psycopg.Error, PersistenceError) as error:
        # The library wraps what psycopg says in errors of its own; the cause knows more.
        cause = error.__cause__ if isinstance(error, PersistenceError) else error
        if not isinstance(cause, _UNAVAILABLE):
            raise
        lost = _connection_lost(cause)
        if lost and pool is not None and not pool.closed:
            pool.drain()
        raise StoreUnavailable(_detail(cause), connection_lost=lost) from error


@contextmanager
def statement_limit(conn: BoundedConnection, seconds: float) -> Iterator[None]:
    """Give the statements of the transaction in hand a time-out of their own."""
    conn.execute(STATEMENT_TIMEOUT, {"statement_timeout": milliseconds(seconds)})
    with patience(conn, seconds):
        yield


@contextmanager
def patience(conn: BoundedConnection, seconds: float) -> Iterator[None]:
    """Wait for each answer as long as a statement that has this time-out may take."""
    conn.answer_seconds = seconds + ANSWER_MARGIN_SECONDS
    try:
        yield
    finally:
        conn.answer_seconds = BoundedConnection.answer_seconds


def _begin_session(
    conn: psycopg.Connection[Any], statement_seconds: float = STATEMENT_SECONDS
) -> None:
    conn.autocommit = True
    conn.execute(
        SESSION_SETTINGS,
        {
            "statement_timeout": milliseconds(statement_seconds),
            "lock_timeout": milliseconds(LOCK_SECONDS),
            "idle_timeout": milliseconds(IDLE_IN_TRANSACTION_SECONDS),
        },
    )


def milliseconds(seconds: float) -> str:
    """Return a time as a setting of the server has it."""
    return f"{round(seconds * 1000)}ms"


def _connection_lost(error: psycopg.Error) -> bool:
    if isinstance(error, (psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed)):
        return False
    # Class 57P: the server shuts down or was killed. No state at all: nothing was heard of it.
    return error.sqlstate is None or error.sqlstate.startswith("57P")


def _detail(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
