"""The record as readers find it: one line of it in full, or many, narrow.

What is served of a record is what was stored; here it comes with its sentence and the things it
is about. The exact bytes, as they were hashed, are given too.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from psycopg.sql import SQL

from ledger import catalogue
from ledger.domain import sealing
from ledger.domain.values import Event, NotFound
from projections import opened, scopes, standing
from projections.capacities import with_capacities
from projections.things import Seen
from projections.timeline import Chosen, timeline, told
from projections.views import Conn, Doc, Page, Paging, View, fetch

RECORD = SQL("""
    SELECT t.position, r.state, r.leaf_hash
    FROM read_records AS t
    {stored}
    WHERE {visible} AND t.position = %(position)s
""").format(visible=scopes.entry("t"), stored=standing.stored("t"))


class Stored(NamedTuple):
    """A record as it lies in the log: its exact bytes and their leaf hash."""

    data: bytes
    leaf_hash: bytes


def records(connection: Conn, view: View, paging: Paging, chosen: Chosen) -> Page:
    """Return a page of records in the order of the log, each with its sentence."""
    return timeline(connection, view, paging, chosen, newest_first=False)


def stored(connection: Conn, view: View, position: int) -> Stored:
    """Return the bytes of a record; NotFound if the reader may not see it, or it is not there."""
    rows = fetch(connection, RECORD, view.parameters(position=position))
    if not rows:
        raise NotFound(f"Gebeurtenis {position} bestaat niet, of was toen nog niet bekend.")
    [row] = rows
    return Stored(bytes(row["state"]), bytes(row["leaf_hash"]))


def record(connection: Conn, view: View, position: int) -> Doc:
    """Return a record in full: body and header as stored, what it says, what it rests on."""
    found = stored(connection, view, position)
    [seen] = opened.records(connection, view, [found.data])
    [entry] = told(connection, view, [seen])
    with_capacities(connection, view, [entry])
    stored_as = msgspec.json.decode(found.data)
    shown = _opened(catalogue.decode(found.data).body, seen)
    return {**entry, **stored_as, **shown, "leafHash": found.leaf_hash.hex()}


def _opened(event: Event, seen: Seen) -> Doc:
    """Return by field what the sealed texts of a record say, where it has any."""
    said = dict(sealing.texts(seen.event))
    texts = {name: said[name] for name, text in sealing.texts(event) if sealing.sealed_as(text)}
    return {"opened": texts} if texts else {}
