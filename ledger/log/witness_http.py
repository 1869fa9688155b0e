"""One question to a witness over HTTP: bounded in time and size, whatever the other side does.

No redirect is followed and no proxy of the environment is used: what a policy names is where the
question goes, and nowhere else. Every question has a connection of its own.
"""

import contextlib
import http.client
import os
import socket
import ssl
import threading
import time
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

MAX_ANSWER_BYTES: Final = 65_536
"""Room for a note with more than twenty signatures of the largest kind."""

_PIECE_BYTES: Final = 8192
_SCHEMES: Final = ("http", "https")


class NoAnswer(Exception):
    """A witness gave no answer that can be used; says in Dutch what came of it."""


class Answered(NamedTuple):
    """An answer of whatever status, its body not above the limit."""

    status: int
    body: bytes


class Patience(NamedTuple):
    """How long is waited: for a sign of life, and for a whole answer."""

    silence_seconds: float
    answer_seconds: float


def ask(url: str, body: bytes | None, patience: Patience) -> Answered:
    """Return the answer to a GET, or to a POST where there is a body; raises NoAnswer."""
    address = urlsplit(url)
    try:
        connection = _connection(address, patience.silence_seconds)
    except ValueError as error:
        raise NoAnswer("het adres is niet bruikbaar") from error
    # The library bounds each silence; this bounds all of it, also an answer that trickles in.
    cut = threading.Timer(patience.answer_seconds, _cut, [connection])
    cut.daemon = True
    cut.start()
    try:
        return _asked(connection, address, body, time.monotonic() + patience.answer_seconds)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(_why(error)) from error
    finally:
        cut.cancel()
        connection.close()


def _asked(
    connection: http.client.HTTPConnection, address: SplitResult, body: bytes | None, until: float
) -> Answered:
    headers = {"User-Agent": "ketenledger", "Connection": "close"}
    if body is not None:
        headers["Content-Type"] = "text/plain; charset=utf-8"
    target = address.path or "/"
    connection.request("GET" if body is None else "POST", target, body=body, headers=headers)
    response = connection.getresponse()
    return Answered(response.status, _body(response, until))


def _body(response: http.client.HTTPResponse, until: float) -> bytes:
    data = bytearray()
    while part := response.read1(_PIECE_BYTES):
        data += part
        if len(data) > MAX_ANSWER_BYTES:
            raise http.client.HTTPException(f"het antwoord telt meer dan {MAX_ANSWER_BYTES} bytes")
        if time.monotonic() > until:
            raise TimeoutError
    if response.length:
        raise http.client.HTTPException("het antwoord brak af")
    return bytes(data)


def _connection(address: SplitResult, seconds: float) -> http.client.HTTPConnection:
    if address.scheme not in _SCHEMES or not address.hostname:
        raise ValueError("expected http or https and a host")
    if address.scheme == "http":
        return http.client.HTTPConnection(address.hostname, address.port, timeout=seconds)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(
        address.hostname, address.port, timeout=seconds, context=context
    )


def _cut(connection: http.client.HTTPConnection) -> None:
    """End a connection that somebody waits on; it may have ended by itself just now."""
    sock = connection.sock
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _why(error: Exception) -> str:
    """Return what went wrong in a few words of our own: none of what the other side wrote."""
    if isinstance(error, TimeoutError):
        return "geen antwoord binnen de tijd"
    if isinstance(error, ssl.SSLError):
        return f"de beveiligde verbinding lukt niet ({error.reason or 'TLS'})"
    if isinstance(error, socket.gaierror):
        return "de naam is niet te vinden"
    if isinstance(error, OSError):
        return f"er is geen verbinding ({os.strerror(error.errno or 0)})"
    if isinstance(error, http.client.HTTPException) and type(error) is http.client.HTTPException:
        return str(error)
    return "het antwoord is geen HTTP of brak af"
