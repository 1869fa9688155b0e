"""Lists of things whose state also depends on the day of asking, such as an action that is overdue.

What time alone brings is recorded a moment later than it happens, and was not recorded yet in an
earlier view. So it is reckoned for every row that is read, and only then chosen by.
"""

from __future__ import annotations

from collections.abc import Callable

from projections.listing import Wanted, listed
from projections.things import Kind
from projections.views import MAX_LIMIT, Conn, Doc, Page, Paging, View, cursor

Reckon = Callable[[Doc], None]
Keep = Callable[[Doc], bool]


def reckoned(
    connection: Conn,
    view: View,
    paging: Paging,
    kind: Kind,
    wanted: Wanted,
    *,
    reckon: Reckon,
    keep: Keep | None = None,
) -> Page:
    """Return a page of the things that are kept once `reckon` has brought each up to the day.

    Without `keep` all are. With it rows are read on until the page is full, so `wanted` should
    already leave out most of what is not kept.
    """
    if keep is None:
        found = listed(connection, view, paging, kind, wanted)
        for item in found.items:
            reckon(item)
        return found
    kept: list[Doc] = []
    asked = Paging(paging.cursor, MAX_LIMIT)
    while True:
        part = listed(connection, view, asked, kind, wanted)
        for item in part.items:
            reckon(item)
        kept += filter(keep, part.items)
        if len(kept) > paging.size:
            last = kept[paging.size - 1]
            return Page(kept[: paging.size], cursor(last["positions"][0], last[kind.name]))
        if not part.next:
            return Page(kept)
        asked = Paging(part.next, MAX_LIMIT)
