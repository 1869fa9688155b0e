"""Programs through the doors of a server in production: what their key says, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api import service_keys
from api.act_paths import IN_BRACES, PATHS
from ledger import catalogue
from ledger.domain.chain import BY_PROGRAMS
from ledger.ledger import Ledger
from ledger.log.read_log import ReadLog
from ledger.log.store import Store
from ledger.recording import Act
from tests import samples
from tests.api.doors import FOUNDER, Doors, founding, open_doors
from tests.api.programs import NOTES, Chain, bearer, day
from tests.faults.test_nothing_left import dump

NOTE = {"label": "meting", "text": "De aanlevering was op tijd."}


@pytest.fixture(scope="module")
def production(shared_database: str, data_folder: Path) -> Iterator[Doors]:
    """A server in production; no token of the issuer is needed here."""
    with open_doors(shared_database, data_folder, development=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def chain(production: Doors) -> Chain:
    """A chain of bd and uwv that is no demonstration."""
    return Chain(production)


@pytest.fixture(scope="module")
def key(chain: Chain) -> str:
    """The key of a program of bd that reads what is of the chain and notes."""
    return chain.program("lezer")


def note(chain: Chain, key: str, **more: Any) -> Any:
    return chain.post(key, "/records/1/annotations", NOTE, **more)


# The key


def test_a_key_is_256_bits_and_tells_a_slip_of_the_pen() -> None:
    key = service_keys.make()
    assert service_keys.FORM.fullmatch(key)
    assert service_keys.make() != key
    assert re.fullmatch(r"[0-9a-f]{64}", service_keys.digest_of(key))
    assert service_keys.is_meant(key)
    assert not service_keys.is_meant("eyJhbGciOiJFUzI1NiJ9.e30.x")


def test_a_program_reads_as_far_as_its_account_says(chain: Chain, key: str) -> None:
    public, secret = (
        chain.program(name, classification=most)
        for name, most in (("open", "public"), ("diep", "confidential"))
    )
    nothing = chain.program("schrijver", classification="")
    assert chain.sees(public) == {"public"}
    assert chain.sees(key) == {"public", "chain"}
    assert chain.sees(secret) == {"public", "chain", "confidential"}
    assert chain.sees(nothing) == set()
    assert chain.get(nothing).status_code == 404


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda key: f"geheim_{key[12:]}", "geen ondertekend token"),
        (lambda key: f"ketenledger_{key[12:-1]}", "geen hele sleutel"),
        (lambda key: f"{key}0", "geen hele sleutel"),
        (lambda key: key[:20] + ("x" if key[20] != "x" else "y") + key[21:], "geen hele sleutel"),
        (lambda _: service_keys.make(), "van geen dienstaccount"),
    ],
    ids=["another prefix", "too short", "too long", "one letter wrong", "of nobody"],
)
def test_a_wrong_key_is_refused_and_not_told_again(
    chain: Chain, key: str, spoil: Any, told: str
) -> None:
    wrong = spoil(key)
    answer = chain.get(wrong, "/records/1")
    assert answer.status_code == 401, answer.text
    assert told in answer.json()["detail"]
    assert wrong not in answer.text
    assert key[12:55] not in answer.text
    assert chain.get(key, "/records/1").status_code == 200


def test_a_key_is_of_one_chain(production: Doors, chain: Chain, key: str) -> None:
    other = Chain(production)
    for place in (other.base, f"{other.base}/records/1", "/v1/chains/bestaat-niet"):
        answer = production.get(place, headers=bearer(key))
        assert answer.status_code == 401, place
        assert "van geen dienstaccount" in answer.json()["detail"]
    assert note(other, key).status_code == 401
    assert production.get("/v1/chains", headers=bearer(key)).status_code == 401
    assert chain.get(key).status_code == 200


@pytest.mark.parametrize("name", ["%00", "a%20b", "%F0%9F%98%80", "a" * 300])
def test_what_can_be_no_chain_has_no_accounts(chain: Chain, key: str, name: str) -> None:
    for place in (f"/v1/chains/{name}", f"/ketens/{name}/dienstaccounts"):
        answer = chain.doors.get(place, headers=bearer(key))
        assert answer.status_code == 401, (place, answer.text)


def test_an_account_that_has_not_begun_lets_nobody_in(chain: Chain) -> None:
    late = chain.program("later", validFrom=day(2))
    answer = chain.get(late)
    assert (answer.status_code, "geldt pas vanaf" in answer.json()["detail"]) == (401, True)
    assert note(chain, late).status_code == 401


def test_an_account_whose_term_has_run_out_lets_nobody_in(
    production: Doors, shared_database: str
) -> None:
    """Recorded when it was still to run, by a ledger whose clock stands then."""
    key = service_keys.make()
    opened = {
        "type": "ServiceAccountOpened",
        "serviceAccount": "oud",
        "organisation": "bd",
        "purpose": "Meten.",
        "classification": "chain",
        "keyDigest": service_keys.digest_of(key),
        "validFrom": "2020-01-01",
        "validUntil": "2020-02-01",
    }
    with Store(shared_database) as store, Ledger(store, clock=_new_year_2020) as then:
        for body in ({"type": "ChainEstablished", **founding()}, opened):
            then.submit("verlopen", Act(event=catalogue.read_body(body), by=FOUNDER))
    for path in ("", "/records/0"):
        answer = production.get(f"/v1/chains/verlopen{path}", headers=bearer(key))
        assert answer.status_code == 401, answer.text
        assert "dienstaccount oud is verlopen per 2020-02-01" in answer.json()["detail"]


def _new_year_2020() -> datetime:
    return datetime(2020, 1, 1, 12, tzinfo=UTC)


def test_what_was_revoked_ends_with_that_very_record(chain: Chain) -> None:
    key = chain.program("kort")
    assert chain.get(key).status_code == 200
    ended = chain.doors.app.state.ledger.state(chain.name).service_accounts.all["kort"]
    assert not ended.revoked
    chain.tell("ServiceAccountRevoked", serviceAccount="kort", reason="Gestopt.")
    for answer in (chain.get(key), note(chain, key)):
        assert answer.status_code == 401
        assert "kort is ingetrokken" in answer.json()["detail"]


def test_another_key_takes_the_place_of_the_one_before(chain: Chain) -> None:
    first, second = chain.program("wissel"), service_keys.make()
    assert chain.get(second).status_code == 401
    digest = service_keys.digest_of(second)
    chain.tell("ServiceKeyReplaced", serviceAccount="wissel", keyDigest=digest, reason="Gelekt.")
    assert chain.get(first).status_code == 401
    assert chain.get(second).status_code == 200


# Recording


def test_a_program_records_once_per_key_of_the_act(chain: Chain, key: str) -> None:
    first = note(chain, key, act="meting-1")
    again = note(chain, key, act="meting-1")
    assert (first.status_code, again.status_code) == (201, 200), again.text
    assert first.json()["position"] == again.json()["position"]
    found = chain.get(key, f"/records/{first.json()['position']}", atLeast=first.json()["position"])
    assert found.json()["by"] == "lezer"
    kinds = [one["kind"] for one in found.json()["capacities"]]
    assert kinds == ["serviceAccount"]


def test_a_program_that_reads_nothing_records_and_hears_why_not(chain: Chain) -> None:
    key = chain.program("stil", classification="", eventTypes=["BottleneckSignalled"])
    told = chain.post(key, "/bottlenecks", {"subject": "De aanlevering stokt."})
    assert told.status_code == 201, told.text
    refused = note(chain, key)
    assert (refused.status_code, refused.json()["rule"]) == (403, "Y10")


def test_a_program_records_for_itself_alone(chain: Chain, key: str) -> None:
    assert note(chain, key, by="p-bd").status_code == 403
    assert note(chain, key, by="lezer").status_code == 201
    answer = note(chain, key, dryRun="true")
    assert (answer.status_code, "mensen" in answer.json()["detail"]) == (403, True)


def test_a_program_is_refused_every_other_type_there_is(chain: Chain) -> None:
    """Whatever its account names: it never votes, signs, grants, opens an account or a key."""
    key = chain.program("alles", eventTypes=sorted(BY_PROGRAMS))
    for title, path in PATHS.items():
        if title in BY_PROGRAMS:
            continue
        place = IN_BRACES.sub("1", path.replace("{chain}", chain.name))
        answer = chain.post(key, place, minimal(title))
        told = (answer.status_code, answer.json().get("rule"))
        assert told in ((403, "Y10"), (400, "G13")), (title, answer.text)
    before = chain.doors.size(chain.name)
    assert note(chain, key).status_code == 201
    assert chain.doors.size(chain.name) == before + 1


def minimal(title: str) -> dict[str, Any]:
    """Return the smallest body of a type, but for what its path says."""
    body: dict[str, Any] = msgspec.to_builtins(samples.smallest(catalogue.find(title).kind))
    named = set(IN_BRACES.findall(PATHS[title]))
    return {name: value for name, value in body.items() if name not in named | {"type"}}


def test_what_a_program_records_in_confidence_is_closed_to_itself(chain: Chain) -> None:
    key = chain.program("vertrouwelijk")
    told = note(chain, key, scope="confidential")
    assert told.status_code == 201, told.text
    place = f"/records/{told.json()['position']}"
    assert chain.get(key, place, atLeast=told.json()["position"]).status_code == 404
    office = chain.program("leest-alles", classification="confidential")
    assert NOTE["text"] in chain.get(office, place).text


# Nothing of a person


def test_a_program_is_nobody_where_persons_are_asked_for(chain: Chain) -> None:
    key = chain.program("nieuwsgierig", classification="confidential")
    assert chain.get(key, "/reads").status_code == 403
    assert chain.get(key, "/people/p-bd/data").status_code in (401, 403)
    assert chain.get(key, "/people/p-bd/erasures").status_code in (401, 403)
    page = chain.doors.get(f"/ketens/{chain.name}/inzage", headers=bearer(key))
    assert page.status_code == 403


def test_what_a_program_reads_in_confidence_is_noted_under_its_account(chain: Chain) -> None:
    key = chain.program("genoteerd", classification="confidential")
    assert chain.get(key, f"/records/{chain.positions['confidential']}").status_code == 200
    log: ReadLog = chain.doors.app.state.reads
    noted = log.noted(chain.name, before=2**53 - 1, most=50, person="genoteerd")
    assert [one for one in noted if b'"ketenledger.reader":"genoteerd"' in one.entry]


# The list and the pages


def test_the_accounts_of_a_chain_are_listed_without_anything_secret(chain: Chain, key: str) -> None:
    answer = chain.get(key, "/service-accounts", limit=100)
    found = {one["serviceAccount"]: one for one in answer.json()["items"]}
    assert found["lezer"]["eventTypes"] == NOTES
    assert (found["lezer"]["organisation"], found["lezer"]["status"]) == ("bd", "opened")
    one = chain.get(key, "/service-accounts/lezer").json()
    assert one["keyDigest"] == service_keys.digest_of(key)
    assert (one["validFrom"], one["validUntil"]) == (day(0), day(30))
    assert key not in answer.text


def test_pages_tell_of_accounts_and_of_what_their_programs_did(chain: Chain, key: str) -> None:
    assert note(chain, key, act="op-de-pagina").status_code in (200, 201)
    base = f"/ketens/{chain.name}"
    for path in ("/dienstaccounts", "/dienstaccounts/lezer"):
        page = chain.doors.get(base + path, headers=bearer(key))
        assert page.status_code == 200, page.text
        assert "Meten of het op tijd is." in page.text
    english = chain.doors.get(
        f"{base}/dienstaccounts/lezer", headers=bearer(key) | {"Cookie": "taal=en"}
    )
    assert "Service account lezer" in english.text
    there = chain.doors.get(f"{base}/personen/lezer", headers=bearer(key), follow_redirects=False)
    assert there.status_code == 303
    assert there.headers["Location"].startswith(f"{base}/dienstaccounts/lezer")


def test_a_key_is_made_for_who_is_signed_in_only(chain: Chain, key: str) -> None:
    place = f"/ketens/{chain.name}/dienstaccounts/sleutel"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    nobody = chain.doors.client.post(place, content=b"", headers=headers)
    program = chain.doors.client.post(place, content=b"", headers=headers | bearer(key))
    assert (nobody.status_code, program.status_code) == (401, 403)
    assert not re.search(r"ketenledger_[\w-]{43}", nobody.text + program.text)


# Nowhere


@pytest.mark.slow
def test_a_key_is_in_no_table_file_or_answer(
    chain: Chain, key: str, shared_database: str, data_folder: Path
) -> None:
    assert note(chain, key).status_code == 201
    stored = dump(shared_database)
    secret, known = key[len(service_keys.PREFIX) :][:43].encode(), service_keys.digest_of(key)
    # Records are dumped as bytes in hexadecimal.
    assert known.encode().hex().encode() in stored
    for form in (secret, secret.hex().encode()):
        assert form not in stored
    files = [one for one in data_folder.rglob("*") if one.is_file()]
    assert all(secret not in one.read_bytes() for one in files)
