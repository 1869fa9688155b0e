"""A long range is looked through by several processes, and the same is said of it as by one."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import verify as verifier
from ledger.verify import CannotTell, NotProven, Tile, ahead, looked_through, verify
from tests.log import bundle_maker as maker
from tests.log.bundle_maker import LOG, NAMED, Log, Members, canonical, record, span
from tests.log.tampering import Tamper, exchanged, flip, set_to, swap, without

pytestmark = pytest.mark.fast
SIZE, HELPERS, SECONDS, ENDING_SECONDS = 1100, 3, 60, 15
RECORDS = [record(n) for n in range(SIZE)]
SECOND, THIRD, FOURTH = (maker.entries_name(number, 256) for number in (1, 2, 3))


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(verifier, "MANY", 1)
    yield
    assert multiprocessing.active_children() == []


def said(path: Path, processes: int) -> object:
    """Return what is proven and what not, or the first break."""
    try:
        return verify(str(path), keys=[LOG.vkey], earlier=[], processes=processes)
    except NotProven as broken:
        return str(broken)


def same(folder: Path, members: Members, start: int = 0, until: int = SIZE) -> Any:
    """Return what is said by one process, which is what several say."""
    path = maker.write(folder / "bundle.zip", members, span(start, until))
    alone = said(path, 1)
    assert [said(path, count) for count in (2, HELPERS)] == [alone] * 2
    return alone


def log_with(**changed: bytes) -> Log:
    """Return the log with other records; `at300` stands for position 300."""
    data = [*RECORDS]
    for place, one in changed.items():
        data[int(place.removeprefix("at"))] = one
    return Log(data, signers=[LOG])


def in_header(position: int, **more: object) -> bytes:
    """Return a record with more in its header."""
    made = json.loads(RECORDS[position])
    return canonical({**made, "header": {**made["header"], **more}})


# What is said


@pytest.mark.parametrize(
    ("start", "until", "hidden"),
    [
        (0, SIZE, []), (0, SIZE, [0, 255, 256, 700]), (1, SIZE - 1, []),
        (300, 900, [*range(400, 800)]), (256, 512, []), (299, 300, []), (1024, SIZE, [1024]),
    ],
)  # fmt: skip
def test_of_a_sound_range_the_same_is_proven(
    tmp_path: Path, start: int, until: int, hidden: list[int]
) -> None:
    log = Log(RECORDS, signers=[LOG])
    proven, _ = same(tmp_path, log.spanned(start, until, hidden), start, until)
    assert f"niet getoond: {len(hidden)}" in proven[0]


def test_of_a_demonstration_and_of_signatures_the_same_is_said(tmp_path: Path) -> None:
    own = {"key": "onbekend", "value": b64encode(bytes(64)).decode()}
    log = log_with(at0=record(0, demo=True), at300=in_header(300, signature=own))
    _, doubts = same(tmp_path, log.spanned(0, SIZE))
    assert "wie er handelde: dit is een DEMO" in doubts
    assert "1 handtekeningen: hun sleutel staat hier niet in" in doubts


def told(*positions: int) -> Members:
    return {f"disclosures/{one}.json": canonical({"name": NAMED}) for one in positions}


def test_disclosures_are_held_against_their_records(tmp_path: Path) -> None:
    members = log_with().spanned(0, SIZE)
    assert same(tmp_path, {**members, **told(4, 259, 1099)})[0]
    for wrong in (260, 300):
        assert same(tmp_path, {**members, **told(4, 259, wrong)}).startswith("[disclosure]")
    hidden = log_with().spanned(0, SIZE, [259])
    assert same(tmp_path, {**hidden, **told(259)}).startswith("[extra]")


def rule(position: int, *types: str) -> bytes:
    return record(position, type="SignatureRuleAdopted.v1", eventTypes=[*types])


def test_a_rule_of_signatures_goes_on_over_tiles_until_something_lacks(tmp_path: Path) -> None:
    asks = log_with(at300=rule(300, "Stem"), at900=record(900, type="Stem.v1"))
    unsigned = "[act] nummer 900 (Stem) is niet ondertekend"
    assert same(tmp_path, asks.spanned(0, SIZE)) == unsigned
    for lacks in (301, 600, 768, 899):
        assert same(tmp_path, asks.spanned(0, SIZE, [lacks]))[0]
    for no_matter in (299, 901, 1000):
        assert same(tmp_path, asks.spanned(0, SIZE, [no_matter])) == unsigned
    assert same(tmp_path, log_with(at300=rule(300, "Stem")).spanned(0, SIZE))[0]
    lifted = log_with(at300=rule(300, "Stem"), at700=rule(700), at900=record(900, type="Stem.v1"))
    assert same(tmp_path, lifted.spanned(0, SIZE))[0]


LATE, EARLY = "2026-01-02T00:00:00.000000Z", "2025-12-31T00:00:00.000000Z"
WRONG: dict[str, tuple[str, dict[str, bytes]]] = {
    "no JSON": ("record", {"at600": b"{"}),
    "another form": ("record", {"at600": b" " + RECORDS[600]}),
    "a key twice": ("record", {"at600": RECORDS[600].replace(b'{"body"', b'{"body":{},"body"')}),
    "no header": ("record", {"at600": canonical({"body": {}})}),
    "another place": ("position", {"at600": RECORDS[601]}),
    "another chain": ("position", {"at600": record(600, chain="ander")}),
    "no moment": ("time", {"at600": record(600, at="2026")}),
    "before the one ahead": ("time", {"at600": record(600, at=EARLY)}),
    "before the tile ahead": ("time", {"at512": record(512, at=EARLY)}),
    "after what follows": ("time", {"at511": record(511, at=LATE)}),
    "the first of two breaks": ("record", {"at600": RECORDS[601], "at300": b"{"}),
    "a rule without a signature": (
        "act", {"at300": rule(300, "Proef"), "at301": record(301, type="Proef.v1")}),
    "a key without a form": ("act", {"at600": record(600, type="SigningKeyRegistered.v1")}),
    "a signature without a form": ("act", {"at600": in_header(600, signature="ja")}),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_of_a_wrong_record_the_same_is_said(tmp_path: Path, what: str) -> None:
    kind, changed = WRONG[what]
    heard = same(tmp_path, log_with(**changed).spanned(0, SIZE))
    assert heard.startswith(f"[{kind}] ")


BROKEN: dict[str, tuple[str, Tamper]] = {
    "a bit": ("record", flip(THIRD, 40)),
    "cut off": ("record", lambda members: members.update({THIRD: members[THIRD][:-1]})),
    "something behind": ("entries", lambda members: members.update({THIRD: members[THIRD] + b"!"})),
    "tiles in another order": ("position", exchanged(SECOND, THIRD)),
    "a tile less": ("missing", without(THIRD)),
    "an empty tile": ("inclusion", set_to(THIRD, bytes(512))),
    "a word in every record": ("inclusion", swap(THIRD, b"Proef", b"Praat")),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_of_a_wrong_tile_the_same_is_said(tmp_path: Path, what: str) -> None:
    kind, tamper = BROKEN[what]
    members = log_with().spanned(0, SIZE)
    tamper(members)
    heard = same(tmp_path, members)
    assert heard.startswith(f"[{kind}] ")


def test_the_first_break_is_told_also_where_a_later_tile_cannot_be_read(tmp_path: Path) -> None:
    members = log_with(at300=RECORDS[301]).spanned(0, SIZE)
    for later in (without(THIRD), without(FOURTH)):
        changed = dict(members)
        later(changed)
        assert same(tmp_path, changed).startswith("[position] ")
    path = maker.write(tmp_path / "bundle.zip", members, span(0, SIZE))
    data = path.read_bytes()
    place = data.index(THIRD.encode()) + len(THIRD) + 40
    path.write_bytes(data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :])
    assert {str(said(path, count))[:10] for count in (1, 2, HELPERS)} == {"[position]"}


def test_a_large_tile_is_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_with(at600=record(600, text="x" * 60_000))
    monkeypatch.setattr(verifier, "MAX_HANDED", 60_000)
    assert same(tmp_path, log.spanned(0, SIZE))[0]
    tiles = [*given_tiles(4)]
    monkeypatch.setattr(verifier, "MAX_HANDED", len(tiles[1].data) - 1)
    assert [found for _, found in ahead(iter(tiles), 2)] == [None] * 4


# Who looks


def given_tiles(count: int, seen: list[int] | None = None) -> Iterator[Tile]:
    """Yield tiles of one record each, none of them the first of the log."""
    for position in range(1, count + 1):
        if seen is not None:
            seen.append(position)
        data, places = maker.entry(RECORDS[position]), range(position, position + 1)
        yield Tile(maker.CHAIN, f"tegel {position}", data, places, places, set())


def test_helpers_are_ahead_by_one_tile_each() -> None:
    read: list[int] = []
    found = ahead(given_tiles(9, read), HELPERS)
    assert read == []
    tile, sound = next(found)
    assert (tile.places, read) == (range(1, 2), [1, 2, 3, 4])
    assert sound is not None
    assert sound == looked_through(tile)
    assert [one.places.start for one, sound in found if sound] == [2, 3, 4, 5, 6, 7, 8, 9]


def test_without_helpers_a_tile_is_read_when_it_is_asked_for() -> None:
    read: list[int] = []
    found = ahead(given_tiles(3, read), 0)
    assert (next(found)[1], read) == (None, [1])


def test_helpers_end_when_nobody_asks_on() -> None:
    found = ahead(given_tiles(9), HELPERS)
    next(found)
    assert len(multiprocessing.active_children()) == HELPERS
    found.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_when_a_helper_dies_nothing_is_told_of_the_bundle() -> None:
    found = ahead(given_tiles(9), HELPERS)
    next(found)
    for helper in multiprocessing.active_children():
        helper.kill()
        helper.join(SECONDS)
    with pytest.raises(CannotTell, match="hulpproces viel weg"):
        list(found)


def begin(pipe: Any) -> None:
    """Have a tile looked through, tell which process did so, and be of no more use."""
    found = ahead(given_tiles(9), 1)
    next(found)
    pipe.send(multiprocessing.active_children()[0].pid)
    time.sleep(SECONDS)


def test_helpers_end_with_the_process_that_they_help() -> None:
    here, there = multiprocessing.Pipe()
    first = multiprocessing.Process(target=begin, args=(there,))
    first.start()
    helper = Path("/proc", str(here.recv()), "stat")
    first.kill()
    first.join(SECONDS)
    over = time.monotonic() + ENDING_SECONDS
    while helper.exists() and helper.read_text("ascii").rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < over
        time.sleep(0.01)


def test_a_helper_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ahead(given_tiles(9), 1)
    next(found)
    [helper] = multiprocessing.active_children()
    os.kill(helper.pid or 0, signal.SIGSTOP)
    monkeypatch.setattr(verifier, "HELPER_SECONDS", 0.1)
    with pytest.raises(CannotTell):
        list(found)
    helper.join(SECONDS)


def test_ctrl_c_is_for_who_asked() -> None:
    found = ahead(given_tiles(9), 1)
    next(found)
    [helper] = multiprocessing.active_children()
    os.kill(helper.pid or 0, signal.SIGINT)
    assert all(sound for _, sound in found)


def test_ctrl_c_ends_the_helpers() -> None:
    def stopped() -> Iterator[Tile]:
        yield from given_tiles(5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(ahead(stopped(), HELPERS))


# The program

START = """
import multiprocessing, resource, sys
import verify
if __name__ == "__main__":
    verify.MANY = 1
    how, most = sys.argv.pop(1), sys.argv.pop(1)
    multiprocessing.set_start_method(how)
    if most != "all":
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(most), int(most)))
    sys.exit(verify.main())
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the program in a folder with a bundle and nothing else."""
    shutil.copy(verifier.__file__, tmp_path / "verify.py")
    (tmp_path / "start.py").write_text(START, "utf-8")
    maker.write(tmp_path / "good.zip", log_with().spanned(0, SIZE), span(0, SIZE))
    wrong = log_with(at600=RECORDS[601])
    maker.write(tmp_path / "wrong.zip", wrong.spanned(0, SIZE), span(0, SIZE))

    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments], cwd=tmp_path, env={},
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip

    return start


@pytest.mark.parametrize("how", multiprocessing.get_all_start_methods())
@pytest.mark.parametrize("bundle", ["good.zip", "wrong.zip"])
def test_the_program_says_the_same_however_processes_are_started(
    run: Run, how: str, bundle: str
) -> None:
    given = [bundle, "--expect-key", LOG.vkey]
    alone = run("verify.py", *given, "--processes", "1")
    several = run("start.py", how, "all", *given, "--processes", "2")
    assert (alone.returncode, alone.stderr) == ({"good.zip": 0, "wrong.zip": 2}[bundle], "")
    assert (several.returncode, several.stdout, several.stderr) == (
        alone.returncode, alone.stdout, ""
    )  # fmt: skip


@pytest.mark.parametrize("files", ["5", "6", "7"])
def test_the_program_does_it_alone_where_no_process_can_be_started(run: Run, files: str) -> None:
    done = run("start.py", "fork", files, "good.zip", "--expect-key", LOG.vkey, "--processes", "2")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_program_takes_any_number_of_processes(run: Run) -> None:
    for count in ("-1", "0", "99"):
        done = run("start.py", "fork", "all", "good.zip", "--expect-key", LOG.vkey,
                   "--processes", count)  # fmt: skip
        assert done.returncode == 0
    assert run("verify.py", "good.zip", "--processes", "veel").returncode == 3


@pytest.fixture
def ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run the program in this process; return how it ended and what it said."""
    monkeypatch.chdir(tmp_path)
    maker.write(tmp_path / "good.zip", log_with().spanned(0, SIZE), span(0, SIZE))

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["verify.py", "good.zip", *arguments])
        return verifier.main(), capsys.readouterr().out

    return run


def test_a_check_that_is_broken_off_ends_in_a_sentence(
    tmp_path: Path, ended: Callable[..., tuple[int, str]]
) -> None:
    os.mkfifo(tmp_path / "policy")

    def break_off() -> None:
        with (tmp_path / "policy").open("w"):  # it has begun to read, and waits for more
            os.kill(os.getpid(), signal.SIGINT)

    other = threading.Thread(target=break_off)
    other.start()
    assert ended("--policy", "policy") == (3, "NIET TE ZEGGEN: afgebroken\n")
    other.join(SECONDS)


def test_a_check_whose_helper_dies_ends_with_3(
    monkeypatch: pytest.MonkeyPatch, ended: Callable[..., tuple[int, str]]
) -> None:
    given = ["--expect-key", LOG.vkey, "--processes"]
    assert ended(*given, "2")[0] == 0
    monkeypatch.setattr(verifier, "help_out", print)  # it ends without a look at anything
    code, said = ended(*given, "2")
    assert (code, said[:31]) == (3, "NIET TE ZEGGEN: een hulpproces ")
    assert ended(*given, "1")[0] == 0


def test_a_short_range_is_not_divided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: Callable[..., tuple[int, str]]
) -> None:
    """Who divides it is noticed here: the helpers end without a look at anything."""
    maker.write(tmp_path / "good.zip", log_with().spanned(300, 900), span(300, 900))
    monkeypatch.setattr(verifier, "help_out", print)
    for most, code in ((600, 3), (601, 0)):
        monkeypatch.setattr(verifier, "MANY", most)
        assert ended("--expect-key", LOG.vkey, "--processes", "2")[0] == code


def test_as_many_processors_are_used_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    if hasattr(os, "sched_getaffinity"):
        assert verifier.processors() == len(os.sched_getaffinity(0))
        monkeypatch.delattr(os, "sched_getaffinity")
    assert verifier.processors() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert verifier.processors() == 1


# How a value is written


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
))  # fmt: skip
def test_the_quick_way_of_writing_is_the_plain_one(value: object) -> None:
    assert verifier.PIECES is not None
    assert "".join(verifier.PIECES(value, 0)) == verifier.WRITER.encode(value)


def test_without_the_quick_way_the_same_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "PIECES", None)
    assert verifier.parsed(RECORDS[4], "record") == json.loads(RECORDS[4])
    with pytest.raises(NotProven):
        verifier.parsed(RECORDS[4] + b" ", "record")
