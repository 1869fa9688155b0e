"""Signing in at an issuer with a browser: there and back once, and nobody else's way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api import code_flow
from tests.api.an_issuer import AUDIENCE, CLIENT, AnIssuer
from tests.api.doors import Doors, open_doors
from tests.api.test_subject_links import OPERATOR, Desk

CHAIN = "keten"
HOME = f"/ketens/{CHAIN}"


@pytest.fixture(scope="module")
def production(
    shared_database: str, tmp_path_factory: pytest.TempPathFactory, issuer: AnIssuer
) -> Iterator[Doors]:
    """A server in production with pages that sign in; uwv-1 is p-uwv in its chain."""
    trusted = {"development": False, "issuer": issuer.url, "audience": AUDIENCE}
    folder = tmp_path_factory.mktemp("production")
    with open_doors(shared_database, folder, client_id=CLIENT, **trusted) as opened:
        desk = Desk(opened, issuer, CHAIN)
        assert desk.found().status_code == 201
        assert desk.link("p-uwv", "uwv", "uwv-1", sub="beheer", **OPERATOR).status_code == 201
        last = opened.size(CHAIN) - 1
        assert opened.get(f"/v1/chains/{CHAIN}?atLeast={last}").status_code == 200
        yield opened


@pytest.fixture
def visitor(production: Doors) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=production.client.base_url, timeout=60) as client:
        yield client


def departed(visitor: httpx.Client, back: str = HOME) -> str:
    answer = visitor.get("/aanmelden", params={"keten": CHAIN, "terug": back})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def returned(visitor: httpx.Client, address: str, given: str, /, **changes: str) -> httpx.Response:
    [state] = parse_qs(urlsplit(address).query)["state"]
    return visitor.get("/aanmelden/terug", params={"code": given, "state": state} | changes)


def test_somebody_signs_in_at_the_issuer_and_is_the_person_linked(
    visitor: httpx.Client, issuer: AnIssuer
) -> None:
    address = departed(visitor)
    asked = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{issuer.url}/authorize?tenant=1&")
    assert (asked["scope"], asked["code_challenge_method"]) == (["openid"], ["S256"])
    answer = returned(visitor, address, issuer.code(address, sub="uwv-1"), iss=issuer.url)
    assert (answer.status_code, answer.headers["Location"]) == (303, HOME)
    assert "aanmelding" not in visitor.cookies
    page = visitor.get(HOME).text
    assert "p-uwv" in page
    assert "Afmelden" in page
    person = {"function": "medewerker"}
    assert visitor.post(f"/v1/chains/{CHAIN}/people", json=person).status_code == 201


def test_what_is_asked_of_the_issuer_goes_on_in_the_trace_of_who_signs_in(
    visitor: httpx.Client, issuer: AnIssuer
) -> None:
    address = departed(visitor)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    visitor.headers["traceparent"] = f"00-{trace}-00f067aa0ba902b7-01"
    answer = returned(visitor, address, issuer.code(address, sub="uwv-1"))
    # Our own span is what the question of the issuer comes from.
    assert issuer.traces[-1] == answer.headers["traceresponse"]
    assert issuer.traces[-1].split("-")[1] == trace


def test_somebody_who_is_linked_to_nobody_is_told_what_to_link(
    visitor: httpx.Client, issuer: AnIssuer
) -> None:
    address = departed(visitor)
    returned(visitor, address, issuer.code(address, sub="vreemd"))
    assert f"{issuer.url}|vreemd" in visitor.get(HOME).text
    assert visitor.post(f"/v1/chains/{CHAIN}/people", json={}).status_code == 401


def test_a_way_back_is_gone_once(visitor: httpx.Client, issuer: AnIssuer) -> None:
    address = departed(visitor)
    kept = visitor.cookies["aanmelding"]
    code = issuer.code(address, sub="uwv-1")
    assert returned(visitor, address, code).status_code == 303
    assert returned(visitor, address, code).status_code == 401
    # Even with the cookie put back: the issuer gives a code out once.
    visitor.cookies.set("aanmelding", kept, path="/")
    assert returned(visitor, address, code).status_code == 401


def test_the_way_of_another_browser_leads_nowhere(
    visitor: httpx.Client, production: Doors, issuer: AnIssuer
) -> None:
    with httpx.Client(base_url=production.client.base_url, timeout=60) as other:
        address = departed(other)
    code = issuer.code(address, sub="uwv-1")
    assert returned(visitor, address, code).status_code == 401
    mine = departed(visitor)
    assert returned(visitor, address, code).status_code == 401
    assert "sessie" not in visitor.cookies
    mine = departed(visitor)
    # The code of another, put in place of one's own, does not fit the verifier.
    assert returned(visitor, mine, code).status_code == 401
    assert "sessie" not in visitor.cookies


@pytest.mark.parametrize(
    "changes", [{"state": "x"}, {"state": ""}, {"code": ""}, {"iss": "https://elders.example"}]
)
def test_a_return_that_does_not_fit_is_refused(
    visitor: httpx.Client, issuer: AnIssuer, changes: dict[str, str]
) -> None:
    address = departed(visitor)
    assert returned(visitor, address, issuer.code(address), **changes).status_code == 401
    assert "sessie" not in visitor.cookies


def test_an_id_token_of_another_moment_is_refused(visitor: httpx.Client, issuer: AnIssuer) -> None:
    address = departed(visitor)
    answer = returned(visitor, address, issuer.code(address, nonce="van-gisteren"))
    assert (answer.status_code, "nonce" in answer.text) == (401, True)


def test_signing_in_makes_a_session_that_nobody_planted(
    visitor: httpx.Client, issuer: AnIssuer
) -> None:
    visitor.cookies.set("sessie", "geplant", path="/")
    address = departed(visitor)
    returned(visitor, address, issuer.code(address, sub="uwv-1"))
    first = [one.value for one in visitor.cookies.jar if one.name == "sessie"]
    assert len(set(first) - {"geplant"}) == 1
    address = departed(visitor)
    returned(visitor, address, issuer.code(address, sub="uwv-1"))
    second = [one.value for one in visitor.cookies.jar if one.name == "sessie"]
    assert set(first) != set(second)


def test_under_https_the_cookies_are_of_this_host_alone(
    shared_database: str, production: Doors, issuer: AnIssuer
) -> None:
    settings = production.app.state.settings
    secure = {"base_url": "https://keten.example", "client_id": CLIENT, "development": False}
    trusted = {"issuer": issuer.url, "audience": AUDIENCE}
    with open_doors(shared_database, settings.folder, **secure, **trusted) as opened:
        sent = opened.get("/aanmelden", params={"keten": CHAIN, "terug": HOME})
        way, address = _kept(sent, "aanmelding"), sent.headers["Location"]
        [state] = parse_qs(urlsplit(address).query)["state"]
        asked = {"code": issuer.code(address, sub="uwv-1"), "state": state}
        # A browser lets a neighbour of this host plant a cookie without the prefix.
        planted = {"Cookie": way.removeprefix("__Host-")}
        assert opened.get(code_flow.RETURN, params=asked, headers=planted).status_code == 401
        back = opened.get(code_flow.RETURN, params=asked, headers={"Cookie": way})
        assert back.status_code == 303
        session = _kept(back, "sessie")
        assert "p-uwv" in opened.get(HOME, headers={"Cookie": session}).text
        planted = {"Cookie": session.removeprefix("__Host-")}
        assert "p-uwv" not in opened.get(HOME, headers=planted).text
        gone = next(one for one in back.headers.get_list("set-cookie") if "aanmelding" in one)
        assert gone.startswith('__Host-aanmelding="";')
        assert "Secure" in gone


def _kept(answer: httpx.Response, name: str) -> str:
    """Return a cookie as a browser sends it, which takes it only in the form it must have."""
    [found] = [
        one for one in answer.headers.get_list("set-cookie") if f"{name}=" in one.partition(";")[0]
    ]
    value, *told = found.split("; ")
    assert value.startswith(f"__Host-{name}=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= {*told}
    assert not any(one.startswith("Domain") for one in told)
    return value


@pytest.mark.parametrize("back", ["https://elders.example/", "//elders.example", "/\\elders"])
def test_signing_in_leads_to_no_other_server(
    visitor: httpx.Client, issuer: AnIssuer, back: str
) -> None:
    address = departed(visitor, back)
    assert returned(visitor, address, issuer.code(address)).headers["Location"] == "/"


def test_signing_out_ends_here_and_shows_the_way_to_end_there(
    visitor: httpx.Client, issuer: AnIssuer
) -> None:
    address = departed(visitor)
    returned(visitor, address, issuer.code(address, sub="uwv-1"))
    found = re.search(r'name="formulier" value="([^"]+)"', visitor.get(HOME).text)
    assert found
    assert visitor.post("/afmelden", data={"formulier": "geraden"}).status_code == 403
    told = visitor.post("/afmelden", data={"formulier": found[1], "terug": HOME})
    assert f"{issuer.url}/end?client_id={CLIENT}" in told.text
    assert "Afmelden" not in visitor.get(HOME).text


def test_a_draft_waits_while_somebody_signs_in_beside_it(
    visitor: httpx.Client, issuer: AnIssuer
) -> None:
    place = f"{HOME}/vastleggen/PersonRegistered"
    draft = {"v.function": "secretaris", "formulier": "oud"}
    asked = visitor.post(place, data=draft)
    assert asked.status_code == 401
    assert 'name="v.function" value="secretaris"' in asked.text
    assert 'name="formulier"' not in asked.text.partition('<main id="inhoud"')[2]
    address = departed(visitor)
    returned(visitor, address, issuer.code(address, sub="uwv-1"))
    shown = visitor.post(place, data={"v.function": "secretaris"})
    assert shown.status_code < 400
    assert "secretaris" in shown.text


def test_while_the_issuer_is_silent_nobody_signs_in_and_is_told(
    shared_database: str, production: Doors, issuer: AnIssuer
) -> None:
    settings = production.app.state.settings
    silent = {"issuer": "http://127.0.0.1:1", "audience": AUDIENCE, "client_id": CLIENT}
    folder = settings.folder
    with open_doors(shared_database, folder, development=False, **silent) as opened:
        answer = opened.get("/aanmelden", params={"keten": CHAIN})
        assert answer.status_code == 503
        assert opened.get(HOME).status_code == 200
