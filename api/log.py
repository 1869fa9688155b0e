"""The log of a chain over HTTP, after C2SP tlog-tiles: what verifiers, witnesses and monitors read.

    GET /log/{chain}/checkpoint                     the newest checkpoint that its witnesses saw
    GET /log/{chain}/tile/{L}/{N}[.p/{W}]           hashes
    GET /log/{chain}/tile/entries/{N}[.p/{W}]       the records themselves
    GET /log/{chain}/key                            the verifier keys, a line each
    GET /log/{chain}/policy                         keys, witnesses and quorum, a tlog-policy
    GET /log/{chain}/proof/{position}[?size=S]      the proof of one record, a .tlog-proof
    GET /log/{chain}/proof/{leaf hash}[?size=S]     the same, by its leaf hash (64 hex digits)

Hashes, checkpoints, keys, policies and proofs are for everybody who may know of the chain. The
entries hold every record of it, whatever its scope, so only somebody who may read every scope gets
them (see `log_open.py`). What the signed
tree does not have is 404: a full tile before it is full, a width of 0 or 256, a chain that is not
signed.
These addresses are not ours to change, so they stand outside `/v1` and the OpenAPI document.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.log_open import FOR_EVER, caching, not_signed, require_entries, require_log
from api.log_policy import policy_of
from api.parameters import Parameters, as_position, in_path
from api.problems import Problem
from api.reading import Position
from api.signing import log_keys
from api.witnesses import Witnessing
from ledger.domain.values import NotFound
from ledger.log.log_key import KeyRefused, LogKey
from ledger.log.merkle import NotInTree
from ledger.log.note_keys import BadKey
from ledger.log.published import Published
from ledger.log.tiles import parse_path
from ledger.log.tree import Tree

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
REVALIDATE: Final = "no-cache"
PARTIAL: Final = ".p/"
ENTRIES: Final = "entries/"
LEAF_HASH: Final = re.compile(r"[0-9a-f]{64}")
KEY_UNREADABLE: Final = "De sleutel van dit log is nu niet te lezen."


class OfSize(Parameters):
    """For which size of the log a proof is asked; without one, the one that is published."""

    size: Position | None = None


def install(app: FastAPI) -> None:
    """Add the addresses of the logs; `app.state.tree` reads for them."""
    for path, answered in READS.items():
        _add(app, path, _endpoint(answered))
    _add(app, "proof/{position}", proof)


def _add(app: FastAPI, path: str, endpoint: Callable[..., Coroutine[Any, Any, Response]]) -> None:
    app.add_api_route(
        f"/log/{{chain}}/{path}", endpoint, include_in_schema=False, response_class=Response
    )


def _endpoint(
    answered: Callable[[Request, str], Response],
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def read(request: Request) -> Response:
        # In a thread, where waiting for the database blocks nobody.
        return await run_in_threadpool(answered, request, in_path(request, "chain"))

    return read


async def proof(request: Request, asked: Annotated[OfSize, Query()]) -> Response:
    """Answer the proof of one record, by its position or its leaf hash."""
    return await run_in_threadpool(_proof, request, in_path(request, "chain"), asked.size)


def _checkpoint(request: Request, chain: str) -> Response:
    require_log(request, chain)
    published = _published(request)
    found = published.checkpoint(chain)
    if found is not None:
        return _text(str(published.note(chain, found)))
    if _tree(request).checkpoint(chain) is None:
        raise not_signed(chain)
    raise NotFound(
        f"Het log van keten {chain} is getekend, maar nog niet door genoeg getuigen gezien."
    )


def _tile(request: Request, chain: str) -> Response:
    for_everybody = require_log(request, chain)
    below = str(request.path_params["tile"])
    data = _tree(request).tile(chain, f"tile/{below}")
    if data is None:
        raise NotFound(f"Het getekende log van keten {chain} heeft deze tegel niet.")
    entries = below.startswith(ENTRIES)
    if entries:
        require_entries(request, chain, parse_path(f"tile/{below}"))
    private = entries or not for_everybody
    return _unchanging(request, data, private=private, full=PARTIAL not in below)


def _key(request: Request, chain: str) -> Response:
    return _text("".join(f"{key}\n" for key in _log_key(request, chain).verifiers))


def _policy(request: Request, chain: str) -> Response:
    key = _log_key(request, chain)
    state = request.app.state
    return _text(str(policy_of(state.ledger, chain, key, state.settings)))


def _log_key(request: Request, chain: str) -> LogKey:
    require_log(request, chain)
    keys = log_keys(request.app.state.settings)
    if not keys.path(chain).exists():
        raise not_signed(chain)
    try:
        return keys.key(chain)
    except (KeyRefused, BadKey) as error:
        raise Problem("unavailable", KEY_UNREADABLE) from error


def _proof(request: Request, chain: str, size: int | None) -> Response:
    require_log(request, chain)
    tree, named = _tree(request), str(request.path_params["position"])
    try:
        if LEAF_HASH.fullmatch(named):
            position = tree.position(chain, bytes.fromhex(named), size)
        else:
            position = as_position(named)
        if size is None:
            return _text(_published(request).tlog_proof(chain, position))
        return _text(tree.tlog_proof(chain, position, size))
    except NotInTree as error:
        raise NotFound(str(error)) from error


READS: Final[dict[str, Callable[[Request, str], Response]]] = {
    "checkpoint": _checkpoint,
    "tile/{tile:path}": _tile,
    "key": _key,
    "policy": _policy,
}
"""What is read below a log, by its path."""


def _tree(request: Request) -> Tree:
    tree: Tree = request.app.state.tree
    return tree


def _published(request: Request) -> Published:
    witnessing: Witnessing = request.app.state.witnessing
    return witnessing.published


def _text(text: str) -> Response:
    return Response(text, headers={"Cache-Control": REVALIDATE}, media_type=TEXT)


def _unchanging(request: Request, data: bytes, *, private: bool, full: bool) -> Response:
    """Answer bytes that never change; a partial tile makes place for the full one: it is short."""
    tag = f'"{hashlib.sha256(data).hexdigest()}"'
    kept = caching(private=private, lasting=FOR_EVER if full else REVALIDATE)
    headers = {**kept, "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=BYTES)
