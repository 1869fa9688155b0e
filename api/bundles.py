"""Bundles over HTTP: evidence to take along and check without us (docs/bundle.md).

    GET /v1/chains/{chain}/bundles/{kind}/{id}             about a decision, agreement or escalation
    GET /v1/chains/{chain}/bundles/records?from=&until=    a range; without ends the whole chain

Who asks gets what they may read: in a range the rest is blank with its hash, of a thing it is left
out and counted. Sealed values stay closed here. A bundle is made whole in a file without a name and
noted in the register before its first byte leaves; at most MAX_AT_ONCE are made together.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Annotated, BinaryIO, Final

from fastapi import FastAPI, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import identity, lending, redaction
from api.act_paths import BASE
from api.answer_schemas import answered
from api.bundle_making import Asked, Handed, Log, Taker, hand_out, signed_size
from api.log_policy import policy_of
from api.parameters import Parameters, in_path
from api.problems import Problem
from api.reading import Position
from api.settings import Settings
from api.signing import log_keys
from ledger.domain.values import NotFound, Refused
from ledger.ledger import Ledger
from ledger.log.bundle import CannotBundle
from ledger.log.handed_out import Register
from ledger.log.log_key import KeyRefused
from ledger.log.note_keys import BadKey
from projections.selection import KINDS

ZIP: Final = "application/zip"
MAX_AT_ONCE: Final = 2
MAX_SINCE: Final = 10
MAX_REDACTED: Final = 100
SENT_AT_ONCE: Final = 2**18


Redacted = Annotated[str, Field(max_length=100)]


class Since(Parameters):
    """From which earlier sizes the log is to be proven to go on, and what is left out by choice."""

    since: Annotated[list[Position], Field(default_factory=list, max_length=MAX_SINCE)]
    redact: Annotated[list[Redacted], Field(default_factory=list, max_length=MAX_REDACTED)]


class Range(Since):
    """Which range: positions, or days on which was recorded; `until` is the first outside."""

    first: Annotated[str, Field(alias="from", max_length=16)] = ""
    until: Annotated[str, Field(max_length=16)] = ""


def install(app: FastAPI) -> None:
    """Add the addresses of the bundles."""
    app.state.bundling = threading.BoundedSemaphore(MAX_AT_ONCE)
    schema = {"type": "string", "contentMediaType": ZIP}
    for path, operation, summary, endpoint in (
        ("records", "getRecordsBundle", "Evidence of a range of records, or of all.", of_range),
        ("{kind}/{id}", "getBundle", "Evidence about one thing, to check offline.", of_thing),
    ):
        app.add_api_route(
            f"{BASE}/bundles/{path}",
            endpoint,
            operation_id=operation,
            summary=summary,
            tags=["bundles"],
            response_class=Response,
            openapi_extra=answered(schema, "A zip file.", media_type=ZIP),
        )


async def of_thing(request: Request, parameters: Annotated[Since, Query()]) -> Response:
    """Answer the bundle about one thing."""
    kind, name = in_path(request, "kind"), in_path(request, "id")
    if kind not in KINDS:
        raise NotFound(f"Een bundel gaat over {', '.join(KINDS)} of records, niet over {kind}.")
    left_out = redaction.read(parameters.redact)
    asked = Asked(kind=kind, name=name, since=tuple(parameters.since), redaction=left_out)
    return await run_in_threadpool(_answered, request, asked, f"{kind}-{name}")


async def of_range(request: Request, parameters: Annotated[Range, Query()]) -> Response:
    """Answer the bundle of a range."""
    first, until = parameters.first, parameters.until
    left_out = redaction.read(parameters.redact)
    since = tuple(parameters.since)
    asked = Asked(start=first, until=until, since=since, redaction=left_out)
    return await run_in_threadpool(_answered, request, asked, "records")


def log_of(ledger: Ledger, chain: str, settings: Settings) -> Log:
    """Return the policy of a log as it is served, and its newest key. Raises KeyRefused, BadKey."""
    key = log_keys(settings).key(chain)
    policy = policy_of(ledger, chain, key, settings)
    return Log(
        policy=str(policy).encode(),
        key=str(key.signers[0].verifier),
        demo=ledger.state(chain).chains.demo,
    )


def _answered(request: Request, asked: Asked, named: str) -> Response:
    chain = in_path(request, "chain")
    state = request.app.state
    reader = identity.reader(request)
    access = lending.require_seen(request, chain)
    taker = Taker(person=reader.name, door="http", access=access, vault=state.vault)
    size = signed_size(state.witnessing.tree, chain)
    if not state.shown.wait(chain, size - 1, state.settings.at_least_seconds):
        raise Problem("unavailable", f"Keten {chain} is nog niet verwerkt tot het controlepunt.")
    with _a_turn(state.bundling), ExitStack() as undo:
        file = undo.enter_context(tempfile.TemporaryFile())
        with lending.watched(request, chain, access):
            handed = _handed(request, chain, file, asked, taker)
        undo.pop_all()
    return _sent(file, handed, f"{chain}-{named}.zip")


@contextmanager
def _a_turn(bundling: threading.BoundedSemaphore) -> Iterator[None]:
    if not bundling.acquire(blocking=False):
        raise Problem("unavailable", "Er worden al bundels gemaakt; vraag het straks opnieuw.")
    try:
        yield
    finally:
        bundling.release()


def _handed(request: Request, chain: str, file: BinaryIO, asked: Asked, taker: Taker) -> Handed:
    """Make the bundle; what keeps it from being made becomes what a caller is told."""
    state = request.app.state
    try:
        log = log_of(state.ledger, chain, state.settings)
        tree = state.witnessing.tree
        return hand_out(
            state.proving, tree, chain, file, asked=asked, taker=taker, log=log,
            reading=state.reading, register=Register(state.writing),
        )  # fmt: skip
    except Refused as refusal:
        raise Problem("malformed", f"{refusal.reason}.", rule=refusal.rule) from refusal
    except CannotBundle as error:
        raise Problem("malformed", str(error)) from error
    except (KeyRefused, BadKey) as error:
        raise Problem("unavailable", "De sleutel van dit log is nu niet te lezen.") from error


def _sent(file: IO[bytes], handed: Handed, name: str) -> Response:
    headers = {
        "Content-Length": str(handed.bytes),
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": f'"{handed.sha256}"',
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(_parts(file), headers=headers, media_type=ZIP)


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(SENT_AT_ONCE):
            yield part
