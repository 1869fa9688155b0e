"""Who is asking: the one place that says which person stands behind a request, and what they read.

For now there is one identity, that of development: the header `X-Act-As` names the person, or in a
browser the session of whoever chose to be that person (`pages/signing_in.py`). It exists only on a
server that was started with `--development`, and such a server listens on loopback only
(settings.py refuses anything else at start) and answers only who addressed it so. Everybody there
reads every scope: a developer has to see what a rule or a page makes of it. Without it nobody is
known: nothing can be recorded and reading gives what is public. A session says by what means it
came about, so that one from development means nothing on another server.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

from msgspec import Struct
from starlette.requests import Request

from api import session
from api.problems import Problem
from api.settings import Settings, is_loopback
from ledger.domain.values import SLUG_PATTERN, Scope

HEADER = "X-Act-As"
EVERYTHING: frozenset[Scope] = frozenset(get_args(Scope))
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?")
DEVELOPMENT = "development"
PUBLIC: frozenset[Scope] = frozenset({"public"})


class Identity(Struct, frozen=True):
    """Who asks (`person`, empty when unknown) and which scopes they may read."""

    person: str
    scopes: frozenset[Scope]


Identify = Callable[[Request], Identity]


def chosen(settings: Settings) -> Identify:
    """Return how this server tells who is asking."""
    return _development if settings.development else _nobody


def reader(request: Request) -> Identity:
    """Return who reads; somebody unknown reads what is public."""
    identify: Identify = request.app.state.identify
    return identify(request)


def actor(request: Request) -> Identity:
    """Return who acts; Problem (unauthenticated) when that is not known."""
    identity = reader(request)
    if not identity.person:
        raise Problem(
            "unauthenticated",
            f"Niet bekend is wie vastlegt. Noem de persoon in het veld {HEADER}; "
            "dat kan alleen op een server in ontwikkelmodus.",
        )
    return identity


def _nobody(request: Request) -> Identity:
    if HEADER in request.headers:
        raise Problem(
            "unauthenticated",
            f"Deze server draait niet in ontwikkelmodus en aanvaardt {HEADER} daarom niet.",
        )
    return Identity(person="", scopes=PUBLIC)


def _development(request: Request) -> Identity:
    # A page from elsewhere can point its own host name here; its requests keep that name.
    host = _HOST.fullmatch(request.headers.get("Host", ""))
    if host is None or not is_loopback(host[1]):
        raise Problem(
            "unauthenticated",
            "Een server in ontwikkelmodus antwoordt alleen op 127.0.0.1 en localhost.",
        )
    person = request.headers.get(HEADER, "") or _chosen_person(request)
    if person and not re.search(SLUG_PATTERN, person):
        raise Problem("malformed", f"{HEADER} is geen kenmerk van een persoon.", rule="G13")
    return Identity(person=person, scopes=EVERYTHING)


def _chosen_person(request: Request) -> str:
    own = session.current(request)
    return own.person if own is not None and own.means == DEVELOPMENT else ""
