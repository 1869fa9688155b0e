"""The doors: our server as people start it, beside the barest route there is, under one load."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import psycopg

from api.rates import DEFAULT, MOST
from ledger.ledger import Ledger
from ledger.log.store import Store
from tests.bench import chain, measures
from tests.bench.chain import CHOICES, REASON
from tests.bench.course import Todo
from tests.bench.load import Job
from tests.bench.processes import ask, end, started, watched
from tests.bench.rows import BARE, HTTP, HTTP_P99, OWN_WRITES, Row
from tests.bench.sizes import SIZES

PERSON: Final = "lid-bd"
SEAT: Final = "zetel-bd"
VOTES: Final = f"/v1/chains/{measures.CHAIN}/decisions/b-1/votes"
CONNECTIONS: Final = 64
READY: Final = 20_000
START_SECONDS: Final = 60.0
ANSWER_SECONDS: Final = 30.0
TOKEN_SECONDS: Final = 30.0

ROWS: Final = (
    Row(HTTP, BARE, must=0.8, aim=1.2),
    Row(HTTP_P99, "", must=60, aim=60, most=True, taken_with=HTTP),
    Row(OWN_WRITES, "", must=10, aim=5, most=True),
)


@contextlib.contextmanager
def scene(conninfo: str, folder: Path) -> Iterator[Todo]:
    """Give what this stage measures: two servers, one of them idle while the other is measured."""
    with Store(conninfo, pool_size=4) as store, Ledger(store) as ledger:
        chain.found(ledger, measures.CHAIN)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute(measures.RAW_TABLE)
    with contextlib.ExitStack() as stack:
        port, other = stack.enter_context(_ports(2))
        rates = ",".join(f"{kind}={MOST}" for kind in DEFAULT)  # counted all the same
        own = {"DATABASE_URL": conninfo, "KETENLEDGER_FOLDER": str(folder), "PYTHONPATH": "."}
        program = str(Path(sys.executable).with_name("ketenledger"))
        serve = [program, "serve", "--development", "--port", str(port)]
        server = _serve(
            stack,
            serve,
            port,
            {**os.environ, **own, "KETENLEDGER_CHECK_HOUR": "off", "KETENLEDGER_RATES": rates},
        )
        bare = [sys.executable, "-m", "tests.bench.bare", str(other), conninfo]
        barest = _serve(stack, bare, other, dict(os.environ))
        asked = [program, "token", PERSON, "--url", f"http://127.0.0.1:{port}"]
        token = subprocess.check_output(asked, text=True, timeout=TOKEN_SECONDS).strip()
        load = started(sys.executable, "-m", "tests.bench.load")
        stack.callback(end, load)
        watched("our server", server)
        watched("the bare server", barest)
        watched("the load", load)
        asking = _Load(load, token)
        for number, path in ((port, VOTES), (other, "/bare")):
            asking.on(number, path)  # nobody measures the first second of a server
        yield _measures(asking, port, other)


class _Load:
    """The process that posts votes, and the slowest percent of its last round."""

    def __init__(self, process: subprocess.Popen[str], token: str) -> None:
        self._process = process
        self._rounds = 0
        self.token = token
        self._p99_ms: float | None = None

    def on(self, port: int, path: str) -> float:
        """Post votes for a while; return how many a second. RuntimeError if one was not taken."""
        self._rounds, self._p99_ms = self._rounds + 1, None
        name = f"http-{self._rounds}"
        job = Job(port, path, self.token, SEAT, name, CONNECTIONS, SIZES.seconds, READY)
        ask(self._process, json.dumps(job))
        found = json.loads(ask(self._process, "go"))
        if set(found["statuses"]) != {"201"}:
            raise RuntimeError(f"answers other than 201: {found['statuses']}")
        self._p99_ms = found["p99_ms"]
        return float(found["rate"])

    def p99_ms(self) -> float:
        """Return the slowest percent of the last round."""
        if self._p99_ms is None:
            raise RuntimeError("the round before this one failed")
        return self._p99_ms


def _measures(load: _Load, ours: int, bare: int) -> Todo:
    return {
        BARE: lambda: load.on(bare, "/bare"),
        HTTP: lambda: load.on(ours, VOTES),
        HTTP_P99: load.p99_ms,
        OWN_WRITES: lambda: _own_writes(ours, load.token),
    }


def _own_writes(port: int, token: str) -> float:
    """Post a vote, then read the chain as it is with that vote; the middle of the reading times."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    known = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    times = []
    with contextlib.closing(connection):
        for number in range(SIZES.asked):
            vote = {"seat": SEAT, "choice": CHOICES[number % len(CHOICES)], "reason": REASON}
            receipt = _answer(connection, "POST", VOTES, json.dumps(vote), known)
            begun = time.perf_counter()
            path = f"/v1/chains/{measures.CHAIN}?atLeast={receipt['position']}"
            _answer(connection, "GET", path, None, known)
            times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def _answer(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: str | None,
    headers: dict[str, str],
) -> Any:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    found = answer.read()
    if answer.status not in (200, 201):
        raise RuntimeError(f"{method} {path}: {answer.status} {found[:300]!r}")
    return json.loads(found)


@contextlib.contextmanager
def _ports(count: int) -> Iterator[list[int]]:
    """Give ports of loopback that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        found = [one.getsockname()[1] for one in taken]
    yield found


def _serve(
    stack: contextlib.ExitStack, command: Sequence[str], port: int, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    """Start a server and wait until it takes connections; its log is written, and not kept."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    stack.callback(end, process)
    over = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < over:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            with contextlib.closing(connection):
                connection.request("GET", "/v1/health/live")
                connection.getresponse().read()
                return process
        time.sleep(0.1)
    raise RuntimeError(f"{command[0]} {command[1]} does not answer: {process.poll()}")
