"""How often somebody may ask: a number per minute, by kind of request; kept in memory.

    reading       what is asked without changing anything
    recording     what is sent in
    bundles       bundles and entries of the log, which take work to make
    signing-in    the pages on which somebody signs in
    person        all of it together, of one person or program, by whatever tokens and sessions
    address       all of it together, from one network address
    refusals      answers that a credential is not believed, at one network address

The first four are counted per credential (a token, or a session in which somebody signed in), or
per address where none is sent. A token need not be a sound one: whoever makes them up is stopped by
`address` and `refusals`. A session is looked at, since one that is made up is refused to nobody:
it only is nobody's. Who a person or program is, is only known when their token was believed
(identity.py); then it counts for them, however many tokens they have. Health is never refused.
Several servers each count for themselves.

A limit holds over any minute: of what came in the minute before, by the clock, as much counts as
still lies within sixty seconds. Two tables of numbers hold that; a new minute empties the older.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import Scope

from api.fields import fields

DEFAULT: Final[Mapping[str, int]] = {
    "reading": 1200,
    "recording": 600,
    "bundles": 60,
    "signing-in": 30,
    "person": 2400,
    "address": 6000,
    "refusals": 60,
}
MOST: Final = 1_000_000
MAX_COUNTED: Final = 200_000
"""Who come in one minute beyond so many are counted together, as one for each limit."""
ALL_OTHERS: Final = "all others"
MAX_ADDRESSES: Final = 10_000
_HEALTH: Final = "/v1/health"
_SESSIONS: Final = ("__Host-sessie", "sessie")
_SIGNING_IN: Final = ("/aanmelden", "/aanmelden/terug", "/afmelden")
_HEAVY: Final = ("/bundles/", "/tile/entries/")
_IPV6_NETWORK_BITS: Final = 64
"""One subscriber has at least this much of an address, so nobody is a stranger by its other end."""


class Rates:
    """Counts requests; `wait_seconds` tells who has to wait. Safe between threads.

    `signed_in` returns what tells the session in the value of a cookie from others, empty where
    nobody signed in.
    """

    def __init__(
        self,
        per_minute: Mapping[str, int],
        *,
        signed_in: Callable[[str], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signed_in = signed_in
        self._limiter = SlidingWindowCounterRateLimiter(_Minutes(clock))
        self._limits = {kind: _PerMinute(most) for kind, most in per_minute.items()}

    def wait_seconds(self, scope: Scope) -> int:
        """Count a request; return how long its sender has to wait first, 0 where it may pass."""
        kind = kind_of(scope["method"], scope["path"])
        if not kind or not self._limits:
            return 0
        address, credential = address_of(scope), self._credential(scope)
        if credential and not self._room("refusals", address):
            return self._wait("refusals", address)
        for limit, who in (("address", address), (kind, credential or address)):
            if limit in self._limits and not self._limiter.hit(self._limits[limit], limit, who):
                return self._wait(limit, who)
        return 0

    def wait_seconds_of(self, person: str) -> int:
        """Count a request of who is known, person or program; return how long they wait first."""
        found = self._limits.get("person")
        if found is None or self._limiter.hit(found, "person", person):
            return 0
        return self._wait("person", person)

    def refused(self, scope: Scope) -> None:
        """Count that a credential of this sender was not believed."""
        if "refusals" in self._limits:
            self._limiter.hit(self._limits["refusals"], "refusals", address_of(scope))

    def _credential(self, scope: Scope) -> str:
        """Return a digest of the token or session of a request; empty where there is none."""
        headers = fields(scope)
        # However the scheme before a token is written, and with as many spaces: it is one token.
        given = "".join(headers.get("authorization", "").split()[-1:])
        if not given:
            cookies = (one.strip().partition("=") for one in headers.get("cookie", "").split(";"))
            given = next((value for name, _, value in cookies if name in _SESSIONS), "")
            given = self._signed_in(given) if given else ""
        return hashlib.sha256(given.encode()).hexdigest()[:32] if given else ""

    def _room(self, limit: str, who: str) -> bool:
        found = self._limits.get(limit)
        return found is None or self._limiter.test(found, limit, who)

    def _wait(self, limit: str, who: str) -> int:
        resets = self._limiter.get_window_stats(self._limits[limit], limit, who).reset_time
        return max(1, math.ceil(resets - time.time()))


class _PerMinute(RateLimitItemPerMinute):
    """So many a minute; who is counted for it is named without what the library adds for others."""

    def key_for(self, *identifiers: object) -> str:
        """Return the name of a limit and who is counted for it, in one."""
        return "/".join(map(str, identifiers))


class _Minutes(MemoryStorage):
    """Where the library keeps its counts: those of this minute of the clock and of the one before.

    By itself it starts a thread now and then to forget, and has no bound on who is counted.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._counting = threading.Lock()
        self._minute = 0
        self._now: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count so many more, unless that is more than the limit; tell whether it was counted."""
        with self._counting:
            key, left_seconds = self._turned(key, expiry)
            now, before = self._now.get(key, 0), self._before.get(key, 0)
            if math.floor(before * left_seconds / expiry) + now + amount > limit:
                return False
            self._now[key] = now + amount
            return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return the counts of the minute before and of this one, each with how long it counts."""
        with self._counting:
            key, left_seconds = self._turned(key, expiry)
            before, now = self._before.get(key, 0), self._now.get(key, 0)
            return before, left_seconds, now, left_seconds + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget what was counted."""
        with self._counting:
            key, _ = self._turned(key, expiry)
            self._now.pop(key, None)
            self._before.pop(key, None)

    def _turned(self, key: str, expiry: int) -> tuple[str, float]:
        """Begin a new minute where it is time; return who is counted and what is left of it."""
        minute, passed = divmod(self._clock(), expiry)
        if minute != self._minute:
            self._before = self._now if minute == self._minute + 1 else {}
            self._now, self._minute = {}, int(minute)
        known = key in self._now or len(self._now) < MAX_COUNTED
        return key if known else f"{key.partition('/')[0]}/{ALL_OTHERS}", expiry - passed


def kind_of(method: str, path: str) -> str:
    """Return which kind a request is; empty for what is never refused."""
    if path == _HEALTH or path.startswith(f"{_HEALTH}/"):
        return ""
    if path in _SIGNING_IN:
        return "signing-in"
    if any(part in path for part in _HEAVY):
        return "bundles"
    return "reading" if method in ("GET", "HEAD", "OPTIONS") else "recording"


def address_of(scope: Scope) -> str:
    """Return the network address that a request came from, of IPv6 the part of one subscriber."""
    client = scope.get("client")
    return _network(client[0] if client else "")


@lru_cache(maxsize=MAX_ADDRESSES)
def _network(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, _IPV6_NETWORK_BITS), strict=False))
    return str(address)
