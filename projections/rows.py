"""What the tables of versions hold of a thing as it is known: its own row, its words, its term."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import msgspec

from ledger.domain import sealing
from projections.batch import as_json
from projections.models import MODELS
from projections.tables import DUE, VERSION_COLUMNS, Table
from projections.things import Kind, Values, imported_label, summary_of

MAX_TEXT: Final = 100_000
"""How many characters of a thing can be searched; a longer text is found by its beginning."""


def views_of(
    kind: Kind, doc: dict[str, Any], written: dict[str, Table]
) -> Iterable[tuple[str, Values]]:
    """Give what the tables of versions hold of a thing besides its words: its own, its term."""
    own = kind.table.name
    if own in written:
        row = kind.row(doc)
        values = [row.get(name, "") for name in _own_columns(own)]
        yield own, (*values, as_json(summary_of(kind, doc, row)))
    waiting = kind.waiting(doc) if DUE.name in written else None
    if waiting is not None:
        at = waiting.due_at or (f"{waiting.due_on}T23:59:59.999999Z" if waiting.due_on else "")
        told = {**msgspec.to_builtins(waiting), **imported_label(doc)}
        summary = {kind.name: doc[kind.name], **told}
        yield DUE.name, (at, waiting.what, waiting.owner, as_json(summary))


def words_of(kind: Kind, doc: dict[str, Any]) -> Values:
    """Return how a thing is named and what it is found by."""
    words = kind.words(doc)
    source = as_json(doc["imported"]) if "imported" in doc else "{}"
    return (words.title, _sought(words.text), source)


@cache
def _own_columns(name: str) -> tuple[str, ...]:
    """Name what the table of a capability has between the columns of every version and summary."""
    [table] = [one for model in MODELS.values() for one in model.tables if one.name == name]
    return tuple(column.name for column in table.given[len(VERSION_COLUMNS) : -1])


def _sought(text: str) -> str:
    """Return a text as it can be searched: what is sealed in it says nothing."""
    return (sealing.SEAL.sub("", text) if "sealed:" in text else text)[:MAX_TEXT]
