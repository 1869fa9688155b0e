"""Lending a connection to somebody who reads: what they may see is found first, then looked with.

Whoever answers a question about a chain asks here, for a view of that chain or for what somebody
may see of it. Nobody else decides who reads: pages, the API, streams and bundles all come by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace
from starlette.requests import Request

from api import identity, noting
from api.identity import Identity
from api.opening import opener
from api.problems import Problem
from ledger import catalogue
from ledger.audit import Stored
from ledger.domain.values import NotFound, instant
from ledger.log.store import Store
from projections import access
from projections.access import Reader
from projections.progress import reached as shown
from projections.scopes import Access
from projections.standing import stand
from projections.touched import Touched
from projections.views import ChainUnknown, Conn, View, look, require_known

BEGINNING: Final = 32
"""How many records tell whether a chain begins in public: the founding and what followed on it."""
KNOWN_AT: Final = "Known-At"
"""The header that says up to which position an answer stands, for who asked."""


@contextmanager
def connection(request: Request, *, seconds: float | None = None) -> Iterator[Conn]:
    """Lend a connection to read on, each question on it within the time that reading may take."""
    state = request.app.state
    store: Store = state.reading
    limit = state.settings.read_seconds if seconds is None else seconds
    with store.connection(statement_seconds=limit) as lent:
        yield lent


@contextmanager
def looking(
    request: Request,
    chain: str,
    asking: Identity | None = None,
    *,
    at_least: int | None = None,
    **asked: Any,
) -> Iterator[tuple[Conn, View]]:
    """Lend a connection and the view that whoever asks has of a chain; NotFound if they have none.

    `asking` spares a question where it is known already; `asked` is what `look` takes: `known_at`,
    `valid_on`, `speech`. Problem where this very connection does not show the record at position
    `at_least`. It asks the database, so call it in a thread.
    """
    reader = reader_of(request, asking)
    with connection(request) as lent:
        found = access.access(lent, chain, reader, moment=_now())
        opens = opener(request.app.state.vault)
        view = look(lent, chain, reader=found, opener=opens, **asked)
        # Of several replicas behind one name another may answer than the one that was waited for.
        if at_least is not None and shown(lent, chain) <= at_least:
            raise _not_shown(chain, at_least)
        with noting.watched(
            request, lambda: nullcontext(lent), chain, access=found, person=reader.person
        ):
            yield lent, view


def waited_in_vain(request: Request, chain: str, position: int) -> Exception:
    """Return what is told to who waited for a position that is not shown here yet.

    Of a chain that whoever asks may see nothing of, no more than that it is not there.
    """
    return ChainUnknown(chain) if sees_nothing(request, chain) else _not_shown(chain, position)


def _not_shown(chain: str, position: int) -> Problem:
    return Problem("unavailable", f"Gebeurtenis {position} van keten {chain} is nog niet verwerkt.")


def access_of(request: Request, lent: Conn, chain: str) -> Access:
    """Return what whoever asks may see of a chain now."""
    return access.access(lent, chain, reader_of(request), moment=_now())


def accesses_of(request: Request, lent: Conn) -> Callable[[Sequence[str]], Mapping[str, Access]]:
    """Return a function that tells the same of many chains at once.

    In each of them whoever asks may be another person; who works on the server sees all of any.
    """
    reader, known = reader_of(request), identity.known_in(request)

    def found(chains: Sequence[str]) -> Mapping[str, Access]:
        readers = dict.fromkeys(chains, reader)
        if reader.kind == "person":
            readers = {chain: replace(reader, person=known(chain)) for chain in chains}
        return access.accesses(lent, readers, moment=_now())

    return found


def require_seen(request: Request, chain: str) -> Access:
    """Return what whoever asks may see of a chain; NotFound where that is nothing."""
    with connection(request) as lent:
        found = access_of(request, lent, chain)
        require_known(lent, chain, found)
        return found


@contextmanager
def watched(request: Request, chain: str, access: Access) -> Iterator[Touched]:
    """Note what whoever asks reads otherwise than through a view (see `noting.py`)."""

    @contextmanager
    def lend() -> Iterator[Conn]:
        with connection(request) as lent:
            stand(lent, chain, access, access.end)
            yield lent

    person = reader_of(request).person
    with noting.watched(request, lend, chain, access=access, person=person) as touched:
        yield touched


def sees_nothing(request: Request, chain: str) -> bool:
    """Tell whether a chain is to whoever asks one that does not exist.

    A beginning that everybody may see answers it at once; only without one the read models do,
    which learn of a chain a moment later.
    """
    first: list[Stored] = request.app.state.ledger.records(chain, 0, BEGINNING)
    if any(catalogue.decode(one.data).header.scope in access.PUBLIC for one in first):
        return False
    try:
        require_seen(request, chain)
    except NotFound:
        return True
    return False


def reader_of(request: Request, asking: Identity | None = None) -> Reader:
    """Return who asks, as the policy of reading knows them."""
    known = asking or identity.reader(request)
    if known.account:
        return Reader(person=known.account, kind="service", allowed=known.reads)
    return Reader(
        person=known.person,
        kind="developer" if request.app.state.reads_everything else "person",
    )


def _now() -> str:
    return instant(datetime.now(UTC))
