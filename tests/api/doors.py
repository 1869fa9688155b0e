"""A real server for tests: uvicorn in a thread on a free port of loopback, and a caller."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from api import serving
from api.app import create_app
from api.settings import Settings
from ledger import catalogue
from ledger.recording import Act

START_SECONDS = 30.0
ANSWER_SECONDS = 60.0
SOON_SECONDS = 60.0
PAUSE_SECONDS = 0.05
RECORDED = (200, 201)
FOUNDER = "p-bd"
ELSEWHERE = {"issuer": "https://login.example", "audience": "ketenledger"}
"""Who says who somebody is on a server that is not in development: somebody no test asks."""


class Doors:
    """A caller of one running server."""

    def __init__(self, app: FastAPI, client: httpx.Client) -> None:
        self.app = app
        self.client = client
        self._tokens: dict[str, str] = {}

    def known_as(self, person: str) -> dict[str, str]:
        """Return the header with which a request is of this person, by the issuer's own token."""
        if person not in self._tokens:
            self._tokens[person] = self.app.state.trust.mini.token(person)
        return {"Authorization": f"Bearer {self._tokens[person]}"}

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.client.get(path, **more)

    def post(
        self, path: str, body: Any, *, actor: str = FOUNDER, key: str = "", **params: Any
    ) -> httpx.Response:
        """Record something as a person; `params` are the query.

        What was recorded is in the read models when this returns: a test that asks after it then
        does not depend on how far they happen to be.
        """
        headers = self.acting(actor)
        if key:
            headers["Idempotency-Key"] = key
        answer = self.client.post(path, json=body, headers=headers, params=params or None)
        if answer.status_code in RECORDED:
            self._wait_for(answer.json())
        return answer

    def acting(self, actor: str) -> dict[str, str]:
        """Return the header fields that make a request somebody's; of nobody for ""."""
        return self.known_as(actor) if actor else {}

    def _wait_for(self, receipt: dict[str, Any]) -> None:
        if "positions" in receipt:
            asked = {"atLeast": receipt["positions"][-1]}
            self.until(f"/v1/chains/{receipt['chain']}", 200, **asked)

    def until(self, path: str, status: int, **params: Any) -> httpx.Response:
        """Ask until the answer has this status, as it soon has; for a bounded time."""
        end = time.monotonic() + SOON_SECONDS
        while (answer := self.get(path, params=params or None)).status_code != status:
            assert time.monotonic() < end, f"{path}: {answer.status_code} {answer.text}"
            time.sleep(PAUSE_SECONDS)
        return answer

    def post_bytes(self, path: str, data: bytes, **headers: str) -> httpx.Response:
        """Send these very bytes as the founder."""
        given = self.known_as(FOUNDER) | {"Content-Type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, content=data, headers=given | named)

    def found(self, chain: str, *organisations: str, **more: Any) -> httpx.Response:
        """Found a chain of these organisations (bd and uwv); `p-<name>` speaks for each."""
        answer = self.post(
            f"/v1/chains/{chain}/establishments", founding(*organisations) | more, key="founding"
        )
        assert answer.status_code == 201, answer.text
        return answer

    def found_in_earnest(self, chain: str, *organisations: str, **more: Any) -> None:
        """Found a chain that is no demonstration, as a server in production would.

        From then on this server takes its own persons for known in every chain of its ledger.
        """
        self.app.state.demos = Unasked()
        body = {"type": "ChainEstablished", **founding(*organisations), **more}
        act = Act(event=catalogue.read_body(body), by=FOUNDER, act="founding")
        receipt = self.app.state.ledger.submit(chain, act)
        self.until(f"/v1/chains/{chain}", 200, atLeast=receipt.positions[-1])

    def size(self, chain: str) -> int:
        """How many records the chain has on disk."""
        return int(self.app.state.proving.size(chain))


class Unasked:
    """Lets the persons of the server's own issuer count in a chain that is no demonstration."""

    def is_demo(self, _chain: str) -> None:
        return None

    known = is_demo


def founding(*organisations: str) -> dict[str, Any]:
    """Return the body with which a chain is founded."""
    return {
        "name": "Testketen",
        "origin": "chosen",
        "objective": "Samen doen wat geen van ons alleen kan.",
        "importAuthority": "importer",
        "partners": [
            {
                "organisation": name,
                "name": name.upper(),
                "status": "owner",
                "representative": f"p-{name}",
            }
            for name in organisations or ("bd", "uwv")
        ],
    }


@contextlib.contextmanager
def open_doors(conninfo: str, folder: Path, **settings: Any) -> Iterator[Doors]:
    """Run a server on this database; in development mode unless the settings say otherwise."""
    wanted = {"development": True, "logs": False, "check_hour": None, "rates": {}, **settings}
    if not wanted["development"]:
        wanted = ELSEWHERE | wanted
    app = create_app(Settings(folder=folder, **wanted), conninfo)
    with running(app) as url, httpx.Client(base_url=url, timeout=ANSWER_SECONDS) as client:
        yield Doors(app, client)


@contextlib.contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve an application until the end of the block; give its address."""
    server = uvicorn.Server(serving.config(app, app.state.settings))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            end = time.monotonic() + START_SECONDS
            while not server.started:
                assert thread.is_alive(), "the server stopped while it started"
                assert time.monotonic() < end, "the server did not start in time"
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            app.state.live.stop()
            server.should_exit = True
            thread.join(START_SECONDS)
