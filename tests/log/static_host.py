"""A web server for the files of a log, that can be told to answer badly."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Misbehave = Callable[[BaseHTTPRequestHandler], None]


class Host:
    """What is served, by path; `bad` holds how the next questions for a path are answered."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.files: dict[str, bytes] = {}
        self.bad: dict[str, list[Misbehave]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[object] = set()
        self.packs = False
        self.url = ""

    def take(self, folder: Path) -> None:
        """Serve what stands in a folder."""
        self.files = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.removeprefix(f"{self.prefix}/")
        self.asked.append(path)
        self.headers.append(dict(request.headers))
        self.connections.add(request.client_address)
        waiting = self.bad.get(path, [])
        if waiting:
            waiting.pop(0)(request)
        elif path in self.files:
            send(request, 200, self.files[path], packed=self.packs)
        else:
            send(request, 404, b"er is hier niets")


def send(
    request: BaseHTTPRequestHandler,
    status: int,
    body: bytes = b"",
    *,
    packed: bool = False,
    headers: dict[str, str] | None = None,
) -> None:
    data = gzip.compress(body) if packed else body
    request.send_response(status)
    for name, value in (headers or {}).items():
        request.send_header(name, value)
    if packed:
        request.send_header("Content-Encoding", "gzip")
    request.send_header("Content-Length", str(len(data)))
    request.end_headers()
    request.wfile.write(data)


def status(code: int, **headers: str) -> Misbehave:
    return lambda request: send(request, code, b"nu even niet", headers=headers)


def raw(data: bytes) -> Misbehave:
    """Write these very bytes, and hang up."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(data)
        request.close_connection = True

    return answer


def silent(over: threading.Event) -> Misbehave:
    """Say nothing until the test is over."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        over.wait(60)
        request.close_connection = True

    return answer


def dripping(over: threading.Event, head: bytes, drop: bytes) -> Misbehave:
    """Go on answering, a little at a time, for as long as the test lasts."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        with contextlib.suppress(OSError):
            request.wfile.write(head)
            for _ in range(2000):
                request.wfile.write(drop)
                request.wfile.flush()
                if over.wait(0.03):
                    return

    return answer


@contextlib.contextmanager
def hosting(prefix: str = "") -> Iterator[Host]:
    """Serve on a free port of loopback until the end of the block."""
    host = Host(prefix)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host.answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever hangs up early is part of the test."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_address[1]}{prefix}"
    try:
        yield host
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()
