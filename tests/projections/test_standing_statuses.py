"""A list of what has a status shows what has it then, however that is found."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from ledger.domain.values import NotFound
from projections import scopes
from projections.listing import Wanted, listed
from projections.models import KINDS
from projections.scopes import Access
from projections.views import Conn, Page, Paging, View, look
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.projections.given import CHAIN, NOW, reading, taken_in
from tests.projections.scenes import mixed

READERS = (
    scopes.of_scopes({"public"}),
    scopes.of_scopes({"public", "chain"}),
    scopes.of_scopes({"public", "chain", "confidential"}),
    Access(rank=1, floor=1, near_rank=3, places=("body:ketenbestuur",)),
    Access(rank=2, floor=1, first=100, last=200),
)
CHECKED = ("decision", "escalation", "meeting", "action")
ALL_OF_THEM = Paging("", 200)


@pytest.fixture(scope="module")
def filled(server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        taken_in(_url(server, name), mixed())
        yield _url(server, name)
    finally:
        _run(server, DROP, name=name)


def views(connection: Conn) -> Iterator[View]:
    days = sorted({one.header.on[:10] for one in mixed()})
    for reader in READERS:
        for known_at in (None, len(mixed()) * 2 // 3, len(mixed()) // 3):
            for day in ("", days[len(days) // 2], days[-2]):
                asked = {"reader": reader, "known_at": known_at, "valid_on": day, "now": NOW}
                try:
                    yield look(connection, CHAIN, **asked)
                except NotFound:
                    continue


def ids(kind: str, page: Page) -> list[str]:
    assert not page.next
    return [one[kind] for one in page.items]


@pytest.mark.slow
@pytest.mark.parametrize("walked", [0, 300], ids=["among all", "along the list"])
def test_what_has_a_status_is_what_the_whole_list_says_has_it(
    filled: str, walked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.listing.WALKED", walked)
    seen = 0
    with reading(filled) as connection:
        for view in views(connection):
            for name in CHECKED:
                whole = listed(connection, view, ALL_OF_THEM, KINDS[name], Wanted()).items
                for status in {one["status"] for one in whole if "status" in one}:
                    wanted = Wanted(status=(status,))
                    found = listed(connection, view, ALL_OF_THEM, KINDS[name], wanted)
                    expected = [one[name] for one in whole if one.get("status") == status]
                    assert ids(name, found) == expected, (view, name, status)
                    seen += len(expected)
    assert seen > 100


REPLACED = """
    SELECT
        count(*) FILTER (WHERE e.replaced_from IS NOT NULL) AS replaced,
        count(*) FILTER (WHERE e.scope = 3) AS confidential,
        count(*) FILTER (
            WHERE e.replaced_from IS NOT NULL AND (
                e.scope = 3 OR NOT EXISTS (
                    SELECT 1 FROM read_statuses AS f
                    WHERE f.chain = e.chain AND f.kind = e.kind AND f.id = e.id
                        AND f.position = e.replaced_from AND f.occurred_at = e.replaced_at
                        AND f.scope <= e.scope
                        AND (f.occurred_at, f.position, f.number)
                            > (e.occurred_at, e.position, e.number)
                )
            )
        ) AS wrong
    FROM read_statuses AS e
"""


@pytest.mark.slow
def test_a_status_is_replaced_only_by_a_later_one_that_whoever_knows_it_may_see(
    filled: str,
) -> None:
    with reading(filled) as connection:
        [(replaced, confidential, wrong)] = connection.execute(REPLACED).fetchall()
    assert min(replaced, confidential) > 5
    assert wrong == 0
