"""A server killed between question and answer: asked again with the same key, recorded once."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.mini_issuer import GRANT, TOKEN
from ledger import catalogue
from ledger.audit import audit
from ledger.log.store import Store
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
CHAIN = "keten"
START_SECONDS = 60
ANSWER_SECONDS = 60.0
KILLED_AFTER_SECONDS = (0.0, 0.002, 0.005, 0.01, 0.03)
"""How long the server gets with an act: from not even read to surely answered."""
FOUNDING = {
    "name": "Proefketen",
    "origin": "chosen",
    "objective": "Samen beter.",
    "partners": [
        {"organisation": name, "name": name, "status": "owner", "representative": f"p-{name}"}
        for name in ("uwv", "cbs")
    ],
}


@contextmanager
def a_server(database: str, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a server of its own on this database until the end, or until somebody kills it."""
    port = free_port()
    command = [sys.executable, "-m", "api.cli", "serve", "--development", "--port", str(port)]
    told = {"DATABASE_URL": database, "KETENLEDGER_FOLDER": str(folder)}
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **told}, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}/v1"
    try:
        wait_until_ready(url)
        yield server, url
    finally:
        server.kill()
        server.wait(30)


def wait_until_ready(url: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server did not become ready")


def token(url: str) -> str:
    """Ask the issuer of this very server, which has a new key each time it starts."""
    asked = {"grant_type": GRANT, "person": "p-uwv"}
    told = httpx.post(url.removesuffix("/v1") + TOKEN, data=asked, timeout=ANSWER_SECONDS)
    return str(told.json()["access_token"])


def post(url: str, path: str, body: dict[str, object], key: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token(url)}", "Idempotency-Key": key}
    return httpx.post(
        f"{url}/chains/{CHAIN}/{path}", json=body, headers=headers, timeout=ANSWER_SECONDS
    )


def send_and_kill(server: subprocess.Popen[bytes], url: str, *, number: int, after: float) -> None:
    """Send an act, give the server a moment with it, and kill it without hearing an answer."""
    body = json.dumps({"person": f"iemand-{number}", "function": "proef"}).encode()
    host = url.removeprefix("http://").partition("/")[0]
    head = (
        f"POST /v1/chains/{CHAIN}/people HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer {token(url)}\r\n"
        f"Idempotency-Key: sleutel-{number}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=10) as line:
        line.sendall(head.encode() + body)
        time.sleep(after)
        server.send_signal(signal.SIGKILL)
        server.wait(30)


@pytest.mark.slow
def test_an_act_is_recorded_once_whenever_the_server_dies(database: str, tmp_path: Path) -> None:
    with a_server(database, tmp_path) as (_, url):
        assert post(url, "establishments", FOUNDING, "stichting").status_code == 201
    for number, after in enumerate(KILLED_AFTER_SECONDS):
        with a_server(database, tmp_path) as (server, url):
            send_and_kill(server, url, number=number, after=after)
    with a_server(database, tmp_path) as (_, url):
        for number, _ in enumerate(KILLED_AFTER_SECONDS):
            body: dict[str, object] = {"person": f"iemand-{number}", "function": "proef"}
            assert post(url, "people", body, f"sleutel-{number}").status_code in (200, 201)
    with Store(database) as store:
        rows = list(store.walk(CHAIN))
    keys = [catalogue.decode(row.data).header.act for row in rows]
    wanted = [f"sleutel-{number}" for number, _ in enumerate(KILLED_AFTER_SECONDS)]
    assert sorted(key for key in keys if key.startswith("sleutel")) == wanted
    assert audit(rows, CHAIN).sound
