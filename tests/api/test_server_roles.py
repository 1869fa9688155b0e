"""A server whose own database role is nobody by itself works whole; with one role it says so."""

from pathlib import Path

import pytest

from api import cli, signing
from ledger.log.database_roles import admit
from ledger.log.store import connect
from tests.api.doors import open_doors
from tests.conftest import logging_in

NOBODY = "DELETE FROM database_roles"
ORPHAN = """
    INSERT INTO disclosures (chain, digest, subject, ciphertext, nonce, stored_at)
    VALUES ('keten', 'wees', 'p-9', 'x', '123456789012', now() - interval '1 day')
"""
BEHIND = "DELETE FROM migrations WHERE name >= '0025'"


def orphans(conninfo: str) -> int:
    with connect(conninfo) as conn:
        [row] = conn.execute("SELECT count(*) AS n FROM disclosures WHERE digest = 'wees'")
        return int(row["n"])


def test_a_server_records_seals_signs_reads_and_erases_as_a_role_that_is_nobody_by_itself(
    database: str, folder: Path, login: str
) -> None:
    admit(database, login)
    with connect(database) as conn:
        conn.execute(ORPHAN)
    assert orphans(database) == 1
    with open_doors(logging_in(database, login), folder) as doors:
        doors.found("keten")
        signing.ensure_key(doors.app.state.settings, "keten")
        sealed = {"function": "secretaris", "name": "Noor de Vries", "contact": ""}
        assert doors.post("/v1/chains/keten/people", sealed, key="noor").status_code == 201
        doors.until("/v1/chains/keten/people", 200, atLeast=doors.size("keten") - 1)
        doors.until("/log/keten/checkpoint", 200)
        # The timer may have been first; either way it went through the server's own role.
        doors.app.state.ledger.sweep()
        assert orphans(database) == 0
        told = doors.get("/v1/health").json()
        assert (told["roles"], told["wall"]) == ("pass", "pass")


def test_a_server_without_roles_of_its_own_works_and_says_so(database: str, folder: Path) -> None:
    with connect(database) as conn:
        conn.execute(NOBODY)
    with open_doors(database, folder) as doors:
        doors.found("keten")
        told = doors.get("/v1/health").json()
        assert (told["roles"], told["wall"], told["status"]) == ("warn", "warn", "warn")
        assert doors.get("/v1/health/ready").status_code == 200


def test_commands_work_as_a_role_that_may_not_migrate_until_the_tables_are_behind(
    database: str, login: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", database)
    assert cli.run(["migrate", "--server-role", "niemand_heet_zo"]) == 3
    assert cli.run(["migrate", "--server-role", login, "--json"]) == 0
    assert '"rolesApart":true' in capsys.readouterr().out.replace(" ", "")
    monkeypatch.setenv("DATABASE_URL", logging_in(database, login))
    # It gets so far as to find that there is no such chain.
    assert cli.run(["bundles", "keten"]) == 1
    assert "bestaat niet" in capsys.readouterr().err
    assert cli.run(["rebuild"]) == 3
    with connect(database) as conn:
        conn.execute(BEHIND)
    assert cli.run(["bundles", "keten"]) == 3
    assert "ketenledger migrate" in capsys.readouterr().err
