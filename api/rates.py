"""How often somebody may ask: a number per minute, by kind of request; kept in memory.

    reading       what is asked without changing anything
    recording     what is sent in
    bundles       bundles and entries of the log, which take work to make
    signing-in    the pages on which somebody signs in
    address       all of it together, from one network address
    refusals      answers that a credential is not believed, at one network address

All but the last two are counted per credential (a token or a session), or per address where none is
sent. A credential need not be a sound one: whoever makes them up is stopped by `address` and
`refusals`. Health is never refused. Several servers each count for themselves.

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

from starlette.datastructures import Headers
from starlette.types import Scope

DEFAULT: Final[Mapping[str, int]] = {
    "reading": 1200,
    "recording": 600,
    "bundles": 60,
    "signing-in": 30,
    "address": 6000,
    "refusals": 60,
}
MOST: Final = 1_000_000
MINUTE_SECONDS: Final = 60.0
MAX_COUNTED: Final = 200_000
"""Who come in one minute beyond so many are counted together, as one."""
MAX_ADDRESSES: Final = 10_000
_HEALTH: Final = "/v1/health"
_SESSIONS: Final = ("__Host-sessie=", "sessie=")
_SIGNING_IN: Final = ("/aanmelden", "/afmelden")
_HEAVY: Final = ("/bundles/", "/tile/entries/")
_IPV6_NETWORK_BITS: Final = 64
"""One subscriber has at least this much of an address, so nobody is a stranger by its other end."""


class Rates:
    """Counts requests; `wait_seconds` tells who has to wait. Safe between threads."""

    def __init__(
        self, per_minute: Mapping[str, int], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = dict(per_minute)
        self._counts = _Counts(clock)

    def wait_seconds(self, scope: Scope) -> int:
        """Count a request; return how long its sender has to wait first, 0 where it may pass."""
        kind = kind_of(scope["method"], scope["path"])
        if not kind or not self._most:
            return 0
        address, credential = address_of(scope), credential_of(scope)
        asked = [("address", address, 1), (kind, credential or address, 1)]
        if credential:
            asked.insert(0, ("refusals", address, 0))
        for limit, who, count in asked:
            most = self._most.get(limit)
            wait_seconds = self._counts.add(limit, who, count, most=most) if most else 0
            if wait_seconds:
                return wait_seconds
        return 0

    def refused(self, scope: Scope) -> None:
        """Count that a credential of this sender was not believed."""
        most = self._most.get("refusals")
        if most:
            self._counts.add("refusals", address_of(scope), 1, most=most)


Who = tuple[str, str]
"""A limit, and who is counted for it."""


class _Counts:
    """How often each did something in this minute of the clock and in the one before."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counting = threading.Lock()
        self._minute = 0
        self._now: dict[Who, int] = {}
        self._before: dict[Who, int] = {}

    def add(self, limit: str, name: str, count: int, *, most: int) -> int:
        """Count so many more, where one more is allowed; return how long to wait, else 0."""
        minute, passed = divmod(self._clock(), MINUTE_SECONDS)
        left_seconds = MINUTE_SECONDS - passed
        with self._counting:
            if minute != self._minute:
                self._turn(int(minute))
            who = self._counted(limit, name)
            now, before = self._now.get(who, 0), self._before.get(who, 0)
            if math.floor(before * left_seconds / MINUTE_SECONDS) + now < most:
                if count:
                    self._now[who] = now + count
                return 0
        # There is room when one of the minute before no longer lies within sixty seconds; where
        # this minute alone is full, when it is over.
        ends = before and now < most
        return max(1, math.ceil(left_seconds % (MINUTE_SECONDS / before) if ends else left_seconds))

    def _turn(self, minute: int) -> None:
        self._before = self._now if minute == self._minute + 1 else {}
        self._now, self._minute = {}, minute

    def _counted(self, limit: str, name: str) -> Who:
        who = (limit, name)
        known = who in self._now or len(self._now) < MAX_COUNTED
        return who if known else (limit, "")


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


def credential_of(scope: Scope) -> str:
    """Return a digest of the token or session a request carries; empty where it carries none."""
    headers = Headers(scope=scope)
    given = headers.get("Authorization", "")
    if not given:
        cookies = (one.strip() for one in headers.get("Cookie", "").split(";"))
        given = next((one for one in cookies if one.startswith(_SESSIONS)), "")
    return hashlib.sha256(given.encode()).hexdigest()[:32] if given else ""
