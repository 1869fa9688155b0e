"""Reading from a streaming replica: what it shows, how far it stands, and that it says so."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from api.workplace import migrate
from tests.api.doors import Doors, open_doors
from tests.api.replica import Pair, a_pair

pytestmark = pytest.mark.slow

CHAIN = "keten"
ABOUT = f"/v1/chains/{CHAIN}"
NOTES = f"{ABOUT}/records/0/annotations"
SHORT_SECONDS = 0.5
LONG_SECONDS = 60.0
ROUNDS = 10


class Three(NamedTuple):
    """A server on the primary, and two that read from its replica: hasty and patient."""

    pair: Pair
    primary: Doors
    hasty: Doors
    patient: Doors


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    folder: Path = tmp_path_factory.mktemp("replica")
    with ExitStack() as stack:
        pair = stack.enter_context(a_pair())
        migrate(pair.primary)
        at, read = pair
        primary = stack.enter_context(open_doors(at, folder))
        opened = [
            stack.enter_context(open_doors(at, folder, read_url=read, at_least_seconds=seconds))
            for seconds in (SHORT_SECONDS, LONG_SECONDS)
        ]
        primary.found(CHAIN)
        opened[1].until(ABOUT, 200)
        yield Three(pair, primary, opened[0], opened[1])


def note(doors: Doors, text: str) -> int:
    """Record a note on the first record; return its position."""
    answer = doors.post(NOTES, {"label": "notitie", "text": text})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["position"])


def test_what_was_recorded_on_the_primary_is_read_from_the_replica(three: Three) -> None:
    position = note(three.primary, "eerste")
    answer = three.patient.get(ABOUT, params={"atLeast": position})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Known-At"] == str(position)
    found = three.patient.get(f"{ABOUT}/records/{position}")
    assert found.json()["body"]["text"] == "eerste"


def test_a_server_that_reads_from_a_replica_records_on_the_primary(three: Three) -> None:
    position = note(three.patient, "tweede")
    assert three.primary.get(f"{ABOUT}/records/{position}").json()["body"]["text"] == "tweede"


def test_a_replica_that_is_behind_says_so_and_waits_for_what_is_asked(three: Three) -> None:
    before = note(three.primary, "voor de pauze")
    three.patient.until(ABOUT, 200, atLeast=before)
    three.pair.hold()
    try:
        after = note(three.primary, "na de pauze")
        shown = three.hasty.get(ABOUT)
        assert (shown.status_code, shown.headers["Known-At"]) == (200, str(before))
        refused = three.hasty.get(ABOUT, params={"atLeast": after})
        assert refused.status_code == 503
        assert f"Gebeurtenis {after} van keten {CHAIN} is nog niet verwerkt" in refused.text
        health = three.hasty.get("/v1/health").json()
        assert (health["status"], health["replica"]) == ("warn", {"status": "warn", "behind": 1})
        later = threading.Timer(SHORT_SECONDS, three.pair.let_go)
        later.start()
        waited = three.patient.get(ABOUT, params={"atLeast": after})
        assert (waited.status_code, waited.headers["Known-At"]) == (200, str(after))
        later.join()
    finally:
        three.pair.let_go()


def test_a_page_too_waits_for_the_replica(three: Three) -> None:
    position = note(three.primary, "op een bladzijde")
    page = f"/ketens/{CHAIN}/gebeurtenissen/{position}"
    answer = three.patient.get(page, params={"na": position})
    assert answer.status_code == 200, answer.text
    assert "op een bladzijde" in answer.text


def test_the_lag_of_a_replica_is_small_and_can_be_measured(
    three: Three, record_property: pytest.RecordProperty
) -> None:
    lags = []
    for number in range(ROUNDS):
        position = note(three.primary, f"meting {number}")
        begun = time.perf_counter()
        assert three.patient.app.state.shown.wait(CHAIN, position, LONG_SECONDS)
        lags.append(time.perf_counter() - begun)
    median_ms = statistics.median(lags) * 1000
    record_property("replica lag, median in ms", median_ms)
    print(f"the replica shows a record {median_ms:.1f} ms after the primary (median of {ROUNDS})")
    assert all(lag < LONG_SECONDS for lag in lags)


def test_health_knows_of_no_replica_where_there_is_none(three: Three) -> None:
    assert three.primary.get("/v1/health").json()["replica"] is None


def test_without_its_replica_a_server_is_not_ready(three: Three, tmp_path: Path) -> None:
    gone = three.pair.replica + f" host={tmp_path}"
    with open_doors(three.pair.primary, tmp_path, read_url=gone) as doors:
        assert doors.get("/v1/health").json()["replica"]["status"] == "fail"
        ready = doors.get("/v1/health/ready")
        assert ready.status_code == 503
        assert "waaruit wordt gelezen" in ready.text
        assert doors.get(ABOUT).status_code == 503
