"""Sealed texts as readers find them: opened for who may see the record in which they were sealed.

A read model holds what the record holds: of a confidential text its seal. The text itself is
nowhere kept in the clear; it is opened when it is told, so that what was erased is gone everywhere
at once. Whoever may not see it, or where it is gone, finds in its place why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from textwrap import shorten
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace
from psycopg.sql import SQL

from ledger import catalogue
from ledger.domain import sealing
from ledger.domain.events.memory import RecordCorrected
from ledger.domain.sealing import SEAL
from ledger.domain.values import Event
from projections import scopes
from projections.things import Seen
from projections.views import Conn, View, fetch
from projections.words import word

CLOSED: Final = "[verzegeld]"
ERASED: Final = "[gewist op grond van: {ground}]"
TITLE_WIDTH: Final = 80

T = TypeVar("T")

# What was sealed in a record that this reader may see is open to them, wherever else it stands; the
# log of reads counts it as read there (see `touched.py`).
SEALED_IN = SQL("""
    SELECT d.digest, t.position IS NOT NULL AS open, t.position
    FROM disclosures AS d
    LEFT JOIN read_records AS t ON t.chain = d.chain AND t.position = d.position AND {visible}
    WHERE d.chain = %(chain)s AND d.digest = ANY(%(digests)s::text[])
""").format(visible=scopes.entry("t"))

GONE = SQL("""
    SELECT e.digest, e.ground
    FROM erasures AS e
    WHERE e.chain = %(chain)s AND e.digest = ANY(%(digests)s::text[])
""")


def records(connection: Conn, view: View, rows: Iterable[bytes]) -> list[Seen]:
    """Read records that the reader may see, with their sealed texts opened."""
    given = [bytes(data) for data in rows]
    found = [Seen(one.body, one.header) for one in map(catalogue.decode, given)]
    sealed = [at for at, data in enumerate(given) if b"sealed:" in data]
    digests: set[str] = set()
    for at in sealed:
        _changed(found[at].event, lambda text: _noted(text, digests))
    own = {one for at in sealed for one in _own(found[at])}
    known = _texts(connection, view, digests, own)
    for at in sealed:
        event = _changed(found[at].event, lambda text: _in_text(text, known))
        found[at] = Seen(event, found[at].header)
    return found


def texts(connection: Conn, view: View, found: T) -> T:
    """Return rows of a read model, or any part of them, with their sealed texts opened."""
    # Nearly always nothing is sealed, which is seen sooner in all of it written out.
    if b"sealed:" not in msgspec.json.encode(found):
        return found
    digests: set[str] = set()
    _walked(found, lambda text: _noted(text, digests))
    if not digests:
        return found
    known = _texts(connection, view, digests, frozenset())
    opened: T = _walked(found, lambda text: _in_text(text, known))
    return opened


def titles(connection: Conn, view: View, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with their titles opened; a title made of a longer text is its beginning."""
    sealed = [row for row in rows if "sealed:" in (row["title"] or "")]
    for row, title in zip(
        sealed, texts(connection, view, [row["title"] for row in sealed]), strict=True
    ):
        row["title"] = shorten(title, TITLE_WIDTH, placeholder="…")
    return rows


def erased_on(ground: str) -> str:
    """Return what stands where a text was, before it was erased on this ground."""
    return ERASED.format(ground=word(ground))


def _texts(
    connection: Conn, view: View, digests: Collection[str], own: Collection[str]
) -> dict[str, str]:
    """Return what stands for these digests; one of which nothing is known is left out.

    `own` are those in confidential records that the reader sees, the others are looked up.
    """
    if not digests:
        return {}
    asked = view.parameters(digests=sorted(digests))
    there = {row["digest"]: row["open"] for row in fetch(connection, SEALED_IN, asked)}
    open_ = {digest for digest in digests if there.get(digest) or digest in own}
    found = dict.fromkeys({*there, *own}, CLOSED)
    gone = {"chain": view.chain, "digests": sorted(digests)}
    for row in fetch(connection, GONE, gone):
        found[row["digest"]] = erased_on(row["ground"])
    if open_ and view.opener is not None:
        found |= view.opener(view.chain, sorted(open_))
    return found


def _own(seen: Seen) -> Iterable[str]:
    """Give what is sealed in this very record; a quote or a title may hold any seal."""
    texts = sealing.texts(seen.event) if seen.header.scope == "confidential" else ()
    return filter(None, (sealing.sealed_as(text) for _, text in texts))


def _changed(event: Event, change: Callable[[str], str]) -> Event:
    """Return an event with its texts changed; nothing else in it is ever opened.

    Other fields have a form of their own, which a text put there would break for every reader.
    """
    event = sealing.mapped(event, lambda _, text: change(text))
    return replace(event, was=change(event.was)) if isinstance(event, RecordCorrected) else event


def _noted(text: str, digests: set[str]) -> str:
    digests.update(SEAL.findall(text))
    return text


def _in_text(text: str, known: Mapping[str, str]) -> str:
    whole = SEAL.fullmatch(text)
    if whole:
        return known.get(whole[1], CLOSED)
    return SEAL.sub(lambda found: known.get(found[1], found[0]), text)


def _walked(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value) if "sealed:" in value else value
    if isinstance(value, dict):
        return {name: _walked(one, change) for name, one in value.items()}
    if isinstance(value, list):
        return [_walked(one, change) for one in value]
    return value
