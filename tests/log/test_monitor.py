"""A monitor of a log of anything: what it takes in, and what it refuses."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from ledger.log.monitor import CannotTell
from ledger.log.note import Signature, read_note, signed
from ledger.log.note_keys import ED25519, Signer
from tests.log.log_files import KEY, NEW_KEY, ORIGIN, files_of, head_over, numbers, put
from tests.log.watching import Watch

STRANGER = Signer(ORIGIN, ED25519, b"s" * 32)
SIZES = (1, 255, 256, 257, 600)


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


# A log that only grows


@pytest.mark.parametrize("size", SIZES)
def test_a_log_is_followed_from_any_size_to_any_larger_one(watch: Watch, size: int) -> None:
    for then in (one for one in SIZES if one >= size):
        put(watch.folder, {})
        watch.show(numbers(size))
        assert watch.look().before == 0
        watch.show(numbers(then))
        found = watch.look()
        assert (found.before, found.seen.head) == (size, head_over(numbers(then)))
        assert watch.copied() == numbers(then)


def test_the_copy_is_a_log_that_another_can_follow(watch: Watch, tmp_path: Path) -> None:
    for size in (300, 600):
        watch.show(numbers(size))
        watch.look()
    served = files_of(numbers(600))
    for path, data in served.items():
        if path != "key":
            assert (watch.mirror.folder / path).read_bytes() == data, path
    kept = {str(p.relative_to(watch.mirror.folder)) for p in watch.mirror.folder.rglob("*.p/*")}
    assert kept == {path for path in served if ".p/" in path}
    other = Watch(tmp_path / "ander")
    other.log = watch.mirror.folder
    assert other.look(given=[KEY]).seen.head == head_over(numbers(600))


def test_only_what_is_new_is_read(watch: Watch) -> None:
    watch.show(numbers(600))
    watch.look()
    watch.show(numbers(700))
    for path in ("tile/entries/000", "tile/entries/001", "tile/0/000", "tile/0/001"):
        (watch.log / path).unlink()
    assert watch.look().seen.head.size == 700
    assert watch.look().before == 700


def test_what_is_kept_is_for_its_owner_alone(watch: Watch) -> None:
    watch.show(numbers(300))
    watch.look()
    for path in (watch.kept.path, *watch.mirror.folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    assert stat.S_IMODE(watch.mirror.folder.stat().st_mode) == 0o700


def test_an_empty_log_is_followed_too(watch: Watch) -> None:
    watch.show([])
    assert watch.look().seen.head.size == 0
    watch.show(numbers(3))
    assert watch.look().seen.head.size == 3


# A log that does not


@pytest.mark.parametrize("size", [5, 260, 600])
def test_a_new_record_that_was_not_signed_is_found_and_named(watch: Watch, size: int) -> None:
    watch.show(numbers(3))
    watch.look()
    watch.show(numbers(size))
    last = f".p/{size % 256}"
    watch.change(
        f"tile/entries/{size // 256:03}{last}", b"%d" % (size - 1), b"x" * len(str(size - 1))
    )
    watch.broken("entry", size - 1)
    watch.show(numbers(size))
    assert watch.look().seen.head.size == size


def test_a_record_that_was_seen_and_shares_its_bundle_is_compared_again(watch: Watch) -> None:
    watch.show(numbers(5))
    watch.look()
    watch.show(numbers(8))
    watch.change("tile/entries/000.p/8", b"\x00\x012", b"\x00\x01y")
    watch.broken("entry", 2)


def test_an_old_record_that_was_changed_is_found_when_all_is_read_again(watch: Watch) -> None:
    watch.show(numbers(600))
    watch.look()
    watch.change("tile/entries/000", b"\x00\x0277", b"\x00\x02zz")
    assert watch.look().seen.head.size == 600
    watch.broken("entry", 77, again=True)
    assert watch.copied() == numbers(600)


def test_a_record_changed_with_its_tiles_is_named_by_who_has_a_copy(watch: Watch) -> None:
    watch.show(numbers(300))
    genuine = (watch.log / "checkpoint").read_bytes()
    watch.look()
    watch.show([*numbers(270), b"anders", *numbers(300, start=271)])
    (watch.log / "checkpoint").write_bytes(genuine)
    watch.broken("entry", 270, again=True)
    put(watch.folder / "ander", {})
    other = Watch(watch.folder / "ander")
    other.log = watch.log
    other.broken("root")


def test_a_log_that_was_made_anew_and_signed_is_a_fork(watch: Watch) -> None:
    watch.show(numbers(300))
    watch.look()
    forged = [*numbers(41), b"anders", *numbers(700, start=42)]
    watch.show(forged)
    broken = watch.broken("fork", 41)
    told = json.loads(Path(broken.evidence).read_bytes())
    shown, seen = read_note(told["shown"].encode()), read_note(told["seen"].encode())
    assert (shown.text, seen.text) == (head_over(forged).text(), head_over(numbers(300)).text())
    watch.broken("fork", 41, again=True)
    assert watch.copied() == numbers(300)


def test_two_logs_of_one_size_are_a_fork(watch: Watch) -> None:
    watch.show(numbers(5))
    watch.look()
    watch.show([*numbers(4), b"x"])
    watch.broken("fork", 4)


@pytest.mark.parametrize("size", [0, 1, 4, 256, 299])
def test_a_log_that_was_cut_off_is_refused(watch: Watch, size: int) -> None:
    watch.show(numbers(300))
    watch.look()
    watch.show(numbers(size))
    watch.broken("smaller", size)


def test_a_smaller_log_of_another_past_is_a_fork(watch: Watch) -> None:
    watch.show(numbers(300))
    watch.look()
    watch.show([b"x", *numbers(280, start=1)])
    watch.broken("fork")


@pytest.mark.parametrize(
    ("path", "position"),
    [("tile/0/000", 0), ("tile/0/002.p/88", 512), ("tile/1/000.p/2", 0)],
)
def test_a_tile_that_was_replaced_is_found(watch: Watch, path: str, position: int) -> None:
    watch.show(numbers(600))
    data = (watch.log / path).read_bytes()
    (watch.log / path).write_bytes(bytes(32) + data[32:])
    watch.broken("tile", position)


def test_a_log_of_which_nothing_fits_what_is_signed_is_refused(watch: Watch) -> None:
    watch.show(numbers(600))
    note = signed(head_over([*numbers(599), b"x"]).text(), (KEY,)).encode()
    (watch.log / "checkpoint").write_bytes(note)
    watch.broken("root")


@pytest.mark.parametrize("path", ["tile/entries/001", "tile/0/000", "tile/1/000.p/2"])
def test_what_is_signed_and_not_given_is_withheld(watch: Watch, path: str) -> None:
    watch.show(numbers(600))
    (watch.log / path).unlink()
    watch.broken("withheld")


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("checkpoint", b"onzin"),
        ("checkpoint", b"x" * 1_000_001),
        ("tile/entries/000", b"\x00"),
        ("tile/0/000", b""),
    ],
)
def test_what_cannot_be_read_is_a_break(watch: Watch, path: str, data: bytes) -> None:
    watch.show(numbers(3))
    watch.look()
    watch.show(numbers(600))
    (watch.log / path).write_bytes(data)
    watch.broken("malformed")


def test_an_empty_log_has_one_root(watch: Watch) -> None:
    watch.show(numbers(3))
    watch.look()
    note = signed(head_over([])._replace(root=bytes(32)).text(), (KEY,)).encode()
    (watch.log / "checkpoint").write_bytes(note)
    watch.broken("root")


# Keys


def test_a_key_is_taken_over_once_and_said(watch: Watch) -> None:
    watch.show(numbers(3), named=[KEY, STRANGER])
    first = watch.look()
    assert str(KEY.verifier) in " ".join(first.notices)
    assert [one.key for one in first.seen.state.keys] == [str(KEY.verifier)]
    assert watch.look().notices == ()
    watch.show(numbers(4), signers=[STRANGER])
    watch.broken("unsigned")


def test_a_given_key_must_have_signed(watch: Watch) -> None:
    watch.show(numbers(3))
    watch.broken("unsigned", given=[STRANGER])
    found = watch.look(given=[KEY])
    assert found.notices == ()


def test_a_log_that_names_no_key_needs_one(watch: Watch) -> None:
    watch.show(numbers(3), named=[])
    with pytest.raises(CannotTell, match="--key"):
        watch.look()
    assert watch.look(given=[KEY]).seen.head.size == 3


def test_a_signature_that_does_not_hold_spoils_the_checkpoint(watch: Watch) -> None:
    watch.show(numbers(3))
    watch.look()
    watch.show(numbers(4))
    note = read_note((watch.log / "checkpoint").read_bytes())
    bad = Signature(ORIGIN, KEY.verifier.key_id, bytes(64))
    (watch.log / "checkpoint").write_bytes(note._replace(signatures=(bad,)).encode())
    watch.broken("unsigned")


def test_the_checkpoint_of_another_log_is_refused(watch: Watch) -> None:
    watch.show(numbers(3))
    watch.look()
    watch.show(numbers(4), origin="elders.example/log/x")
    watch.broken("other-log")
    other = Signer("elders.example/log/x", ED25519, b"e" * 32)
    watch.show(numbers(4), origin=other.name, signers=[other])
    watch.broken("unsigned")
    watch.broken("other-log", given=[other])


def test_a_key_is_changed_for_one_that_its_owner_gave(watch: Watch) -> None:
    watch.show(numbers(3))
    watch.look()
    watch.show(numbers(4), signers=[NEW_KEY, KEY])
    told = watch.look()
    assert told.strangers == (NEW_KEY.verifier.key_id.hex(),)
    assert watch.look().strangers == ()
    assert watch.look(given=[NEW_KEY]).strangers == ()
    watch.show(numbers(5), signers=[NEW_KEY])
    assert str(KEY.verifier) in " ".join(watch.look().notices)
    watch.show(numbers(6), signers=[KEY])
    watch.broken("unsigned", given=[KEY])


def test_a_key_that_only_signed_beside_the_trusted_one_is_not_trusted(watch: Watch) -> None:
    watch.show(numbers(3))
    watch.look()
    watch.show(numbers(4), signers=[KEY, STRANGER])
    watch.look()
    watch.show(numbers(5), signers=[STRANGER])
    watch.broken("unsigned")
