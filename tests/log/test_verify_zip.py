"""The zip file and its manifest: what is missing, too much, doubled, damaged or dangerous."""

from __future__ import annotations

import json
import random
import struct
import zipfile
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from ledger import verify as verifier
from ledger.verify import NotProven, verify
from tests.log import bundle_maker as maker
from tests.log.bundle_maker import LOG, Members, canonical, span
from tests.log.tampering import RANGE, whole

pytestmark = pytest.mark.fast
Listed = dict[str, Any]


def kind(path: Path) -> str:
    with pytest.raises(NotProven) as broken:
        verify(str(path), keys=[LOG.vkey], earlier=[])
    return broken.value.kind


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A bundle of the whole log, in which nothing is wrong."""
    path = maker.write(tmp_path / "good.zip", {**whole(), "index.html": b"<p>" * 100}, span(0, 7))
    assert verify(str(path), keys=[LOG.vkey], earlier=[])
    return path


# The file


BROKEN_FILES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda data: b"",
    "no zip file": lambda data: b"geen zipbestand, maar wel lang genoeg",
    "breaks off": lambda data: data[:-10],
    "breaks off halfway": lambda data: data[: len(data) // 2],
    "has a tail": lambda data: data + b"\n",
    "has a long tail": lambda data: data + data[: len(data) // 2],
    "has a comment": lambda data: data[:-2] + b"\x04\x00meer",
    "starts later": lambda data: data[20:],
}


@pytest.mark.parametrize("what", BROKEN_FILES)
def test_a_file_that_is_not_one_whole_zip_is_caught(what: str, good: Path) -> None:
    good.write_bytes(BROKEN_FILES[what](good.read_bytes()))
    assert kind(good) == "archive"


def test_a_flipped_bit_is_caught_or_changes_nothing_that_is_read(good: Path) -> None:
    """Such as a bit of a member's date, or of the last byte that deflate fills up."""
    data, report = good.read_bytes(), verify(str(good), keys=[LOG.vkey], earlier=[])
    dice = random.Random(7)
    for place in [dice.randrange(len(data)) for _ in range(80)]:
        changed = bytearray(data)
        changed[place] ^= 1 << dice.randrange(8)
        good.write_bytes(changed)
        with suppress(NotProven):
            assert verify(str(good), keys=[LOG.vkey], earlier=[]) == report


# Its members


@pytest.mark.parametrize(
    "name",
    [
        "../index.html", "schemas/../../x", "/etc/passwd", "schemas//x", "C:x", "schemas\\x",
        "schemas/", "./index.html", "schemas/.x", "schemas/\u00e9", "schemas/a b",
        "index.html\0x",
    ],
)  # fmt: skip
def test_a_member_with_a_dangerous_name_is_caught(name: str, tmp_path: Path) -> None:
    written = name.replace("\0", "~")
    path = maker.write(tmp_path / "b.zip", {**whole(), written: b"x"}, span(0, 7))
    path.write_bytes(path.read_bytes().replace(written.encode(), name.encode()))
    assert kind(path) == "member"


@pytest.mark.parametrize(
    ("one", "other"), [("index.html", "index.html"), ("schemas/A", "schemas/a")]
)
def test_two_members_of_one_name_are_caught(one: str, other: str, good: Path) -> None:
    doubled = pytest.warns(UserWarning, match="Duplicate name") if one == other else nullcontext()
    with zipfile.ZipFile(good, "a") as archive, doubled:
        archive.writestr(one, b"x")
        archive.writestr(other, b"y")
    assert kind(good) == "double"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_is_packed_in_another_way_is_caught(method: int, good: Path) -> None:
    with zipfile.ZipFile(good, "a", method) as archive:
        archive.writestr("schemas/x", b"x")
    assert kind(good) == "member"


def central(data: bytes, name: str) -> int:
    """Return where the central directory speaks of a member."""
    return data.rindex(name.encode()) - 46


def test_an_encrypted_member_is_caught(good: Path) -> None:
    data = bytearray(good.read_bytes())
    data[central(data, "policy") + 8] |= 1
    good.write_bytes(data)
    assert kind(good) == "archive"


def test_a_member_that_unpacks_to_too_much_is_caught(good: Path) -> None:
    """A bomb says its true size and is refused, or says less and is cut off."""
    size = verifier.MAX_MEMBER_BYTES + 1
    with zipfile.ZipFile(good, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schemas/x", bytes(size))
    assert kind(good) == "member"
    data = bytearray(good.read_bytes())
    struct.pack_into("<L", data, central(data, "schemas/x") + 24, 10)
    good.write_bytes(data)
    assert kind(good) == "extra"


def test_members_that_share_their_bytes_are_caught(good: Path) -> None:
    """As in a bomb whose many names point at one packed file."""
    with zipfile.ZipFile(good, "a") as archive:
        archive.writestr("schemas/x", bytes(10_000))
        shared = archive.getinfo("schemas/x")
        for number in range(3):
            again = zipfile.ZipInfo(f"schemas/{number}")
            for field in ("header_offset", "CRC", "compress_size", "file_size"):
                setattr(again, field, getattr(shared, field))
            archive.filelist.append(again)
            archive.NameToInfo[again.filename] = again
    assert kind(good) == "double"


def test_limits_may_be_reached_and_not_passed(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(good) as archive:
        count, largest = len(archive.infolist()), max(one.file_size for one in archive.infolist())
    for name, limit, caught in (
        ("MAX_MEMBERS", count, "double"),
        ("MAX_MEMBER_BYTES", largest, "member"),
    ):
        monkeypatch.setattr(verifier, name, limit)
        assert verify(str(good), keys=[LOG.vkey], earlier=[])
        monkeypatch.setattr(verifier, name, limit - 1)
        assert kind(good) == caught
        monkeypatch.undo()


# Its manifest


def test_a_bundle_without_a_manifest_is_caught(tmp_path: Path) -> None:
    assert kind(maker.zipped(tmp_path / "b.zip", whole())) == "missing"


MANIFESTS: dict[str, tuple[str, Callable[[Listed], object]]] = {
    "of another format": ("manifest", lambda m: m.update(format="ketenledger-bundle/2")),
    "without files": ("manifest", lambda m: m.pop("files")),
    "with files as a list": ("manifest", lambda m: m.update(files=[*m["files"]])),
    "without a selection": ("selection", lambda m: m.pop("selection")),
    "of another chain": ("origin", lambda m: m.update(chain="ander")),
    "of another log": ("origin", lambda m: m.update(origin="ander.example/log/proefketen")),
    "of another size": ("origin", lambda m: m.update(size=8)),
    "without a size": ("origin", lambda m: m.pop("size")),
    "that leaves a file out": ("extra", lambda m: m["files"].pop("policy")),
    "that names a file too many": ("missing", lambda m: m["files"].update(x={})),
    "with another digest": ("digest", lambda m: m["files"][RANGE].update(sha256="0" * 64)),
    "with another size of a file": ("digest", lambda m: m["files"][RANGE].update(size=1)),
    "without a digest": ("digest", lambda m: m["files"][RANGE].pop("sha256")),
    "with another digest of the page": (
        "digest",
        lambda m: m["files"]["index.html"].update(size=1),
    ),
    "that lists itself": ("extra", lambda m: m["files"].update({"manifest.json": {"size": 1}})),
}


@pytest.mark.parametrize("what", MANIFESTS)
def test_a_manifest_that_is_not_right_is_caught(what: str, tmp_path: Path) -> None:
    named, change = MANIFESTS[what]
    members = {**whole(), "index.html": b"<p>"}
    path = maker.write(tmp_path / "b.zip", members, span(0, 7), change)
    assert kind(path) == named


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "white space": lambda text: text.replace(b",", b", ", 1),
    "a field twice": lambda text: text.replace(b'"size":7}', b'"size":7,"size":7}'),
    "a fraction": lambda text: text.replace(b'"size":7}', b'"size":7.0}'),
    "breaks off": lambda text: text[:-1],
    "a list": lambda text: b"[]",
    "no text": lambda text: b"\xff",
    "nothing": lambda text: b"",
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_manifest_in_another_form_is_caught(what: str, tmp_path: Path) -> None:
    members: Members = whole()
    text = canonical(maker.manifest(members, span(0, 7)))
    assert SPOILT[what](text) != text
    path = maker.zipped(tmp_path / "b.zip", {"manifest.json": SPOILT[what](text), **members})
    assert kind(path) == "manifest"


def test_a_manifest_may_say_more_than_the_format_asks(tmp_path: Path) -> None:
    selection = {**span(0, 7), "about": "de hele keten"}
    path = maker.write(tmp_path / "b.zip", whole(), selection, lambda m: m.update(made="vandaag"))
    assert verify(str(path), keys=[LOG.vkey], earlier=[])
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("manifest.json"))["made"] == "vandaag"
