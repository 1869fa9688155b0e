"""What an answer was made from: the records and things that the queries behind it came upon.

For the log of reads. Every query of a read model goes through `views.fetch`, which tells here what
it found while somebody watches; a query that finds something and shows none of it is counted too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from msgspec import Struct, field

CONFIDENTIAL: Final = 3
"""The rank of rows that are made with confidential records (`scopes.RANKS`)."""


class Touched(Struct):
    """Positions of records, and things (kind, id) whose row was made with confidential ones."""

    positions: set[int] = field(default_factory=set)
    things: set[tuple[str, str]] = field(default_factory=set)

    def take(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Remember what these rows of a query tell of."""
        for row in rows:
            status = row.get("entry") or row.get("status")
            for part in (row, status if isinstance(status, dict) else {}):
                if isinstance(part.get("position"), int):
                    self.positions.add(part["position"])
            self.positions.update(row.get("positions") or ())
            if row.get("scope") == CONFIDENTIAL:
                self.things.add((row["kind"], row["id"]))


_WATCHED: ContextVar[Touched | None] = ContextVar("watched", default=None)


@contextmanager
def watching() -> Iterator[Touched]:
    """Watch the queries that this thread asks from here on."""
    touched = Touched()
    before = _WATCHED.set(touched)
    try:
        yield touched
    finally:
        _WATCHED.reset(before)


def note(rows: Iterable[Mapping[str, Any]]) -> None:
    """Tell whoever watches what a query found."""
    watched = _WATCHED.get()
    if watched is not None:
        watched.take(rows)
