"""Where a thing stands in the log, for a page on paper: its record, the leaf hash, a QR code.

The code leads to the proof of that record by its leaf hash, so whoever scans it later asks for
exactly what was printed: the server can give a proof of that, or none.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import segno
from markupsafe import Markup
from msgspec import Struct

from api.pages.paper import drawn
from api.pages.site import Asked, server_of
from projections.records import stored

MODULE: Final = 3
"""The side of one square of the code, in pixels."""
QUIET: Final = 4
"""The white edge that a reader of the code needs, in squares."""
GROUP: Final = 8
KEPT_CODES: Final = 512
"""How many codes of 4 kB are remembered: to choose the pattern of one takes 10 ms."""


class Proof(Struct, frozen=True):
    """A record in the log: its position, its leaf hash in groups, and where it can be proven."""

    position: int
    leaf_hash: tuple[str, ...]
    address: str
    code: Markup


def proof(asked: Asked, position: int) -> Proof:
    """Return where a record stands in the log and how to check it."""
    digest = stored(asked.connection, asked.view, position).leaf_hash.hex()
    address = f"{server_of(asked.request)}/log/{asked.chain}/proof/{digest}"
    groups = tuple(digest[at : at + GROUP] for at in range(0, len(digest), GROUP))
    return Proof(position, groups, address, drawn(code(address)))


@lru_cache(maxsize=KEPT_CODES)
def code(address: str) -> str:
    """Return an address as a QR code: SVG that is sized and coloured by attributes alone.

    It stays black on white in every theme: a reader of codes wants nothing else.
    """
    made = segno.make(address, error="m", micro=False)
    drawn_so = made.svg_inline(
        scale=MODULE, border=QUIET, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return str(drawn_so)
