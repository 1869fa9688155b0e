"""The pages of decisions, escalations and agreements, whatever part of them a reader may see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from api.identity import Identity
from api.pages import agreements, bodies, decisions, escalations, site
from api.pages.as_of import AsOf
from api.pages.language import language
from api.pages.paper import printed
from api.pages.site import Asked, Screen, Standing
from api.problems import Problem
from api.settings import Settings
from ledger.domain.values import NotFound
from projections.views import Conn, look
from tests.projections.given import CHAIN, reading, taken_in
from tests.projections.scenes import everything, mixed

PUBLIC = frozenset({"public"})
PARTNER = frozenset({"public", "chain"})
ALL = frozenset({"public", "chain", "confidential"})
KINDS = {
    "decision": (
        decisions,
        "B-2006-01 B-2006-02 B-2007-04 B-2008-02 B-2008-04 B-2009-03 B-2010-02",
    ),
    "escalation": (escalations, "E-2009-01"),
    "agreement": (agreements, "CV-2008 SLA-2008-01"),
}
ITEMS = [(kind, name) for kind, (_, names) in KINDS.items() for name in names.split()]


@pytest.fixture(scope="module")
def whole(shared_database: str) -> Iterator[Conn]:
    """The demonstration chain, every record in the scope it has there."""
    taken_in(shared_database, everything())
    with reading(shared_database) as connection:
        yield connection


def asked(
    connection: Conn,
    screen: Screen,
    *,
    reader: frozenset[str] = ALL,
    query: str = "",
    **given: str,
) -> tuple[Asked, str]:
    """Return a page asked for in English by a reader, and the template it is printed on."""
    code = language("en")
    view = look(connection, CHAIN, reader=reader, speech=code.speech())
    server = FastAPI()
    server.state.settings = Settings(base_url="https://keten.example", development=True)
    scope = {
        "type": "http",
        "app": server,
        "method": "GET",
        "path": "/",
        "scheme": "http",
        "server": ("inwendig.example", 80),
        "headers": [],
        "query_string": query.encode(),
        "path_params": given,
    }
    dates = AsOf()
    person = Identity(person="somebody")
    return Asked(Request(scope), connection, view, dates, code, person), screen.template


def shown(connection: Conn, kind: str, name: str, **more: Any) -> str:
    """Return the page about a thing as it is sent."""
    screen = KINDS[kind][0].SCREENS[1]
    request, template = asked(connection, screen, **{kind: name}, **more)
    return printed_page(request, template, screen)


def listed(connection: Conn, kind: str, **more: Any) -> str:
    """Return the list of things of a kind as it is sent."""
    screen = KINDS[kind][0].SCREENS[0]
    request, template = asked(connection, screen, **more)
    return printed_page(request, template, screen)


def printed_page(request: Asked, template: str, screen: Screen) -> str:
    around = {
        "chain": CHAIN,
        "chain_name": "Testketen",
        "base": f"/ketens/{CHAIN}",
        "here": f"/ketens/{CHAIN}",
        "address_here": f"https://keten.example/ketens/{CHAIN}",
        "dates": request.as_of,
        "kept": "",
        "as_of_day": request.view.day,
        "as_of_sentence": "",
        "slider": None,
        "fields": [],
        "onward": lambda cursor: f"?vanaf={cursor}",
        "anew": f"/ketens/{CHAIN}?",
        "places": site.PLACES,
        "navigation": [],
        "standing": Standing(1, 1, "2024-01-01T00:00:00Z"),
        "person": "somebody",
        "session": None,
        "now": request.view.now,
        "recorded": None,
        # What a page offers to do is no part of what it tells.
        "acts_on": lambda *_: [],
    }
    found = screen.gather(request)
    assert isinstance(found, dict)
    return bytes(printed(template, request.language, around | found).body).decode()


@pytest.mark.parametrize(("kind", "name"), ITEMS)
def test_a_thing_of_the_demonstration_has_a_page_with_its_evidence(
    whole: Conn, kind: str, name: str
) -> None:
    page = shown(whole, kind, name)
    assert f"/v1/chains/{CHAIN}/bundles/{kind}/{name}" in page
    assert f"https://keten.example/log/{CHAIN}/proof/" in page
    assert page.count("<h1>") == 1


@pytest.mark.parametrize("reader", [PUBLIC, PARTNER, ALL], ids=["public", "chain", "everything"])
def test_who_may_see_only_some_records_gets_a_page_of_those(
    database: str, reader: frozenset[str]
) -> None:
    taken_in(database, mixed())
    with reading(database) as connection:
        found = []
        for kind, name in ITEMS:
            try:
                found.append(shown(connection, kind, name, reader=reader))
            except NotFound:
                assert reader != ALL
        for kind in KINDS:
            assert "<h1>" in listed(connection, kind, reader=reader)
        seats = [page for page in _of_every_seat(connection, reader) if "<h1>" in page]
    assert len(seats) >= 3
    assert len(found) >= len(ITEMS) // 2


def _of_every_seat(connection: Conn, reader: frozenset[str]) -> Iterator[str]:
    """Give the page of each seat, also of one of which the reader may not see how it began."""
    screen = bodies.SCREENS[2]
    for (name,) in connection.execute("SELECT DISTINCT id FROM read_links WHERE kind = 'seat'"):
        with suppress(NotFound):
            request, template = asked(connection, screen, reader=reader, seat=name)
            yield printed_page(request, template, screen)


@pytest.mark.parametrize(
    ("kind", "query", "there", "not_there"),
    [
        ("decision", "status=rejected", "B-2006-02", "B-2006-01"),
        ("decision", "overleg=stuurgroep", "B-2006-01", "B-2009-03"),
        ("decision", "onderwerp=financiering", "B-2010-02", "B-2009-03"),
        ("decision", "tekst=gestrande", "B-2006-02", "B-2009-03"),
        ("escalation", "status=closed&organisatie=cbs", "E-2009-01", "fits your choice"),
        ("escalation", "status=open", "fits your choice", "E-2009-01"),
        ("agreement", "soort=convenant", "CV-2008", "SLA-2008-01"),
        ("agreement", "partij=cbs&status=in-force", "CV-2008", "SLA-2008-01"),
    ],
)
def test_a_list_is_narrowed_by_the_address(
    whole: Conn, kind: str, query: str, there: str, not_there: str
) -> None:
    page = listed(whole, kind, query=query).split("</form>")[-1]
    assert there in page
    assert not_there not in page


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("decision", "status=onzin"),
        ("decision", "overleg=a b"),
        ("decision", "tekst=" + "a" * 201),
        ("decision", "tekst=%00"),
        ("escalation", "status=adopted"),
        ("escalation", "organisatie=/"),
        ("agreement", "soort=decision"),
        ("agreement", "status=raised"),
    ],
)
def test_what_can_be_no_choice_is_refused(whole: Conn, kind: str, query: str) -> None:
    with pytest.raises(Problem, match=query.split("=")[0]):
        listed(whole, kind, query=query)


def test_an_agreement_tells_what_differs_between_two_days(whole: Conn) -> None:
    page = shown(whole, "agreement", "CV-2008", query="van=2010-01-01&tot=2015-01-01")
    assert "version 1 held" in page
    assert "version 2 held" in page
    assert "verdelen gemeenschappelijke kosten in derden" in page.split("<ins>")[2]
    same = shown(whole, "agreement", "CV-2008", query="van=2010-01-01&tot=2011-01-01")
    assert "The same text held on both days." in same
    before = shown(whole, "agreement", "CV-2008", query="van=2000-01-01&tot=2010-01-01")
    assert "On 1 January 2000 no version held." in before


@pytest.mark.parametrize("query", ["van=gisteren&tot=2015-01-01", "tot=2015-02-30"])
def test_a_day_that_is_none_is_refused(whole: Conn, query: str) -> None:
    with pytest.raises(Problem, match="geen bestaande datum"):
        shown(whole, "agreement", "CV-2008", query=query)


def test_a_replaced_decision_says_by_which_and_the_other_says_which(whole: Conn) -> None:
    replaced = shown(whole, "decision", "B-2006-01")
    assert "This decision was replaced by" in replaced
    assert "This decision was replaced by" not in shown(whole, "decision", "B-2010-02")


def test_an_amount_reads_as_money_and_a_mandate_tells_its_ceiling(whole: Conn) -> None:
    page = shown(whole, "decision", "B-2008-04")
    assert "€18,000.00" in page
    assert "€25,000.00" in page
    assert "not needed: under a mandate" in page
