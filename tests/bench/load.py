"""A load on a server, from a process of its own: python -m tests.bench.load.

It costs little: the requests are made before the clock starts, and what comes back is looked at no
more than is needed. A line on standard input is a job; the answers are `ready` and, after a line to
go, what was measured.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, cast

import uvloop

from tests.bench.chain import CHOICES, REASON

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length: "
CONNECT_SECONDS = 10.0
PATIENCE_SECONDS = 60.0


class Job(NamedTuple):
    """Votes to post on a path of a port; each under a key that begins with `name`."""

    port: int
    path: str
    token: str
    seat: str
    name: str
    connections: int
    seconds: float
    ready: int


class Load:
    """The requests that are left, and what came of the others."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.requests: Iterator[bytes] = iter([_request(job, n) for n in range(job.ready)])
        self.times: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.end = 0.0
        self.over = asyncio.Event()
        self.open = 0

    async def run(self) -> dict[str, object]:
        """Keep all connections busy until the time is over."""
        loop = asyncio.get_running_loop()
        connections = []
        for _ in range(self.job.connections):
            made = loop.create_connection(lambda: Connection(self), "127.0.0.1", self.job.port)
            connections.append((await asyncio.wait_for(made, CONNECT_SECONDS))[1])
        start = time.perf_counter()
        self.end = start + self.job.seconds
        for connection in connections:
            connection.ask()
        await asyncio.wait_for(self.over.wait(), PATIENCE_SECONDS)
        passed = time.perf_counter() - start
        return {
            "rate": len(self.times) / passed,
            "p99_ms": statistics.quantiles(self.times, n=100)[98] * 1000,
            "statuses": self.statuses,
        }


class Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._begun = 0.0
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection as open."""
        self._transport = cast(asyncio.Transport, transport)
        self._load.open += 1

    def ask(self) -> None:
        """Send the next request, or close where the time is over."""
        self._begun = time.perf_counter()
        request = next(self._load.requests, None) if self._begun < self._load.end else None
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer; ask the next when it is whole."""
        self._got += data
        head, found, body = self._got.partition(END_OF_HEAD)
        if not found:
            return
        at = head.lower().index(LENGTH) + len(LENGTH)
        length = int(head[at:].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self._load.times.append(time.perf_counter() - self._begun)
        self._load.statuses[head[9:12].decode()] += 1
        if head[9:12] != b"201":
            print(head, body[:500], file=sys.stderr)
        self._got = b""
        self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        """Count down; the last one ends the run."""
        self._load.open -= 1
        if self._load.open == 0:
            self._load.over.set()


def _request(job: Job, number: int) -> bytes:
    vote = {"seat": job.seat, "choice": CHOICES[number % len(CHOICES)], "reason": REASON}
    body = json.dumps(vote).encode()
    head = (
        f"POST {job.path} HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\n"
        f"Authorization: Bearer {job.token}\r\nIdempotency-Key: {job.name}-{number}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main() -> None:
    """Take jobs from standard input until it ends."""
    for line in sys.stdin:
        load = Load(Job(*json.loads(line)))
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(uvloop.run(load.run())), flush=True)


if __name__ == "__main__":
    main()
