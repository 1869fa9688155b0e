"""`ketenledger verify`: what it says of a chain as it is stored, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api import cli
from ledger.ledger import Ledger
from ledger.log.export import export
from ledger.log.integrate import Integrator
from ledger.log.log_key import LogKey
from ledger.log.note_keys import ED25519, Signer
from ledger.log.read_log import ReadLog
from ledger.log.store import Store
from ledger.log.tree import Tree
from tests.log.scene import CHAIN, found, registering
from tests.log.signing import OneKey, by_force
from tests.log.test_read_log import READ

ORIGIN = "ketens.example/log/testketen"
KEY = LogKey((Signer(ORIGIN, ED25519, b"k" * 32),))
NEW_KEY = LogKey((Signer(ORIGIN, ED25519, b"n" * 32),))


@pytest.fixture
def place(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let commands work on a database with a signed chain, and in a folder with its key."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(tmp_path / "data"))
    put_key(tmp_path, KEY)
    record(database)
    return tmp_path


def put_key(place: Path, key: LogKey) -> None:
    folder = place / "data" / "log-keys"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{CHAIN}.key"
    path.write_text(f"{key.signers[0].private_text()}\n", "utf-8")
    path.chmod(0o600)


def record(database: str, *people: str, key: LogKey = KEY) -> None:
    """Found the chain where it is not there, register somebody, and sign."""
    with Store(database, pool_size=4) as store, Ledger(store) as ledger:
        if not store.size(CHAIN):
            found(ledger, act="founding")
        for person in people or ("jan",):
            ledger.submit(CHAIN, registering(person, act=person))
        Integrator(store, OneKey(key)).integrate(CHAIN)


def kept_copy(database: str, folder: Path) -> Path:
    """A copy of the log as files, as somebody else has it."""
    with Store(database) as store:
        export(Tree(store), CHAIN, folder)
    return folder


def made_anew(database: str, *, key: LogKey = KEY) -> None:
    by_force(database, "TRUNCATE checkpoints CASCADE", "TRUNCATE tiles", "TRUNCATE records")
    record(database, "piet", "klaas", key=key)


def verify(*arguments: str) -> int:
    return cli.run(["verify", CHAIN, *arguments])


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = verify("--json", *arguments)
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, said


def test_a_log_of_reads_that_was_touched_is_named(
    database: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(database) as store:
        log = ReadLog(store)
        for _ in range(3):
            log.keep(CHAIN, READ)
    assert verify() == 0
    by_force(
        database,
        "ALTER TABLE reads DISABLE TRIGGER reads_never_change",
        "UPDATE reads SET reader = 'niemand' WHERE number = 1",
    )
    capsys.readouterr()
    assert verify() == 2
    assert "Het log van inzage klopt niet: regel 1" in capsys.readouterr().out


def test_a_sound_chain_is_whole(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("--models") == 0
    said = capsys.readouterr().out
    for words in ("Alles wat is nagegaan, klopt.", "de regels", "de inhoud van de leesmodellen"):
        assert words in said
    assert "1 controlepunt." in said
    assert "Niet vergeleken met wat een ander bewaarde" in said


def test_a_break_ends_with_2_and_is_named(
    place: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    by_force(database, "DELETE FROM records WHERE originator_version = 2")
    assert verify() == 2
    said = capsys.readouterr().out
    assert "Gebeurtenis 1 ontbreekt." in said
    assert "Er is een breuk." in said
    code, report = told(capsys, "--no-rules")
    assert (code, report["outcome"], report["rules"]) == (2, "broken", False)
    assert [(one["kind"], one["at"]) for one in report["breaks"]] == [("gap", 1)]


def test_without_the_key_nobody_can_tell(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "data" / "log-keys" / f"{CHAIN}.key").unlink()
    code, report = told(capsys)
    assert (code, report["outcome"], report["signatures"]) == (3, "unknown", False)
    # An auditor has the key from elsewhere.
    assert told(capsys, "--key", str(KEY.verifiers[0]))[0] == 0


def test_an_unknown_chain_is_not_found(place: Path) -> None:
    assert cli.run(["verify", "onbekend"]) == 1


def test_a_kept_checkpoint_or_copy_of_this_log_agrees(
    place: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = kept_copy(database, place / "copy")
    record(database, "later")
    for against in (str(copy / "checkpoint"), str(copy), f"file://{copy}"):
        code, report = told(capsys, "--against", against)
        assert (code, report["against"], report["breaks"]) == (0, against, [])


def test_a_log_made_anew_by_the_operator_is_caught_by_what_was_kept(
    place: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = kept_copy(database, place / "copy")
    made_anew(database)
    assert told(capsys)[0] == 0
    code, report = told(capsys, "--against", str(copy))
    assert code == 2
    # The check before saw the new log, so that it is the copy alone that tells.
    assert [one["kind"] for one in report["breaks"]] == ["against"]


def test_a_log_made_anew_with_another_key_is_caught_by_who_knows_the_old_one(
    place: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = kept_copy(database, place / "copy")
    made_anew(database, key=NEW_KEY)
    put_key(place, NEW_KEY)
    assert told(capsys)[0] == 0
    assert verify("--against", str(copy)) == 3
    assert "--key" in capsys.readouterr().err
    code, report = told(capsys, "--against", str(copy), "--key", str(KEY.verifiers[0]))
    assert code == 2
    assert {one["kind"] for one in report["breaks"]} == {"against", "signature"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "geen controlepunt"),
        (b"iets anders\n", "geen controlepunt"),
        (str(LogKey((Signer("ander.example", ED25519, b"a" * 32),)).sign(1, bytes(32))).encode(),
         "van een ander log"),
        (str(NEW_KEY.sign(1, bytes(32))).encode(), "niet getekend met een bekende sleutel"),
    ],
)  # fmt: skip
def test_what_proves_nothing_is_refused_before_the_check(
    place: Path, capsys: pytest.CaptureFixture[str], content: bytes, says: str
) -> None:
    file = place / "bewaard.txt"
    file.write_bytes(content)
    assert verify("--against", str(file)) == 3
    assert says in capsys.readouterr().err


def test_what_is_not_there_or_cannot_be_is_told(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify("--against", str(place / "nergens.txt")) == 3
    assert "niet te lezen" in capsys.readouterr().err
    assert verify("--against", "http://127.0.0.1:9/log/keten") == 3
    assert verify("--against", "gopher://ergens/log") == 64
    assert verify("--key", "geen sleutel") == 64
