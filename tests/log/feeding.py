"""What the tests of the feeder say: witnesses that are served, one that lies, and what is kept."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import uvicorn

from api.witness import create_app
from ledger.log.asking import Patience
from ledger.log.checkpoint import Head
from ledger.log.courier import Courier
from ledger.log.feed_tables import Feed, FeedTables, mark
from ledger.log.feeder import Feeder, InForce, Pace
from ledger.log.integrate import Integrator
from ledger.log.note_keys import ED25519_COSIGNATURE, Signer
from ledger.log.policy import Group, Policy
from ledger.log.policy import Witness as Listed
from ledger.log.published import Published
from ledger.log.store import Store
from ledger.log.witness import Witness
from tests.log.signing import CHAIN, KEY, OneKey

SECONDS = 30.0
QUICK = Pace(poll=0.02, between=0.02, first=0.02, most=0.1, rest=0.0, lease=2.0, together=0.2)
SHORT = Patience(silence_seconds=0.3, answer_seconds=0.6)
GIVEN = Patience(silence_seconds=20.0, answer_seconds=20.0)


def key_of(number: int) -> Signer:
    return Signer(f"getuige.example/w{number}", ED25519_COSIGNATURE, bytes([number + 1]) * 32)


def listed(number: int, url: str) -> Listed:
    return Listed(f"w{number}", key_of(number).verifier, url)


def a_policy(*witnesses: Listed, needed: int) -> Policy:
    names = tuple(one.name for one in witnesses)
    if not needed:
        return Policy(witnesses=witnesses)
    groups = (Group("partners", needed, names),)
    return Policy(witnesses=witnesses, groups=groups, quorum="partners")


def a_witness_of_us(folder: Path, number: int = 0) -> Witness:
    logs = {KEY.origin: KEY.verifiers}
    return Witness(folder / f"w{number}", key_of(number), logs)


@contextmanager
def served(witness: Witness, port: int = 0) -> Iterator[str]:
    """Serve a witness as its command does, each time on the same port if one is given."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(witness), log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(SECONDS)


@contextmanager
def all_served(folder: Path, count: int) -> Iterator[list[Listed]]:
    """Serve so many honest witnesses, each with a folder of its own."""
    with ExitStack() as stack:
        yield [
            listed(one, stack.enter_context(served(a_witness_of_us(folder, one))))
            for one in range(count)
        ]


@dataclass
class Liar:
    """A witness that answers as it is told to: `post` and `get` give status and body, or hang."""

    post: Callable[[bytes], tuple[int, bytes] | None] = lambda body: (404, b"")
    get: Callable[[], tuple[int, bytes] | None] = lambda: (404, b"")
    asked: list[bytes] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def __enter__(self) -> "Liar":
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                liar.traces.append(self.headers["traceparent"])
                liar.asked.append(body)
                self._answer(liar.post(body))

            def do_GET(self) -> None:
                self._answer(liar.get())

            def _answer(self, answer: tuple[int, bytes] | None) -> None:
                if answer is None:
                    liar.done.wait(SECONDS)
                    return
                status, body = answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.done.set()
        self.server.shutdown()
        self.server.server_close()


class Side:
    """A server as far as it signs and feeds: with a store of its own, as each process has."""

    def __init__(
        self, store: Store, adopted: Sequence[InForce], *, patience: Patience = GIVEN
    ) -> None:
        self.adopted = list(adopted)
        self.store = store
        self.feeds = FeedTables(store)
        self.integrator = Integrator(
            store, OneKey(), gate=lambda chain, head: self.feeder.gate(chain)
        )
        self.courier = Courier(
            self.integrator, self.feeds, OneKey(), patience=patience, look_patience=patience
        )
        self.feeder = Feeder(
            self.integrator, self.feeds, self.courier, lambda chain: self.adopted, pace=QUICK
        )
        self.published = Published(self.integrator, store, lambda chain: self.adopted)

    def sign(self) -> Head:
        return self.integrator.integrate(CHAIN)

    def feed_of(self, witness: Listed) -> Feed | None:
        return self.feeds.feeds(CHAIN).get(mark(witness.verifier))

    def cosigned(self, witness: Listed) -> int:
        feed = self.feed_of(witness)
        return 0 if feed is None else feed.cosigned

    def problem(self, witness: Listed) -> str:
        feed = self.feed_of(witness)
        return "" if feed is None else feed.problem

    def published_size(self) -> int:
        found = self.published.checkpoint(CHAIN)
        return 0 if found is None else found.size


@contextmanager
def a_side(
    database: str,
    policy: Policy | None = None,
    *,
    feeding: bool = True,
    patience: Patience = GIVEN,
) -> Iterator[Side]:
    """Give a server under a policy that holds from the first record on."""
    with Store(database, pool_size=6) as store:
        adopted = [] if policy is None else [InForce(1, policy)]
        side = Side(store, adopted, patience=patience)
        if feeding:
            side.feeder.start()
        try:
            yield side
        finally:
            side.feeder.stop(SECONDS)
