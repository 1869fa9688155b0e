"""Recording in a browser (S11): a form for every event type, tried out before it counts.

    GET  /ketens/{chain}/vastleggen            what can be recorded, by subject
    GET  /ketens/{chain}/vastleggen/{type}     its form; the address may fill fields in
    POST /ketens/{chain}/vastleggen/{type}     grow or shrink lists, try out, or record

The form carries a key of its own, so sending it twice records once. Nothing is decided here: who
may, what follows and what is refused comes from the ledger's rules. Where a session has ended the
fields go along to the page of signing in and come back (`signing_in.py`).
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final
from uuid import uuid4

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import identity, problems, session
from api.act_paths import IN_BRACES, PATHS
from api.pages import act_form
from api.pages.act_form import Form
from api.pages.act_input import MAX_ROWS, body, moment, rows
from api.pages.posted import Posted, guarded, posted
from api.pages.signing_in import who_are_you
from api.pages.site import BASE, PLACES, Asked, Screen, shown
from api.parameters import as_slug, in_path
from api.problems import KINDS
from api.subject_links import require_form
from ledger import catalogue
from ledger.catalogue import Type
from ledger.domain.events.chains import ChainEstablished
from ledger.domain.values import NotFound, Refused, Scope
from ledger.ledger import Ledger
from ledger.receipts import Receipt
from ledger.recording import Act
from ledger.sealed import seal_body
from projections.things import camel

PATH: Final = "/vastleggen/{soort}"
TEMPLATE: Final = "act.html"
PREFIX: Final = "v."
"""What the fields of the event begin with; the others are about the form itself."""
KEY: Final = "sleutel"
KEY_FORM: Final = re.compile(r"form-[0-9a-f]{32}")
OWN: Final = frozenset({"geldig_op", "bekend_op", "na", "vastgelegd"})
SCOPES: Final[dict[str, Scope]] = {
    "public": "public",
    "chain": "chain",
    "confidential": "confidential",
}
PLACED: Final = {"organisation": "partner", "supersedes": "objective"}


def install(app: FastAPI) -> None:
    """Add the address to which forms are sent."""
    app.add_api_route(BASE + PATH, guarded(_sent), include_in_schema=False, methods=["POST"])


def _wanted(request: Request) -> Type:
    """Return the event type in the path; NotFound where no form can be made of it."""
    name = str(request.path_params["soort"])
    found = catalogue.NEWEST.get(name)
    if found is None or found.by_rules or found.kind is ChainEstablished:
        raise NotFound(f"Er is geen formulier voor {name[:80]!r}.")
    return found


def opened(asked: Asked) -> dict[str, Any] | Response:
    """Gather an empty form, with what its address fills in."""
    filled = {name: value for name, value in asked.query.items() if name not in OWN}
    form = Form(wanted=_wanted(asked.request), key=_new_key(), filled=filled)
    return act_form.gathered(form, asked)


async def _sent(request: Request) -> Response:
    """Take a form that was sent in: show it again, with what came of it, or record it."""
    wanted = _wanted(request)
    fields = await posted(request)
    reader = await identity.who(request)
    own = session.current(request)
    if own is not None and reader.subject:
        identity.require_person(reader)
    if not reader.person or own is None:
        chain = in_path(request, "chain")
        return await run_in_threadpool(who_are_you, request, chain, request.url.path, fields)
    form = _form(wanted, fields)
    if not _own_form(own, fields):
        form.stale = True
        return await _shown(request, form)
    if _reshaped(form, fields):
        return await _shown(request, form)
    found, form.faults = body(wanted, form.filled)
    try:
        act = None if form.faults else _act(found, form, reader.person)
        if act is not None and fields.first("doe") == "vast":
            receipt = await _recorded(request, act, form)
            return RedirectResponse(_place(request, wanted, act, receipt), 303)
        if act is not None:
            form.trial = await run_in_threadpool(_tried, request, act)
    except problems.TOLD as error:
        form.refusal = problems.told(error, request)
    return await _shown(request, form)


def _form(wanted: Type, fields: Posted) -> Form:
    key = fields.first(KEY)
    return Form(
        wanted=wanted,
        key=key if KEY_FORM.fullmatch(key) else _new_key(),
        filled=fields.below(PREFIX),
        on=fields.first("op"),
        by=fields.first("namens"),
        scope=fields.first("lezers"),
    )


def _new_key() -> str:
    return f"form-{uuid4().hex}"


def _own_form(own: session.Session, fields: Posted) -> bool:
    """Tell whether the form is of this session; one from before signing in is shown again first."""
    try:
        session.require_own_form(own, fields.first(session.FIELD))
    except problems.Problem:
        return False
    return True


def _reshaped(form: Form, fields: Posted) -> bool:
    """Let a list grow or shrink, or cite decisions, where a button asks it; tell if one did."""
    more, fewer, cited = (fields.first(name) for name in ("meer", "minder", "noem"))
    if more:
        number = max(rows(form.filled, more), default=-1) + 1
        if number < MAX_ROWS:
            kind = fields.first(f"soort.{more}")
            form.filled |= {f"{more}.{number}.type": kind} if kind else {f"{more}.{number}": ""}
        form.at = f"{more}.{number}"
    elif fewer:
        gone = (fewer, f"{fewer}.")
        form.filled = {
            name: value
            for name, value in form.filled.items()
            if name != gone[0] and not name.startswith(gone[1])
        }
    elif cited:
        first = max(rows(form.filled, "cites"), default=-1) + 1
        named = enumerate(cited.split(",")[:MAX_ROWS], first)
        form.filled |= {f"cites.{number}.decision": name for number, name in named}
        form.at = f"cites.{first}"
    return bool(more or fewer or cited)


def _act(found: dict[str, Any], form: Form, person: str) -> Act:
    """Return what the form asks to record; Refused (G13) for what can be no event."""
    on, by = moment(form.on) if form.on else "", form.by or person
    if on is None:
        raise Refused("G13", "het tijdstip van de handeling is geen datum met tijd")
    try:
        as_slug(by)
    except ValueError as error:
        raise Refused("G13", f"{by[:80]!r} {error}") from error
    kind = form.wanted.kind
    require_form(kind, found)
    sealed = seal_body(kind, found, act=form.key)
    form.disclosures = sealed.disclosures
    return Act(
        event=catalogue.read_body(sealed.body),
        by=by,
        recorded_by=person if by != person else "",
        act=form.key,
        on=on,
        scope=SCOPES.get(form.scope),
    )


def _tried(request: Request, act: Act) -> Any:
    ledger: Ledger = request.app.state.ledger
    trial = ledger.try_out(in_path(request, "chain"), act)
    if trial.refusal is not None:
        raise trial.refusal
    return trial


async def _recorded(request: Request, act: Act, form: Form) -> Receipt:
    ledger: Ledger = request.app.state.ledger
    seconds = request.app.state.settings.submit_seconds
    chain = in_path(request, "chain")
    return await ledger.submit_async(chain, act, form.disclosures, timeout_seconds=seconds)


def _place(request: Request, wanted: Type, act: Act, receipt: Receipt) -> str:
    """Return the page of the thing that was acted on, or of the record where it has none."""
    query = f"?na={receipt.positions[-1]}&vastgelegd={receipt.position}"
    base = f"/ketens/{in_path(request, 'chain')}"
    made = wanted.kind.CREATES
    named = IN_BRACES.findall(PATHS[wanted.title])
    kind, name = (camel(made), receipt.created) if made else ("", "")
    if not made and named:
        snake = re.sub(r"(?<=[a-z])([A-Z])", lambda found: f"_{found[1].lower()}", named[0])
        kind, name = PLACED.get(named[0], named[0]), str(getattr(act.event, snake, ""))
    place = PLACES.get(kind, "")
    if place and name:
        return f"{base}/{place}/{name}{query}"
    return f"{base}/gebeurtenissen/{receipt.position}{query}"


async def _shown(request: Request, form: Form) -> Response:
    status = 200
    if form.refusal is not None:
        status = KINDS[form.refusal.kind].status
    elif form.faults:
        status = 400
    screen = Screen(PATH, TEMPLATE, partial(act_form.gathered, form))
    return await run_in_threadpool(shown, screen, request, status)


SCREENS: Final = (
    Screen("/vastleggen", "acts_list.html", act_form.offered),
    Screen(PATH, TEMPLATE, opened),
)
