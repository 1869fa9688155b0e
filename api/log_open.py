"""Who may read what of a log: its hashes are for whoever may know of the chain.

A checkpoint, a tile of hashes, a proof and a time stamp tell how many records there are and when
they were signed, and nothing of what is in them, except to who guesses a record to the last byte.
So who checks the record needs no account.
Only a chain that was founded out of the public's sight is not there for who may see nothing of it.
The entries are the records themselves, so they are for who may read every one of them.

Whether a chain was founded in public is asked of its first record and not of a read model: evidence
has to be there also when those are not.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from api import identity, lending
from api.problems import Problem
from ledger import catalogue
from ledger.domain.values import NotFound
from ledger.faults import FAULTS
from ledger.log.store import Store
from ledger.log.tiles import Tile

FOR_EVER: Final = "max-age=31536000, immutable"
"""For bytes that never change."""


def require_log(request: Request, chain: str) -> bool:
    """Tell whether a log is for everybody; NotFound for a log that is not there for who asks."""
    store: Store = request.app.state.proving
    if founded_in_public(store, chain):
        return True
    if lending.sees_nothing(request, chain):
        raise not_signed(chain)
    return False


def founded_in_public(store: Store, chain: str) -> bool:
    """Tell whether everybody may know of a chain; a first record that is gone says nothing."""
    first = store.read(chain, start=0, limit=1)
    try:
        return bool(first) and catalogue.decode(first[0].data).header.scope == "public"
    except FAULTS:
        return False


def require_entries(request: Request, chain: str, tile: Tile) -> None:
    """Refuse the records of a chain in one piece (not-allowed) to who may not read all of them.

    Whoever may is noted, where some of them are confidential.
    """
    access = lending.require_seen(request, chain)
    if not access.everything:
        raise Problem(
            "not-allowed",
            f"De vastleggingen van keten {chain} zijn in hun geheel alleen te lezen door wie "
            "alles mag lezen; de hashes, controlepunten en bewijzen zijn voor iedereen.",
        )
    with lending.watched(request, chain, access) as touched:
        touched.positions.update(range(tile.first, tile.first + tile.width))


def caching(*, private: bool, lasting: str = FOR_EVER) -> dict[str, str]:
    """Return how long an answer may be kept, and by whom.

    What not everybody may know of must stay out of caches that several readers share.
    """
    if private:
        return {"Cache-Control": f"private, {lasting}", "Vary": identity.VARY}
    return {"Cache-Control": f"public, {lasting}"}


def not_signed(chain: str) -> NotFound:
    """Return the error for a chain without a signed log, or one that is not there at all."""
    return NotFound(f"Keten {chain} heeft geen getekend log.")
