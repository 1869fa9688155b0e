"""Every way to tamper with the records of a bundle is caught, and named by its kind.

Who tampers puts the manifest right again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.log import bundle_maker as maker
from tests.log.bundle_maker import (
    NAMED,
    canonical,
    checkpoint_text,
    disclosure,
    entry,
    policy,
    record,
    records,
    span,
)
from tests.log.tampering import (
    GOOD,
    NOTE,
    RANGE,
    TEXT,
    Tamper,
    checked,
    exchanged,
    flip,
    kind_of,
    put,
    set_to,
    some,
    stretch,
    swap,
    whole,
    without,
)

pytestmark = pytest.mark.fast


def test_what_is_tampered_with_below_was_good(tmp_path: Path) -> None:
    for members, selection in (
        (some(), records(2, 4)),
        (whole(), span(0, 7)),
        (stretch(), span(1, 6)),
    ):
        assert checked(tmp_path, members, selection)


# Records and their proofs

PROOF2, PROOF4 = "proofs/2.tlog-proof", "proofs/4.tlog-proof"
HASH = maker.base64(maker.path(2, GOOD.leaves)[0]).encode()

RECORD_TAMPERINGS: dict[str, tuple[str, Tamper]] = {
    "a word of a record changed": ("inclusion", swap("records/2.json", b"Proef", b"Prees")),
    "a field put to a record": ("inclusion", set_to("records/2.json", record(2, extra="x"))),
    "the time of a record changed": ("inclusion", swap("records/2.json", b"00:02", b"00:03")),
    "a record from before its last": ("time", swap("records/4.json", b"T00:00:04", b"T00:00:01")),
    "a time in another form": ("time", swap("records/2.json", b".000000Z", b".0000000")),
    "a record in another place": ("position", exchanged("records/2.json", "records/4.json")),
    "a record of another chain": ("position", set_to("records/2.json", record(2, chain="ander"))),
    "a record with white space": ("record", swap("records/2.json", b",", b", ", 1)),
    "a record that names a field twice": (
        "record",
        swap("records/2.json", b'"v":1', b'"v":1,"v":1'),
    ),
    "a record with a fraction": ("record", set_to("records/2.json", record(2, extra=0.5))),
    "a record that is not JSON": ("record", set_to("records/2.json", b"vastlegging")),
    "a record without a header": ("record", set_to("records/2.json", b'{"body":{}}')),
    "a record whose body is a list": (
        "record",
        set_to("records/2.json", record(2).replace(b'{"type":"Proef.v1"}', b'["Proef.v1"]')),
    ),
    "a record whose header is a list": (
        "record",
        set_to("records/2.json", b'{"body":{},"header":["proefketen",2]}'),
    ),
    "a record whose moment is a number": (
        "record",
        swap("records/2.json", b'"2026-01-01T00:00:02.000000Z"', b"2026"),
    ),
    "a record that is a list": ("record", set_to("records/2.json", b"[]")),
    "an empty record": ("record", set_to("records/2.json", b"")),
    "a record left out": ("missing", without("records/2.json")),
    "a proof left out": ("missing", without(PROOF2)),
    "the proof of another record": ("proof", exchanged(PROOF2, PROOF4)),
    "an index one higher": ("proof", swap(PROOF2, b"index 2", b"index 3")),
    "an index one lower": ("proof", swap(PROOF2, b"index 2", b"index 1")),
    "another kind of proof": ("proof", swap(PROOF2, b"proof@v1", b"proof@v2")),
    "extra data in a proof": ("proof", swap(PROOF2, b"index", b"extra QQ==\nindex")),
    "a proof that breaks off": ("proof", lambda m: m.update({PROOF2: m[PROOF2][:-1]})),
    "a proof with a tail": ("proof", lambda m: m.update({PROOF2: m[PROOF2] + b"\n"})),
    "a proof for another checkpoint": ("proof", swap(PROOF2, TEXT, checkpoint_text(8, bytes(32)))),
    "a hash changed": ("inclusion", swap(PROOF2, HASH, maker.base64(bytes(32)).encode())),
    "a hash left out": ("inclusion", swap(PROOF2, HASH + b"\n", b"")),
    "a hash doubled": ("inclusion", swap(PROOF2, HASH, HASH + b"\n" + HASH)),
    "a hash too short": ("proof", swap(PROOF2, HASH, maker.base64(bytes(31)).encode())),
    "a hash in another form": (
        "proof",
        swap(PROOF2, HASH, HASH[:-2] + bytes([HASH[-2] + 1]) + b"="),
    ),
    "a disclosed value changed": (
        "disclosure",
        set_to("disclosures/4.json", canonical({"name": disclosure("name", "Piet")})),
    ),
    "a disclosure under another name": (
        "disclosure",
        set_to("disclosures/4.json", canonical({"contact": NAMED})),
    ),
    "a disclosure of another record": (
        "disclosure",
        lambda m: m.update({"disclosures/2.json": m["disclosures/4.json"]}),
    ),
    "a disclosure of a record that is not here": (
        "extra",
        lambda m: m.update({"disclosures/5.json": m["disclosures/4.json"]}),
    ),
    "a disclosure that is a list": ("disclosure", set_to("disclosures/4.json", b"[]")),
    "a disclosure that is a number": (
        "disclosure",
        set_to("disclosures/4.json", b'{"name":1}'),
    ),
    "a disclosure that is not JSON": ("disclosure", set_to("disclosures/4.json", b"naam")),
    "a record put in": ("extra", set_to("records/3.json", GOOD.records[3])),
    "a member of no kind": ("extra", put(bijlage=b"x")),
    "a policy left out": ("missing", without("policy")),
    "a policy that is none": ("policy", set_to("policy", b"quorum")),
}


@pytest.mark.parametrize("what", RECORD_TAMPERINGS)
def test_tampering_with_records_is_caught_and_named(what: str, tmp_path: Path) -> None:
    kind, tamper = RECORD_TAMPERINGS[what]
    members = some()
    tamper(members)
    assert kind_of(tmp_path, members, records(2, 4)) == kind


@pytest.mark.parametrize(
    "positions",
    [
        [],
        [2],
        [4, 2],
        [2, 2, 4],
        [2, 4, 7],
        [-1],
        ["2", "4"],
        [2, 4, None],
        [2.5],
        [[2]],
        {"2": 4},
        2,
    ],
    ids=str,
)
def test_a_selection_that_is_not_what_is_there_is_caught(positions: object, tmp_path: Path) -> None:
    selection = {"kind": "records", "positions": positions}
    kinds = {"selection", "missing", "time", "extra", "manifest", "position"}
    assert kind_of(tmp_path, some(), selection) in kinds


@pytest.mark.parametrize("position", [-1, 7, 8, 2**63])
def test_a_record_outside_the_log_is_not_proven_by_its_root(position: int, tmp_path: Path) -> None:
    root = maker.tree(GOOD.leaves)
    opening = ["c2sp.org/tlog-proof@v1", f"index {position}"]
    members = {
        "checkpoint": NOTE,
        "policy": policy(),
        f"records/{position}.json": record(position, at="2026-01-01T00:00:00.000000Z"),
        f"proofs/{position}.tlog-proof": maker.proof(opening, [root], NOTE),
    }
    kind = kind_of(tmp_path, members, records(position))
    assert kind == ("member" if position < 0 else "inclusion")


# Ranges

FIRST, SECOND, LAST = (entry(GOOD.records[n]) for n in (0, 1, 6))

RANGE_TAMPERINGS: dict[str, tuple[str, Tamper]] = {
    "a record left out": ("position", swap(RANGE, SECOND, b"")),
    "the last record left out": ("entries", swap(RANGE, LAST, b"")),
    "a record put in": ("position", swap(RANGE, FIRST, FIRST + entry(record(0, extra=1)))),
    "a record put after the last": ("entries", swap(RANGE, LAST, LAST + entry(record(7)))),
    "two records swapped": ("position", swap(RANGE, FIRST + SECOND, SECOND + FIRST)),
    "a record changed": ("inclusion", swap(RANGE, b'"Proef.v1"', b'"Prees.v1"')),
    "a record hidden without its hash": ("inclusion", swap(RANGE, SECOND, entry(b""))),
    "a length changed": ("record", flip(RANGE, 1)),
    "the entries break off": ("record", lambda m: m.update({RANGE: m[RANGE][:-1]})),
    "the entries have a tail": ("entries", lambda m: m.update({RANGE: m[RANGE] + b"\0"})),
    "the entries left out": ("missing", without(RANGE)),
    "entries that are too many": ("extra", set_to("tile/entries/001", b"")),
    "a hash put to the proof": (
        "inclusion",
        swap("proofs/range.txt", b"\n\n", b"\n" + HASH + b"\n\n", 1),
    ),
    "a proof of another range": ("proof", swap("proofs/range.txt", b"range 0 7", b"range 0 6")),
    "the proof left out": ("missing", without("proofs/range.txt")),
}


@pytest.mark.parametrize("what", RANGE_TAMPERINGS)
def test_tampering_with_a_range_is_caught_and_named(what: str, tmp_path: Path) -> None:
    kind, tamper = RANGE_TAMPERINGS[what]
    members = whole()
    tamper(members)
    assert kind_of(tmp_path, members, span(0, 7)) == kind


def test_a_range_is_not_another_range(tmp_path: Path) -> None:
    other = {(2, 6), (1, 5), (2, 5), (6, 1), (1, 1), (-1, 6), (1, 8), (0, 8)}
    for start, until in other:
        assert kind_of(tmp_path, stretch(), span(start, until)) in {
            "selection", "entries", "proof", "missing",
        }  # fmt: skip
        members = stretch()
        right = members["proofs/range.txt"].replace(b"range 1 6", b"range %d %d" % (start, until))
        members["proofs/range.txt"] = right
        assert kind_of(tmp_path, members, span(start, until)) in {
            "selection", "entries", "inclusion", "missing",
        }  # fmt: skip


def test_nothing_is_shown_beside_the_range_it_proves(tmp_path: Path) -> None:
    for before, after in ((FIRST, entry(b"")), (entry(b""), LAST), (entry(b""), entry(b"x"))):
        members = stretch()
        members[RANGE] = before + members[RANGE][2:-2] + after
        assert kind_of(tmp_path, members, span(1, 6)) == "entries"


def test_a_withheld_record_cannot_be_another(tmp_path: Path) -> None:
    members = stretch()
    at = members[RANGE].index(entry(GOOD.records[4]))
    shown = members[RANGE][: at - 2] + entry(record(3, extra=1)) + members[RANGE][at:]
    assert kind_of(tmp_path, {**members, RANGE: shown}, span(1, 6)) == "inclusion"


def test_a_selection_that_says_nothing_sensible_is_caught(tmp_path: Path) -> None:
    turned = (span(1, 1), span(6, 1), span(0, 8), {"kind": "range", "from": "0", "until": 7})
    for selection in ({}, {"kind": "alles"}, *turned):
        assert kind_of(tmp_path, whole(), selection) == "selection"
