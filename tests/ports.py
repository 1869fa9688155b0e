"""Ports for programs that are told theirs: the system cannot choose for them.

A port that the system gave and got back may be given to another process before the program takes
it. It gives ports of its own range only (on Linux from 32768), so one is taken from below that.
"""

from __future__ import annotations

import socket
from random import SystemRandom
from typing import Final

LOWEST: Final = 20_000
HIGHEST: Final = 32_000
APART: Final = 10
"""The demonstration takes a few behind its own, for its witnesses."""
TRIES: Final = 100


def free_port() -> int:
    """Return a port of loopback that nothing listens on and that the system gives to nobody."""
    for _ in range(TRIES):
        port = SystemRandom().randrange(LOWEST, HIGHEST, APART)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise AssertionError(f"{TRIES} ports from {LOWEST} on are all taken")
