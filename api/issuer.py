"""The issuer of tokens as it describes itself: where its keys are, and where people sign in.

    <issuer>/.well-known/openid-configuration     OpenID Connect Discovery 1.0, section 4

What it says is kept for a time. One question is under way at once; who has an older answer goes on
with it meanwhile, and who has none is told so when it takes long. When the issuer is silent the
older answer serves for a day at most, so that its outage is not at once ours, and a key that it
withdrew does not live for ever.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from ledger.log.asking import LOOPBACK, Answer, NoAnswer, Patience, ask

FRESH_SECONDS: Final = 600.0
"""How long an answer is used without asking again."""
STALE_SECONDS: Final = 86_400.0
"""How long an answer is used at most, while the issuer does not answer."""
PAUSE_SECONDS: Final = 10.0
"""The least time between two questions, whatever somebody sends us."""
WAIT_SECONDS: Final = 2.0
"""How long somebody waits for the question that another has under way; once it took so long, nobody
does: waiting takes a thread, and of those there are few."""
PATIENCE: Final = Patience(silence_seconds=4.0, answer_seconds=8.0)
MAX_ANSWER_BYTES: Final = 256 * 1024
DISCOVERY: Final = "/.well-known/openid-configuration"
FORM: Final = "application/x-www-form-urlencoded"
SILENT: Final = "de uitgever van tokens antwoordt niet"
LOG = logging.getLogger(__name__)

T = TypeVar("T")
Ask = Callable[[str, bytes | None], Answer]
"""Ask an address (GET), or send it a form (POST); raises NoAnswer."""


class IssuerUnavailable(Exception):
    """The issuer does not answer, or says nothing that can be used; the message is Dutch."""


class Description(Struct, frozen=True, kw_only=True):
    """What is used of the description of an issuer; addresses that it leaves out are empty."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    end_session_endpoint: str = ""

    def addresses(self) -> tuple[str, ...]:
        """Return the addresses that it names."""
        named = (
            self.jwks_uri,
            self.authorization_endpoint,
            self.token_endpoint,
            self.end_session_endpoint,
        )
        return tuple(filter(None, named))


class Kept(Generic[T]):
    """Something that is asked elsewhere and kept for a time; safe to share between threads."""

    def __init__(
        self, fetch: Callable[[], T], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._value: T | None = None
        self._since = 0.0
        self._tried: float | None = None
        self._fault = ""
        self._asking = threading.Lock()
        self._hangs = False

    def value(self) -> T:
        """Return what is kept, asked anew where it is old. Raises IssuerUnavailable."""
        kept = self.fresh()
        if kept is None:
            self._asked_anew(patient=self._usable() is None)
            kept = self._usable()
        if kept is None:
            raise IssuerUnavailable(self._fault or SILENT)
        return kept

    def fresh(self) -> T | None:
        """Return what is kept where it need not be asked anew, else None."""
        return self._value if self._clock() - self._since < FRESH_SECONDS else None

    def renewed(self) -> T:
        """Return what is kept after asking anew, unless that was done just now.

        Raises IssuerUnavailable where that came to nothing, also with something older at hand.
        """
        asked = self._asked_anew(patient=True)
        kept = self._usable()
        if not asked or self._fault or kept is None:
            raise IssuerUnavailable(self._fault or SILENT)
        return kept

    def _asked_anew(self, *, patient: bool) -> bool:
        """Tell whether it was asked now or just before; not while another still waits for it."""
        # Who has something to go on with does not wait for the question of another.
        if not self._asking.acquire(timeout=WAIT_SECONDS if patient and not self._hangs else 0):
            self._hangs = self._hangs or patient
            return False
        try:
            if self._tried is None or self._clock() - self._tried >= PAUSE_SECONDS:
                self._ask()
        finally:
            self._hangs = False
            self._asking.release()
        return True

    def _ask(self) -> None:
        self._tried = self._clock()
        try:
            value = self._fetch()
        except (IssuerUnavailable, NoAnswer) as error:
            self._fault = str(error)
            LOG.warning("De uitgever van tokens is niet te vragen: %s", error)
            return
        self._value, self._since, self._fault = value, self._clock(), ""

    def _usable(self) -> T | None:
        return self._value if self._clock() - self._since < STALE_SECONDS else None


def over_http(url: str, form: bytes | None) -> Answer:
    """Ask an issuer elsewhere, by way of the proxy of the environment."""
    return ask(url, form, PATIENCE, limit_bytes=MAX_ANSWER_BYTES, media_type=FORM, proxied=True)


class Issuer:
    """One issuer, by its identifier: the address that stands in each of its tokens."""

    def __init__(
        self, url: str, ask: Ask = over_http, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.url = url
        self.ask = ask
        self._described = Kept(self._describe, clock=clock)

    def description(self) -> Description:
        """Return how it describes itself. Raises IssuerUnavailable."""
        return self._described.value()

    def read(self, url: str) -> bytes:
        """Return the JSON at an address of the issuer. Raises IssuerUnavailable."""
        try:
            answer = self.ask(url, None)
        except NoAnswer as error:
            raise IssuerUnavailable(f"de uitgever van tokens: {error}") from error
        if answer.status != 200:
            raise IssuerUnavailable(f"de uitgever van tokens antwoordt met {answer.status}")
        return answer.body

    def _describe(self) -> Description:
        body = self.read(self.url.rstrip("/") + DISCOVERY)
        try:
            told = msgspec.json.decode(body, type=Description)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise IssuerUnavailable("de beschrijving van de uitgever is onleesbaar") from error
        if told.issuer != self.url:
            raise IssuerUnavailable("de uitgever beschrijft zich onder een ander adres")
        if not all(map(trusted, told.addresses())):
            raise IssuerUnavailable("de uitgever noemt een adres dat niet met https:// begint")
        return told


def trusted(url: str) -> bool:
    """Tell whether what is asked there cannot be changed on its way: https, or this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
