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
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections.abc import Mapping
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
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
_HEALTH: Final = "/v1/health"
_SESSIONS: Final = ("__Host-sessie=", "sessie=")
_SIGNING_IN: Final = ("/aanmelden", "/afmelden")
_HEAVY: Final = ("/bundles/", "/tile/entries/")
_IPV6_NETWORK_BITS: Final = 64
"""One subscriber has at least this much of an address, so nobody is a stranger by its other end."""


class Rates:
    """Counts requests; `wait_seconds` tells who has to wait. Safe between threads."""

    def __init__(self, per_minute: Mapping[str, int]) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._limits = {kind: RateLimitItemPerMinute(most) for kind, most in per_minute.items()}

    def wait_seconds(self, scope: Scope) -> int:
        """Count a request; return how long its sender has to wait first, 0 where it may pass."""
        kind = kind_of(scope["method"], scope["path"])
        if not kind or not self._limits:
            return 0
        address, credential = address_of(scope), credential_of(scope)
        if credential and not self._room("refusals", address):
            return self._wait("refusals", address)
        for limit, who in (("address", address), (kind, credential or address)):
            if limit in self._limits and not self._limiter.hit(self._limits[limit], limit, who):
                return self._wait(limit, who)
        return 0

    def refused(self, scope: Scope) -> None:
        """Count that a credential of this sender was not believed."""
        if "refusals" in self._limits:
            self._limiter.hit(self._limits["refusals"], "refusals", address_of(scope))

    def _room(self, limit: str, who: str) -> bool:
        found = self._limits.get(limit)
        return found is None or self._limiter.test(found, limit, who)

    def _wait(self, limit: str, who: str) -> int:
        resets = self._limiter.get_window_stats(self._limits[limit], limit, who).reset_time
        return max(1, math.ceil(resets - time.time()))


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
    try:
        address = ipaddress.ip_address(client[0] if client else "")
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
