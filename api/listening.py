"""The port of a server, taken before anything else starts, so that a taken one is said at once."""

from __future__ import annotations

import os
import socket
from typing import Final

from api.settings import MAX_PORT, SettingsRefused

WAITING: Final = 2048
"""How many connections may wait to be accepted."""

APART: Final = 10
"""How far the port that is advised lies off: a demonstration takes those right behind its own."""


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens at this address; SettingsRefused where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=WAITING)
    except socket.gaierror as error:
        raise SettingsRefused(f"Het adres {host} is niet te vinden.") from error
    except OSError as error:
        why, other = os.strerror(error.errno or 0), _another(port)
        raise SettingsRefused(
            f"Poort {port} op {host} is niet vrij ({why}): kies een andere, bijvoorbeeld met "
            f"PORT={other} of --port {other}."
        ) from error


def _another(port: int) -> int:
    return port + APART if port + APART <= MAX_PORT else port - APART
