"""Recording over HTTP: one route per event type that may be asked for, made from the catalogue.

    POST /v1/chains/{chain}/decisions/{decision}/votes?on=...&by=...&dryRun=true
    Idempotency-Key: <the act's own key>        Authorization: Bearer <who acts>
    Act-Signature: <key id> <signature in base64>                       (optional)

The body is the event itself. What the path says it need not repeat, nor its `type`; what it repeats
must be equal. `by` names for whom the act is entered: then who asks is `recordedBy`. The answer is
the receipt: 201, or 200 where the key was used before for this very act. `POST .../records` takes
an event of any type. Nothing is decided here: the ledger's rules do that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from fastapi import FastAPI, Header, Query
from msgspec.inspect import IntType, StructType, type_info
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import acting, identity, lending
from api.act_paths import BASE, IN_BRACES, PATHS
from api.act_routes import ActParameters, ActRoute, Acts
from api.act_schemas import Attempt, TrialAnswer, documentation
from api.answers import answer
from api.founding import as_founded_here
from api.identity import Identity
from api.log import KEY_UNREADABLE
from api.parameters import as_position, in_path
from api.problems import Problem
from api.request_body import read_object
from api.route_table import RouteTable
from api.signing import log_keys
from api.subject_links import require_form
from ledger import catalogue
from ledger.catalogue import Type
from ledger.domain.events.chains import ChainEstablished
from ledger.domain.values import Event, NotAllowed, Refused, Signature
from ledger.ledger import Ledger, Trial
from ledger.log.log_key import KeyRefused
from ledger.recording import Act
from ledger.sealed import seal_body

ANY: Final = "/records"
"""Where an event of any type is recorded."""
MAX_KEY_CHARACTERS: Final = 128
UNFOUNDED: Final = "G1"
UNREGISTERED: Final = "G11"
"""The rules that refuse an act in a chain that is not there, or by somebody it does not know."""
_KEY: Final = re.compile(rf"[!-~]{{1,{MAX_KEY_CHARACTERS}}}")

SIGNATURE_TOLD: Final = (
    "The id of a signing key, a space, and the Ed25519 signature over the statement of this act as "
    "base64 (docs/signed-acts.md). A signed act gives its own key, moment and ids, and sealed "
    "fields as disclosures."
)

Endpoint = Callable[..., Coroutine[Any, Any, Response]]
Body = dict[str, Any]


class Given(NamedTuple):
    """What the header fields of a request say: who acts, under which key, signed by what."""

    identity: Identity
    key: str
    signature: Signature | None


def install(app: FastAPI) -> None:
    """Add every route that records, and the table that leads to them."""
    wanted = {path: catalogue.find(title) for title, path in PATHS.items()}
    routes = [_added(app, path, one) for path, one in {**wanted, ANY: None}.items()]
    app.add_middleware(Acts, table=RouteTable(routes))


def _added(app: FastAPI, path: str, wanted: Type | None) -> ActRoute:
    app.router.add_api_route(
        BASE + path,
        _endpoint(wanted, path),
        methods=["POST"],
        operation_id=f"record{wanted.title if wanted else 'Any'}",
        status_code=201,
        response_class=Response,
        tags=[wanted.capability if wanted else "records"],
        openapi_extra=documentation(wanted, path),
        route_class_override=ActRoute,
    )
    made = app.router.routes[-1]
    if not isinstance(made, ActRoute):
        raise TypeError(f"{path} became a route of another kind")
    return made


def _endpoint(wanted: Type | None, path: str) -> Endpoint:
    """Return the function of one event type's route, or of the one for any type (None)."""
    named = IN_BRACES.findall(path)
    numbers = _whole_numbers(wanted) if wanted else frozenset()

    async def record(
        request: Request,
        asked: Annotated[ActParameters, Query()],
        idempotency_key: Annotated[str, Header()] = "",
        act_signature: Annotated[str, Header(description=SIGNATURE_TOLD)] = "",
    ) -> Response:
        asking = await identity.who(request)
        if not (asking.account or acting.may_be_operator(asking)):
            identity.require_person(asking)
        if asking.account and asked.dry_run:
            raise Problem("not-allowed", "Uitproberen is voor mensen: het toont wat er zou volgen.")
        in_path(request, "chain")
        body = await read_object(request, max_bytes=request.app.state.settings.max_body_bytes)
        if wanted is not None:
            body = _typed(body, wanted)
        for name in named:
            body = _filled(body, name, _from_path(request, name, whole=name in numbers))
        given = Given(asking, _key(idempotency_key), _signature(act_signature))
        return await _recorded(request, body, asked, given)

    return record


def _whole_numbers(wanted: Type) -> frozenset[str]:
    """Return the fields of an event type that hold a whole number, such as a position."""
    known = type_info(wanted.kind)
    fields = known.fields if isinstance(known, StructType) else ()
    return frozenset(one.encode_name for one in fields if isinstance(one.type, IntType))


def _from_path(request: Request, name: str, *, whole: bool) -> str | int:
    given = in_path(request, name)
    return as_position(given) if whole else given


def _typed(body: Body, wanted: Type) -> Body:
    """Return the body with its type; refuse another one than the address is for."""
    given = body.get("type", wanted.name)
    if isinstance(given, str) and given.partition(".")[0] == wanted.title:
        return {**body, "type": given}
    shown = repr(given)[:80]
    raise Problem("malformed", f"Dit adres is voor {wanted.title}, niet voor {shown}.", rule="G13")


def _filled(body: Body, name: str, value: str | int) -> Body:
    """Return the body with a field from the path; refuse it where the two differ."""
    given = body.get(name, value)
    if given != value or isinstance(given, bool):
        shown = repr(given)[:80]
        raise Problem(
            "malformed", f"{name} is {value} in het adres en {shown} in de inhoud.", rule="G13"
        )
    return {**body, name: value}


def _key(given: str) -> str:
    """Return the act's key; it may stand between quotes, as header fields of its kind do."""
    bare = given[1:-1] if len(given) > 1 and given[0] == given[-1] == '"' else given
    if bare and not _KEY.fullmatch(bare):
        raise Problem(
            "malformed",
            f"Idempotency-Key telt 1 tot {MAX_KEY_CHARACTERS} zichtbare ASCII-tekens.",
        )
    return bare


def _signature(given: str) -> Signature | None:
    """Return the signature in a header field, or None where there is none."""
    if not given:
        return None
    key, _, value = given.partition(" ")
    try:
        return msgspec.convert({"key": key, "value": value}, Signature)
    except msgspec.ValidationError as error:
        raise Problem(
            "malformed",
            "Act-Signature is het kenmerk van een sleutel, een spatie en 64 bytes in base64.",
        ) from error


def _kind(body: Body) -> type[Event]:
    """Return the class of event that the body's `type` names."""
    name = body.get("type")
    if not isinstance(name, str):
        raise Problem("malformed", 'Het veld "type" ontbreekt of is geen tekst.', rule="G13")
    return catalogue.find(name).kind


async def _recorded(request: Request, body: Body, asked: ActParameters, given: Given) -> Response:
    """Record an event, or try it out, as this person under this key."""
    asking, key, signature = given
    ledger: Ledger = request.app.state.ledger
    chain = in_path(request, "chain")
    require_form(_kind(body), body, signed=signature is not None)
    sealed = seal_body(_kind(body), body, act=key, signed=signature is not None)
    event = catalogue.read_body(sealed.body)
    founds = isinstance(event, ChainEstablished)
    if founds:
        event = await run_in_threadpool(_founding, request, chain, event)
    name = partial(acting.named, request, asking, event, chain=chain, by=asked.by or "", key=key)
    # Only for an operator who is nobody there the chain is looked at, which may take a question.
    by, recorded_by = name() if asking.person else await run_in_threadpool(name)
    act = Act(
        event=event,
        by=by,
        recorded_by=recorded_by,
        act=key,
        on=asked.on or "",
        scope=asked.scope,
        signature=signature,
        read=not founds,
    )
    try:
        if asked.dry_run:
            return _tried(
                chain, await run_in_threadpool(ledger.try_out, chain, act, sealed.disclosures)
            )
        seconds = request.app.state.settings.submit_seconds
        receipt = await ledger.submit_async(chain, act, sealed.disclosures, timeout_seconds=seconds)
    except Refused as refusal:
        # Whoever may see nothing of a chain does not learn here that it is there.
        stranger = isinstance(refusal, NotAllowed) or refusal.rule == UNREGISTERED
        stranger = stranger and not asking.account
        if stranger and await run_in_threadpool(lending.sees_nothing, request, chain):
            raise Refused(UNFOUNDED, f"keten {chain} bestaat nog niet") from refusal
        raise
    place = f"/v1/chains/{chain}/records/{receipt.position}"
    return answer(receipt, 200 if receipt.repeated else 201, headers={"Location": place})


def _founding(request: Request, chain: str, event: Event) -> Event:
    """Return the founding of a chain with what this server adds to it."""
    state = request.app.state
    try:
        keys, demo = log_keys(state.settings), state.settings.development
        return as_founded_here(event, state.ledger, chain, keys, demo=demo)
    except KeyRefused as error:
        raise Problem("unavailable", KEY_UNREADABLE) from error


def _tried(chain: str, trial: Trial) -> Response:
    """Answer what an act would come to; a refusal reads as it would if it were recorded."""
    if trial.refusal is not None:
        raise trial.refusal
    records = tuple(Attempt(one.event, one.header) for one in trial.entries)
    return answer(TrialAnswer(chain=chain, position=trial.first, records=records))
