"""The commands about keys: made once, kept for the owner alone, rotated, retired, never shown."""

from __future__ import annotations

import json
import shlex
import stat
from pathlib import Path
from typing import Any

import pytest

from api import cli
from ledger import catalogue
from ledger.domain import verifier_keys
from ledger.domain.events.evidence import LogKeyAnnounced

CHAIN = "keten"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("KETENLEDGER_BASE_URL", "https://ketens.example/")
    return tmp_path / "data"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Run a command that must end well; return what it said."""
    assert cli.run(["key", *arguments, "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_a_new_key_is_named_after_the_address_and_kept_for_its_owner(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(capsys, "new", CHAIN)
    assert said["origin"] == f"ketens.example/log/{CHAIN}"
    assert said["signing"][0].startswith(f"ketens.example/log/{CHAIN}+")
    path = data / "log-keys" / f"{CHAIN}.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "PRIVATE+KEY+" in path.read_text("utf-8")


def test_the_origin_can_be_chosen_and_has_to_be_a_name(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, "new", CHAIN, "--origin", "elders.example/log/k")["origin"] == (
        "elders.example/log/k"
    )
    assert cli.run(["key", "new", "keten-2", "--origin", "met spatie"]) == 3
    assert not (data / "log-keys" / "keten-2.key").exists()


def test_a_chain_gets_its_first_key_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = told(capsys, "new", CHAIN)
    assert cli.run(["key", "new", CHAIN]) == 3
    assert "heeft al een sleutel" in capsys.readouterr().err
    assert told(capsys, "show", CHAIN) == first


def test_no_command_prints_the_secret(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("new", "show", "rotate"):
        assert cli.run(["key", command, CHAIN]) == 0
    out = capsys.readouterr().out
    assert "PRIVATE" not in out
    secrets = (data / "log-keys" / f"{CHAIN}.key").read_text("utf-8").split("\n")[1:3]
    assert all(line.startswith("PRIVATE+KEY+") for line in secrets)
    assert not any(line.split("+", 4)[4] in out for line in secrets)


def test_after_rotation_both_sign_until_the_old_one_is_retired(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [old] = told(capsys, "new", CHAIN)["signing"]
    rotated = told(capsys, "rotate", CHAIN)["signing"]
    assert len(rotated) == 2
    assert rotated[1] == old
    retired = told(capsys, "retire", CHAIN, old.split("+")[1])
    assert (retired["signing"], retired["retired"]) == ([rotated[0]], [old])
    assert cli.run(["key", "retire", CHAIN, "00000000"]) == 3


@pytest.mark.parametrize("arguments", [["show"], ["rotate"]])
def test_a_chain_without_a_key_is_not_found(data: Path, arguments: list[str]) -> None:
    assert cli.run(["key", *arguments, CHAIN]) == 1
    assert not data.exists()


def test_a_chain_that_can_have_no_such_name_is_refused(data: Path) -> None:
    assert cli.run(["key", "new", "geen kenmerk"]) == 64
    assert not data.exists()


def test_a_key_that_others_can_read_is_not_used(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(capsys, "new", CHAIN)
    (data / "log-keys" / f"{CHAIN}.key").chmod(0o640)
    assert cli.run(["key", "show", CHAIN]) == 3
    assert "0600" in capsys.readouterr().err


def announced(out: str) -> list[dict[str, Any]]:
    """Return what the lines to record in an output would announce, as a shell passes them on."""
    lines = [line for line in out.splitlines() if line.startswith("  echo ")]
    for line in lines:
        assert line.endswith(f" | ketenledger record {CHAIN} - --by PERSOON")
    return [json.loads(shlex.split(line)[1])["body"] for line in lines]


def test_a_new_key_comes_with_the_line_that_announces_it(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["key", "new", CHAIN, "--origin", "it's.example/log/keten"]) == 0
    [first] = announced(capsys.readouterr().out)
    assert cli.run(["key", "rotate", CHAIN]) == 0
    [second] = announced(capsys.readouterr().out)
    newest, oldest = told(capsys, "show", CHAIN)["signing"]
    assert (first["logKey"], second["logKey"]) == (oldest, newest)
    for body in (first, second):
        event = catalogue.read_body(body)
        assert isinstance(event, LogKeyAnnounced)
        assert verifier_keys.read(event.log_key, verifier_keys.LOG_KEYS, "W1")
    assert cli.run(["key", "show", CHAIN]) == 0
    assert announced(capsys.readouterr().out) == []
