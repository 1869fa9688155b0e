"""How any page of a chain is asked for and answered: view, dates, language, navigation, problems.

    /ketens/{chain}/...    pages of one chain
    /                      the chains of this server

A screen's file names its addresses, its templates, and the function that gathers what they show.
Everything goes through the same view as the API, so through the same filter of scopes. What goes
wrong is told as a page, by the words of `problems`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI
from msgspec import Struct
from msgspec.structs import replace
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import identity, lending, problems, session
from api.identity import Identity
from api.pages import as_of
from api.pages.as_of import AsOf
from api.pages.language import Language, chosen
from api.pages.paper import printed
from api.pages.slider import STEP, Slider, day_asked, slider
from api.parameters import in_path
from api.problems import KINDS, Problem
from ledger.domain.values import Refused
from ledger.log.store import StoreUnavailable
from ledger.log.tree import Tree
from projections.names import titles
from projections.timeline import first_day
from projections.views import ChainUnknown, Conn, Paging, View

BASE: Final = "/ketens/{chain}"
WAIT_SECONDS: Final = 5.0

NAVIGATION: Final = (
    ("", "Overzicht"),
    ("/tijdlijn", "Tijdlijn"),
    ("/besluiten", "Besluiten"),
    ("/afspraken", "Afspraken"),
    ("/escalaties", "Escalaties"),
    ("/rollen", "Rollen"),
    ("/mandaten", "Mandaten"),
    ("/overleggen", "Overleggen"),
    ("/vergaderingen", "Vergaderingen"),
    ("/acties", "Acties"),
    ("/onderwerpen", "Onderwerpen"),
    ("/cijfers", "Cijfers"),
    ("/toegang", "Toegang"),
    ("/controle", "Controle"),
    ("/zoeken", "Zoeken"),
    ("/vastleggen", "Vastleggen"),
)
"""The screens in the bar on top, in order: the path below the chain, and its name in Dutch."""

BELOW: Final[dict[str, tuple[str, ...]]] = {
    "/tijdlijn": ("/gebeurtenissen",),
    "/mandaten": ("/doorzettingsmacht", "/gebruik"),
    "/overleggen": ("/zetels",),
    "/onderwerpen": ("/lessen", "/knelpunten"),
    "/toegang": ("/inzage", "/dienstaccounts"),
    "/controle": ("/bewijs",),
}
"""The paths of pages that stand in no bar of their own, by the screen to which they belong."""
RECORDED: Final = "vastgelegd"
"""The field of an address that says which record a form just made."""
PLACES: Final[dict[str, str]] = {
    "agreement": "afspraken",
    "decision": "besluiten",
    "escalation": "escalaties",
    "assignment": "rollen",
    "body": "overleggen",
    "seat": "zetels",
    "mandate": "mandaten",
    "person": "personen",
    "partner": "partners",
    "subject": "onderwerpen",
    "lesson": "lessen",
    "bottleneck": "knelpunten",
    "action": "acties",
    "meeting": "vergaderingen",
    "authority": "doorzettingsmacht",
    "exercise": "gebruik",
    "review": "toegang",
    "serviceAccount": "dienstaccounts",
}
"""Under which path below the chain a thing has its page, by its kind."""


AROUND: Final[dict[str, Callable[..., Any]]] = {}
"""Functions that every template may call, by name; each is given what is asked for first."""


class Asked(Struct, frozen=True):
    """One page that is asked for: by whom, of what, for which moment, in which language."""

    request: Request
    connection: Conn
    view: View
    as_of: AsOf
    language: Language
    reader: Identity

    @property
    def query(self) -> Mapping[str, str]:
        """The fields of the address, dates included."""
        return self.request.query_params

    @property
    def chain(self) -> str:
        """The chain in the path."""
        return self.view.chain

    def paging(self, limit: int = 50) -> Paging:
        """Return which part of a list is asked for, by the field `vanaf`."""
        return Paging(self.query.get("vanaf", ""), limit)

    def named(self, name: str) -> str:
        """Return the id in the path; NotFound where it can be none."""
        return in_path(self.request, name)


class Screen(Struct, frozen=True):
    """One address below a chain, its template, and what that template shows."""

    path: str
    template: str
    gather: Callable[[Asked], dict[str, Any] | Response]


class Standing(Struct, frozen=True):
    """Up to where a page counts, and up to where that is signed."""

    position: int
    signed: int
    signed_at: str


def install(app: FastAPI, screens: tuple[Screen, ...]) -> None:
    """Add the pages of one screen file."""
    for screen in screens:
        app.add_api_route(
            BASE + screen.path,
            _endpoint(screen),
            include_in_schema=False,
            response_class=Response,
            methods=["GET"],
        )


def link(chain: str, path: str, dates: AsOf, **more: str) -> str:
    """Return the address of a page of a chain that keeps the dates."""
    return f"/ketens/{chain}{path}{dates.query(**more)}"


def server_of(request: Request) -> str:
    """Return under which address others reach this server, for what stands on paper.

    Paper outlives the way in which somebody happened to come in.
    """
    return (request.app.state.settings.base_url or str(request.base_url)).rstrip("/")


def problem_page(request: Request, problem: Problem) -> Response:
    """Return the page that tells a problem, in the reader's language where it has words for it."""
    language = chosen(request)
    kind = KINDS[problem.kind]
    content = {"kind": kind, "problem": problem, "here": request.url.path}
    answer = printed("problem.html", language, content, status=kind.status)
    answer.headers.update(problem.headers)
    return answer


def _endpoint(screen: Screen) -> Callable[..., Coroutine[Any, Any, Response]]:
    async def show(request: Request) -> Response:
        end = time.monotonic() + WAIT_SECONDS
        try:
            return await run_in_threadpool(shown, screen, request)
        except problems.TOLD as error:
            if isinstance(error, ChainUnknown) and as_of.AT_LEAST in request.query_params:
                # As late as of a chain that is not there: how long it takes tells nothing either.
                await asyncio.sleep(end - time.monotonic())
            return problem_page(request, problems.told(error, request))

    return show


def shown(screen: Screen, request: Request, status: int = 200) -> Response:
    """Return a page, filled from the read models and printed in the reader's language."""
    reader = identity.reader(request)
    dates = as_of.asked(request.query_params)
    language = chosen(request)
    chain = in_path(request, "chain")
    _reached(request, chain, dates.at_least)
    with lending.looking(
        request,
        chain,
        reader,
        at_least=dates.at_least,
        known_at=dates.position_or_moment,
        valid_on=dates.valid_on,
        speech=language.speech(),
    ) as (lent, view):
        asked = Asked(request, lent, view, dates, language, reader)
        if STEP in asked.query:
            return _slid(asked)
        try:
            found = screen.gather(asked)
        except Refused as refusal:
            raise Problem("malformed", f"{refusal.reason}.", rule=refusal.rule) from refusal
        if isinstance(found, Response):
            return found
        content = _around(asked) | found
    return printed(screen.template, language, content, status=status)


def _slid(asked: Asked) -> Response:
    """Lead to the same page on the day to which it was slid."""
    day = day_asked(asked.query, _slider(asked))
    dates = replace(asked.as_of, valid_on=day).fields
    fields = urlencode([*dates.items(), *_other_fields(asked)])
    return RedirectResponse(f"{asked.request.url.path}?{fields}", status_code=303)


def _slider(asked: Asked) -> Slider | None:
    return slider(first_day(asked.connection, asked.view), asked.view.now[:10])


def _reached(request: Request, chain: str, position: int | None) -> None:
    """Wait until the read models hold what a form just recorded, for a bounded time."""
    if position is not None and not request.app.state.shown.wait(chain, position, WAIT_SECONDS):
        raise lending.waited_in_vain(request, chain, position)


def _around(asked: Asked) -> dict[str, Any]:
    """Return what every page of a chain shows around its own content."""
    known = titles(asked.connection, asked.view, {("chain", asked.chain)})
    base = f"/ketens/{asked.chain}"
    here = asked.request.url.path
    return {
        "chain": asked.chain,
        "chain_name": known.get(("chain", asked.chain), asked.chain),
        "base": base,
        "here": here,
        "address_here": f"{server_of(asked.request)}{here}{_question(asked.request)}",
        "dates": asked.as_of,
        "kept": asked.as_of.query(),
        "as_of_day": asked.view.day,
        "as_of_sentence": asked.as_of.sentence(asked.language),
        "slider": _slider(asked),
        "fields": _other_fields(asked),
        "onward": partial(_onward, asked),
        "anew": f"{here}?{urlencode(_other_fields(asked))}",
        "places": PLACES,
        "navigation": [
            {
                "href": base + path,
                "name": name,
                "current": here == base + path,
                "within": _within(here.removeprefix(base), path),
            }
            for path, name in NAVIGATION
        ],
        "standing": _standing(asked),
        "demo": asked.request.app.state.demos.is_demo(asked.chain),
        "person": asked.reader.person,
        "session": session.current(asked.request),
        "now": asked.view.now,
        "recorded": _recorded(asked),
        **{name: partial(function, asked) for name, function in AROUND.items()},
    }


def _question(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""


def _within(here: str, path: str) -> bool:
    """Whether a page below the chain belongs to a screen without being it."""
    parents = (path, *BELOW.get(path, ()))
    return bool(path) and here != path and any(f"{here}/".startswith(f"{one}/") for one in parents)


def _recorded(asked: Asked) -> int | None:
    """Return the position of the record that a form just made, where it led here."""
    given = asked.query.get(RECORDED, "")
    position = int(given) if given.isascii() and given.isdigit() and len(given) < 17 else -1
    return position if 0 <= position <= asked.view.known_at else None


def _other_fields(asked: Asked) -> list[tuple[str, str]]:
    """Return the fields of the address that the form of the dates has to carry along."""
    left_out = {as_of.VALID_ON, as_of.KNOWN_AT, as_of.AT_LEAST, STEP, RECORDED, "vanaf"}
    return [pair for pair in asked.request.query_params.multi_items() if pair[0] not in left_out]


def _onward(asked: Asked, cursor: str) -> str:
    """Return the query string of what follows on this page."""
    return asked.as_of.query(**dict(_other_fields(asked)), vanaf=cursor)


def _standing(asked: Asked) -> Standing:
    tree: Tree = asked.request.app.state.tree
    try:
        signed = tree.checkpoint(asked.chain)
    except StoreUnavailable:
        signed = None
    if signed is None:
        return Standing(asked.view.known_at, 0, "")
    return Standing(asked.view.known_at, signed.size, signed.at.isoformat())
