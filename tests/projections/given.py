"""Records in a database, read models made of them, and ways to look at both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from msgspec.structs import replace
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from ledger import catalogue
from ledger.log.store import Row, Store
from ledger.recording import Entry
from projections.models import MODELS
from projections.runner import Runner
from projections.views import Conn, View, look

EVERYTHING = frozenset({"public", "chain", "confidential"})
CHAIN = "testketen"
NOW = "2024-06-01T12:00:00.000000Z"
TABLES = [table for model in MODELS.values() for table in model.tables]


def row(entry: Entry, chain: str = CHAIN) -> Row:
    """Return an entry as a row of the log, of this chain or another."""
    header = entry.header
    data = entry.data
    if header.chain != chain:
        data = catalogue.encode(entry.event, replace(header, chain=chain))
    return Row(chain, header.position, catalogue.type_name(type(entry.event)), data)


def keep(database: str, entries: Sequence[Entry], chain: str = CHAIN) -> None:
    """Put entries in the log."""
    with Store(database) as store:
        store.append([row(entry, chain) for entry in entries])


def taken_in(database: str, entries: Sequence[Entry], chain: str = CHAIN) -> None:
    """Put entries in the log and take them into the read models."""
    keep(database, entries, chain)
    with Runner(database) as runner:
        runner.catch_up()


@contextmanager
def reading(database: str) -> Iterator[Conn]:
    """Give a connection to read on."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def seen(connection: Conn, *, reader: frozenset[str] = EVERYTHING, **asked: Any) -> View:
    """Return a view of the test chain, by somebody who may see everything unless said otherwise."""
    return look(connection, CHAIN, reader=reader, now=NOW, **asked)


def dump(database: str) -> dict[str, list[str]]:
    """Return every row of every read model, in an order of its own, as text."""
    found = {}
    with psycopg.connect(database, row_factory=tuple_row) as connection:
        for table in TABLES:
            names = SQL(", ").join(Identifier(one.name) for one in table.given)
            query = SQL("SELECT row({})::text FROM {}").format(names, Identifier(table.name))
            found[table.name] = sorted(text for (text,) in connection.execute(query))
    return found


def require_as_rebuilt(database: str) -> None:
    """Fail where the read models hold anything else than a rebuild makes of the record."""
    before = dump(database)
    with Runner(database) as runner:
        runner.rebuild()
    assert dump(database) == before


def words_in(answer: Any) -> str:
    """Return an answer as a reader gets it."""
    return json.dumps(answer, ensure_ascii=False, sort_keys=True)
