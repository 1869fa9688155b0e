"""Shortcuts on the page of a thing: what its reader may do with it now, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from api.act_paths import PATHS
from api.demo_chain import told
from api.pages.act_shapes import shape
from api.pages.acts_here import ENDS, OFFERED, THINGS, over
from ledger import catalogue
from ledger.domain.chain import ChainState
from tests.api.doors import Doors
from tests.api.test_forms import opened, plain, proposed
from tests.api.test_session import sign_in


@pytest.fixture
def visitor(doors: Doors, chain: str) -> Iterator[httpx.Client]:
    """A browser in which p-bd has signed in."""
    with httpx.Client(base_url=doors.client.base_url, timeout=60) as client:
        sign_in(client, chain)
        yield client


@pytest.fixture(scope="module")
def story() -> ChainState:
    """Where the demonstration ends."""
    return told().state


def offered(visitor: httpx.Client, doors: Doors, chain: str, path: str) -> list[str]:
    """Return the event types that the page of a thing offers."""
    page = visitor.get(f"/ketens/{chain}/{path}", params={"na": doors.size(chain) - 1})
    assert page.status_code == 200, plain(page)
    return re.findall(r"/vastleggen/(\w+)\?", page.text)


def test_every_shortcut_leads_to_a_form_that_has_the_thing() -> None:
    assert set(OFFERED) == set(THINGS)
    for kind, acts in OFFERED.items():
        for act in acts:
            assert act.type in PATHS
            assert kind in {one.name for one in shape(catalogue.find(act.type).kind)}


def test_a_proposal_offers_to_open_it_and_an_open_one_to_vote(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    proposed(visitor, chain, "B-1")
    opened(visitor, chain, "B-2")
    first = offered(visitor, doors, chain, "besluiten/B-1")
    assert "DeliberationOpened" in first
    assert "VoteCast" not in first
    assert "VoteCast" in offered(visitor, doors, chain, "besluiten/B-2")


def test_the_vote_is_filled_in_with_the_seat_of_the_reader(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    opened(visitor, chain)
    asked = {"na": doors.size(chain) - 1}
    page = visitor.get(f"/ketens/{chain}/besluiten/B-1", params=asked).text
    assert "VoteCast?decision=B-1&amp;seat=stuurgroep-bd" in page


def test_nothing_is_offered_to_whom_it_is_not_for(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    opened(visitor, chain)
    doors.post(f"/v1/chains/{chain}/people", {"person": "p-nieuw", "function": "stagiair"})
    with httpx.Client(base_url=visitor.base_url, timeout=60) as other:
        assert offered(other, doors, chain, "besluiten/B-1") == []
        sign_in(other, chain, "p-nieuw")
        assert offered(other, doors, chain, "besluiten/B-1") == []


def test_nothing_is_offered_on_a_page_of_another_moment(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    opened(visitor, chain)
    position = doors.size(chain) - 1
    path = f"besluiten/B-1?bekend_op={position}"
    page = visitor.get(f"/ketens/{chain}/{path}&na={position}")
    assert page.status_code == 200
    assert "/vastleggen/VoteCast" not in page.text


def test_a_party_is_offered_to_sign_for_itself_until_it_did(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    body = {"agreement": "A-1", "kind": "convenant", "title": "Convenant",
            "parties": ["bd", "uwv"], "validFrom": "2026-01-01", "text": "Samen."}  # fmt: skip
    asked = doors.post(f"/v1/chains/{chain}/agreements", body)
    assert asked.status_code == 201, asked.text
    page = visitor.get(f"/ketens/{chain}/afspraken/A-1", params={"na": doors.size(chain) - 1})
    assert "AgreementSigned?agreement=A-1&amp;organisation=bd&amp;version=1" in page.text
    url = f"/v1/chains/{chain}/agreements/A-1/signatures"
    assert doors.post(url, {"organisation": "bd", "version": 1}).status_code == 201
    assert "AgreementSigned" not in offered(visitor, doors, chain, "afspraken/A-1")


def test_an_access_is_supported_by_a_second_partner_and_withdrawn_by_those_two_alone(
    doors: Doors,
) -> None:
    chain = f"keten-{uuid4().hex[:8]}"
    doors.found(chain, "bd", "uwv", "cbs")
    today = datetime.now(UTC).date()
    base = f"/v1/chains/{chain}"

    def told(path: str, body: dict[str, str], actor: str) -> None:
        assert doors.post(base + path, body, actor=actor).status_code == 201

    def offered_to(person: str) -> set[str]:
        asked = {"na": doors.size(chain) - 1}
        page = doors.get(f"/ketens/{chain}/toegang/T-1", params=asked, headers=doors.acting(person))
        assert page.status_code == 200, page.text
        return set(re.findall(r"/vastleggen/(\w+)\?", page.text))

    told("/people", {"person": "reviewer", "function": "van buiten"}, "p-bd")
    proposal = {
        "review": "T-1",
        "organisation": "bd",
        "reviewer": "reviewer",
        "commission": "Rekenkamer",
        "classification": "chain",
        "validFrom": today.isoformat(),
        "validUntil": (today + timedelta(days=30)).isoformat(),
        "reason": "Onderzoek.",
    }
    told("/reviews", proposal, "p-bd")
    assert offered_to("p-bd") == {"ReviewAccessWithdrawn"}
    assert offered_to("p-uwv") == offered_to("p-cbs") == {"ReviewAccessSupported"}
    told("/reviews/T-1/supports", {"organisation": "uwv"}, "p-uwv")
    assert offered_to("p-bd") == offered_to("p-uwv") == {"ReviewAccessWithdrawn"}
    assert offered_to("p-cbs") == set()
    assert offered_to("reviewer") == {"EvidenceRequested"}
    for person, proposes in (("p-cbs", True), ("reviewer", False), ("", False)):
        page = doors.get(f"/ketens/{chain}/toegang", headers=doors.acting(person)).text
        assert ("vastleggen/ReviewAccessProposed" in page) is proposes, person
    refused = {"organisation": "cbs", "reason": "Liever niet."}
    answer = doors.post(f"{base}/reviews/T-1/withdrawals", refused, actor="p-cbs")
    assert (answer.status_code, answer.json()["rule"]) == (409, "T10")


def test_a_seat_that_is_taken_is_offered_to_leave_and_not_to_fill(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    seat = offered(visitor, doors, chain, "zetels/stuurgroep-bd")
    assert "SeatVacated" in seat
    assert "SeatAssigned" not in seat


@pytest.mark.parametrize(
    ("kind", "name", "last", "first"),
    [
        ("mandate", "MD-2008-03", "2009-12-31", "2010-01-01"),
        ("authority", "DM-2007-01", "2013-06-30", "2013-07-01"),
        ("body", "stuurgroep", "2007-08-26", "2007-08-27"),
    ],
)
def test_nothing_can_be_done_with_what_is_over(
    story: ChainState, kind: str, name: str, last: str, first: str
) -> None:
    thing = THINGS[kind](story)[name]
    assert not over(kind, thing, last)
    assert over(kind, thing, first)


def test_where_a_thing_ends_is_known_of_kinds_that_are_offered(story: ChainState) -> None:
    assert set(ENDS) <= set(OFFERED)
    for kind, field in ENDS.items():
        assert all(isinstance(getattr(one, field), str) for one in THINGS[kind](story).values())
