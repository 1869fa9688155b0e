"""Every way to tamper with a bundle as the product makes it is caught, and named by its kind.

Who tampers knows the format: the manifest is put right again, unless that is what is tampered with.
"""

from __future__ import annotations

import json
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from ledger.log.bundle import Selection, Some, Stretch
from ledger.verify import NotProven, verify
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.log import bundle_maker as maker
from tests.log.bundle_maker import (
    CHAIN,
    LOG,
    NAMED,
    WITNESSES,
    Members,
    Signer,
    canonical,
    disclosure,
    entry,
    record,
    signed,
)
from tests.log.bundled import Anybody, bundled, members_of, plain_log, signed_log
from tests.log.tampering import exchanged, flip, put, set_to, swap, without

SIZE = 12
PLAIN = plain_log(SIZE)
NOTE = PLAIN.note()
TEXT = NOTE.partition(b"\n\n")[0] + b"\n"
ENTRIES = maker.entries_name(0, SIZE)
MADE: dict[str, tuple[Selection, Anybody]] = {
    "some": (Some([2, 4, 9]), Anybody()),
    "all": (Stretch(0, SIZE), Anybody(opens=False)),
    "stretch": (Stretch(3, 9), Anybody([5], opens=False)),
}
Tamper = Callable[[Members], object]


class Way(NamedTuple):
    """A way to tamper: with which bundle, the kind of break it is, what it does."""

    bundle: str
    kind: str
    tamper: Tamper


@pytest.fixture(scope="module")
def made(server: str, template: str) -> Iterator[dict[str, Members]]:
    """A bundle of each sort, as the product makes it."""
    name = "test_tampering_" + template.rpartition("_")[2]
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        with signed_log(_url(server, name), SIZE, steps=[3]) as store:
            yield {
                sort: members_of(bundled(store, selection, reader, since=[3])[0])
                for sort, (selection, reader) in MADE.items()
            }
    finally:
        _run(server, DROP, name=name)


def renoted(change: Callable[[bytes], bytes]) -> Tamper:
    """Change the checkpoint everywhere it stands."""

    def tamper(members: Members) -> None:
        for name, data in members.items():
            members[name] = data.replace(NOTE, change(NOTE))

    return tamper


def told(**changes: object) -> Tamper:
    """Change what the manifest says; it stays in its form."""

    def tamper(members: Members) -> None:
        said = json.loads(members["manifest.json"])
        members["manifest.json"] = canonical({**said, **changes})

    return tamper


def both(*tampers: Tamper) -> Tamper:
    return lambda members: [one(members) for one in tampers]


def chosen(*positions: int) -> Tamper:
    return told(selection={"kind": "records", "positions": list(positions)})


def ranged(start: int, until: int) -> Tamper:
    return told(selection={"kind": "range", "from": start, "until": until})


def operator(change: Callable[[bytes], bytes]) -> Tamper:
    """Change the text of the checkpoint and sign it anew with the key of the log."""
    return renoted(lambda _: signed(change(TEXT), [LOG]))


def rewritten(position: int) -> Tamper:
    """Rewrite one record and the whole log above it, signed by the operator."""
    changed = maker.Log(list(PLAIN.records), signers=[LOG])
    changed.records[position] = record(position, extra="anders")
    members_then = changed.spanned(0, SIZE)
    return lambda members: members.update(members_then) or members.pop("consistency/3.txt")


HASH = maker.base64(maker.path(2, PLAIN.leaves)[0]).encode()
HIDDEN = maker.base64(PLAIN.leaves[5]).encode()
STEP = maker.base64(maker.consistency(3, PLAIN.leaves)[0]).encode()
PROOF2, PROOF4, RANGE = "proofs/2.tlog-proof", "proofs/4.tlog-proof", "proofs/range.txt"
STRANGER = Signer(LOG.name, seed=bytes(32))
ROOT = maker.base64(maker.tree(PLAIN.leaves)).encode()

WAYS: dict[str, Way] = {
    "a word of a record": Way("some", "inclusion", swap("records/2.json", b"Proef", b"Prees")),
    "a field put to a record": Way("some", "inclusion", set_to("records/2.json", record(2, x=1))),
    "a sealed digest changed": Way(
        "some", "inclusion",
        swap("records/4.json", maker.digest(NAMED).encode(), b"A" * 43)),
    "two records exchanged": Way(
        "some", "position", exchanged("records/2.json", "records/4.json")),
    "a record of another chain": Way(
        "some", "position", set_to("records/2.json", record(2, chain="ander"))),
    "a record recorded before its last": Way(
        "some", "time", swap("records/4.json", b"00:00:04", b"00:00:01")),
    "a record with white space": Way("some", "record", swap("records/2.json", b",", b", ", 1)),
    "a record that is none": Way("some", "record", set_to("records/2.json", b"[]")),
    "a record left out": Way("some", "missing", without("records/2.json")),
    "a record and its proof left out, not said": Way(
        "some", "missing", both(without("records/2.json"), without(PROOF2))),
    "a record smuggled in": Way(
        "some", "extra", set_to("records/3.json", PLAIN.records[3])),
    "a record chosen without a proof": Way(
        "some", "missing",
        both(set_to("records/3.json", PLAIN.records[3]), chosen(2, 3, 4, 9))),
    "records in another order": Way("some", "time", chosen(4, 2, 9)),
    "a record twice": Way("some", "missing", chosen(2, 2, 4, 9)),
    "nothing chosen": Way("some", "selection", chosen()),
    "a proof left out": Way("some", "missing", without(PROOF2)),
    "two proofs exchanged": Way("some", "proof", exchanged(PROOF2, PROOF4)),
    "a proof for another place": Way("some", "proof", swap(PROOF2, b"index 2", b"index 4")),
    "a hash of a proof changed": Way(
        "some", "inclusion", swap(PROOF2, HASH, b64encode(bytes(32)))),
    "a hash of a proof left out": Way("some", "inclusion", swap(PROOF2, HASH + b"\n", b"")),
    "a hash put to a proof": Way("some", "inclusion", swap(PROOF2, HASH, HASH + b"\n" + HASH)),
    "a hash in another spelling": Way(
        "some", "proof", swap(PROOF2, HASH, HASH[:-2] + bytes([HASH[-2] + 1]) + b"=")),
    "a proof with another checkpoint in it": Way(
        "some", "proof", swap(PROOF2, TEXT, maker.checkpoint_text(SIZE + 1, bytes(32)))),
    "a disclosed value changed": Way(
        "some", "disclosure",
        set_to("disclosures/9.json", canonical({"name": disclosure("name", "Piet")}))),
    "a disclosure of another field": Way(
        "some", "disclosure", set_to("disclosures/9.json", canonical({"contact": NAMED}))),
    "a disclosure put to another record": Way(
        "some", "disclosure",
        lambda m: m.update({"disclosures/2.json": m["disclosures/9.json"]})),
    "a disclosure of a record that is not here": Way(
        "some", "extra", lambda m: m.update({"disclosures/5.json": m["disclosures/9.json"]})),
    "a proof that the log goes on, spoilt": Way(
        "some", "consistency", swap("consistency/3.txt", STEP, b64encode(bytes(32)))),
    "a proof that the log goes on, for another size": Way(
        "some", "proof", swap("consistency/3.txt", b"old 3", b"old 4")),
    "a proof that the log goes on, left out": Way("some", "missing", without("consistency/3.txt")),
    "the last record of a range left out": Way(
        "all", "entries", swap(ENTRIES, entry(PLAIN.records[-1]), b"")),
    "a record in the middle left out": Way(
        "all", "position", swap(ENTRIES, entry(PLAIN.records[6]), b"")),
    "a record withheld without its hash": Way(
        "all", "inclusion", swap(ENTRIES, entry(PLAIN.records[6]), entry(b""))),
    "two records of a range exchanged": Way(
        "all", "position", swap(
            ENTRIES, entry(PLAIN.records[6]) + entry(PLAIN.records[7]),
            entry(PLAIN.records[7]) + entry(PLAIN.records[6]))),
    "a record put behind the last": Way(
        "all", "entries", lambda m: m.update({ENTRIES: m[ENTRIES] + entry(record(SIZE))})),
    "a length changed": Way("all", "record", flip(ENTRIES, 1)),
    "entries that break off": Way("all", "record", lambda m: m.update({ENTRIES: m[ENTRIES][:-1]})),
    "a tile of entries left out": Way("all", "missing", without(ENTRIES)),
    "a tile of entries too many": Way("all", "extra", put(**{"tile/entries/001": b""})),
    "a range said to be shorter": Way("all", "entries", ranged(0, SIZE - 1)),
    "a range said to be longer": Way("all", "selection", ranged(0, SIZE + 1)),
    "a shorter range said to be the whole": Way("stretch", "proof", ranged(0, SIZE)),
    "another record shown for the withheld one": Way(
        "stretch", "inclusion", lambda m: m.update({ENTRIES: m[ENTRIES].replace(
            entry(PLAIN.records[4]) + entry(b""),
            entry(PLAIN.records[4]) + entry(record(5, x=1)))})),
    "the hash of the withheld record changed": Way(
        "stretch", "inclusion", swap(RANGE, HIDDEN, b64encode(bytes(32)))),
    "a record shown beside the range": Way(
        "stretch", "entries", lambda m: m.update(
            {ENTRIES: entry(PLAIN.records[0]) + m[ENTRIES][2:]})),
    "the proof of a range left out": Way("stretch", "missing", without(RANGE)),
    "the proof of another range": Way(
        "stretch", "proof", swap(RANGE, b"range 3 9", b"range 3 8")),
    "another root": Way(
        "all", "signature", renoted(lambda n: n.replace(ROOT, b64encode(bytes(32))))),
    "a signature taken away": Way("all", "note", renoted(lambda _: TEXT + b"\n")),
    "a signature of somebody else": Way("all", "key", renoted(lambda _: signed(TEXT, [STRANGER]))),
    "a signature of a witness alone": Way(
        "all", "key", renoted(lambda _: signed(TEXT, [WITNESSES[0]]))),
    "the policy names another key": Way(
        "all", "key", set_to("policy", maker.policy([STRANGER], quorum="none"))),
    "the policy is none": Way("all", "policy", set_to("policy", b"iets\n")),
    "a larger size signed by the operator": Way(
        "all", "origin", operator(lambda t: t.replace(b"\n12\n", b"\n13\n"))),
    "a larger size, also in the manifest": Way(
        "all", "missing", both(operator(lambda t: t.replace(b"\n12\n", b"\n13\n")), told(size=13))),
    "the whole log rewritten by the operator": Way("all", "fork", rewritten(1)),
    "the manifest of another chain": Way("all", "origin", told(chain="ander")),
    "the manifest of another format": Way("all", "manifest", told(format="ketenledger-bundle/2")),
    "the manifest of another size": Way("all", "origin", told(size=SIZE - 1)),
    "a file of no kind": Way("all", "extra", put(bijlage=b"x")),
    "a file under a dangerous name": Way("all", "member", put(**{"schemas/../../x": b"x"})),
    "two names that differ in case": Way(
        "all", "double", put(**{"schemas/A.json": b"x", "schemas/a.json": b"x"})),
}  # fmt: skip


def written(folder: Path, members: Members) -> Path:
    """Write members with a manifest that fits them again."""
    said = json.loads(members["manifest.json"])
    said["files"] = {
        name: {"sha256": sha256(data).hexdigest(), "size": len(data)}
        for name, data in members.items()
        if name != "manifest.json"
    }
    return maker.zipped(folder / "b.zip", {**members, "manifest.json": canonical(said)})


def kind_of(path: Path) -> str:
    with pytest.raises(NotProven) as broken:
        verify(str(path), keys=[LOG.vkey], earlier=[PLAIN.note(3)])
    return broken.value.kind


@pytest.mark.parametrize("sort", MADE)
def test_what_is_tampered_with_below_was_good(
    made: dict[str, Members], tmp_path: Path, sort: str
) -> None:
    assert verify(
        str(written(tmp_path, made[sort])), keys=[LOG.vkey], earlier=[PLAIN.note(3)]
    )  # fmt: skip


@pytest.mark.parametrize("what", WAYS)
def test_tampering_with_a_bundle_is_caught_and_named(
    made: dict[str, Members], tmp_path: Path, what: str
) -> None:
    sort, kind, tamper = WAYS[what]
    members = dict(made[sort])
    tamper(members)
    assert members != made[sort]
    assert kind_of(written(tmp_path, members)) == kind


@pytest.mark.parametrize("sort", MADE)
def test_one_changed_bit_of_any_member_is_caught(
    made: dict[str, Members], tmp_path: Path, sort: str
) -> None:
    for name in made[sort]:
        members = dict(made[sort])
        flip(name, len(members[name]) // 2)(members)
        wanted = {"manifest", "digest", "missing", "extra", "selection", "origin"}
        found = kind_of(maker.zipped(tmp_path / "b.zip", members))
        assert found in (wanted if name == "manifest.json" else {"digest"}), name


def test_a_bundle_that_breaks_off_or_goes_on_is_caught(
    made: dict[str, Members], tmp_path: Path
) -> None:
    path = written(tmp_path, made["all"])
    data = path.read_bytes()
    for changed in (data[:-1], data + b"\n", data[1:], data[: len(data) // 2], b""):
        path.write_bytes(changed)
        assert kind_of(path) == "archive"


def test_a_member_twice_is_caught(made: dict[str, Members], tmp_path: Path) -> None:
    path = written(tmp_path, made["all"])
    with (
        zipfile.ZipFile(path, "a") as archive,
        pytest.warns(UserWarning, match="Duplicate name"),
    ):
        archive.writestr("policy", made["all"]["policy"])
    assert kind_of(path) == "double"


def test_enough_ways_are_tried() -> None:
    kinds = {way.kind for way in WAYS.values()}
    assert len(WAYS) >= 35
    assert len(kinds) >= 18
    assert CHAIN in NOTE.decode()
