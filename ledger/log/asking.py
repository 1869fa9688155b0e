"""Asking a server elsewhere over HTTP, with a limit and an end to everything.

No redirect is followed: an address is a setting or a policy, and one that leads on could take along
what is in the headers. Each question names the trace it is part of. `ask` puts one question on a
connection of its own; what it is made of also serves `remote_http`, which keeps its connection.
"""

import contextlib
import http.client
import os
import socket
import ssl
import threading
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from ledger.log.trace_context import passed_on

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
USER_AGENT: Final = "ketenledger"
TEXT: Final = "text/plain; charset=utf-8"

_PIECE_BYTES: Final = 65_536
_SCHEMES: Final = ("http", "https")


class NoAnswer(Exception):
    """No answer came that can be used; says in Dutch what came of it, in words of our own."""


class Answer(NamedTuple):
    """What a server answered: status, media type in lower case, and all bytes."""

    status: int
    media_type: str
    body: bytes


class Patience(NamedTuple):
    """How long is waited: for a sign of life, and for a whole answer."""

    silence_seconds: float
    answer_seconds: float


def ask(
    url: str,
    body: bytes | None,
    patience: Patience,
    *,
    limit_bytes: int,
    media_type: str = TEXT,
    proxied: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return the answer to a GET, or to a POST where there is a body, whatever its status.

    `proxied`: by way of the proxy that the environment names. It takes no longer than `patience`,
    also where the other side sends a byte now and then; looking up the name has the limits of the
    system. Raises NoAnswer, also for an answer above the limit.
    """
    address = urlsplit(url)
    try:
        connection = opened(address, patience.silence_seconds, proxied=proxied)
    except ValueError as error:
        raise NoAnswer("het adres is niet bruikbaar") from error
    sent = {"User-Agent": USER_AGENT, "Connection": "close", **passed_on(), **(headers or {})}
    if body is not None:
        sent["Content-Type"] = media_type
    method = "GET" if body is None else "POST"
    where = target(address, address.path or "/", proxied=proxied)
    try:
        connection.connect()
        with ended_after(connection.sock, patience.answer_seconds):
            connection.request(method, where, body=body, headers=sent)
            with connection.getresponse() as response:
                data = body_of(response, limit_bytes)
                if len(data) > limit_bytes:
                    raise NoAnswer(f"het antwoord telt meer dan {limit_bytes} bytes")
                return Answer(response.status, response.headers.get_content_type(), data)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(why(error)) from error
    finally:
        connection.close()


def opened(address: SplitResult, seconds: float, *, proxied: bool) -> http.client.HTTPConnection:
    """Return a connection to a server, not yet made; `seconds` bounds each silence on it.

    Raises ValueError for an address that is not of a server.
    """
    if address.scheme not in _SCHEMES or not address.hostname:
        raise ValueError("expected http or https and a host")
    secure = address.scheme == "https"
    proxy = _proxy(address) if proxied else None
    host, port = address.hostname, address.port or (443 if secure else 80)
    if not secure:
        to = (host, port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
        return http.client.HTTPConnection(*to, timeout=seconds)
    context = ssl.create_default_context()
    if proxy is None:
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    to = (proxy.hostname or "", proxy.port or 80)
    made = http.client.HTTPSConnection(*to, timeout=seconds, context=context)
    made.set_tunnel(host, port, headers=_proxy_headers(proxy))
    return made


def target(address: SplitResult, path: str, *, proxied: bool) -> str:
    """Return what is asked for on a connection: the path, or all of it where a proxy answers."""
    if proxied and address.scheme == "http" and _proxy(address) is not None:
        return f"http://{address.netloc}{path}"
    return path


@contextlib.contextmanager
def ended_after(wire: socket.socket, seconds: float) -> Iterator[None]:
    """Cut a connection when the time is over, whatever waits on it; raises TimeoutError then.

    The socket itself is held on to: a connection forgets it before the answer has been read.
    """
    late = threading.Event()
    timer = threading.Timer(seconds, _cut, [wire, late])
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if late.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
    if late.is_set():
        raise TimeoutError


def body_of(response: http.client.HTTPResponse, limit_bytes: int) -> bytes:
    """Return at most one byte more than the limit, and all of what is announced below that."""
    parts: list[bytes] = []
    left = limit_bytes + 1
    while left > 0 and (part := response.read1(min(left, _PIECE_BYTES))):
        parts.append(part)
        left -= len(part)
    if left > 0 and response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def _cut(wire: socket.socket, late: threading.Event) -> None:
    late.set()
    with contextlib.suppress(OSError):
        # The plain socket below: that of TLS would also take apart what is being read.
        socket.socket.shutdown(wire, socket.SHUT_RDWR)


def _proxy(address: SplitResult) -> SplitResult | None:
    """Return the proxy of the environment for an address; none for this machine itself."""
    host = address.hostname or ""
    url = urllib.request.getproxies().get(address.scheme)
    if not url or host in LOOPBACK or urllib.request.proxy_bypass(host):
        return None
    return urlsplit(url if "://" in url else f"http://{url}")


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    said = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(said.encode()).decode()}"}


def why(error: Exception) -> str:
    """Return what went wrong in a few words of our own: none of what the other side wrote."""
    if isinstance(error, TimeoutError):
        return "te lang gewacht: geen antwoord binnen de tijd"
    if isinstance(error, ssl.SSLError):
        return f"de beveiligde verbinding lukt niet ({error.reason or 'TLS'})"
    if isinstance(error, socket.gaierror):
        return "de naam is niet te vinden"
    if isinstance(error, OSError) and error.errno:
        return f"er is geen verbinding ({os.strerror(error.errno)})"
    return "het antwoord is geen HTTP of brak af"
