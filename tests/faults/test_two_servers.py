"""Two server processes on one database write one chain together, and lose or double nothing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import httpx
import psycopg
import pytest

from api.checks import Checker
from api.mini_issuer import GRANT, TOKEN
from api.settings import Settings
from api.signing import ensure_key, log_keys
from ledger import catalogue
from ledger.audit import audit
from ledger.log.store import Store
from tests.faults.test_server_killed import ANSWER_SECONDS, CHAIN, FOUNDING, a_server

ACTS = 20
BOTH = 5
SIGNED_SECONDS = 60.0
CHECKPOINTS = "SELECT previous, size FROM checkpoints WHERE chain = %s ORDER BY size"


class Caller:
    """Somebody who asks one of the servers, known by the token of that very server."""

    def __init__(self, url: str) -> None:
        asked = {"grant_type": GRANT, "person": "p-uwv"}
        told = httpx.post(url.removesuffix("/v1") + TOKEN, data=asked, timeout=ANSWER_SECONDS)
        known = {"Authorization": f"Bearer {told.json()['access_token']}"}
        self._client = httpx.Client(base_url=url, headers=known, timeout=ANSWER_SECONDS)

    def post(self, path: str, body: dict[str, object], key: str) -> httpx.Response:
        return self._client.post(
            f"/chains/{CHAIN}/{path}", json=body, headers={"Idempotency-Key": key}
        )

    def register(self, name: str) -> int:
        answer = self.post("people", {"person": name, "function": "proef"}, f"sleutel-{name}")
        assert answer.status_code in (200, 201), answer.text
        return int(answer.json()["position"])

    def health(self) -> dict[str, object]:
        told: dict[str, object] = self._client.get("/health").json()
        return told


@pytest.mark.slow
def test_two_servers_write_one_chain_and_lose_or_double_nothing(
    database: str, tmp_path: Path
) -> None:
    settings = Settings(folder=tmp_path, development=True)
    ensure_key(settings, CHAIN)
    with a_server(database, tmp_path) as (_, one), a_server(database, tmp_path) as (_, other):
        callers = (Caller(one), Caller(other))
        assert callers[0].post("establishments", FOUNDING, "stichting").status_code == 201
        places = _at_once(callers)
        _wait_until_level(callers)
    with Store(database) as store:
        rows = list(store.walk(CHAIN))
        checker = Checker(database, store, None, log_keys(settings))
        checked = checker.check(CHAIN, models=True)
    keys = [catalogue.decode(row.data).header.act for row in rows]
    assert {keys[place] for place in places} == {key for key in keys if key.startswith("sleutel")}
    assert len(places) == len(set(places)) == 2 * ACTS + BOTH
    assert sum(key.startswith("sleutel") for key in keys) == 2 * ACTS + BOTH
    assert audit(rows, CHAIN).sound
    assert (checked.outcome, checked.signed, checked.models) == ("whole", len(rows), True)
    with psycopg.connect(database) as connection:
        signed = connection.execute(CHECKPOINTS, (CHAIN,)).fetchall()
    assert signed[0][0] == 0
    assert all(before[1] == after[0] for before, after in pairwise(signed)), "a fork"


def _at_once(callers: tuple[Caller, Caller]) -> list[int]:
    """Record through both at once, some acts under the same key through both; return where."""
    with ThreadPoolExecutor(8) as threads:
        own = [
            threads.submit(caller.register, f"iemand-{who}-{number}")
            for number in range(ACTS)
            for who, caller in enumerate(callers)
        ]
        twice = [
            [threads.submit(caller.register, f"samen-{number}") for caller in callers]
            for number in range(BOTH)
        ]
        shared = [{each.result(ANSWER_SECONDS) for each in pair} for pair in twice]
        assert all(len(places) == 1 for places in shared), "one key, two records"
        return [each.result(ANSWER_SECONDS) for each in own] + [min(one) for one in shared]


def _wait_until_level(callers: tuple[Caller, Caller]) -> None:
    """Wait until all is signed and in the read models, as both servers see it."""
    end = time.monotonic() + SIGNED_SECONDS
    for caller in callers:
        while True:
            health = caller.health()
            signing = health["signing"]
            assert isinstance(signing, dict), health
            if (health["behind"], signing["behind"], signing["refused"]) == (0, 0, []):
                break
            assert time.monotonic() < end, health
            time.sleep(0.1)
