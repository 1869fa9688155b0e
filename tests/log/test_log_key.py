"""The key files of logs: made once, for the owner alone, rotated with an overlap."""

import os
from pathlib import Path

import pytest

from ledger.log.log_key import KeyFolder, KeyRefused, LogKey, read_key, write_key
from ledger.log.note import UntrustedNote, open_note
from ledger.log.note_keys import ED25519, ED25519_COSIGNATURE, Signer

ORIGIN = "log.example/log/keten"
ROOT = bytes(32)


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "keys")


def ids(key: LogKey) -> list[str]:
    return [signer.verifier.key_id.hex() for signer in key.signers]


def test_a_key_is_made_once_and_read_again(folder: KeyFolder) -> None:
    made = folder.make("keten", ORIGIN)
    assert folder.key("keten") == made
    assert made.origin == ORIGIN
    with pytest.raises(KeyRefused, match="heeft al een sleutel"):
        folder.make("keten", ORIGIN)
    assert KeyFolder(folder.path("keten").parent).key("keten") == made


def test_a_key_is_for_its_owner_alone(folder: KeyFolder) -> None:
    folder.make("keten", ORIGIN)
    path = folder.path("keten")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [found.name for found in path.parent.iterdir()] == ["keten.key"]


def test_a_mask_that_gives_rights_away_changes_nothing(folder: KeyFolder) -> None:
    before = os.umask(0)
    try:
        folder.make("keten", ORIGIN)
        folder.rotate("keten")
    finally:
        os.umask(before)
    assert folder.path("keten").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o601])
def test_a_key_that_others_can_reach_is_refused(folder: KeyFolder, mode: int) -> None:
    folder.make("keten", ORIGIN)
    folder.path("keten").chmod(mode)
    with pytest.raises(KeyRefused, match="0600"):
        folder.key("keten")
    folder.path("keten").chmod(0o400)
    assert folder.key("keten").origin == ORIGIN


def test_a_key_that_is_not_there_is_refused(folder: KeyFolder) -> None:
    with pytest.raises(KeyRefused, match="is er niet"):
        folder.key("keten")
    folder.path("keten").mkdir(parents=True, mode=0o700)
    with pytest.raises(KeyRefused, match="moet een bestand zijn"):
        folder.key("keten")


def test_each_name_of_a_chain_has_one_safe_file(folder: KeyFolder) -> None:
    names = ["keten", "Keten", "../keten", "a/b", "..", ".", "één keten", "%2E", "a%2Fb", "a\nb"]
    made = {name: folder.make(name, ORIGIN) for name in names}
    assert {name: folder.key(name) for name in names} == made
    assert {path.parent for path in map(folder.path, names)} == {folder.path("keten").parent}
    assert len(list(folder.path("keten").parent.iterdir())) == len(names)


def test_a_name_too_long_for_a_file_is_refused(folder: KeyFolder) -> None:
    with pytest.raises(KeyRefused, match="kan niet worden bewaard"):
        folder.make("x" * 300, ORIGIN)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "a\nb"])
def test_an_origin_that_can_be_no_name_is_refused(folder: KeyFolder, origin: str) -> None:
    with pytest.raises(KeyRefused, match="geen naam van een sleutel"):
        folder.make("keten", origin)
    with pytest.raises(KeyRefused):
        folder.key("keten")


def test_both_keys_sign_while_a_key_is_rotated(folder: KeyFolder) -> None:
    old = folder.make("keten", ORIGIN)
    both = folder.rotate("keten")
    assert ids(both)[1:] == ids(old)
    note = both.sign(5, ROOT).encode()
    assert len(open_note(note, old.verifiers)[1]) == 1
    assert len(open_note(note, both.verifiers)[1]) == 2
    assert folder.key("keten") == both


def test_a_retired_key_signs_no_more_and_still_counts(folder: KeyFolder) -> None:
    old = folder.make("keten", ORIGIN)
    earlier = old.sign(5, ROOT).encode()
    folder.rotate("keten")
    new = folder.retire("keten", ids(old)[0])
    assert len(new.signers) == 1
    assert new.retired == old.verifiers
    assert open_note(earlier, new.verifiers)[1]
    with pytest.raises(UntrustedNote):
        open_note(new.sign(6, ROOT).encode(), old.verifiers)
    assert old.signers[0].private_text() not in folder.path("keten").read_text("utf-8")
    assert folder.key("keten") == new


def test_the_last_key_is_not_retired(folder: KeyFolder) -> None:
    old = folder.make("keten", ORIGIN)
    with pytest.raises(KeyRefused, match="ten minste één sleutel"):
        folder.retire("keten", ids(old)[0])
    with pytest.raises(KeyRefused, match="Geen sleutel met kenmerk"):
        folder.retire("keten", "00000000")
    assert folder.key("keten") == old


def test_a_file_that_was_replaced_is_read_again(folder: KeyFolder) -> None:
    folder.make("keten", ORIGIN)
    elsewhere = KeyFolder(folder.path("keten").parent)
    before = elsewhere.key("keten")
    rotated = folder.rotate("keten")
    assert elsewhere.key("keten") == rotated != before


def test_a_key_file_comes_back_as_it_was_written() -> None:
    key = LogKey((Signer.made(ORIGIN),)).rotated().rotated()
    key = key.without(ids(key)[2])
    assert read_key(write_key(key), Path("x")) == key


PRIVATE = Signer(ORIGIN, ED25519, b"1" * 32).private_text()
OTHERS = Signer("other.example/log", ED25519, b"2" * 32).private_text()
COSIGNS = Signer(ORIGIN, ED25519_COSIGNATURE, b"3" * 32).private_text()
PUBLIC = str(Signer(ORIGIN, ED25519, b"4" * 32).verifier)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"# only words\n",
        b"\xff\xfe",
        b"PRIVATE+KEY+rubbish\n",
        PUBLIC.encode(),
        f"{PRIVATE}\n{OTHERS}\n".encode(),
        f"{PRIVATE}\n{COSIGNS}\n".encode(),
        f" {PRIVATE}".encode(),
        f"{PRIVATE[:-1]}\n".encode(),
        PRIVATE.encode() + b"\n#" + b"x" * 70_000,
    ],
    ids=["none", "word", "bytes", "rubbish", "public", "names", "witness", "space", "cut", "long"],
)
def test_a_file_that_is_no_key_is_refused_without_showing_it(data: bytes) -> None:
    assert read_key(f"{PRIVATE}\n{PUBLIC}\n".encode(), Path("x")).origin == ORIGIN
    with pytest.raises(KeyRefused) as refused:
        read_key(data, Path("keten.key"))
    assert "keten.key" in str(refused.value)
    assert "PRIVATE" not in str(refused.value)
