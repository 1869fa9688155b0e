"""Forms that are sent in: their fields, within limits, and the errors told as pages."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api import problems
from api.pages.site import problem_page
from api.problems import Problem

FORM_SECONDS: Final = 20.0
MAX_FIELDS: Final = 3000
MEDIA_TYPE: Final = "application/x-www-form-urlencoded"

Answering = Callable[[Request], Awaitable[Response]]


class Posted(Struct, frozen=True):
    """The fields of a form in the order in which they were sent; a name may stand there twice."""

    pairs: tuple[tuple[str, str], ...] = ()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    def first(self, name: str) -> str:
        """Return the first value of a field, empty where there is none."""
        return next((value for key, value in self.pairs if key == name), "")

    def below(self, prefix: str) -> dict[str, str]:
        """Return the fields whose names begin like this, without that beginning; last one wins."""
        return {
            key.removeprefix(prefix): value for key, value in self.pairs if key.startswith(prefix)
        }


def guarded(show: Answering) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Return an endpoint that tells what goes wrong as a page."""

    async def endpoint(request: Request) -> Response:
        try:
            return await show(request)
        except problems.TOLD as error:
            return problem_page(request, problems.told(error, request))

    return endpoint


async def posted(request: Request) -> Posted:
    """Return the fields of the form in a request, their text normalised (NFC), line ends as \\n.

    Raises Problem: another media type, too long, too slow, too many fields.
    """
    given = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if given != MEDIA_TYPE:
        raise Problem("unsupported-media-type", f"Een formulier komt als {MEDIA_TYPE}.")
    body = await _read(request, request.app.state.settings.max_body_bytes)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Problem("malformed", "Het formulier is niet te lezen.") from error
    return Posted(tuple((name, _text(value)) for name, value in pairs))


async def _read(request: Request, max_bytes: int) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(FORM_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > max_bytes:
                    raise Problem("too-large", f"Het formulier is langer dan {max_bytes} bytes.")
    except TimeoutError as error:
        raise Problem("too-slow", f"Het formulier was er niet in {FORM_SECONDS:.0f} s.") from error
    except ClientDisconnect as error:
        raise Problem("malformed", "De verbinding brak voor het einde.") from error
    return bytes(body)


def _text(value: str) -> str:
    # Browsers send the line ends of a text field as CR LF, and text in the form it was typed in.
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))


def local(address: str) -> str:
    """Return an address on this very server; anything else leads to the first page."""
    parts = urlsplit(address) if address.isprintable() and "\\" not in address else None
    sound = parts and not parts.scheme and not parts.netloc and address.startswith("/")
    return address if sound and not address.startswith("//") else "/"
