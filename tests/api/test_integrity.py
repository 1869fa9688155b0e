"""What a server says of the integrity of a chain, and what it does about it every night."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api import signing
from api.checks import Checker
from api.settings import Settings, SettingsRefused, from_environment
from api.signing import log_keys
from ledger.log.check_results import CheckResults
from tests.api.doors import Doors, open_doors
from tests.api.signed import wait_for
from tests.log.scene import until
from tests.log.signing import by_force


def integrity(doors: Doors, chain: str) -> dict[str, Any]:
    answer = doors.get(f"/v1/chains/{chain}/integrity")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def checker_of(doors: Doors, conninfo: str) -> Checker:
    return Checker(conninfo, doors.app.state.writing, None, log_keys(doors.app.state.settings))


def test_a_chain_that_was_never_checked_says_so(doors: Doors, chain: str) -> None:
    told = integrity(doors, chain)
    assert told["checked"]["status"] == "unknown"
    assert told["checked"]["words"] == ["Deze keten is nog niet gecontroleerd."]
    assert told["checked"]["last"] is None
    assert told["signed"] == {
        "size": 0, "behind": doors.size(chain), "refused": None, "reason": None, "unnamed": []
    }  # fmt: skip


def test_an_unknown_chain_has_no_integrity(doors: Doors) -> None:
    assert doors.get("/v1/chains/geen-keten/integrity").status_code == 404


def test_the_last_check_is_told_in_words(doors: Doors, shared_database: str, chain: str) -> None:
    signing.ensure_key(doors.app.state.settings, chain)
    size = doors.size(chain)
    wait_for(doors, chain, size)
    checker_of(doors, shared_database).check(chain)
    told = integrity(doors, chain)
    assert told["checked"]["status"] == "whole"
    assert f"{size} gebeurtenissen, waarvan {size} ondertekend" in told["checked"]["words"][0]
    assert told["checked"]["last"]["size"] == size
    assert told["checked"]["standing"] == []
    assert told["signed"]["size"] == size
    assert told["anchors"] == {
        "status": "none", "covered": 0, "stampedAt": None, "authority": None, "failing": None
    }  # fmt: skip
    # Its key was made after the founding, so the record does not name it.
    assert len(told["signed"]["unnamed"]) == 1
    assert doors.get("/v1/health").json()["checks"] == "pass"


@pytest.mark.slow
def test_a_break_is_told_until_it_is_gone(database: str, folder: Path) -> None:
    with open_doors(database, folder, check_hour=None) as doors:
        doors.found("keten")
        signing.ensure_key(doors.app.state.settings, "keten")
        wait_for(doors, "keten", doors.size("keten"))
        checker = checker_of(doors, database)
        by_force(database, "UPDATE checkpoints SET previous = 1")
        checker.check("keten")
        told = integrity(doors, "keten")
        assert told["checked"]["status"] == "broken"
        assert "Er is een breuk." in told["checked"]["words"]
        health = doors.get("/v1/health").json()
        assert (health["status"], health["checks"]) == ("fail", "fail")
        assert doors.get("/v1/health/ready").status_code == 200
        by_force(database, "UPDATE checkpoints SET previous = 0")
        checker.check("keten")
        assert integrity(doors, "keten")["checked"]["status"] == "whole"
        assert doors.get("/v1/health").json()["checks"] == "pass"


@pytest.mark.slow
def test_every_night_every_chain_is_checked_once(database: str, folder: Path) -> None:
    hour = datetime.now(UTC).hour
    with open_doors(database, folder, check_hour=None) as doors:
        doors.found("keten-1")
        doors.found("keten-2")
    with (
        open_doors(database, folder, check_hour=hour) as one,
        open_doors(database, folder, check_hour=hour) as other,
    ):
        results = CheckResults(one.app.state.writing)
        until(lambda: results.chains() == {"keten-1", "keten-2"})
        for doors in (one, other):
            assert integrity(doors, "keten-1")["checked"]["last"]["rules"]
    with psycopg.connect(database) as reader:
        rows = reader.execute("SELECT chain, night IS NOT NULL FROM checks ORDER BY chain")
        assert rows.fetchall() == [("keten-1", True), ("keten-2", True)]


@pytest.mark.parametrize("hour", [-1, 24])
def test_an_hour_that_no_day_has_is_refused(hour: int) -> None:
    with pytest.raises(SettingsRefused, match="KETENLEDGER_CHECK_HOUR"):
        Settings(check_hour=hour)


def test_the_hour_of_the_check_can_be_chosen_and_left_out() -> None:
    assert from_environment({}).check_hour == 2
    assert from_environment({"KETENLEDGER_CHECK_HOUR": "0"}).check_hour == 0
    assert from_environment({"KETENLEDGER_CHECK_HOUR": "off"}).check_hour is None
    with pytest.raises(SettingsRefused, match="KETENLEDGER_CHECK_HOUR"):
        from_environment({"KETENLEDGER_CHECK_HOUR": "twee"})
