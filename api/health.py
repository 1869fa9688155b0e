"""How the server is doing: whether it lives, whether it can serve, and what it waits for.

`live` asks nothing of anything else: a server that lost its database lives, and must not be
restarted for it. `ready` tells whether requests make sense here now.

Nobody is refused an answer, so it costs one look at a time, however many ask. Everybody is told the
same: a chain that was founded out of the public's sight is counted and not named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from fastapi import FastAPI
from msgspec import Struct
from msgspec.structs import replace
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.anchors import AnchoringState, Stamping
from api.answer_schemas import answered, named
from api.answers import answer
from api.doorway import API_VERSION
from api.log_open import founded_in_public
from api.problems import Problem
from api.signing import Signing, SigningState
from api.witnesses import WitnessesState, Witnessing
from ledger.log.check_results import CheckResults
from ledger.log.store import Store, StoreUnavailable
from projections.reached import Shown
from projections.runner import Runner

CHECK_SECONDS = 3.0
CLOSED: Final = "(besloten)"
"""What stands in the place of a name that is not for everybody; no chain can be called so."""

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
    app.state.looks = Looks(_found)
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


async def health(request: Request) -> Response:
    """Answer how the server is doing, whatever that is."""
    return answer(await _looked(request))


async def ready(request: Request) -> Response:
    """Answer that the server can do its work, or a problem that says why not."""
    found = await _looked(request)
    if found.database == "fail":
        raise Problem("unavailable", "De database is niet beschikbaar.")
    if found.replica is not None and found.replica.status == "fail":
        raise Problem("unavailable", "De database waaruit wordt gelezen is niet beschikbaar.")
    if found.writer == "fail":
        raise Problem("unavailable", "Het vastleggen staat stil; het logboek zegt waarom.")
    if found.read_models == "fail":
        raise Problem("unavailable", "De leesmodellen staan stil; het logboek zegt waarom.")
    return answer(found)


class InPublic:
    """Tells what troubles chains, without the name of one that not everybody may know of."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: dict[str, str] = {}

    def of_signing(self, found: SigningState | None) -> SigningState | None:
        """Return the same state with the names that everybody may know."""
        if found is None:
            return None
        refused = [replace(one, chain=self._name(one.chain)) for one in found.refused]
        return replace(found, refused=refused, unnamed=[*map(self._name, found.unnamed)])

    def of_anchoring(self, found: AnchoringState | None) -> AnchoringState | None:
        """Return the same state with the names that everybody may know."""
        if found is None:
            return None
        failing = [replace(one, chain=self._name(one.chain)) for one in found.failing]
        return replace(found, failing=failing)

    def of_witnesses(self, found: WitnessesState) -> WitnessesState:
        """Return the same state; of a chain out of sight no witness is named either."""
        told = ((one, self._name(one.chain)) for one in found.troubles)
        troubles = [
            replace(one, chain=name, witness=CLOSED if name == CLOSED else one.witness)
            for one, name in told
        ]
        return replace(found, troubles=troubles)

    def _name(self, chain: str) -> str:
        if chain not in self._names:
            self._names[chain] = chain if founded_in_public(self._store, chain) else CLOSED
        return self._names[chain]


class Looks:
    """Looks at a server, one after the other: who asks during one is told what the next finds."""

    def __init__(self, look: Callable[[Any], Health]) -> None:
        self._look = look
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[Health] | None = None

    async def found(self, works: Any) -> Health:
        """Return how the server is doing, looked at since this was asked."""
        if self._next is None:
            self._next = asyncio.create_task(self._looked(works))
        # Who does not wait any longer leaves the look to the others.
        return await asyncio.shield(self._next)

    async def _looked(self, works: Any) -> Health:
        async with self._turn:
            self._next = None
            return await run_in_threadpool(self._look, works)


async def _looked(request: Request) -> Health:
    looks: Looks = request.app.state.looks
    return await looks.found(request.app.state)


def _found(works: Any) -> Health:
    """Return how the server is doing; `works` is what works behind the doors (`app.state`)."""
    runner: Runner = works.runner
    store: Store = works.writing
    signer: Signing = works.signing
    witnessing: Witnessing = works.witnessing
    stamping: Stamping = works.stamping
    writer: State = "pass" if works.ledger.writing else "fail"
    try:
        with store.connection(statement_seconds=CHECK_SECONDS) as lent:
            lent.execute("SELECT 1")
        sizes, done = store.sizes(), runner.sizes()
        replica = _replica(works, done)
        signing = signer.state(
            sizes=sizes, signed=witnessing.tree.heads(), unnamed=set(witnessing.unnamed)
        )
        checks: State = "fail" if CheckResults(store).standing() else "pass"
        told = InPublic(works.proving)
        signing = told.of_signing(signing)
        anchoring = told.of_anchoring(stamping.state())
        witnesses = told.of_witnesses(witnessing.state())
    except StoreUnavailable:
        models: State = "warn" if runner.running else "fail"
        return Health("fail", API_VERSION, database="fail", writer=writer, read_models=models)
    behind = sum(max(0, size - done.get(chain, 0)) for chain, size in sizes.items())
    following: State = "fail" if not runner.running else "warn" if behind else "pass"
    parts = [part.status for part in (signing, anchoring, witnesses, replica) if part is not None]
    roles: State = "pass" if works.duties.apart else "warn"
    walled: State = "pass" if works.walled else "warn"
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


def _replica(works: Any, done: Mapping[str, int]) -> ReplicaState | None:
    """Tell how far the database that is read from is behind; None where it is the same one."""
    shown: Shown = works.shown
    if shown is works.runner:
        return None
    try:
        there = shown.sizes()
    except StoreUnavailable:
        return ReplicaState("fail")
    behind = sum(max(0, size - there.get(chain, 0)) for chain, size in done.items())
    return ReplicaState("warn" if behind else "pass", behind)
