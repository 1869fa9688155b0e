"""Sessions in a browser: who somebody is from page to page, and forms that are theirs alone."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from api import session
from api.session import Sessions, of
from api.tokens import Claims
from ledger.vault import KeyRefused
from tests.api.doors import Doors, open_doors

PERSON = "p-bd"
CLAIMS = Claims(issuer="https://login.example", subject=PERSON, expires=4_000_000_000)


@pytest.fixture
def visitor(doors: Doors) -> httpx.Client:
    """A browser that has not been here before."""
    with httpx.Client(base_url=doors.client.base_url, timeout=60) as client:
        yield client


def token_in(page: httpx.Response) -> str:
    found = re.search(r'name="formulier" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def sign_in(visitor: httpx.Client, chain: str, person: str = PERSON, **more: Any) -> httpx.Response:
    asked = visitor.get("/aanmelden", params={"keten": chain})
    fields = {"formulier": token_in(asked), "keten": chain, "persoon": person, **more}
    return visitor.post("/aanmelden", data=fields)


def people_url(chain: str) -> str:
    return f"/v1/chains/{chain}/people"


def test_whoever_signs_in_is_that_person_for_pages_and_api(
    visitor: httpx.Client, chain: str
) -> None:
    answer = sign_in(visitor, chain, terug=f"/ketens/{chain}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/ketens/{chain}")
    page = visitor.get(answer.headers["Location"]).text
    assert PERSON in page
    assert "Afmelden" in page
    recorded = visitor.post(people_url(chain), json={"function": "medewerker"})
    assert recorded.status_code == 201


def test_nobody_is_signed_in_unasked(visitor: httpx.Client, chain: str) -> None:
    assert "Aanmelden" in visitor.get(f"/ketens/{chain}").text
    assert visitor.post(people_url(chain), json={"function": "x"}).status_code == 401


def test_a_token_goes_before_the_session(visitor: httpx.Client, doors: Doors, chain: str) -> None:
    sign_in(visitor, chain)
    page = visitor.get(f"/ketens/{chain}", headers=doors.known_as("p-uwv")).text
    assert "p-uwv" in page


def test_a_person_whom_the_chain_does_not_have_cannot_be_chosen(
    visitor: httpx.Client, chain: str
) -> None:
    assert sign_in(visitor, chain, "niemand").status_code == 404
    assert "Aanmelden" in visitor.get(f"/ketens/{chain}").text


def test_the_cookie_is_for_this_server_alone(visitor: httpx.Client, chain: str) -> None:
    set_cookie = sign_in(visitor, chain).headers["Set-Cookie"]
    assert "HttpOnly" in set_cookie
    assert "SameSite=lax" in set_cookie
    assert "Path=/" in set_cookie


def test_signing_in_makes_a_session_that_nobody_had_before(
    visitor: httpx.Client, chain: str
) -> None:
    asked = visitor.get("/aanmelden", params={"keten": chain})
    planted, token = visitor.cookies["sessie"], token_in(asked)
    sign_in(visitor, chain)
    assert visitor.cookies["sessie"] != planted
    assert token_in(visitor.get(f"/ketens/{chain}")) != token
    with httpx.Client(base_url=visitor.base_url, cookies={"sessie": planted}) as other:
        assert "Afmelden" not in other.get(f"/ketens/{chain}").text


def test_a_session_lasts_no_longer_than_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(b"k" * 32)
    soon, past = (int(time.time()) + one for one in (60, 0))
    assert sessions.session(sessions.text(of(replace(CLAIMS, expires=soon)))) is not None
    assert sessions.session(sessions.text(of(replace(CLAIMS, expires=past)))) is None


@pytest.mark.parametrize("token", ["", "geraden"])
def test_a_form_without_the_token_of_the_session_is_refused(
    visitor: httpx.Client, chain: str, token: str
) -> None:
    visitor.get("/aanmelden", params={"keten": chain})
    fields = {"formulier": token, "keten": chain, "persoon": PERSON}
    assert visitor.post("/aanmelden", data=fields).status_code == 403
    sign_in(visitor, chain)
    assert visitor.post("/afmelden", data={"formulier": token}).status_code == 403
    assert "Afmelden" in visitor.get(f"/ketens/{chain}").text


def test_the_token_of_another_session_is_refused(
    visitor: httpx.Client, doors: Doors, chain: str
) -> None:
    with httpx.Client(base_url=doors.client.base_url) as other:
        foreign = token_in(other.get("/aanmelden", params={"keten": chain}))
    visitor.get("/aanmelden", params={"keten": chain})
    fields = {"formulier": foreign, "keten": chain, "persoon": PERSON}
    assert visitor.post("/aanmelden", data=fields).status_code == 403


def test_whoever_leaves_is_nobody_any_more(visitor: httpx.Client, chain: str) -> None:
    assert 'href="/aanmelden?terug=/"' in visitor.get("/").text
    sign_in(visitor, chain)
    token, copied = token_in(visitor.get(f"/ketens/{chain}")), dict(visitor.cookies)
    assert token_in(visitor.get("/")) == token
    left = visitor.post("/afmelden", data={"formulier": token, "terug": f"/ketens/{chain}"})
    assert (left.status_code, left.headers["Location"]) == (303, f"/ketens/{chain}")
    assert left.headers["Clear-Site-Data"] == '"cache"'
    assert "Afmelden" not in visitor.get(f"/ketens/{chain}").text
    with httpx.Client(base_url=visitor.base_url, cookies=copied, timeout=60) as thief:
        assert "Afmelden" not in thief.get(f"/ketens/{chain}").text
    sign_in(visitor, chain)
    assert "Afmelden" in visitor.get(f"/ketens/{chain}").text


@pytest.mark.parametrize("back", ["https://elders.example/", "//elders.example", "/\\elders", "x"])
def test_signing_in_leads_to_no_other_server(visitor: httpx.Client, chain: str, back: str) -> None:
    assert sign_in(visitor, chain, terug=back).headers["Location"] == "/"


def test_a_form_in_another_form_is_refused(visitor: httpx.Client) -> None:
    assert visitor.post("/aanmelden", json={"persoon": PERSON}).status_code == 415


def test_what_was_filled_in_comes_back_after_signing_in(visitor: httpx.Client, chain: str) -> None:
    place = f"/ketens/{chain}/vastleggen/PersonRegistered"
    answer = sign_in(visitor, chain, concept=place)
    assert (answer.status_code, answer.headers["Location"]) == (307, place)


def test_a_session_of_development_means_nothing_elsewhere(database: str, folder: Path) -> None:
    with open_doors(database, folder) as opened:
        opened.found("keten")
        sign_in(opened.client, "keten")
        cookie = opened.client.cookies["sessie"]
    with open_doors(database, folder, development=False) as opened:
        assert opened.client.get("/aanmelden").status_code == 401
        opened.client.cookies.set("sessie", cookie)
        assert opened.post("/v1/chains/keten/people", {}, actor="").status_code == 401


def test_a_cookie_that_was_changed_is_nobody() -> None:
    sessions = Sessions(b"k" * 32)
    text = sessions.text(of(CLAIMS))
    assert sessions.session(text).subject == PERSON
    for wrong in ("", "x", text[:-1], "A" + text[1:], text + "x", "x" * 5000):
        assert sessions.session(wrong) is None
    assert Sessions(b"l" * 32).session(text) is None


def test_a_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(b"k" * 32)
    text = sessions.text(of(CLAIMS))
    monkeypatch.setattr(session, "MAX_AGE_SECONDS", -1)
    assert sessions.session(text) is None


def test_of_a_bounded_number_it_is_kept_that_they_signed_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session, "MAX_ENDED", 2)
    sessions = Sessions(b"k" * 32)
    over, *others = (of(replace(CLAIMS, expires=until)) for until in (1, *[4_000_000_000] * 3))
    for one in (over, *others[:2]):
        sessions.end(one)
    # What is over anyhow goes first, then who signed out first.
    assert [sessions.session(sessions.text(one)) is None for one in others] == [True, True, False]
    sessions.end(others[2])
    assert [sessions.session(sessions.text(one)) is None for one in others] == [False, True, True]


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    first = Sessions.at(tmp_path)
    key = tmp_path / "session.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert Sessions.at(tmp_path).session(first.text(of(CLAIMS))) is not None
    os.chmod(key, 0o644)
    with pytest.raises(KeyRefused):
        Sessions.at(tmp_path)
