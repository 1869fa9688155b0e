"""A chain's life as readers find it: taken into the read models, and asked about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from ledger.domain.values import Event
from ledger.sealed import opened
from projections.views import MAX_LIMIT, Conn, Doc, Page, Paging, View, look
from tests.domain.given import Life, Result
from tests.projections.given import CHAIN, EVERYTHING, reading, taken_in

ALL = Paging("", MAX_LIMIT)


class Shown:
    """What readers are told of one life; asked at the moment at which that life stands."""

    def __init__(self, connection: Conn, life: Life) -> None:
        self.connection = connection
        self.life = life
        self._texts = {one.digest: opened(one.text).value for one in life.disclosures}

    def view(
        self,
        *,
        known_at: int | None = None,
        valid_on: str = "",
        now: str = "",
        reader: frozenset[str] = EVERYTHING,
    ) -> View:
        """Return a view; `now` is the moment of asking, or a day."""
        asked = f"{now}T12:00:00.000000Z" if len(now) == 10 else now
        return look(
            self.connection,
            CHAIN,
            reader=reader,
            known_at=known_at,
            valid_on=valid_on,
            now=asked or self.life.now,
            opener=self._opened,
        )

    def _opened(self, _: str, digests: Collection[str]) -> dict[str, str]:
        return {one: self._texts[one] for one in digests if one in self._texts}

    def item(self, query: Callable[[Conn, View, str], Doc], name: str, **asof: Any) -> Doc:
        """Return one thing in full."""
        return query(self.connection, self.view(**asof), name)

    def page(
        self,
        query: Callable[..., Page],
        *,
        paging: Paging = ALL,
        asof: dict[str, Any] | None = None,
        **filters: str,
    ) -> Page:
        """Return a page of a list; without more, all of it."""
        return query(self.connection, self.view(**(asof or {})), paging, **filters)

    def ids(self, query: Callable[..., Page], kind: str, /, **more: Any) -> list[str]:
        """Return the ids of the things in a list."""
        return [one[kind] for one in self.page(query, **more).items]

    def position(self, kind: type[Event]) -> int:
        """Return the position of the last record of a type."""
        found = [one.header.position for one in self.life.entries if type(one.event) is kind]
        return found[-1]


@contextmanager
def shown(database: str, life: Life | Result) -> Iterator[Shown]:
    """Take a life into the read models, to look at it."""
    lived = life if isinstance(life, Life) else life.life
    taken_in(database, lived.entries)
    with reading(database) as connection:
        yield Shown(connection, lived)
