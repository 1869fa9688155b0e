"""How the server is doing: whether it lives, whether it can serve, and what it waits for.

`live` asks nothing of anything else: a server that lost its database lives, and must not be
restarted for it. `ready` tells whether requests make sense here now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from fastapi import FastAPI
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api.anchors import AnchoringState, Stamping
from api.answer_schemas import answered, named
from api.answers import answer
from api.doorway import API_VERSION
from api.problems import Problem
from api.signing import Signing, SigningState
from api.witnesses import WitnessesState, Witnessing
from ledger.log.check_results import CheckResults
from ledger.log.store import Store, StoreUnavailable
from projections.reached import Shown
from projections.runner import Runner

CHECK_SECONDS = 3.0

State = Literal["pass", "warn", "fail"]
WORSE: Final[tuple[State, ...]] = ("pass", "warn", "fail")


class Alive(Struct, frozen=True):
    """The process answers."""

    status: State = "pass"


class ReplicaState(Struct, frozen=True):
    """The replica that is read from: how many records it shows less than the primary holds."""

    status: State
    behind: int | None = None


class Health(Struct, frozen=True, rename="camel"):
    """What the server found: `behind` is how many records the read models have yet to take in.

    `signing` is null where no chain has a log key, and like `witnesses` while the database is away;
    `anchoring` where there is no time-stamping authority. `checks` fails as long as a check of a
    chain as it is stored found a break that no later one took away. `roles` warns where reading,
    writing and erasing are done by one database role, `wall` where row-level security does not hold
    for who reads. `replica` is null where reading is done from the same database.
    """

    status: State
    version: str
    database: State
    writer: State
    read_models: State
    behind: int | None = None
    signing: SigningState | None = None
    checks: State | None = None
    anchoring: AnchoringState | None = None
    witnesses: WitnessesState | None = None
    roles: State | None = None
    wall: State | None = None
    replica: ReplicaState | None = None


def install(app: FastAPI) -> None:
    """Add the routes that tell how the server is doing."""
    routes = (
        ("", health, "getHealth", "How the server is doing.", Health),
        ("/live", live, "getLive", "Whether the process answers.", Alive),
        ("/ready", ready, "getReady", "Whether the server can do its work now.", Health),
    )
    for path, endpoint, operation, summary, kind in routes:
        app.add_api_route(
            f"/v1/health{path}",
            endpoint,
            operation_id=operation,
            summary=summary,
            tags=["server"],
            response_class=Response,
            openapi_extra=answered(named(kind)),
        )


async def live() -> Response:
    """Answer that the process lives."""
    return answer(Alive())


def health(request: Request) -> Response:
    """Answer how the server is doing, whatever that is."""
    return answer(_found(request))


def ready(request: Request) -> Response:
    """Answer that the server can do its work, or a problem that says why not."""
    found = _found(request)
    if found.database == "fail":
        raise Problem("unavailable", "De database is niet beschikbaar.")
    if found.replica is not None and found.replica.status == "fail":
        raise Problem("unavailable", "De database waaruit wordt gelezen is niet beschikbaar.")
    if found.writer == "fail":
        raise Problem("unavailable", "Het vastleggen staat stil; het logboek zegt waarom.")
    if found.read_models == "fail":
        raise Problem("unavailable", "De leesmodellen staan stil; het logboek zegt waarom.")
    return answer(found)


def _found(request: Request) -> Health:
    runner: Runner = request.app.state.runner
    store: Store = request.app.state.writing
    signer: Signing = request.app.state.signing
    witnessing: Witnessing = request.app.state.witnessing
    stamping: Stamping = request.app.state.stamping
    writer: State = "pass" if request.app.state.ledger.writing else "fail"
    try:
        with store.connection(statement_seconds=CHECK_SECONDS) as lent:
            lent.execute("SELECT 1")
        sizes, done = store.sizes(), runner.sizes()
        replica = _replica(request, done)
        signing = signer.state(
            sizes=sizes, signed=witnessing.tree.heads(), unnamed=set(witnessing.unnamed)
        )
        checks: State = "fail" if CheckResults(store).standing() else "pass"
        anchoring = stamping.state()
        witnesses = witnessing.state()
    except StoreUnavailable:
        models: State = "warn" if runner.running else "fail"
        return Health("fail", API_VERSION, database="fail", writer=writer, read_models=models)
    behind = sum(max(0, size - done.get(chain, 0)) for chain, size in sizes.items())
    following: State = "fail" if not runner.running else "warn" if behind else "pass"
    parts = [part.status for part in (signing, anchoring, witnesses, replica) if part is not None]
    roles: State = "pass" if request.app.state.duties.apart else "warn"
    walled: State = "pass" if request.app.state.walled else "warn"
    found: list[State] = [writer, following, checks, roles, walled, *parts]
    return Health(
        max(found, key=WORSE.index),
        API_VERSION,
        database="pass",
        writer=writer,
        read_models=following,
        behind=behind,
        signing=signing,
        checks=checks,
        anchoring=anchoring,
        witnesses=witnesses,
        roles=roles,
        wall=walled,
        replica=replica,
    )


def _replica(request: Request, done: Mapping[str, int]) -> ReplicaState | None:
    """Tell how far the database that is read from is behind; None where it is the same one."""
    shown: Shown = request.app.state.shown
    if shown is request.app.state.runner:
        return None
    try:
        there = shown.sizes()
    except StoreUnavailable:
        return ReplicaState("fail")
    behind = sum(max(0, size - there.get(chain, 0)) for chain, size in done.items())
    return ReplicaState("warn" if behind else "pass", behind)
