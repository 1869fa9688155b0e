"""From a token to a person: linked on record by the partner, found without the subject in plain."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.mini_issuer import FOUND
from ledger import catalogue
from ledger.log.database import connect
from ledger.recording import Act
from tests.api.an_issuer import AUDIENCE, AnIssuer
from tests.api.doors import Doors, founding, open_doors

PERSON = {"function": "medewerker"}
SUBJECT = "uwv-7f3a"
ROWS = "SELECT chain, digest, subject_key FROM subject_links"


@pytest.fixture(scope="module")
def production(
    shared_database: str, tmp_path_factory: pytest.TempPathFactory, issuer: AnIssuer
) -> Iterator[Doors]:
    """A server in production that trusts the issuer."""
    trusted = {"development": False, "issuer": issuer.url, "audience": AUDIENCE}
    folder = tmp_path_factory.mktemp("production")
    with open_doors(shared_database, folder, **trusted) as opened:
        yield opened


def sign_in(subject: str) -> str:
    """Return an id for a sign-in that does not tell whose it is."""
    return f"in-{zlib.crc32(subject.encode())}"


class Desk:
    """Somebody at work on a server in production, with tokens of the issuer."""

    def __init__(self, doors: Doors, issuer: AnIssuer, chain: str) -> None:
        self.doors, self.issuer, self.chain = doors, issuer, chain

    def post(
        self, path: str, body: Any, *, sub: str, scope: str = "", key: str = "", **more: str
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.issuer.token(sub=sub, scope=scope)}"}
        headers |= {"Idempotency-Key": key} if key else {}
        address = f"/v1/chains/{self.chain}{path}"
        return self.doors.client.post(address, json=body, headers=headers, params=more)

    def found(self, **more: str) -> httpx.Response:
        """Found the chain."""
        asked = {"scope": FOUND, "by": "p-bd"} | more
        return self.post("/establishments", founding(), sub="beheer", **asked)

    def found_behind_doors(self) -> None:
        """Found the chain so that only its members know by which name it goes."""
        body = {"type": "ChainEstablished", **founding()}
        act = Act(event=catalogue.read_body(body), by="p-bd", act="oprichting", scope="chain")
        self.doors.app.state.ledger.submit(self.chain, act)

    def link(
        self, person: str, organisation: str, subject: str, *, sub: str, **more: str
    ) -> httpx.Response:
        body = {
            "organisation": organisation,
            "tokenSubject": f"{self.issuer.url}|{subject}",
            "signIn": sign_in(subject),
        }
        return self.post(f"/people/{person}/sign-ins", body, sub=sub, **more)

    def person(self, subject: str) -> int:
        """Register somebody as this subject; return the status."""
        return self.post("/people", PERSON, sub=subject).status_code


@pytest.fixture
def desk(production: Doors, issuer: AnIssuer, request: pytest.FixtureRequest) -> Desk:
    """The desk of a chain that was founded and in which the first of bd and uwv can sign in."""
    one = Desk(production, issuer, f"keten-{zlib.crc32(request.node.name.encode())}")
    assert one.found().status_code == 201
    for person, organisation in (("p-bd", "bd"), ("p-uwv", "uwv")):
        told = one.link(person, organisation, f"{organisation}-1", sub="beheer", **OPERATOR)
        assert told.status_code == 201, told.text
    return one


OPERATOR = {"scope": FOUND, "by": "p-bd"}


def test_founding_takes_the_permission_of_the_operator(production: Doors, issuer: AnIssuer) -> None:
    one = Desk(production, issuer, "nieuw")
    assert one.post("/establishments", founding(), sub="x", by="p-bd").status_code == 401
    assert one.post("/establishments", founding(), sub="x", scope=FOUND).status_code == 400
    assert one.found().status_code == 201
    assert one.found().status_code == 403


@pytest.mark.parametrize("name", ["%00", "a%20b", "a" * 300])
def test_in_what_can_be_no_chain_nobody_is_known(
    production: Doors, issuer: AnIssuer, name: str
) -> None:
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    assert production.get(f"/v1/chains/{name}", headers=headers).status_code in (400, 404)


def test_a_chain_is_there_for_a_stranger_before_the_read_models_know_it(
    production: Doors, issuer: AnIssuer
) -> None:
    runner = production.app.state.runner
    runner.stop()
    try:
        one = Desk(production, issuer, "zojuist-opgericht")
        assert one.found().status_code == 201
        assert production.get(f"/v1/chains/{one.chain}").status_code == 404
        assert one.found().status_code == 403
    finally:
        runner.start()


def test_a_chain_founded_out_of_sight_is_not_there_for_a_stranger(
    production: Doors, issuer: AnIssuer
) -> None:
    one = Desk(production, issuer, "uit-het-zicht")
    body = {"type": "ChainEstablished", **founding()}
    act = Act(event=catalogue.read_body(body), by="p-bd", act="oprichting", scope="confidential")
    production.app.state.ledger.submit(one.chain, act)
    refused, never = one.found(), Desk(production, issuer, "nooit").person("x")
    assert (refused.status_code, refused.json()["rule"]) == (404, "G1")
    assert never == 401


def test_the_first_sign_in_asked_for_again_under_its_key_gives_its_receipt(desk: Desk) -> None:
    one = Desk(desk.doors, desk.issuer, f"{desk.chain}-b")
    assert one.found(key="oprichting").status_code == 201
    assert one.found(key="oprichting").status_code == 200
    asked = {"sub": "beheer", "key": "eerste", **OPERATOR}
    first = one.link("p-uwv", "uwv", "uwv-1", **asked)
    again = one.link("p-uwv", "uwv", "uwv-1", **asked)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["position"] == first.json()["position"]
    other = one.link("p-uwv", "uwv", "uwv-2", **asked)
    assert (other.status_code, other.json()["rule"]) == (409, "G6")
    unused = one.link("p-uwv", "uwv", "uwv-2", **asked | {"key": "tweede"})
    assert unused.status_code == 403
    assert (one.person("uwv-1"), one.person("uwv-2")) == (201, 401)


def test_whom_a_partner_linked_is_that_person_until_unlinked(desk: Desk) -> None:
    assert (desk.person("bd-1"), desk.person("uwv-1"), desk.person("vreemd")) == (201, 201, 401)
    assert desk.link("p-uwv", "uwv", SUBJECT, sub="uwv-1").status_code == 201
    assert desk.person(SUBJECT) == 201
    ending = {"organisation": "uwv", "reason": "uit dienst"}
    told = desk.post(f"/people/p-uwv/sign-ins/{sign_in(SUBJECT)}/endings", ending, sub="uwv-1")
    assert told.status_code == 201, told.text
    assert desk.person(SUBJECT) == 401
    assert desk.person("uwv-1") == 201


def test_the_list_of_chains_holds_those_where_one_is_somebody(
    production: Doors, issuer: AnIssuer
) -> None:
    own, other = (Desk(production, issuer, f"besloten-{n}") for n in (1, 2))
    for one in (own, other):
        one.found_behind_doors()
    assert own.link("p-uwv", "uwv", "uwv-9", sub="beheer", **OPERATOR).status_code == 201
    last = production.app.state.ledger.state(own.chain).size - 1
    for one in (own, other):
        assert production.app.state.runner.wait(one.chain, last if one is own else 0, 60)

    def listed(subject: str) -> set[str]:
        known = {"Authorization": f"Bearer {issuer.token(sub=subject)}"} if subject else {}
        found = production.get("/v1/chains?limit=200", headers=known)
        page = production.get("/", headers=known)
        assert (found.status_code, page.status_code) == (200, 200)
        both = {own.chain, other.chain}
        chains = both & {one["chain"] for one in found.json()["items"]}
        assert chains == {name for name in both if f"/ketens/{name}" in page.text}
        return chains

    assert (listed(""), listed("vreemd"), listed("uwv-9")) == (set(), set(), {own.chain})
    ending = {"organisation": "uwv", "reason": "uit dienst"}
    ended = f"/people/p-uwv/sign-ins/{sign_in('uwv-9')}/endings"
    assert own.post(ended, ending, sub="uwv-9").status_code == 201
    assert listed("uwv-9") == set()


def test_a_person_of_one_chain_is_nobody_in_another(desk: Desk, issuer: AnIssuer) -> None:
    other = Desk(desk.doors, issuer, f"{desk.chain}-b")
    assert other.found().status_code == 201
    assert other.person("bd-1") == 401
    assert desk.person("bd-1") == 201


def test_a_partner_links_nobody_of_another(desk: Desk) -> None:
    assert desk.link("p-bd", "uwv", "spook", sub="uwv-1").status_code == 409
    assert desk.link("p-bd", "bd", "spook", sub="uwv-1").status_code == 403
    assert desk.person("spook") == 401


def test_the_operator_links_the_first_of_a_partner_and_records_nothing_else(desk: Desk) -> None:
    assert desk.link("p-uwv", "uwv", "beheer", sub="beheer", **OPERATOR).status_code == 403
    assert desk.link("p-bd", "bd", "beheer", sub="beheer", **OPERATOR).status_code == 403
    assert desk.post("/people", PERSON, sub="beheer", **OPERATOR).status_code == 403
    as_uwv = {"scope": FOUND, "by": "p-uwv"}
    assert desk.link("p-uwv", "uwv", "beheer", sub="beheer", **as_uwv).status_code == 403
    assert desk.person("beheer") == 401


def test_a_sign_in_of_two_people_is_refused_and_told(desk: Desk) -> None:
    assert desk.post("/people", {"person": "p-2"}, sub="uwv-1").status_code == 201
    body = {
        "organisation": "uwv",
        "tokenSubject": f"{desk.issuer.url}|uwv-1",
        "signIn": "dubbel",
    }
    assert desk.post("/people/p-2/sign-ins", body, sub="uwv-1").status_code == 201
    told = desk.post("/people", PERSON, sub="uwv-1")
    assert (told.status_code, "meer dan één persoon" in told.text) == (403, True)


@pytest.mark.parametrize("subject", ["uwv-1", "https://x", "ftp://x|y", "https://x|a b", "", 7])
def test_what_can_be_no_sign_in_is_refused(desk: Desk, subject: object) -> None:
    body = {"organisation": "uwv", "tokenSubject": subject}
    answer = desk.post("/people/p-uwv/sign-ins", body, sub="uwv-1")
    assert (answer.status_code, answer.json()["rule"]) == (400, "G13")


def test_the_subject_stands_nowhere_in_plain_and_goes_with_its_value(
    desk: Desk, shared_database: str
) -> None:
    assert desk.link("p-uwv", "uwv", SUBJECT, sub="uwv-1").status_code == 201
    assert desk.person(SUBJECT) == 201
    with connect(shared_database) as conn:
        rows = [one for one in conn.execute(ROWS).fetchall() if one["chain"] == desk.chain]
        assert len(rows) == 3
        assert SUBJECT not in str(rows)
        [record] = desk.doors.app.state.ledger.records(
            desk.chain, desk.doors.app.state.ledger.state(desk.chain).people.linked_at, 1
        )
        assert SUBJECT.encode() not in record.data
        conn.execute("DELETE FROM disclosures WHERE chain = %(chain)s", {"chain": desk.chain})
        conn.commit()
        left = [one for one in conn.execute(ROWS).fetchall() if one["chain"] == desk.chain]
    assert left == []
    assert desk.person(SUBJECT) == 401


def test_rows_that_are_missing_are_made_anew(
    desk: Desk, shared_database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert desk.person("uwv-1") == 201
    with connect(shared_database) as conn:
        conn.execute("DELETE FROM subject_links WHERE chain = %(chain)s", {"chain": desk.chain})
        conn.commit()
    settings = desk.doors.app.state.settings
    trusted = {"development": False, "issuer": settings.issuer, "audience": AUDIENCE}
    with open_doors(shared_database, settings.folder, **trusted) as again:
        assert Desk(again, desk.issuer, desk.chain).person("uwv-1") == 201
