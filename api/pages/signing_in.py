"""Signing in and out in a browser.

    GET  /aanmelden?keten=<chain>&terug=<path>    to the issuer, or: who somebody can be
    GET  /aanmelden/terug                         back from the issuer (code_flow.py)
    POST /aanmelden                               that is who they are from now on
    POST /afmelden                                nobody any more

In development the issuer is this server's own, and its page to sign in is here: somebody chooses
which person to be. Elsewhere the browser goes to the issuer and comes back. Both end with an ID
token, checked in the same way, and a session that nobody had before. Whatever somebody was filling
in when their session ended is carried in hidden fields and comes back in its form: through the
choice, or on a page that stays open while they sign in beside it. No draft is kept on the server.
"""

from __future__ import annotations

import secrets
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI
from msgspec.structs import replace
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import code_flow, lending, session
from api.identity import Trust
from api.pages.language import Language, chosen
from api.pages.paper import printed
from api.pages.posted import Posted, guarded, local, posted
from api.pages.site import problem_page
from api.parameters import as_slug
from api.problems import Problem
from api.tokens import Claims
from ledger.domain.values import NotFound
from projections.chains import chains
from projections.people import people, person
from projections.roles import roles
from projections.scopes import Access
from projections.views import MAX_LIMIT, Conn, Doc, Paging, look

PERSON: Final = "persoon"
CHAIN: Final = "keten"
BACK: Final = "terug"
DRAFT: Final = "concept"
"""The address of the form whose fields are carried along."""
OWN_FIELDS: Final = frozenset({PERSON, CHAIN, BACK, DRAFT, session.FIELD})


def install(app: FastAPI) -> None:
    """Add the pages of signing in and out."""
    for path, endpoint, method in (
        (code_flow.PATH, _asked, "GET"),
        (code_flow.RETURN, _returned, "GET"),
        ("/aanmelden", _chosen, "POST"),
        ("/afmelden", _left, "POST"),
    ):
        app.add_api_route(path, guarded(endpoint), include_in_schema=False, methods=[method])


def link(chain: str, back: str) -> str:
    """Return the address of the page on which somebody of a chain signs in."""
    return f"/aanmelden?{urlencode({CHAIN: chain, BACK: back})}"


def who_are_you(request: Request, chain: str, back: str, draft: Posted | None = None) -> Response:
    """Return the page on which somebody says who they are; `draft` comes back when they did."""
    language = chosen(request)
    if not request.app.state.settings.development:
        return _sent_away(request, back) if draft is None else _asked_beside(language, back, draft)
    own = session.current(request) or session.fresh()
    with lending.connection(request) as lent:
        page = Paging("", MAX_LIMIT)
        offered = chains(lent, lending.accesses_of(request, lent), page).items
        known = next((one for one in offered if one["chain"] == chain), None)
        if chain and known is None:
            raise NotFound(f"Keten {chain[:80]} bestaat niet.")
        access = lending.access_of(request, lent, chain)
        found = _people(lent, chain, access, language) if chain else []
    content: dict[str, Any] = {
        "here": "/aanmelden",
        "back": back,
        "chosen_chain": known,
        "chains": offered,
        "people": found,
        "carried": _carried(draft),
        "draft": "" if draft is None else back,
        "token": own.token,
        "signed_in_as": own.subject,
    }
    answer = printed("sign_in.html", language, content, status=200 if draft is None else 401)
    session.keep(request, answer, own)
    return answer


def _sent_away(request: Request, back: str) -> Response:
    way, address = code_flow.departure(request, back)
    answer = RedirectResponse(address, 303)
    code_flow.keep(request, answer, way)
    return answer


def _asked_beside(language: Language, back: str, draft: Posted) -> Response:
    """Return a page that keeps a draft while somebody signs in beside it."""
    content = {"here": "/", "draft": back, "carried": _carried(draft)}
    return printed("sign_in_elsewhere.html", language, content, status=401)


async def _returned(request: Request) -> Response:
    """Give who came back from the issuer a session of their own, and lead them to where they were.

    Whatever comes of it, the way back is gone.
    """
    try:
        way, claims = await run_in_threadpool(code_flow.arrival, request)
    except Problem as problem:
        answer = problem_page(request, problem)
        code_flow.forget(request, answer)
        return answer
    answer = RedirectResponse(local(way.back), 303)
    code_flow.forget(request, answer)
    return signed_in(request, answer, session.of(claims))


def signed_in(request: Request, answer: Response, one: session.Session) -> Response:
    """Give the browser a session of its own for this person; whatever it had before is gone."""
    session.keep(request, answer, one)
    return answer


def _carried(draft: Posted | None) -> list[tuple[str, str]]:
    return [] if draft is None else [pair for pair in draft if pair[0] not in OWN_FIELDS]


def _require_choice(request: Request) -> None:
    if not request.app.state.settings.development:
        raise Problem(
            "unauthenticated",
            "Op deze server kiest niemand zelf wie hij is; dat kan alleen in ontwikkelmodus.",
        )


async def _asked(request: Request) -> Response:
    back = local(request.query_params.get(BACK, "/"))
    chain = _slug(request.query_params.get(CHAIN, ""))
    return await run_in_threadpool(who_are_you, request, chain, back)


async def _chosen(request: Request) -> Response:
    """Let somebody be the person they chose, and lead back to where they came from."""
    fields = await posted(request)
    _require_choice(request)
    session.require_own_form(session.current(request), fields.first(session.FIELD))
    name, chain = _slug(fields.first(PERSON)), _slug(fields.first(CHAIN))
    doc = await run_in_threadpool(_person, request, chain, name)
    back = local(fields.first(DRAFT) or fields.first(BACK))
    # The draft is sent on, as it was, to the form it belongs to; there it is shown again.
    answer = RedirectResponse(back, 307 if fields.first(DRAFT) else 303)
    known_as = str(doc.get("function", ""))
    claims = await run_in_threadpool(_issued, request, name)
    return signed_in(request, answer, session.of(claims, known_as=known_as))


async def _left(request: Request) -> Response:
    fields = await posted(request)
    session.require_own_form(session.current(request), fields.first(session.FIELD))
    back = local(fields.first(BACK))
    elsewhere = await run_in_threadpool(code_flow.end_address, request)
    answer: Response = RedirectResponse(back, 303)
    if elsewhere:
        content = {"here": "/", "back": back, "elsewhere": elsewhere}
        answer = printed("signed_out.html", chosen(request), content)
    session.forget(request, answer)
    # On a computer that is shared the pages somebody saw stay behind otherwise.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _issued(request: Request, name: str) -> Claims:
    """Return who the issuer of this server says somebody is, checked as any other token."""
    trust: Trust = request.app.state.trust
    if trust.mini is None:
        raise Problem("unauthenticated", "Op deze server kiest niemand zelf wie hij is.")
    nonce = secrets.token_urlsafe()
    return trust.verifier.identity(
        trust.mini.id_token(name, nonce), client=trust.client, nonce=nonce
    )


def _slug(text: str) -> str:
    try:
        return as_slug(text) if text else ""
    except ValueError as error:
        raise Problem("malformed", f"{text[:80]!r} {error}.") from error


def _person(request: Request, chain: str, name: str) -> Doc:
    """Return who somebody wants to be; NotFound where the chain has no such person."""
    with lending.looking(request, chain) as (lent, view):
        return person(lent, view, name)


def _people(lent: Conn, chain: str, access: Access, language: Language) -> list[tuple[str, str]]:
    """Return the people of a chain by pseudonym, each with function and the roles held today."""
    view = look(lent, chain, reader=access, speech=language.speech())
    today = replace(view, valid_on=view.day)
    held: dict[str, list[str]] = {}
    for one in roles(lent, today, Paging("", MAX_LIMIT)).items:
        held.setdefault(one["person"], []).append(one.get("label") or language.word(one["role"]))
    found = people(lent, view, Paging("", MAX_LIMIT)).items
    told = {one["person"]: [*filter(None, [one.get("function")])] for one in found}
    return [
        (name, ", ".join(dict.fromkeys([*said, *held.get(name, [])])))
        for name, said in told.items()
    ]
