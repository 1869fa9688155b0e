"""A key from the page, the account from a form, and a program that uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from typer.testing import CliRunner

from api import service_keys
from api.cli import app
from tests.api.doors import Doors
from tests.api.programs import bearer, day
from tests.api.test_forms import plain, record, send
from tests.api.test_session import sign_in, token_in

KEY = re.compile(rf"<code>({service_keys.FORM.pattern})</code>")
ACCOUNT = {
    "serviceAccount": "meter",
    "organisation": "bd",
    "purpose": "Meet of de aanlevering op tijd is.",
    "classification": "chain",
    "eventTypes.0": "EventAnnotated",
}


@pytest.fixture
def visitor(doors: Doors, chain: str) -> Iterator[httpx.Client]:
    """A browser in which p-bd has signed in."""
    with httpx.Client(base_url=doors.client.base_url, timeout=60) as client:
        sign_in(client, chain)
        yield client


def made(visitor: httpx.Client, chain: str) -> httpx.Response:
    """Press the button that makes a key."""
    base = f"/ketens/{chain}/dienstaccounts"
    return visitor.post(f"{base}/sleutel", data={"formulier": token_in(visitor.get(base))})


def test_a_key_is_shown_once_and_its_digest_goes_along_to_the_form(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    page = made(visitor, chain)
    found = KEY.search(page.text)
    assert page.status_code == 200, plain(page)
    assert found, page.text
    key, digest = found[1], service_keys.digest_of(found[1])
    assert page.headers["Cache-Control"] == "no-store"
    again = KEY.search(made(visitor, chain).text)
    assert again
    assert again[1] != key

    place = f"/ketens/{chain}/vastleggen/ServiceAccountOpened?keyDigest={digest}"
    assert place in page.text
    form = visitor.get(place)
    assert digest in form.text
    wanted = ACCOUNT | {"keyDigest": digest, "validFrom": day(0), "validUntil": day(30)}
    tried = send(visitor, form, wanted, doe="bekijk")
    assert "Dienstaccount meter" in plain(tried)
    kept = send(visitor, form, wanted, doe="vast")
    assert kept.status_code == 303
    assert kept.headers["Location"].startswith(f"/ketens/{chain}/dienstaccounts/meter?")

    note = {"label": "meting", "text": "Op tijd."}
    url = f"/v1/chains/{chain}/records/1/annotations"
    answer = doors.client.post(url, json=note, headers=bearer(key))
    assert answer.status_code == 201, answer.text
    doors.until(f"/v1/chains/{chain}", 200, atLeast=answer.json()["position"])
    shown = visitor.get(f"/ketens/{chain}/dienstaccounts/meter")
    assert "Op tijd." in plain(shown)
    assert key not in shown.text
    assert "serviceAccount=meter&amp;keyDigest=" in made(visitor, chain).text


def test_the_account_is_ended_from_its_page(
    doors: Doors, visitor: httpx.Client, chain: str
) -> None:
    key = service_keys.make()
    own = {"keyDigest": service_keys.digest_of(key), "validFrom": day(0), "validUntil": day(30)}
    assert record(visitor, chain, "ServiceAccountOpened", ACCOUNT | own).status_code == 303
    here = f"/v1/chains/{chain}"
    doors.until(here, 200, atLeast=doors.size(chain) - 1)
    assert doors.get(here, headers=bearer(key)).status_code == 200
    page = visitor.get(f"/ketens/{chain}/dienstaccounts/meter")
    assert f"/ketens/{chain}/vastleggen/ServiceAccountRevoked?serviceAccount=meter" in page.text
    ended = {"serviceAccount": "meter", "reason": "Niet meer nodig."}
    assert record(visitor, chain, "ServiceAccountRevoked", ended).status_code == 303
    assert doors.get(here, headers=bearer(key)).status_code == 401


def test_a_key_is_made_from_a_page_of_ones_own_alone(visitor: httpx.Client, chain: str) -> None:
    place = f"/ketens/{chain}/dienstaccounts/sleutel"
    for fields in ({}, {"formulier": "van-een-ander"}):
        answer = visitor.post(place, data=fields or {"x": "y"})
        assert answer.status_code == 403
        assert not KEY.search(answer.text)


def test_the_command_line_makes_a_key_that_is_whole() -> None:
    told = CliRunner().invoke(app, ["service-key", "--json"])
    assert told.exit_code == 0, told.output
    key, digest = re.findall(r'"(ketenledger_[\w-]+|[0-9a-f]{64})"', told.output)
    assert service_keys.FORM.fullmatch(key)
    assert service_keys.digest_of(key) == digest
