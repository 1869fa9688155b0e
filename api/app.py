"""The server as one application: its doors, and what works behind them from start to stop.

Between start and stop run the ledger (one writer), the runner of the read models, the timer, the
signing of the chains that have a log key, and the sending of what was signed to their witnesses.
They stop in the order in which work flows: first no more of it comes in, then what is in hand is
finished.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

import anyio.to_thread
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from api import (
    access_log,
    actions,
    acts,
    agreements,
    audit_trail,
    bodies,
    bundles,
    chains,
    decision_rules,
    decisions,
    due,
    escalations,
    event_types,
    evidence,
    figures,
    health,
    identity,
    integrity,
    log,
    mandates,
    meetings,
    memory,
    mini_issuer_doors,
    openapi,
    people,
    problem_pages,
    problems,
    reading,
    reads,
    receipts,
    records,
    reviews,
    roles,
    search,
    service_accounts,
    signing_keys,
    swagger,
    timeline,
    timestamps,
)
from api.access_log import LOG
from api.anchors import Stamping, authority, trusted_stamps
from api.checks import Checker
from api.doorway import Doorway
from api.founding import Demos
from api.live import Live
from api.pages import screens
from api.rates import Rates
from api.route_table import RouteTable
from api.session import Sessions
from api.settings import Settings, require_identity
from api.signing import CONNECTIONS as SIGNING_CONNECTIONS
from api.signing import Signing, log_keys
from api.subject_links import KEY_FILE as SUBJECTS_KEY
from api.subject_links import SubjectLinks
from api.witnesses import CONNECTIONS as SENDING_CONNECTIONS
from api.witnesses import Witnessing
from api.workplace import eraser, provider
from ledger.erasure_list import ErasureList
from ledger.ledger import Ledger
from ledger.log.database_roles import Duties, as_one, duties
from ledger.log.read_log import ReadLog
from ledger.log.store import Store, StoreUnavailable
from ledger.log.tree import Tree
from ledger.timer import Nightly, Timer
from ledger.vault import Vault, load_key
from projections import wall
from projections.reached import OnReplica
from projections.runner import Runner

READS: Final = {
    "chains": chains,
    "records": records,
    "receipts": receipts,
    "people": people,
    "bodies": bodies,
    "roles": roles,
    "mandates": mandates,
    "decision rules": decision_rules,
    "meetings": meetings,
    "decisions": decisions,
    "agreements": agreements,
    "escalations": escalations,
    "actions": actions,
    "memory": memory,
    "evidence": evidence,
    "signing keys": signing_keys,
    "reviews": reviews,
    "service accounts": service_accounts,
    "reads": reads,
    "timeline": timeline,
    "search": search,
    "due": due,
    "figures": figures,
    "audit": audit_trail,
    "integrity": integrity,
}
"""What can be read of a chain, by the name it has in the OpenAPI document."""
DOORS: Final = (
    problem_pages, health, openapi, swagger, event_types, chains, acts, log, timestamps, bundles,
    mini_issuer_doors,
)  # fmt: skip
"""What adds its own addresses."""
ERASING_CONNECTIONS: Final = 1
NOTING_CONNECTIONS: Final = 1
"""Connections to note reads on: who comes first writes for all who wait."""
PROVING_CONNECTIONS: Final = 4
SPARE_THREADS: Final = 8
"""Threads for what waits for no connection: trying out, sealing, health."""


class Application(FastAPI):
    """FastAPI with the doorway around all of it, the handling of its own errors included."""

    def build_middleware_stack(self) -> ASGIApp:
        settings: Settings = self.state.settings
        return Doorway(super().build_middleware_stack(), settings, self.state.rates)


def create_app(settings: Settings, conninfo: str) -> FastAPI:
    """Return the server on this database, which has been migrated.

    Raises SettingsRefused where it cannot work as it is told to, ListRefused where it cannot be
    known what was erased.
    """
    ErasureList(settings.erasures).entries()
    authority(settings)
    require_identity(settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.logs:
            access_log.start()
        threads = anyio.to_thread.current_default_thread_limiter()
        threads.total_tokens = settings.read_connections + SPARE_THREADS
        try:
            with _at_work(app, settings, conninfo):
                yield
        finally:
            access_log.flush()

    app = Application(
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # What is told of a request is told by the doorway.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.state.rates = Rates(
        settings.rates, signed_in=lambda text: str(app.state.sessions.signed_in(text))
    )
    app.state.trust = identity.trusted(settings)
    app.state.reads_everything = settings.development
    problems.install(app)
    for door in DOORS:
        door.install(app)
    for tag, part in READS.items():
        reading.install(app, tag, part.ROUTES)
    screens.install(app)
    app.router.routes.insert(0, RouteTable(one for one in app.routes if isinstance(one, APIRoute)))
    return app


def _duties(conninfo: str) -> Duties:
    """Return how to connect for each duty; as one where the database is away, and health says so.

    `serve` has asked the database more before it comes here; a server that is started otherwise
    works when its database comes.
    """
    try:
        return duties(conninfo)
    except StoreUnavailable as error:
        LOG.warning("database roles unknown", reason=str(error))
        return as_one(conninfo)


def _walled(reading: Store) -> bool:
    """Tell whether the second wall holds for who reads, and warn where it does not."""
    try:
        with reading.connection() as lent:
            held = wall.holds(lent)
    except StoreUnavailable as error:
        LOG.warning("second wall unknown", reason=str(error))
        return False
    if not held:
        LOG.warning("no second wall", reason="row-level security does not hold for who reads")
    return held


@contextlib.contextmanager
def _at_work(app: FastAPI, settings: Settings, conninfo: str) -> Iterator[None]:
    """Start what works behind the doors; stop it in the opposite order."""
    with contextlib.ExitStack() as stack:
        app.state.sessions = Sessions.at(settings.folder)
        ways = app.state.duties = _duties(conninfo)
        writing = stack.enter_context(Store(ways.writing, pool_size=settings.write_connections))
        there = _duties(settings.read_url) if settings.read_url else ways
        reading = stack.enter_context(Store(there.reading, pool_size=settings.read_connections))
        proving = stack.enter_context(Store(there.proving, pool_size=PROVING_CONNECTIONS))
        erasing = stack.enter_context(Store(ways.erasing, pool_size=ERASING_CONNECTIONS))
        to_sign = stack.enter_context(Store(ways.writing, pool_size=SIGNING_CONNECTIONS))
        to_send = stack.enter_context(Store(ways.writing, pool_size=SENDING_CONNECTIONS))
        keys = log_keys(settings)
        vault = Vault(writing, provider(settings), erasing=erasing)
        ledger = Ledger(writing, vault=vault, eraser=eraser(writing, vault, settings, conninfo))
        ledger.finish_erasing()
        witnessing = Witnessing(to_send, keys, ledger)
        witnessing.start()
        stack.callback(witnessing.stop)
        signing = Signing(to_sign, keys, gate=witnessing.gate, signed=witnessing.signed)
        stack.callback(signing.stop)
        stamping = Stamping(to_sign, settings)
        stack.callback(stamping.stop)
        stack.callback(ledger.close, settings.stop_seconds)
        runner = stack.enter_context(Runner(ways.keeping))
        runner.start()
        ledger.follow(runner.grown)
        stack.enter_context(Timer(ledger, settings.tick_seconds))
        if settings.check_hour is not None:
            checker = Checker(ways.keeping, writing, vault, keys, trusted_stamps(settings))
            stack.enter_context(Nightly(checker.all, settings.check_hour))
        app.state.ledger, app.state.runner = ledger, runner
        app.state.shown = shown = OnReplica(reading, runner) if settings.read_url else runner
        app.state.reading, app.state.writing, app.state.erasing = reading, writing, erasing
        app.state.proving, app.state.walled = proving, _walled(reading)
        app.state.demos = Demos(ledger)
        to_note = stack.enter_context(Store(ways.writing, pool_size=NOTING_CONNECTIONS))
        app.state.reads = ReadLog(to_note)
        app.state.links = SubjectLinks(
            writing, ledger, vault, load_key(settings.folder / SUBJECTS_KEY)
        )
        app.state.signing, app.state.tree = signing, Tree(proving)
        app.state.stamping, app.state.vault = stamping, vault
        app.state.live = Live(shown, settings.max_streams)
        stack.callback(app.state.live.stop)
        app.state.witnessing = witnessing
        yield
