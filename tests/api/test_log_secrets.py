"""Nothing secret and nobody's name ends up in the log or in the answer to what went wrong."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi.routing import APIRoute

from api import access_log, service_keys
from api.access_log import BLOT, blotted
from api.settings import Settings
from api.workplace import opened
from ledger.log.database import connect
from ledger.log.store import StoreUnavailable
from tests.api.doors import Doors, open_doors
from tests.api.logs import logged
from tests.api.programs import bearer, day

NAME = "Willemijn Achternaam"
SECRET = "hunter2-is-geen-wachtwoord"
PERSON = "p-willemijn"
KEY = service_keys.make()
DATABASE = f"postgresql://iemand:{SECRET}@127.0.0.1:9/niets?connect_timeout=1"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged as the server logs it, the libraries included."""
    written = io.StringIO()
    asking = logging.getLogger("httpx")
    asking.disabled = True  # the caller's own lines
    with logged(written):
        yield written
    asking.disabled = False


@pytest.fixture
def watched(log: io.StringIO, database: str, folder: Path) -> Iterator[Doors]:
    with open_doors(database, folder) as doors:

        async def crash() -> None:
            raise psycopg.errors.UniqueViolation(
                f"duplicate key\nDETAIL:  Key (name)=({NAME}) already exists."
            )

        doors.app.router.routes.insert(0, APIRoute("/v1/crash/{person}", crash))
        doors.found("keten")
        yield doors


def odd_requests(doors: Doors) -> list[httpx.Response]:
    """Send what people and attackers may send, with a name or a secret everywhere it can stand."""
    as_name = {"name": NAME}
    signed_in = {**doors.known_as(PERSON)}
    cookie = {"Cookie": f"sessie={SECRET}; taal=nl"}
    people = "/v1/chains/keten/people"
    return [
        doors.get("/v1/chains", headers={"Authorization": f"Bearer {SECRET}"}),
        doors.get("/v1/chains", headers={"Authorization": f"Basic {SECRET}"}),
        doors.get("/v1/chains/keten", headers={"Authorization": f"Bearer {KEY}"}),
        doors.get("/v1/chains", headers=cookie),
        doors.get(f"/v1/chains/{SECRET}/people/{PERSON}", headers=signed_in),
        doors.get(f"/v1/chains/{SECRET}", headers={"Authorization": "Bearer x"}),
        doors.client.post(f"/v1/chains/{SECRET}/people", content="{}", headers=signed_in),
        doors.get(f"/v1/chains/keten/people/{PERSON}", headers=signed_in),
        doors.get("/v1/chains/keten/search", params={"text": NAME}, headers=signed_in),
        doors.get(f"/{NAME}", headers=signed_in),
        doors.client.post(people, json=as_name | {"function": "chef"}, headers=signed_in),
        doors.client.post(people, content=f'{{"name": "{NAME}"', headers=signed_in),
        doors.client.post("/afmelden", data={"formulier": SECRET, "wie": NAME}, headers=cookie),
        doors.client.post("/taal", data={NAME: SECRET, "a": "1", "b": "2", "c": "3", "d": "4"}),
        doors.get(f"/v1/crash/{PERSON}", headers=signed_in),
    ]


def test_the_log_holds_no_secret_no_name_and_no_person(watched: Doors, log: io.StringIO) -> None:
    answers = odd_requests(watched)
    access_log.flush()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert sum(line["event"] == "request" for line in lines) >= len(answers)
    assert any(line.get("status") == 500 for line in lines)
    assert any(line.get("chain") == "keten" for line in lines)
    tokens = [watched.known_as(person)["Authorization"][7:] for person in (PERSON, "p-bd")]
    for secret in (NAME, NAME.split()[1], SECRET, PERSON, "p-bd", KEY[:55], *tokens):
        assert secret not in log.getvalue()


def test_a_line_names_the_account_of_a_program_and_never_its_key(
    watched: Doors, log: io.StringIO
) -> None:
    account = {
        "serviceAccount": "meter",
        "organisation": "bd",
        "purpose": "Meten.",
        "classification": "public",
        "keyDigest": service_keys.digest_of(KEY),
        "validFrom": day(0),
        "validUntil": day(1),
    }
    assert watched.post("/v1/chains/keten/service-accounts", account).status_code == 201
    assert watched.get("/v1/chains/keten", headers=bearer(KEY)).status_code == 200
    access_log.flush()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["account"] for line in lines if "account" in line] == ["meter"]
    assert KEY[:55] not in log.getvalue()
    assert BLOT in blotted(f"what a library says of {KEY}")


def test_what_was_gathered_is_written_when_the_server_stops(
    log: io.StringIO, database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "GATHER_SECONDS", 3600)
    # What the web server says when it stops would take the gathered lines with it.
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "disabled", True)
    with open_doors(database, folder) as doors:
        assert doors.get("/v1/chains", headers={"X-Request-Id": "laatste"}).status_code == 200
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [one["status"] for one in lines if one.get("request") == "laatste"] == [200]


def test_an_answer_about_what_went_wrong_holds_no_secret(watched: Doors) -> None:
    crashed = watched.get(f"/v1/crash/{PERSON}", headers=watched.known_as(PERSON))
    assert crashed.status_code == 500
    assert NAME not in crashed.text
    answers = odd_requests(watched)
    assert {400, 401, 403, 404, 500} <= {answer.status_code for answer in answers}
    for answer in answers:
        assert watched.known_as(PERSON)["Authorization"][7:] not in answer.text
    for answer in answers[:4]:
        assert SECRET not in answer.text + str(answer.headers)
        assert KEY[:55] not in answer.text + str(answer.headers)


def test_a_database_that_cannot_be_reached_does_not_tell_its_password(
    log: io.StringIO, tmp_path: Path
) -> None:
    settings = Settings(database_url=DATABASE, folder=tmp_path, development=True)
    assert SECRET not in repr(settings)
    with pytest.raises(StoreUnavailable) as failed, opened(settings):
        pass
    access_log.LOG.error("stopped", exc_info=failed.value)
    with pytest.raises(StoreUnavailable) as unreadable:
        connect(f"postgresql://iemand:{SECRET}@[half")
    access_log.LOG.error("stopped", reason=str(unreadable.value), url=DATABASE)
    assert SECRET not in log.getvalue()
    assert SECRET not in str(failed.value) + str(unreadable.value)


@pytest.mark.parametrize(
    "said",
    [
        f"Authorization: Bearer {SECRET}",
        f"authorization=bearer {SECRET}",
        f"host=db password={SECRET} user=x",
        f"postgresql://x:{SECRET}@db/ketens",
        f"client_secret={SECRET}&grant_type=code",
        f"sessie={SECRET}; Path=/",
        f"eyJhbGciOiJSUzI1NiJ9.{SECRET}.abc",
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(said: str) -> None:
    assert SECRET not in blotted(said)
    assert BLOT in blotted(said)


@pytest.mark.parametrize("said", ["BEARER", "Bea\u0280er", "\u017fecret=", "sEssie ="])
def test_a_secret_is_found_in_whatever_way_its_name_is_written(said: str) -> None:
    text = f"{said} {SECRET}"
    whole = access_log.SECRETS.sub(lambda found: found[0].removesuffix(SECRET) + BLOT, text)
    assert blotted(text) == whole


@pytest.mark.parametrize(
    "said", ["Het wachtwoord ontbreekt.", "GET /v1/chains", "http://host:8000/v1", "password"]
)
def test_what_is_no_secret_stays(said: str) -> None:
    assert blotted(said) == said


def test_an_error_is_told_without_the_rows_that_a_database_quotes(log: io.StringIO) -> None:
    def fails() -> None:
        raise ValueError(f"first line\nDETAIL: Failing row contains ({NAME})")

    try:
        fails()
    except ValueError:
        access_log.LOG.exception("stopped")
    told: dict[str, Any] = json.loads(log.getvalue())
    assert told["exception"][0]["exc_value"] == "first line"
    assert NAME not in log.getvalue()
