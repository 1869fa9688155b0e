"""An issuer of tokens elsewhere, for tests: a server of its own that rotates and falls silent."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, Key

AUDIENCE = "https://ketens.example"
CLIENT = "ketens-pages"
SUBJECT = "7f3a-9b"


class AnIssuer:
    """What it answers, what it was asked, and the tokens it gives."""

    def __init__(self) -> None:
        self.url = ""
        self.key: Key = ECKey.generate_key("P-256", auto_kid=True)
        self.published: list[dict[str, Any]] = [self.key.as_dict(private=False)]
        self.described: dict[str, Any] = {}
        self.asked: list[str] = []
        self.traces: list[str] = []
        self.silent = False
        self.codes: dict[str, dict[str, str]] = {}

    def code(self, address: str, **changes: str) -> str:
        """Let somebody sign in at the address that a browser was sent to; return their code."""
        asked = dict(parse_qsl(urlsplit(address).query)) | {"sub": SUBJECT} | changes
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return code

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Give an ID token for a code, once, to whoever knows what belongs to it (RFC 7636)."""
        asked = self.codes.pop(form.get("code", ""), None)
        made = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(made).rstrip(b"=").decode()
        own = asked is not None and all(
            asked[name] == value
            for name, value in (
                ("code_challenge", challenge),
                ("redirect_uri", form.get("redirect_uri")),
                ("client_id", form.get("client_id")),
            )
        )
        if asked is None or not own:
            return 400, {"error": "invalid_grant"}
        token = self.token(
            header={"typ": "JWT"}, aud=CLIENT, nonce=asked["nonce"], sub=asked["sub"]
        )
        return 200, {"id_token": token, "access_token": "x", "token_type": "Bearer"}

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one is withdrawn."""
        self.key = ECKey.generate_key("P-256", auto_kid=True)
        self.published = [self.key.as_dict(private=False)]

    def said(self, **more: Any) -> dict[str, Any]:
        """Return claims that are in order, but for what is given; None leaves one out."""
        now = int(time.time())
        claims = {"iss": self.url, "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "exp": now + 300}
        return {name: one for name, one in (claims | more).items() if one is not None}

    def token(self, *, header: dict[str, Any] | None = None, key: Any = None, **more: Any) -> str:
        """Return a token with these claims, signed with the key of the issuer or with another."""
        head = {"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt"} | (header or {})
        registry = jws.JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
        registry.max_header_length = 100_000
        payload = json.dumps(self.said(**more))
        return jws.serialize_compact(head, payload, key or self.key, [head["alg"]], registry)

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON at a path."""
        self.asked.append(path)
        if self.silent:
            return 503, {}
        if path == "/.well-known/openid-configuration":
            told = {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "authorization_endpoint": f"{self.url}/authorize?tenant=1",
                "token_endpoint": f"{self.url}/token",
                "end_session_endpoint": f"{self.url}/end",
            }
            return 200, told | self.described
        if path == "/keys":
            return 200, {"keys": self.published}
        return 404, {}


@contextlib.contextmanager
def issuing() -> Iterator[AnIssuer]:
    """Run an issuer on a port of its own."""
    issuer = AnIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send(*issuer.answer(self.path))

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            issuer.asked.append(self.path)
            issuer.traces.append(self.headers["traceparent"])
            self.send(*issuer.exchange(dict(parse_qsl(form))))

        def send(self, status: int, told: dict[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
