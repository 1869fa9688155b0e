"""A key service for tests: the transit engine of OpenBao itself where it is there, else our own.

Our own speaks the few questions that the ledger asks, over real HTTP, with real encryption. Point
KETENLEDGER_TEST_BAO at the program `bao` to ask the very same of the real one.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.ports import free_port

PROGRAM = "KETENLEDGER_TEST_BAO"
TOKEN = "test-token"
START_SECONDS = 60


class Transit(ThreadingHTTPServer):
    """The keys of a service of our own, and how it misbehaves when told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.keys: dict[str, dict[int, bytes]] = {}
        self.oldest: dict[str, int] = {}
        self.failing = 0
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/transit"

    def answer(self, action: str, name: str, more: str, given: dict[str, Any]) -> Any:
        own = self.keys.setdefault(name, {1: secrets.token_bytes(32)})
        bound = b64decode(given.get("associated_data", ""))
        if action == "encrypt":
            nonce = secrets.token_bytes(12)
            made = AESGCM(own[max(own)]).encrypt(nonce, b64decode(given["plaintext"]), bound)
            return {"ciphertext": f"vault:v{max(own)}:{b64encode(nonce + made).decode()}"}
        if action == "decrypt":
            _, version, text = given["ciphertext"].split(":")
            data, number = b64decode(text), int(version[1:])
            if number < self.oldest.get(name, 0) or number not in own:
                raise InvalidTag
            opened = AESGCM(own[number]).decrypt(data[:12], data[12:], bound)
            return {"plaintext": b64encode(opened).decode()}
        if more == "rotate":
            own[max(own) + 1] = secrets.token_bytes(32)
        elif more == "config":
            self.oldest[name] = given["min_decryption_version"]
        elif more == "trim":
            for number in [one for one in own if one < given["min_available_version"]]:
                del own[number]
        return {"latest_version": max(own)}


class _Door(BaseHTTPRequestHandler):
    server: Transit

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        self._answer(json.loads(self.rfile.read(size) or b"{}"))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _answer(self, given: dict[str, Any]) -> None:
        self.server.asked += 1
        _, _, _, action, name, *more = self.path.split("/")
        status, data = 200, None
        if self.headers.get("X-Vault-Token") != TOKEN:
            status = 403
        elif self.server.failing:
            self.server.failing -= 1
            status = 503
        else:
            try:
                data = self.server.answer(action, name, "".join(more), given)
            except InvalidTag:
                status = 400
        body = json.dumps({"data": data}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def our_own() -> Iterator[Transit]:
    """Run a service of our own in a thread."""
    with Transit() as served:
        thread = threading.Thread(target=served.serve_forever, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            served.shutdown()
            thread.join(START_SECONDS)


@contextlib.contextmanager
def openbao(folder: Path) -> Iterator[str]:
    """Run OpenBao itself, unsealed and in memory; give the URL of its transit engine."""
    port = free_port()
    command = [
        os.environ[PROGRAM], "server", "-dev", "-dev-no-store-token",
        f"-dev-root-token-id={TOKEN}", f"-dev-listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (folder / "bao.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={"HOME": str(folder)})
    try:
        _mounted(f"http://127.0.0.1:{port}/v1/sys/mounts/transit")
        yield f"http://127.0.0.1:{port}/v1/transit"
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _mounted(url: str) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        asked = Request(url, b'{"type":"transit"}', {"X-Vault-Token": TOKEN})
        try:
            with urlopen(asked, timeout=START_SECONDS):
                return
        except OSError:
            assert time.monotonic() < end, "OpenBao did not start in time"
            time.sleep(0.1)
