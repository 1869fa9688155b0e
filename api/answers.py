"""Answers in JSON: what a route gives back becomes bytes here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE = "application/json"
_ENCODER = msgspec.json.Encoder()


def answer(
    content: object,
    status: int = 200,
    *,
    media_type: str = MEDIA_TYPE,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer of plain values or Structs."""
    return Response(_ENCODER.encode(content), status, headers=headers, media_type=media_type)


def listing(
    request: Request,
    items: Sequence[object],
    cursor: str = "",
    *,
    more_than: int = 0,
    **pinned: object,
) -> Response:
    """Return one page of a list; `next` is where the following page is, with the same question.

    `pinned` are parameters of the question that the following pages keep as they turned out. Of a
    list that was not ranked `more_than` says how long those that are can be.
    """
    following = None
    if cursor:
        url = request.url.include_query_params(cursor=cursor, **pinned)
        following = f"{url.path}?{url.query}"
    unranked = {"moreThan": more_than} if more_than else {}
    return answer({"items": items, "next": following, **unranked})
