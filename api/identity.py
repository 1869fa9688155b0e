"""Who is asking: the one place that says which person stands behind a request.

    Authorization: Bearer <access token>      a program, or somebody at a command line
    Cookie: sessie=<session>                  a browser in which somebody signed in (session.py)
    Authorization: Bearer ketenledger_<key>   a service account of the chain (service_keys.py)

The first two come down to a token of the issuer that this server trusts, checked in `tokens.py`: in
production an issuer elsewhere, in development the one that the server brings itself
(`mini_issuer.py`), by the same checks. A token says who somebody is and no more. Which roles and
mandates that person has, the ledger says at the moment of the act.

A request without either is of nobody: it reads what is public and records nothing. One with a token
that is not believed is refused, never taken for nobody's. What somebody may read of a chain is not
said here but in `projections/access.py`. A server in development answers only who addressed it as
this machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final, TypeVar, get_args

from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api import service_keys, session
from api.fields import fields
from api.issuer import Issuer, IssuerUnavailable
from api.issuer_keys import IssuerKeys
from api.mini_issuer import AUDIENCE, CLIENT, MiniIssuer
from api.problems import Problem, too_many
from api.rates import Rates
from api.settings import Settings, is_loopback
from api.subject_links import SubjectLinks
from api.tokens import Claims, TokenRefused, Verifier
from ledger.domain.values import SLUG_PATTERN, Scope

HEADER: Final = "Authorization"
VARY: Final = "Authorization, Cookie"
"""What an answer depends on, where it depends on who asks."""
FORMER_HEADER: Final = "X-Act-As"
"""How a person was named once; whoever still sends it is told, not silently taken for nobody."""
ACCOUNT: Final = "ketenledger.account"
"""Where a request keeps, for the log, the service account that it is of."""
COUNTED: Final = "ketenledger.counted"
"""Where a request keeps that it was counted for the person or program that sent it."""
EVERYTHING: frozenset[Scope] = frozenset(get_args(Scope))
_BEARER: Final = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([!-~]+)")
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?")

T = TypeVar("T")


class Identity(Struct, frozen=True, kw_only=True):
    """Who asks something of one chain.

    `person` is their pseudonym in that chain, empty where nobody is known there. `issuer` and
    `subject` say who they are for the issuer of their token: the same in every chain, personal,
    and never to be logged or stored. `permissions` are the scopes of the token, such as
    `ketenledger:found`; a session has none. `expires` is the moment (seconds since 1970) from which
    this is to be asked again; 0 for nobody. A program is no person: it has an `account` in the
    chain instead, and `reads` says which scopes its key opens.
    """

    person: str = ""
    issuer: str = ""
    subject: str = ""
    permissions: frozenset[str] = frozenset()
    expires: int = 0
    account: str = ""
    reads: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """How the chain calls who asks, person or program; empty where it does not know them."""
        return self.person or self.account


NOBODY: Final = Identity()


class Trust(Struct, frozen=True, kw_only=True):
    """Whom a server believes about who somebody is: one issuer, and what its tokens are for.

    `client` is under which name the pages are known there, empty where nobody signs in on them.
    `mini` is the issuer that a server in development brings itself.
    """

    issuer: Issuer
    verifier: Verifier
    audience: str
    client: str
    mini: MiniIssuer | None = None


def trusted(settings: Settings) -> Trust:
    """Return whom a server with these settings believes."""
    if not settings.development:
        issuer = Issuer(settings.issuer)
        return Trust(
            issuer=issuer,
            verifier=Verifier(issuer.url, IssuerKeys(issuer)),
            audience=settings.audience,
            client=settings.client_id,
        )
    mini = MiniIssuer(settings.address)
    issuer = Issuer(mini.url, mini.answer)
    verifier = Verifier(issuer.url, IssuerKeys(issuer))
    return Trust(issuer=issuer, verifier=verifier, audience=AUDIENCE, client=CLIENT, mini=mini)


def reader(request: Request) -> Identity:
    """Return who reads, as the chain in the address of the request knows them.

    It may ask the database and the issuer: from an event loop call it in a thread. Raises Problem
    (unauthenticated) for a token that is not believed, Problem (unavailable) where that cannot be
    told now.
    """
    _require_addressed(request)
    token = _token(request)
    if token is not None and service_keys.is_meant(token):
        return _program(request, token)
    claims = _claims(request, token)
    if claims is None:
        return NOBODY
    chain = str(request.path_params.get("chain", ""))
    return _identity(request, claims, chain, believed=_counts(request, claims, chain))


async def who(request: Request) -> Identity:
    """Return who reads, from an event loop; raises as `reader` does.

    A thread is taken only where somebody has to be asked: changing threads costs more than all else
    that is to be found out.
    """
    known = _at_hand(request)
    return await run_in_threadpool(reader, request) if known is None else known


def _at_hand(request: Request) -> Identity | None:
    """Return who reads where nobody has to be asked for that, else None; raises as `reader`."""
    _require_addressed(request)
    trust: Trust = request.app.state.trust
    token = _token(request)
    if token is None:
        claims = _of_session(request)
    elif service_keys.is_meant(token):
        return None
    else:
        claims = _believed(partial(trust.verifier.at_hand, token, audience=trust.audience))
    if claims is None:
        return NOBODY if token is None else None
    chain = str(request.path_params.get("chain", ""))
    demo = request.app.state.demos.known(chain)
    if demo is None or not _of_developer(request, claims):
        return None
    return _identity(request, claims, chain, believed=demo)


def _identity(request: Request, claims: Claims, chain: str, *, believed: bool) -> Identity:
    _require_room(request, f"{claims.issuer}|{claims.subject}")
    return Identity(
        person=_person(request, claims, chain) if believed else "",
        issuer=claims.issuer,
        subject=claims.subject,
        permissions=claims.scopes if believed else frozenset(),
        expires=claims.expires,
    )


def _require_room(request: Request, who: str) -> None:
    """Count a request for who sent it, once; Problem (too-many) where that is too often."""
    if COUNTED in request.scope:
        return
    request.scope[COUNTED] = True
    rates: Rates = request.app.state.rates
    wait_seconds = rates.wait_seconds_of(who)
    if wait_seconds:
        raise too_many(wait_seconds)


def known_in(request: Request) -> Callable[[str], str]:
    """Return a function that tells as whom a chain knows who asks: empty, for nobody.

    The token is checked once; of each chain it is told by what is linked there now. A sign-in that
    is of two people in a chain is of nobody here, and a program has a key in one chain alone.
    """
    token = _token(request)
    claims = None if token and service_keys.is_meant(token) else _claims(request, token)

    def person(chain: str) -> str:
        if claims is None or not _counts(request, claims, chain):
            return ""
        try:
            return _person(request, claims, chain)
        except Problem:
            return ""

    return person


def actor(request: Request) -> Identity:
    """Return who acts; Problem (unauthenticated) when that is not known. Asks as `reader` does."""
    return require_person(reader(request))


def require_person(identity: Identity) -> Identity:
    """Return somebody who has a person in the chain; Problem (unauthenticated) for anybody else.

    Problem (not-allowed) for a program.
    """
    if identity.account:
        raise Problem("not-allowed", "Dit doet een mens, geen programma met een dienstaccount.")
    if not identity.person:
        raise Problem(
            "unauthenticated",
            "Niet bekend is wie vastlegt. Stuur een token mee (Authorization: Bearer …) of meld u "
            "aan op de pagina’s."
            if not identity.subject
            else "Deze aanmelding is in deze keten van niemand. Laat haar koppelen door wie uw "
            f"organisatie vertegenwoordigt, als {identity.issuer}|{identity.subject}.",
        )
    return identity


def _program(request: Request, key: str) -> Identity:
    """Return the service account that a key is of; Problem (unauthenticated) for nobody's."""
    chain = str(request.path_params.get("chain", ""))
    try:
        found = service_keys.program(request.app.state.ledger, chain, key)
    except service_keys.KeyOfNobody as error:
        raise refused(str(error)) from error
    # For the line in the log of this request, which is written where it goes out.
    request.scope[ACCOUNT] = found.account
    _require_room(request, f"{chain}|{found.account}")
    return Identity(account=found.account, reads=found.scopes, expires=found.expires)


def _claims(request: Request, token: str | None) -> Claims | None:
    """Return what is believed about who sent a request; None where it does not say."""
    if token is None:
        return _of_session(request)
    trust: Trust = request.app.state.trust
    return _believed(partial(trust.verifier.access, token, audience=trust.audience))


def _token(request: Request) -> str | None:
    """Return the token that a request carries, or None; Problem where it does so in another way."""
    if FORMER_HEADER.lower() in fields(request.scope):
        raise refused(f"{FORMER_HEADER} bestaat niet meer; stuur {HEADER}: Bearer <token>")
    if HEADER.lower() not in fields(request.scope):
        return None
    given = request.headers.getlist(HEADER)
    if len(given) > 1:
        raise refused(f"het veld {HEADER} staat er {len(given)} keer; verwacht één keer")
    found = _BEARER.fullmatch(given[0].strip())
    if found is None:
        raise refused(f"het veld {HEADER} heeft niet de vorm Bearer <token>")
    return found[1]


def _believed(check: Callable[[], T]) -> T:
    """Return what a check of a token gives; Problem where it is refused or cannot be done now."""
    try:
        return check()
    except TokenRefused as refusal:
        raise refused(str(refusal)) from refusal
    except IssuerUnavailable as error:
        raise Problem("unavailable", f"Het token is nu niet na te gaan: {error}.") from error


def refused(reason: str) -> Problem:
    """Return the problem of a token that is not believed (RFC 6750, section 3)."""
    challenge = 'Bearer realm="ketenledger", error="invalid_token"'
    return Problem(
        "unauthenticated",
        f"Dit token wordt niet aanvaard: {reason}.",
        headers={"WWW-Authenticate": challenge},
    )


def _of_session(request: Request) -> Claims | None:
    own = session.current(request)
    trust: Trust = request.app.state.trust
    if own is None or not own.subject or own.issuer != trust.issuer.url:
        return None
    return Claims(issuer=own.issuer, subject=own.subject, expires=own.until)


def _of_developer(request: Request, claims: Claims) -> bool:
    """Tell whether a token is of the mini-issuer, which believes what it is told."""
    trust: Trust = request.app.state.trust
    return trust.mini is not None and claims.issuer == trust.mini.url


def _counts(request: Request, claims: Claims, chain: str) -> bool:
    """Tell whether a token counts in a chain.

    One of the mini-issuer counts for nothing where the chain is no demonstration, on whatever
    server that is opened.
    """
    of_developer = _of_developer(request, claims)
    return not of_developer or request.app.state.demos.is_demo(chain) is not False


def _person(request: Request, claims: Claims, chain: str) -> str:
    """Return the pseudonym of somebody in a chain; empty where they have none."""
    if _of_developer(request, claims):
        return claims.subject if re.search(SLUG_PATTERN, claims.subject) else ""
    links: SubjectLinks = request.app.state.links
    return links.person(chain, issuer=claims.issuer, subject=claims.subject)


def _require_addressed(request: Request) -> None:
    settings: Settings = request.app.state.settings
    if settings.development:
        require_own_machine(request)


def require_own_machine(request: Request) -> None:
    """Refuse who did not address a server in development mode as this machine itself."""
    # A page from elsewhere can point its own host name here; its requests keep that name.
    if not _is_own(fields(request.scope).get("host", "")):
        raise Problem(
            "unauthenticated",
            "Een server in ontwikkelmodus antwoordt alleen op 127.0.0.1 en localhost.",
        )


@lru_cache(maxsize=64)
def _is_own(host: str) -> bool:
    found = _HOST.fullmatch(host)
    return found is not None and is_loopback(found[1])
