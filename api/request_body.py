"""Reading the body of a request: one JSON object, within limits, in a form a record can hold."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from api.fields import fields
from api.problems import Problem
from ledger.log import canonical

BODY_SECONDS: Final = 20.0
"""How long a caller may take to send a body."""
LARGE_BYTES: Final = 16 * 1024
"""What is longer is looked through in a thread: a quarter of a megabyte of braces takes so long
that nobody else should wait for it.
"""


async def read_object(request: Request, *, max_bytes: int) -> dict[str, Any]:
    """Return the JSON object in the body of a request.

    Raises Problem: another media type, too long, too slow, broken, no object, a field twice, or
    text and numbers outside what a record can hold (G8).
    """
    _require_json(request)
    data = await read_bytes(request, max_bytes=max_bytes)
    return _object(data) if len(data) <= LARGE_BYTES else await run_in_threadpool(_object, data)


def _object(data: bytes) -> dict[str, Any]:
    fault = canonical.problem(data)
    if fault is not None:
        raise Problem("malformed", fault, rule="G8" if _text_is_at_fault(data) else "G13")
    value = msgspec.json.decode(data)
    if not isinstance(value, dict):
        raise Problem("malformed", "De inhoud is geen JSON-object.", rule="G13")
    return cast(dict[str, Any], value)


def _require_json(request: Request) -> None:
    media_type = fields(request.scope).get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(
            "unsupported-media-type",
            f"Verwacht Content-Type application/json, gevonden {media_type[:80] or 'geen'}.",
        )
    if fields(request.scope).get("content-encoding", "identity").lower() != "identity":
        raise Problem("unsupported-media-type", "Verstuur de inhoud zonder Content-Encoding.")


async def read_bytes(request: Request, *, max_bytes: int) -> bytes:
    """Return the body of a request. Raises Problem: too long, too slow, broken off."""
    if _promised(request) > max_bytes:
        raise _too_large(max_bytes)
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > max_bytes:
                    raise _too_large(max_bytes)
    except TimeoutError as error:
        raise Problem("too-slow", f"De inhoud was er niet in {BODY_SECONDS:.0f} s.") from error
    except ClientDisconnect as error:
        raise Problem("malformed", "De verbinding brak voor het einde van de inhoud.") from error
    return bytes(data)


def _too_large(max_bytes: int) -> Problem:
    return Problem("too-large", f"De inhoud is langer dan {max_bytes} bytes.")


def _promised(request: Request) -> int:
    length = fields(request.scope).get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0


def _text_is_at_fault(data: bytes) -> bool:
    """Tell whether the JSON is sound but some text in it is not; sentences alone do not say."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return any(
        "\0" in text
        or any("\ud800" <= letter <= "\udfff" for letter in text)
        or not unicodedata.is_normalized("NFC", text)
        for text in _texts(value)
    )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
