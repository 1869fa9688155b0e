"""For whom an act is recorded: the person who asks, somebody they name, or who founds a chain.

Founding a chain is no right of a person in it, since there is none yet: it takes the permission of
the operator, the scope `ketenledger:found` of the token (or the command line). Until a partner's
first sign-in is linked, none of its people is known by a token either; so with the same permission,
and named as who founded the chain, one may link that first one. After that a partner links its own.
"""

from __future__ import annotations

from starlette.requests import Request

from api.identity import Identity, require_person
from api.log_policy import founded
from api.mini_issuer import FOUND
from api.problems import Problem
from ledger.domain.events.chains import ChainEstablished
from ledger.domain.events.people import SignInLinked
from ledger.domain.values import Event


def may_be_operator(identity: Identity) -> bool:
    """Tell whether somebody may do more than what a person of a chain may."""
    return FOUND in identity.permissions


def named(
    request: Request, identity: Identity, event: Event, *, chain: str, by: str, key: str
) -> tuple[str, str]:
    """Return who acts, and who enters it where that is another (empty where it is not).

    `by` is whom the request names, or empty; `key` is that of the act. Raises
    Problem (unauthenticated, not-allowed).
    """
    if identity.account:
        if by not in ("", identity.account):
            raise Problem("not-allowed", "Een programma legt alleen vast als zijn dienstaccount.")
        return identity.account, ""
    operator = may_be_operator(identity)
    if isinstance(event, ChainEstablished) and not operator:
        raise Problem(
            "not-allowed",
            f"Een keten oprichten vraagt een token met het bereik {FOUND}, of de opdrachtregel.",
        )
    if identity.person or not operator:
        person = require_person(identity).person
        return by or person, person if by not in ("", person) else ""
    _require_beginning(request, event, chain, by=by, key=key)
    return by, ""


def _require_beginning(request: Request, event: Event, chain: str, *, by: str, key: str) -> None:
    """Refuse what an operator who is no person of the chain may not record."""
    if isinstance(event, ChainEstablished):
        if not by:
            raise Problem("malformed", "by: noem wie de keten opricht.", rule="G13")
        return
    state = founded(request.app.state.ledger, chain)
    first = (
        isinstance(event, SignInLinked)
        and state is not None
        and by == state.chains.founder
        # The answer may have been lost: under the same key the ledger gives the first receipt, or
        # refuses another act.
        and (event.organisation not in state.people.by_organisation or key in state.acts)
    )
    if not first:
        raise Problem(
            "not-allowed",
            "Een beheerder die in de keten niemand is, koppelt alleen de eerste aanmelding van een "
            "partner, met in `by` wie de keten oprichtte.",
        )
