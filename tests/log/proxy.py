"""A network that fails on request: a proxy between a store and the real PostgreSQL.

It passes bytes on until it is told to cut (the next answer is dropped and the connection with it,
so the server did its work and the client never heard) or to stall (no answer comes any more).
"""

import socket
import threading
from contextlib import suppress
from typing import Any, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

STALL_SECONDS = 120


class Proxy:
    """Listens on loopback while the `with` block lasts; `conninfo` is the way through it."""

    def __init__(self, conninfo: str) -> None:
        self._target: dict[str, Any] = dict(conninfo_to_dict(conninfo))
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.conninfo = make_conninfo(
            conninfo, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable"
        )
        self._cut = threading.Event()
        self._stalled = threading.Event()
        self._closed = threading.Event()
        self.answers_cut = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._listener.close()

    def cut_next_answer(self) -> None:
        self._cut.set()

    def stall(self) -> None:
        self._stalled.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = self._connect()
                for pump in (self._pass_questions, self._pass_answers):
                    threading.Thread(target=pump, args=(client, server), daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = str(self._target.get("host") or "127.0.0.1"), self._target.get("port") or 5432
        if not host.startswith("/"):
            return socket.create_connection((host, int(port)), timeout=None)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def _pass_questions(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), client, server:
            while data := client.recv(65536):
                server.sendall(data)

    def _pass_answers(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError), client, server:
            while data := server.recv(65536):
                if self._stalled.is_set():
                    self._closed.wait(STALL_SECONDS)
                    return
                if self._cut.is_set():
                    self._cut.clear()
                    self.answers_cut += 1
                    for side in (client, server):
                        side.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(data)
