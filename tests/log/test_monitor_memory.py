"""What a monitor remembers between two rounds, and what goes wrong with that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.log.checkpoint import to_base64
from ledger.log.mirror import MirrorDamaged
from ledger.log.monitor import CannotTell, LogBroken
from ledger.log.monitor_state import MAX_EVIDENCE, Kept
from tests.log.log_files import head_over, numbers
from tests.log.watching import Watch


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"format"', b'"farmat"'),
        (b"monitor/1", b"monitor/2"),
        (b'"edge": [\n  "', b'"edge": [\n  "00'),
        (b'"edge": [\n  "', b'"edge": [\n  "zz'),
        (b"\\n5\\n", b"\\n6\\n"),
        (b'"keys": [', b'"keys": [7,'),
    ],
)
def test_a_state_that_does_not_agree_with_itself_is_not_used(
    watch: Watch, old: bytes, new: bytes
) -> None:
    watch.show(numbers(5))
    watch.look()
    data = watch.state()
    assert old in data
    watch.kept.path.write_bytes(data.replace(old, new, 1))
    with pytest.raises(CannotTell, match="beschadigd"):
        watch.look()
    watch.kept.path.write_bytes(data)
    assert watch.look().before == 5


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"x" * 4_000_001, b"[" * 100_000])
def test_a_state_that_is_no_state_is_never_taken_for_none(watch: Watch, data: bytes) -> None:
    watch.show(numbers(5))
    watch.kept.path.write_bytes(data)
    with pytest.raises(CannotTell):
        watch.look()
    assert watch.state() == data


def test_a_state_that_another_may_write_is_not_used(watch: Watch) -> None:
    watch.show(numbers(5))
    watch.look()
    watch.kept.path.chmod(0o620)
    with pytest.raises(CannotTell, match="niemand anders"):
        watch.look()


def test_two_rounds_at_once_are_one_too_many(watch: Watch) -> None:
    with watch.kept.locked():
        other = Kept(watch.kept.path)
        with pytest.raises(CannotTell, match="loopt nog"), other.locked():
            pass
    with other.locked():
        pass


def test_a_copy_that_was_touched_is_noticed_and_made_anew(watch: Watch) -> None:
    watch.show(numbers(600))
    watch.look()
    (watch.mirror.folder / "tile/entries/001").write_bytes(b"\x00\x01x")
    with pytest.raises(MirrorDamaged):
        watch.copied()
    watch.look(again=True)
    assert watch.copied() == numbers(600)
    data = (watch.mirror.folder / "tile/entries/000").read_bytes()
    (watch.mirror.folder / "tile/entries/000").write_bytes(data.replace(b"77", b"78", 1))
    with pytest.raises(MirrorDamaged):
        watch.copied()


def test_evidence_has_an_end(watch: Watch) -> None:
    watch.show(numbers(5))
    watch.look()
    for number in range(MAX_EVIDENCE + 3):
        watch.show([*numbers(4), b"anders %d" % number])
        with pytest.raises(LogBroken):
            watch.look()
    assert len(list(watch.kept.beside("evidence").iterdir())) == MAX_EVIDENCE


def test_a_round_whose_time_is_up_is_taken_up_by_the_next(watch: Watch) -> None:
    watch.show(numbers(600))
    with pytest.raises(CannotTell, match="gaat daar verder"):
        watch.look(seconds=-1)
    assert watch.state() == b""
    assert watch.look().seen.head.size == 600


def test_what_an_earlier_round_left_is_used_and_not_believed(watch: Watch) -> None:
    watch.show(numbers(600))
    (watch.log / "tile/entries/002.p/88").rename(watch.folder / "later")
    watch.broken("withheld")
    assert (watch.mirror.folder / "tile/entries/001").is_file()
    (watch.folder / "later").rename(watch.log / "tile/entries/002.p/88")
    for path in ("tile/entries/000", "tile/entries/001"):
        (watch.log / path).unlink()
    assert watch.look().seen.head.size == 600

    forged = [*numbers(600), b"anders", *numbers(800, start=601)]
    watch.show(forged)
    (watch.log / "tile/entries/003.p/32").unlink()
    watch.broken("withheld")
    watch.show(numbers(800))
    assert watch.look().seen.head.size == 800
    assert watch.copied() == numbers(800)


@pytest.mark.parametrize("moment", ["before 1", "before 4", "before 6", "before 7", "after 7"])
def test_a_round_that_is_killed_at_any_moment_is_done_over(watch: Watch, moment: str) -> None:
    when, number = moment.split()
    watch.show(numbers(300))
    watch.look()
    watch.show(numbers(600))
    program = (
        "import sys, pathlib; from tests.log import witnessing; from tests.log.watching import "
        "Watch; witnessing.die_at(sys.argv[2], 'replace', int(sys.argv[3])); "
        "Watch(pathlib.Path(sys.argv[1])).look(); print('done')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(watch.folder), when, number],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    assert (ended.returncode, ended.stdout) == (-9, b""), ended.stderr
    found = watch.look()
    assert found.before == (600 if moment == "after 7" else 300)
    assert found.seen.head == head_over(numbers(600))
    assert watch.copied() == numbers(600)
    assert to_base64(found.seen.head.root) in watch.state().decode()
