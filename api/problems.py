"""Errors as answers: the only file that knows which HTTP status an error has.

Every 4xx and 5xx is `application/problem+json` (RFC 9457) with a stable `type`, a Dutch `title` and
`detail`, and the number of the `rule` that said no, where it was a rule. What is wrong with a
request is 400, never 422; an act that the agreed rules refuse is 409.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, cast
from urllib.parse import quote

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope
from structlog.contextvars import bind_contextvars

from api.in_dutch import said_of_parameters
from ledger.domain.chain import domain_rules
from ledger.domain.values import NotAllowed, NotFound, Refused
from ledger.ledger import Overloaded
from ledger.log.feeder import PolicyUnknown
from ledger.log.store import StoreUnavailable
from ledger.recording import GENERAL_RULES
from ledger.vault import KeysUnavailable

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
MAX_PLACE: Final = 300
PAGES: Final = "/ketens/"
"""Below this people look, who get a page rather than JSON, whatever went wrong."""
PLAIN: Final = "/:@!$&'()*+,;=~-._"
SENTENCES = {rule.number: rule.sentence for rule in (*GENERAL_RULES, *domain_rules())}


class Kind(NamedTuple):
    """A kind of problem: its HTTP status, its title, and what somebody can do about it."""

    status: int
    title: str
    meaning: str


KINDS: dict[str, Kind] = {
    "malformed": Kind(
        400,
        "De vraag klopt niet",
        "De vraag zelf is onleesbaar of onvolledig. Het detail noemt wat gevonden en verwacht is.",
    ),
    "unauthenticated": Kind(
        401, "Niet bekend is wie dit vraagt", "Vastleggen kan alleen wie zich bekendmaakt."
    ),
    "not-allowed": Kind(
        403,
        "Hiervoor ontbreekt een rol, zetel of mandaat",
        "Op de datum van de handeling had deze persoon niet wat ervoor nodig is.",
    ),
    "not-found": Kind(404, "Dit bestaat niet", "Er is niets met dit kenmerk, of het is besloten."),
    "method-not-allowed": Kind(
        405, "Dit kan hier niet", "Het adres bestaat, maar kent deze methode niet."
    ),
    "too-slow": Kind(
        408, "Dit duurde te lang", "Het verzoek kwam niet op tijd binnen; herhaal het."
    ),
    "refused": Kind(
        409,
        "Een afgesproken regel staat dit niet toe",
        "De regels van de keten laten deze handeling niet toe; er is niets vastgelegd.",
    ),
    "too-large": Kind(413, "Dit is te groot", "Het verzoek of de vastlegging is te lang."),
    "address-too-long": Kind(
        414,
        "Dit adres is te lang",
        "Pad en vraag samen zijn te lang; vraag minder tegelijk.",
    ),
    "unsupported-media-type": Kind(
        415, "Deze vorm wordt niet begrepen", "Verstuur JSON, als application/json, in UTF-8."
    ),
    "too-many": Kind(
        429, "Dit is te vaak", "Wacht zo lang als Retry-After zegt en herhaal het dan."
    ),
    "internal": Kind(
        500, "Er ging hier iets mis", "Een fout in de server zelf; het logboek noemt het kenmerk."
    ),
    "unavailable": Kind(
        503,
        "Nu even niet beschikbaar",
        "Herhaal het verzoek later, met dezelfde Idempotency-Key: dan telt het eenmaal.",
    ),
}
"""Every kind of problem by its slug, the last part of its `type`."""

_BY_STATUS = {kind.status: slug for slug, kind in KINDS.items()}
_BY_RULE = {
    "G1": "not-found",
    "G7": "too-large",
    "G8": "malformed",
    "G11": "not-allowed",
    "G13": "malformed",
}


class Problem(Exception):
    """Something about a request that the doors themselves refuse; `kind` is a slug of KINDS."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        rule: str = "",
        errors: Iterable[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.rule = rule
        self.errors = list(errors)
        self.headers = dict(headers or {})


def too_many(wait_seconds: int) -> Problem:
    """Return the problem of who asks too often, with how long to wait."""
    return Problem(
        "too-many",
        f"Er kwamen te veel verzoeken; wacht {wait_seconds} s.",
        headers={"Retry-After": str(wait_seconds)},
    )


TOLD: Final = (
    Problem, Refused, NotFound, StoreUnavailable, Overloaded, PolicyUnknown, KeysUnavailable,
    RequestValidationError,
)  # fmt: skip
"""The errors that are problems of a request, or of the moment; anything else is a fault of ours."""
EXPECTED: Final = (*TOLD, HTTPException)
"""The same with those of the web framework: what is answered without a word in the log."""


def answer(problem: Problem, instance: str) -> Response:
    """Return the answer to the request at `instance` that tells this problem."""
    kind = KINDS[problem.kind]
    content: dict[str, Any] = {
        "type": f"/problems/{problem.kind}",
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        "instance": instance,
    }
    if problem.rule:
        content["rule"] = problem.rule
    if problem.errors:
        content["errors"] = problem.errors
    headers = dict(problem.headers)
    if kind.status == 500:
        # The error itself travels on to the server's log, which ends this connection.
        headers["Connection"] = "close"
    if kind.status == 503:
        headers.setdefault("Retry-After", str(RETRY_SECONDS))
    if kind.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="ketenledger"')
    return Response(
        msgspec.json.encode(content), kind.status, headers=headers, media_type=MEDIA_TYPE
    )


def of_refusal(refusal: Refused) -> Problem:
    """Tell a rule's refusal: its own sentence, then what was found."""
    kind = "not-allowed" if isinstance(refusal, NotAllowed) else "refused"
    sentence = SENTENCES.get(refusal.rule, "")
    detail = f"{sentence} Gevonden: {refusal.reason}." if sentence else refusal.reason
    return Problem(_BY_RULE.get(refusal.rule, kind), detail, rule=refusal.rule)


def of_http(error: HTTPException, request: Request) -> Problem:
    """Tell an error of the web framework in our own words."""
    slug = _BY_STATUS.get(error.status_code, "malformed")
    headers = dict(error.headers or {})
    if slug == "method-not-allowed":
        allowed = _allowed(request)
        headers["Allow"] = allowed
        return Problem(slug, f"{request.method} kan hier niet; wel: {allowed}.", headers=headers)
    if slug == "not-found":
        return Problem(slug, f"Het adres {place(request.scope)} bestaat niet.", headers=headers)
    return Problem(slug, KINDS[slug].meaning, headers=headers)


def install(app: FastAPI) -> None:
    """Let every error of this application be answered from here."""
    for kind in EXPECTED:
        app.add_exception_handler(kind, handle)
    app.add_exception_handler(Exception, handle)


def place(scope: Scope) -> str:
    """Return the path of a request as a URI has it, with no character that could do harm."""
    return quote(scope["path"][:MAX_PLACE], safe=PLAIN)


async def handle(request: Request, error: Exception) -> Response:
    """Return the answer that an error leads to, and note the kind of problem for the log."""
    problem = told(error, request)
    said = {"problem": problem.kind, "rule": problem.rule}
    bind_contextvars(**{name: value for name, value in said.items() if value})
    if request.scope["path"].startswith(PAGES):
        paged: Callable[[Request, Problem], Response] = request.app.state.problem_page
        return paged(request, problem)
    return answer(problem, place(request.scope))


def told(error: Exception, request: Request) -> Problem:
    """Return the problem that an error amounts to, for people to read."""
    match error:
        case Problem():
            return error
        case Refused():
            return of_refusal(error)
        case NotFound():
            return Problem("not-found", str(error) or KINDS["not-found"].meaning)
        case StoreUnavailable():
            return Problem("unavailable", "De database is niet beschikbaar.")
        case Overloaded() | PolicyUnknown() | KeysUnavailable():
            return Problem("unavailable", str(error))
        case RequestValidationError():
            errors = said_of_parameters(error.errors())
            detail = "; ".join(f"{one['name']}: {one['reason']}" for one in errors)
            return Problem("malformed", f"{detail}.", errors=errors)
        case HTTPException():
            return of_http(error, request)
    return Problem("internal", "Er ging iets mis in de server; uw verzoek is niet afgemaakt.")


def _allowed(request: Request) -> str:
    """Return the methods that this address does know."""
    found: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= cast(set[str], getattr(route, "methods", None) or set())
    if "GET" in found:
        found.add("HEAD")
    return ", ".join(sorted(found))
