"""Sessions of people in a browser: a signed cookie that says who it is, and a token for forms.

    sessie=<issuer, subject, known as, token, until>   signed; cookies.py

It lasts ten hours at most, and never longer than the token somebody signed in with. Signing in
always makes a session with a token of its own, so a session that somebody planted in a browser
beforehand gives them nothing. Every form that changes something carries the token of the
session; without it, or with another, it is refused. Somebody unknown has a session too: then it
holds only the token. The key is a file in the data folder, for its owner alone; a new key ends
every session. Of who signed out is kept in memory that they did, for as long as their session
would have lasted: a cookie that was copied before is nobody's from then on.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from pathlib import Path
from typing import Final, Self

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer
from msgspec import Struct
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from api import cookies
from api.problems import Problem
from api.tokens import Claims
from ledger.vault import load_key

COOKIE: Final = "sessie"
KEY_FILE: Final = "session.key"
FIELD: Final = "formulier"
"""The hidden field of a form that holds the token of the session."""
MAX_AGE_SECONDS: Final = 10 * 3600
TOKEN_BYTES: Final = 18
MAX_COOKIE_CHARACTERS: Final = 2000
MAX_KNOWN: Final = 10_000
"""Of how many sessions it is kept what they say; more than that, and it is read anew."""
MAX_ENDED: Final = 100_000
"""Of how many it is kept that they signed out; beyond that the first of them is forgotten."""


class Session(Struct, frozen=True, kw_only=True):
    """Who is using this browser, and the token of their forms.

    `subject` of `issuer` is who an ID token said it is, empty when nobody signed in, until the
    moment `until` (seconds since 1970). `known_as` is the function by which people know them.
    """

    token: str
    issuer: str = ""
    subject: str = ""
    known_as: str = ""
    until: int = 0


class Sessions:
    """Writes sessions into cookies and reads them back; anything but its own writing is nobody."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._written = self.signer("session")
        self._known: dict[bytes, tuple[Session, float]] = {}
        self._ended: dict[str, int] = {}
        self._ending = threading.Lock()

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Return the sessions under the key in this folder, made where there is none yet.

        Raises KeyRefused for a key that others may read.
        """
        return cls(load_key(folder / KEY_FILE))

    def signer(self, purpose: str) -> URLSafeTimedSerializer:
        """Return what signs for one purpose; what it signed is worth nothing for another."""
        return URLSafeTimedSerializer(
            self._key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256}
        )

    def text(self, session: Session) -> str:
        """Return a session as the value of its cookie."""
        return str(self._written.dumps(msgspec.to_builtins(session)))

    def session(self, text: str) -> Session | None:
        """Return the session that a cookie holds; None where it is not ours, or too old."""
        if not text or len(text) > MAX_COOKIE_CHARACTERS:
            return None
        try:
            found, written = self._read(text)
        except (BadData, msgspec.ValidationError):
            return None
        now = time.time()
        lasts = 0 <= now - written <= MAX_AGE_SECONDS and (not found.subject or now < found.until)
        return found if lasts and found.token not in self._ended else None

    def _read(self, text: str) -> tuple[Session, float]:
        """Return a session that was signed here and when, whether it still lasts or not.

        Each page asks for it several times, so what was found is kept, under the digest of it.
        """
        digest = hashlib.sha256(text.encode()).digest()
        known = self._known.get(digest)
        if known is None:
            content, at = self._written.loads(text, return_timestamp=True)
            known = msgspec.convert(content, Session), at.timestamp()
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[digest] = known
        return known

    def end(self, session: Session) -> None:
        """Let this session be nobody's from now on, whoever still has its cookie."""
        with self._ending:
            if len(self._ended) >= MAX_ENDED:
                now = time.time()
                self._ended = {token: end for token, end in self._ended.items() if end > now}
            if len(self._ended) >= MAX_ENDED:
                self._ended.pop(next(iter(self._ended)))
            self._ended[session.token] = session.until

    def signed_in(self, text: str) -> str:
        """Return what tells the session in a cookie from others; empty where nobody signed in.

        The same session can be written in many ways, since base64 passes over other letters.
        """
        found = self.session(text)
        return "" if found is None or not found.subject else found.token


def fresh() -> Session:
    """Return the session of nobody yet, with a token that nobody had before."""
    return Session(token=secrets.token_urlsafe(TOKEN_BYTES))


def of(claims: Claims, *, known_as: str = "") -> Session:
    """Return a new session of somebody who was signed in, for as long as their token lasts."""
    return replace(
        fresh(),
        issuer=claims.issuer,
        subject=claims.subject,
        known_as=known_as,
        until=claims.expires,
    )


def current(request: Request) -> Session | None:
    """Return the session that a request carries, or None."""
    sessions: Sessions = request.app.state.sessions
    return sessions.session(cookies.given(request, COOKIE))


def keep(request: Request, answer: Response, session: Session) -> None:
    """Let the browser keep this session."""
    sessions: Sessions = request.app.state.sessions
    text = sessions.text(session)
    cookies.put(request, answer, COOKIE, text, seconds=MAX_AGE_SECONDS)


def forget(request: Request, answer: Response) -> None:
    """End the session of a request, and let the browser forget it."""
    sessions: Sessions = request.app.state.sessions
    own = current(request)
    if own is not None and own.subject:
        sessions.end(own)
    cookies.take_away(request, answer, COOKIE)


def require_own_form(session: Session | None, token: str) -> None:
    """Refuse a form that did not come from a page that this session was given."""
    own = session is not None and hmac.compare_digest(session.token.encode(), token.encode())
    if not own:
        raise Problem(
            "not-allowed",
            "Dit formulier hoort niet bij deze sessie. Open de pagina opnieuw en probeer het nog "
            "eens.",
        )
