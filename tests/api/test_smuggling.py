"""A request says who it is from in one way only, and has one meaning for whoever passes it on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.api.an_issuer import AUDIENCE, AnIssuer
from tests.api.doors import FOUNDER, Doors, founding, open_doors
from tests.api.test_subject_links import OPERATOR, Desk

PEOPLE = {"function": "medewerker"}
FORGED = (
    "X-Forwarded-User", "X-Forwarded-Preferred-Username", "X-Forwarded-Email", "X-Remote-User",
    "Remote-User", "X-User", "X-Auth-Request-User", "X-SSL-Client-S-DN", "X_Act_As", "X-Actor",
    "X-Person", "Proxy-Authorization",
)  # fmt: skip
"""What servers elsewhere believe of a proxy."""
TURNED = {
    "X-HTTP-Method-Override": "POST",
    "X-Method-Override": "DELETE",
    "X-Original-URL": "/v1/chains/keten/people",
    "X-Rewrite-URL": "/v1/chains/keten/people",
    "X-Forwarded-Prefix": "/elders",
}
HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /v1/health/live HTTP/1.1\r\n" + HOST
POST = b"POST /v1/chains/keten/people HTTP/1.1\r\n" + HOST
TWO_MEANINGS = {
    "no host": b"GET /v1/health/live HTTP/1.1\r\nX-A: a\r\n\r\n",
    "two hosts": GET + b"Host: elders.example\r\n\r\n",
    "two hosts that are the same": GET + HOST + b"\r\n",
    "two sessions": GET + b"Cookie: sessie=a\r\nCookie: sessie=b\r\n\r\n",
    "two keys": GET + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n",
    "two signatures": GET + b"Act-Signature: a b\r\nact-signature: c d\r\n\r\n",
    "two media types": GET + b"Content-Type: text/html\r\nContent-Type: application/json\r\n\r\n",
    "a length and pieces": POST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}{}",
    "another way of pieces": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a space in the name": GET + b"Authorization : Bearer x\r\n\r\n",
    "a folded line": GET + b"X-A: a\r\n Authorization: Bearer x\r\n\r\n",
    "lines that end otherwise": b"GET /v1/chains HTTP/1.1\nHost: 127.0.0.1\nX-A: a\n\n",
    "a field in a field": GET + b"X-A: a\rAuthorization: Bearer x\r\n\r\n",
    "a NUL": GET + b"X-A: a\0b\r\n\r\n",
}


@pytest.fixture(scope="module")
def desk(
    shared_database: str, tmp_path_factory: pytest.TempPathFactory, issuer: AnIssuer
) -> Iterator[Desk]:
    """A chain on a server in production, in which uwv-1 is p-uwv."""
    trusted = {"development": False, "issuer": issuer.url, "audience": AUDIENCE}
    with open_doors(shared_database, tmp_path_factory.mktemp("production"), **trusted) as opened:
        one = Desk(opened, issuer, "gesmokkeld")
        assert one.found().status_code == 201
        told = one.link("p-uwv", "uwv", "uwv-1", sub="beheer", **OPERATOR)
        assert told.status_code == 201, told.text
        yield one


@pytest.mark.parametrize("name", TWO_MEANINGS)
def test_a_request_with_two_meanings_is_refused(doors: Doors, name: str) -> None:
    url = urlsplit(str(doors.client.base_url))
    with socket.create_connection((url.hostname, url.port), timeout=20) as wire:
        wire.sendall(TWO_MEANINGS[name])
        assert wire.recv(65536).startswith(b"HTTP/1.1 400")


def test_a_field_behind_the_body_says_nothing(doors: Doors, chain: str) -> None:
    """Whoever stands in between looks at the head of a request alone."""
    token, before = doors.known_as(FOUNDER)["Authorization"], doors.size(chain)
    url = urlsplit(str(doors.client.base_url))
    parts = f'16\r\n{{"function": "behind"}}\r\n0\r\nAuthorization: {token}\r\n\r\n'
    head = (
        f"POST /v1/chains/{chain}/people HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    )
    for known, status in (("", b"401"), (f"Authorization: {token}\r\n", b"201")):
        with socket.create_connection((url.hostname, url.port), timeout=20) as wire:
            wire.sendall(f"{head}{known}\r\n{parts}".encode())
            assert wire.recv(65536).startswith(b"HTTP/1.1 " + status)
    assert doors.size(chain) == before + 1


def test_the_same_requests_with_one_meaning_are_answered(doors: Doors) -> None:
    url = urlsplit(str(doors.client.base_url))
    once = b"Cookie: sessie=a\r\nIdempotency-Key: b\r\nAccept: a/b\r\nAccept: c/d\r\n\r\n"
    with socket.create_connection((url.hostname, url.port), timeout=20) as wire:
        wire.sendall(GET + once)
        assert wire.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("field", FORGED)
def test_who_somebody_is_is_taken_from_no_other_field(desk: Desk, field: str) -> None:
    path, before = f"/v1/chains/{desk.chain}/people", desk.doors.size(desk.chain)
    for value in ("p-uwv", "uwv-1", f"Bearer {desk.issuer.token(sub='uwv-1')}"):
        answer = desk.doors.client.post(path, json=PEOPLE, headers={field: value})
        assert answer.status_code == 401, field
    assert desk.doors.size(desk.chain) == before
    assert desk.person("uwv-1") == 201


@pytest.mark.parametrize("field", TURNED)
def test_no_field_makes_another_request_of_it(desk: Desk, field: str) -> None:
    known = {"Authorization": f"Bearer {desk.issuer.token(sub='uwv-1')}", field: TURNED[field]}
    before = desk.doors.size(desk.chain)
    answer = desk.doors.get("/v1/health/live", headers=known)
    assert (answer.status_code, answer.json()) == (200, desk.doors.get("/v1/health/live").json())
    assert desk.doors.size(desk.chain) == before


def test_a_host_or_scheme_that_somebody_names_leads_nobody_elsewhere(doors: Doors) -> None:
    named = {
        "X-Forwarded-Host": "elders.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=elders.example;proto=https",
    }
    for path in ("/", "/aanmelden", "/v1/openapi.json", "/v1/chains"):
        assert "elders.example" not in doors.get(path, headers=named).text


def test_a_form_of_another_site_records_nothing(doors: Doors, chain: str) -> None:
    """A page elsewhere can send a form along with the cookie, but never JSON of its own."""
    path, before = f"/v1/chains/{chain}/people", doors.size(chain)
    elsewhere = {**doors.known_as(FOUNDER), "Origin": "https://elders.example"}
    for media_type in (
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
    ):  # fmt: skip
        told = {**elsewhere, "Content-Type": media_type}
        answer = doors.client.post(path, content=b'{"function": "x"}', headers=told)
        assert answer.status_code == 415
    asked = {"Origin": "https://elders.example", "Access-Control-Request-Method": "POST"}
    allowed = doors.client.options(path, headers=asked)
    assert "access-control-allow-origin" not in allowed.headers
    assert doors.size(chain) == before


# From one chain to another


def test_what_is_of_one_chain_is_not_reached_through_another(doors: Doors) -> None:
    own, other = "idor-een", "idor-twee"
    for name in (own, other):
        doors.found(name)
    body = {
        "decision": "B-1", "body": "stuurgroep", "subject": "loket", "title": "Iets van de andere",
        "chainInterest": "Van de andere keten.",
    }  # fmt: skip
    receipt = doors.post(f"/v1/chains/{other}/decisions", body).json()
    position = receipt["positions"][-1]
    assert position >= doors.size(own)
    known = doors.known_as(FOUNDER)
    for path in (
        "decisions/B-1", "audit/decision/B-1", "bundles/decision/B-1",
        f"records/{position}", f"records/{position}/raw", f"records/{position}/receipt",
    ):  # fmt: skip
        found = doors.get(f"/v1/chains/{own}/{path}", headers=known)
        assert "Iets van de andere" not in found.text, path
        assert found.status_code == 404 or found.json()["items"] == [], path
    for path in ("decisions/B-1", f"records/{position}", f"records/{position}/raw"):
        assert doors.get(f"/v1/chains/{other}/{path}", headers=known).status_code == 200
    before = doors.size(own)
    opening = doors.post(f"/v1/chains/{own}/decisions/B-1/deliberations", {})
    assert opening.status_code in (403, 404, 409)
    assert doors.post(f"/v1/chains/{other}/decisions/B-1/deliberations", {}).status_code == 201
    # Nor by naming the other chain inside: what the address says counts.
    inside = {**founding(), "chain": other}
    assert doors.post(f"/v1/chains/{own}/establishments", inside).status_code in (400, 409)
    assert doors.size(own) == before
