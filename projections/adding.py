"""The two most common ways in which a record adds to a document: an entry in a list, a link."""

from __future__ import annotations

from typing import Any

from ledger.domain.values import Header
from projections.things import Fold, fields, stamp
from projections.views import Doc


def appended(name: str, *names: str) -> Fold:
    """Return a fold that adds these fields of an event, with its stamp, to the list `name`."""

    def fold(doc: Doc, event: Any, header: Header) -> None:
        doc.setdefault(name, []).append({**fields(event, *names), **stamp(header)})

    return fold


def linked(name: str, field: str) -> Fold:
    """Return a fold that notes in the list `name` which other thing spoke of this one."""

    def fold(doc: Doc, event: Any, _header: Header) -> None:
        found: list[str] = doc.setdefault(name, [])
        if getattr(event, field) not in found:
            found.append(getattr(event, field))

    return fold
