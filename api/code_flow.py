"""Signing in at the issuer: the code flow with PKCE, state and nonce, as a client of it.

    we send the browser there     state, nonce, challenge      (a cookie keeps what belongs to them)
    it comes back                 state, code
    we ask the issuer             code, verifier -> ID token   (checked in tokens.py)

OpenID Connect Core 1.0, section 3.1; RFC 7636 (S256); RFC 9207. What belongs to one way there and
back stands in a cookie of its own, signed, for ten minutes, taken away on return: a code or state
that somebody else plants, or that is played again, finds none that fits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import urlencode

import msgspec
from itsdangerous import BadData
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from api import cookies
from api.identity import Trust, refused
from api.issuer import IssuerUnavailable
from api.problems import Problem
from api.session import Sessions
from api.settings import Settings
from api.tokens import Claims, TokenRefused
from ledger.log.asking import NoAnswer

COOKIE: Final = "aanmelding"
PATH: Final = "/aanmelden"
RETURN: Final = f"{PATH}/terug"
WAY_SECONDS: Final = 600
MAX_COOKIE_CHARACTERS: Final = 4000
MAX_CODE_CHARACTERS: Final = 4000
SECRET_BYTES: Final = 32
MAX_SECRET_BYTES: Final = 1000


class Way(Struct, frozen=True, kw_only=True):
    """One way to the issuer and back: what has to fit, and where somebody came from."""

    state: str
    nonce: str
    verifier: str
    back: str


class _Granted(Struct):
    id_token: str


def departure(request: Request, back: str) -> tuple[Way, str]:
    """Return a new way to the issuer and the address to send the browser to.

    Raises Problem (unauthenticated) where nobody signs in on the pages of this server, and Problem
    (unavailable) where the issuer does not answer.
    """
    trust: Trust = request.app.state.trust
    if not trust.client:
        raise Problem("unauthenticated", "Op deze server meldt niemand zich aan op de pagina’s.")
    way = Way(
        state=secrets.token_urlsafe(SECRET_BYTES),
        nonce=secrets.token_urlsafe(SECRET_BYTES),
        verifier=secrets.token_urlsafe(SECRET_BYTES),
        back=back,
    )
    challenge = hashlib.sha256(way.verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": trust.client,
        "redirect_uri": _return_address(request),
        "scope": "openid",
        "state": way.state,
        "nonce": way.nonce,
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return way, _with(_address(request, "authorization_endpoint"), asked)


def keep(request: Request, answer: Response, way: Way) -> None:
    """Let the browser keep what belongs to its way to the issuer."""
    sessions: Sessions = request.app.state.sessions
    text = str(sessions.signer("sign-in").dumps(msgspec.to_builtins(way)))
    cookies.put(request, answer, COOKIE, text, seconds=WAY_SECONDS)


def forget(request: Request, answer: Response) -> None:
    """Take it away: a way back is gone once."""
    cookies.take_away(request, answer, COOKIE)


def arrival(request: Request) -> tuple[Way, Claims]:
    """Return who came back from the issuer, and on which way; it asks the issuer for the token.

    Raises Problem (unauthenticated) where the state is not of this browser, where the issuer said
    no, or where what it gave is not believed.
    """
    way, trust = _way(request), request.app.state.trust
    asked = request.query_params
    own = way is not None and hmac.compare_digest(
        way.state.encode(), asked.get("state", "").encode()
    )
    if way is None or not own:
        raise Problem(
            "unauthenticated",
            "Deze aanmelding is hier niet begonnen, of te lang geleden. Meld u opnieuw aan.",
        )
    if asked.get("iss", trust.issuer.url) != trust.issuer.url:
        raise Problem("unauthenticated", "Deze aanmelding komt van een andere uitgever.")
    code = asked.get("code", "")
    if not code or len(code) > MAX_CODE_CHARACTERS:
        raise Problem("unauthenticated", "De uitgever heeft u niet aangemeld.")
    return way, _claims(request, way, code)


def end_address(request: Request) -> str:
    """Return where somebody signs out at the issuer too, empty where it does not say."""
    trust: Trust = request.app.state.trust
    try:
        found = trust.issuer.description().end_session_endpoint if trust.client else ""
    except IssuerUnavailable:
        return ""
    settings: Settings = request.app.state.settings
    asked = {"client_id": trust.client, "post_logout_redirect_uri": f"{settings.address}/"}
    return _with(found, asked) if found else ""


def _way(request: Request) -> Way | None:
    sessions: Sessions = request.app.state.sessions
    text = cookies.given(request, COOKIE)
    if not text or len(text) > MAX_COOKIE_CHARACTERS:
        return None
    try:
        return msgspec.convert(sessions.signer("sign-in").loads(text, max_age=WAY_SECONDS), Way)
    except (BadData, msgspec.ValidationError):
        return None


def _claims(request: Request, way: Way, code: str) -> Claims:
    """Exchange a code for an ID token and return what that says."""
    trust: Trust = request.app.state.trust
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _return_address(request),
        "client_id": trust.client,
        "code_verifier": way.verifier,
        **_secret(request.app.state.settings),
    }
    try:
        answer = trust.issuer.ask(_address(request, "token_endpoint"), urlencode(form).encode())
        if answer.status != 200:
            raise Problem("unauthenticated", "De uitgever aanvaardt deze aanmelding niet (meer).")
        token = msgspec.json.decode(answer.body, type=_Granted).id_token
        return trust.verifier.identity(token, client=trust.client, nonce=way.nonce)
    except TokenRefused as refusal:
        raise refused(str(refusal)) from refusal
    except (NoAnswer, IssuerUnavailable, msgspec.DecodeError) as error:
        raise Problem("unavailable", "De uitgever antwoordt niet bruikbaar.") from error


def _secret(settings: Settings) -> dict[str, str]:
    if settings.client_secret is None:
        return {}
    try:
        with settings.client_secret.open("rb") as file:
            return {"client_secret": file.read(MAX_SECRET_BYTES).decode().strip()}
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("unavailable", "Het geheim van de pagina’s is niet te lezen.") from error


def _address(request: Request, name: str) -> str:
    trust: Trust = request.app.state.trust
    try:
        found = str(getattr(trust.issuer.description(), name))
    except IssuerUnavailable as error:
        raise Problem("unavailable", f"Aanmelden kan nu niet: {error}.") from error
    if not found:
        raise Problem("unavailable", "De uitgever zegt niet waar mensen zich aanmelden.")
    return found


def _return_address(request: Request) -> str:
    settings: Settings = request.app.state.settings
    return settings.address + RETURN


def _with(address: str, asked: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"
