"""Noting who reads: what is confidential, what is sealed, and all on an access that was given.

An answer is noted when it is made and before it goes out, outside the transaction that read it.
Where it cannot be noted it is not given. What is noted names people by pseudonym only: the address
without its question, for people type names there.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, NamedTuple

from psycopg.sql import SQL
from starlette.requests import Request
from structlog.contextvars import get_contextvars

from api.problems import Problem
from ledger.log.read_log import NotLogged, Read, ReadLog
from projections.scopes import NOTHING, RANKS, Access
from projections.touched import Touched, watching
from projections.views import Conn, fetch

PERSON: Final = "person:"

# What the reader came upon may be read by them, so there is nothing to filter here.
CONFIDENTIAL = SQL("""
    SELECT t.position, t.concerns
    FROM read_records AS t
    WHERE t.chain = %(chain)s AND t.scope = %(confidential)s
        AND (
            t.position = ANY(%(positions)s::int8[])
            OR t.position IN (
                SELECT l.position
                FROM read_links AS l
                JOIN unnest(%(kinds)s::text[], %(ids)s::text[]) AS named (kind, id)
                    ON l.kind = named.kind AND l.id = named.id
                WHERE l.chain = %(chain)s AND l.scope = %(confidential)s
            )
        )
""")


class Reading(NamedTuple):
    """Who reads a chain, with which access, since when (milliseconds since 1970)."""

    chain: str
    person: str
    access: Access
    start_ms: int


Lend = Callable[[], AbstractContextManager[Conn]]


@contextmanager
def watched(
    request: Request, lend: Lend, chain: str, *, access: Access, person: str
) -> Iterator[Touched]:
    """Note what is read here, when it was read to the end, if it is of the kind that is noted.

    Whoever reads past the queries of the read models says so in what is given. `lend` lends a
    connection at the end. Problem (unavailable) where it cannot be noted.
    """
    if not _may_concern(access):
        yield Touched()
        return
    reading = Reading(chain, person, access, _now_ms())
    with watching() as touched:
        yield touched
    with lend() as lent:
        found = _confidential(lent, chain, touched)
    on_grant = bool(access.grant)
    if found or on_grant:
        positions = touched.positions | set(found) if on_grant else found
        _keep(request, reading, positions, _subjects(found))


def inspected(
    request: Request, chain: str, *, reader: str, person: str, positions: Collection[int]
) -> None:
    """Note that a reader sees what is sealed of a person in these records, before it goes out.

    Problem (unavailable) where it cannot be noted.
    """
    reading = Reading(chain, reader, NOTHING, _now_ms())
    _keep(request, reading, positions, (person,))


def _keep(
    request: Request, reading: Reading, positions: Collection[int], subjects: tuple[str, ...]
) -> None:
    log: ReadLog = request.app.state.reads
    traced = get_contextvars()
    route: Any = request.scope.get("route")
    read = Read(
        reader=reading.person,
        basis=reading.access.grant,
        name=str(getattr(route, "operation_id", None) or getattr(route, "path", "")),
        path=request.scope.get("raw_path", b"").decode("ascii", "replace"),
        positions=tuple(positions),
        subjects=subjects,
        trace_id=str(traced.get("trace_id") or secrets.token_hex(16)),
        span_id=str(traced.get("span_id") or secrets.token_hex(8)),
        start_ms=reading.start_ms,
        end_ms=_now_ms(),
    )
    try:
        log.keep(reading.chain, read)
    except NotLogged as error:
        raise Problem(
            "unavailable",
            "Wat hier wordt ingezien, moet eerst worden vastgelegd, en dat lukt nu niet.",
        ) from error


def _may_concern(access: Access) -> bool:
    most = RANKS["confidential"]
    return bool(access.grant) or access.rank >= most or access.near_rank >= most


def _confidential(lent: Conn, chain: str, touched: Touched) -> dict[int, list[str]]:
    """Return the confidential records among what was touched, and whom each concerns."""
    if not touched.positions and not touched.things:
        return {}
    asked = {
        "chain": chain,
        "confidential": RANKS["confidential"],
        "positions": sorted(touched.positions),
        "kinds": [kind for kind, _ in sorted(touched.things)],
        "ids": [name for _, name in sorted(touched.things)],
    }
    return {row["position"]: row["concerns"] for row in fetch(lent, CONFIDENTIAL, asked)}


def _subjects(found: dict[int, list[str]]) -> tuple[str, ...]:
    places = {place for concerned in found.values() for place in concerned}
    return tuple(sorted(one.removeprefix(PERSON) for one in places if one.startswith(PERSON)))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
