"""The issuer of a server in development mode: tokens for whoever somebody on this machine says.

    GET  /mini-issuer/.well-known/openid-configuration     what it is
    GET  /mini-issuer/keys                                 its key
    POST /mini-issuer/token                                a token, for a person or a code

It is an issuer like any other: its own key, made at the start and kept nowhere; the same tokens;
the same checks of them. Only that it believes what it is told makes it one for development, and it
exists on no other server (settings.py: development listens on loopback alone). The server asks it
inside its own process, since a server that waits for itself does not answer.

Its subject is the pseudonym of a person. `ketenledger token <person>` asks it for a token.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey

from api.issuer import DISCOVERY, Description
from ledger.domain.values import SLUG_PATTERN
from ledger.log.asking import Answer

PATH: Final = "/mini-issuer"
KEYS: Final = f"{PATH}/keys"
TOKEN: Final = f"{PATH}/token"
AUTHORIZE: Final = f"{PATH}/authorize"
AUDIENCE: Final = "ketenledger"
CLIENT: Final = "ketenledger-pages"
GRANT: Final = "urn:ketenledger:grant:person"
"""An extension grant (RFC 6749, section 4.5): the token of a person who is only named."""
FOUND: Final = "ketenledger:found"
LIFE_SECONDS: Final = 10 * 3600
JSON: Final = "application/json"


class GrantRefused(Exception):
    """Something is asked of the issuer that it does not give; the message is its error code."""


class MiniIssuer:
    """An issuer with a key of its own, at the address of a server in development mode."""

    def __init__(self, address: str, *, now: Callable[[], float] = time.time) -> None:
        self.url = address + PATH
        self._address = address
        self._now = now
        self._key = ECKey.generate_key("P-256", auto_kid=True)

    def answer(self, url: str, form: bytes | None) -> Answer:
        """Answer a question as an issuer elsewhere would over HTTP."""
        path = urlsplit(url).path
        if form is None and path == PATH + DISCOVERY:
            return Answer(200, JSON, msgspec.json.encode(self.description()))
        if form is None and path == KEYS:
            return Answer(200, JSON, msgspec.json.encode(self.keys()))
        if form is not None and path == TOKEN:
            return self._granted(form)
        return Answer(404, JSON, b"{}")

    def description(self) -> Description:
        """Return how it describes itself."""
        return Description(
            issuer=self.url,
            jwks_uri=self._address + KEYS,
            authorization_endpoint=self._address + AUTHORIZE,
            token_endpoint=self._address + TOKEN,
        )

    def keys(self) -> dict[str, list[dict[str, object]]]:
        """Return the public half of its key."""
        return {"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": "ES256"}]}

    def token(self, person: str, *, scope: str = FOUND) -> str:
        """Return an access token for this person. Raises GrantRefused for what can be no person."""
        if not re.search(SLUG_PATTERN, person):
            raise GrantRefused("invalid_request")
        return self._signed(person, audience=AUDIENCE, kind="at+jwt", scope=scope)

    def id_token(self, person: str, nonce: str) -> str:
        """Return an ID token for this person, for whoever asked with this nonce."""
        return self._signed(person, audience=CLIENT, kind="JWT", nonce=nonce)

    def _signed(self, person: str, *, audience: str, kind: str, **more: str) -> str:
        now = int(self._now())
        said = {
            "iss": self.url,
            "sub": person,
            "aud": audience,
            "iat": now,
            "exp": now + LIFE_SECONDS,
            **more,
        }
        header = {"alg": "ES256", "kid": self._key.kid, "typ": kind}
        return jwt.encode(header, said, self._key, ["ES256"])

    def _granted(self, form: bytes) -> Answer:
        try:
            told = self._grant(_fields(form))
        except GrantRefused as refusal:
            return Answer(400, JSON, msgspec.json.encode({"error": str(refusal)}))
        return Answer(200, JSON, msgspec.json.encode(told))

    def _grant(self, fields: dict[str, str]) -> dict[str, object]:
        if fields.get("grant_type") != GRANT:
            raise GrantRefused("unsupported_grant_type")
        token = self.token(fields.get("person", ""))
        return {"access_token": token, "token_type": "Bearer", "expires_in": LIFE_SECONDS}


def _fields(form: bytes) -> dict[str, str]:
    """Return the fields of a form, each of which stands there once."""
    try:
        found = parse_qs(form.decode("ascii"), max_num_fields=20)
    except ValueError as error:
        raise GrantRefused("invalid_request") from error
    if any(len(values) > 1 for values in found.values()):
        raise GrantRefused("invalid_request")
    return {name: values[0] for name, values in found.items()}
