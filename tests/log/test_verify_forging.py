"""Every way to tamper with a checkpoint or to rewrite a log is caught, and named by its kind.

Where it says `operator`, the one who tampers has the key of the log.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.log import bundle_maker as maker
from tests.log.bundle_maker import (
    LOG,
    WITNESSES,
    Log,
    Members,
    Signer,
    chain_of,
    checkpoint_text,
    policy,
    record,
    records,
    signed,
    span,
)
from tests.log.tampering import (
    GOOD,
    NOTE,
    STRANGER,
    TEXT,
    Tamper,
    checked,
    kind_of,
    some,
    swap,
    whole,
    without,
)

pytestmark = pytest.mark.fast

MIXED = policy([LOG], WITNESSES[:1])
KEYLESS = {"keys": [], "policy": policy([], WITNESSES[:1], "all")}
COSIGNED = signed(TEXT, [LOG, WITNESSES[0]])
DELIMITER = b"\n\n"


def noted(note: bytes) -> Members:
    return {name: data.replace(NOTE, note) for name, data in whole().items()}


def line_of(signer: Signer, change: Callable[[bytes], bytes]) -> bytes:
    return maker.signature_line(signer.name, change(signer.key_id + signer.signature(TEXT)))


def last_bit(blob: bytes) -> bytes:
    return blob[:-1] + bytes([blob[-1] ^ 1])


NOTES: dict[str, tuple[str, bytes]] = {
    "another root": ("signature", NOTE.replace(*[maker.base64(one).encode() for one in (
        maker.tree(GOOD.leaves), bytes(32))])),
    "a bit of the signature": ("signature", TEXT + b"\n" + line_of(LOG, last_bit)),
    "a signature that is too short": ("signature", TEXT + b"\n" + line_of(LOG, lambda b: b[:-1])),
    "a bit of the key id": ("key", TEXT + b"\n" + line_of(LOG, lambda b: b"\0" + b[1:])),
    "the name of another key": ("key", TEXT + b"\n" + LOG.line(TEXT).replace(b"keten.", b"ketan.")),
    "a signature of somebody else": ("key", signed(TEXT, [STRANGER])),
    "a witness but no log": ("key", signed(TEXT, [WITNESSES[0]])),
    "a cosignature of the log alone": ("key", signed(TEXT, [Signer(LOG.name, 4)])),
    "a cosignature that is wrong": ("signature", NOTE + line_of(WITNESSES[0], last_bit)),
    "a cosignature at another moment": (
        "signature", NOTE + line_of(WITNESSES[0], lambda b: b[:11] + bytes([b[11] ^ 1]) + b[12:])),
    "base64 that is not canonical": ("note", NOTE[:-3] + bytes([NOTE[-3] + 1]) + NOTE[-2:]),
    "a line that is no signature": ("note", NOTE + b"getekend\n"),
    "a carriage return": ("note", NOTE.replace(b"\n", b"\r\n", 1)),
}  # fmt: skip


@pytest.mark.parametrize("what", NOTES)
def test_tampering_with_a_checkpoint_is_caught_and_named(what: str, tmp_path: Path) -> None:
    kind, note = NOTES[what]
    assert kind_of(tmp_path, noted(note), span(0, 7)) == kind


def test_a_signature_nobody_knows_is_passed_over(tmp_path: Path) -> None:
    note = NOTE + Signer("vreemd.example/x").line(TEXT)
    assert checked(tmp_path, noted(note), span(0, 7))


@pytest.mark.parametrize("size", [14, 3])
def test_an_operator_cannot_state_another_size(size: int, tmp_path: Path) -> None:
    text = checkpoint_text(size, maker.tree(GOOD.leaves))
    assert kind_of(tmp_path, noted(signed(text, [LOG])), span(0, 7)) in {"selection", "missing"}
    members = {name: data.replace(NOTE, signed(text, [LOG])) for name, data in some().items()}
    assert kind_of(tmp_path, members, records(2, 4)) == "inclusion"


def test_an_operator_cannot_let_time_run_backwards(tmp_path: Path) -> None:
    late = record(2, at="2026-01-02T00:00:00.000000Z")
    log = Log([*GOOD.records[:2], late, *GOOD.records[3:]], signers=[LOG])
    assert kind_of(tmp_path, log.spanned(0, 7), span(0, 7)) == "time"
    assert kind_of(tmp_path, log.selected([2, 4]), records(2, 4)) == "time"


def test_a_log_signed_anew_by_somebody_else_is_caught_by_the_expected_key(tmp_path: Path) -> None:
    log = Log(GOOD.records, signers=[STRANGER])
    assert checked(tmp_path, log.spanned(0, 7), span(0, 7), keys=[])
    assert kind_of(tmp_path, log.spanned(0, 7), span(0, 7)) == "key"
    both = {**log.spanned(0, 7), "policy": policy([STRANGER, LOG])}
    assert kind_of(tmp_path, both, span(0, 7)) == "key"
    assert kind_of(tmp_path, both, span(0, 7), keys=[], policy=policy()) == "key"


def test_a_key_of_another_name_is_no_key_of_this_log(tmp_path: Path) -> None:
    other = Signer("ander.example/log/proefketen")
    members = {**noted(signed(TEXT, [other])), "policy": policy([LOG, other])}
    assert kind_of(tmp_path, members, span(0, 7), keys=[]) == "key"
    both = {**noted(signed(TEXT, [LOG, other])), "policy": policy([LOG, other])}
    assert checked(tmp_path, both, span(0, 7))
    assert kind_of(tmp_path, both, span(0, 7), keys=[other.vkey]) == "key"


def test_too_few_witnesses_are_caught(tmp_path: Path) -> None:
    members = noted(COSIGNED)
    assert checked(tmp_path, members, span(0, 7), policy=policy(quorum="1"))
    assert checked(tmp_path, members, span(0, 7), **KEYLESS)
    assert kind_of(tmp_path, members, span(0, 7), policy=policy()) == "quorum"
    assert kind_of(tmp_path, whole(), span(0, 7), **KEYLESS) == "quorum"


def test_what_was_given_has_to_be_right_too(tmp_path: Path) -> None:
    for given, kind in (
        ({"keys": ["sleutel"]}, "key"),
        ({"keys": [WITNESSES[0].vkey]}, "key"),
        ({"policy": b"beleid"}, "policy"),
        ({"earlier": [b"punt"]}, "note"),
    ):
        assert kind_of(tmp_path, whole(), span(0, 7), **given) == kind


# Earlier checkpoints

FORKED = Log([record(0, extra="anders"), *GOOD.records[1:]], signers=[LOG])


def test_a_log_that_was_rewritten_is_caught_by_an_earlier_checkpoint(tmp_path: Path) -> None:
    for size in (1, 3, 4, 7):
        earlier = [FORKED.note(size)]
        assert kind_of(tmp_path, whole(), span(0, 7), earlier=earlier) == "fork"
        if size < 7:
            members = {**GOOD.selected([2]), **GOOD.since(size)}
            kind = kind_of(tmp_path, members, records(2), earlier=earlier)
            assert kind in ("fork", "consistency")
    assert kind_of(tmp_path, whole(), span(0, 7), earlier=[FORKED.note(0)[:0]]) == "note"


def test_a_rewritten_log_is_not_noticed_without_an_earlier_checkpoint(tmp_path: Path) -> None:
    _, doubts = checked(tmp_path, FORKED.spanned(0, 7), span(0, 7))
    assert "dat er geen tweede versie van dit logboek is" in doubts


CARRIED = "consistency/3.txt"
STEP = maker.base64(maker.consistency(3, GOOD.leaves)[1]).encode()

CONSISTENCY_TAMPERINGS: dict[str, tuple[str, Tamper]] = {
    "a hash changed": ("consistency", swap(CARRIED, STEP, maker.base64(bytes(32)).encode())),
    "a hash left out": ("consistency", swap(CARRIED, STEP + b"\n", b"")),
    "a hash put to it": ("consistency", swap(CARRIED, b"old 3", b"old 3\n" + STEP)),
    "another size": ("proof", swap(CARRIED, b"old 3", b"old 2")),
    "another checkpoint": ("proof", swap(CARRIED, TEXT, checkpoint_text(8, bytes(32)))),
    "a tail": ("proof", lambda m: m.update({CARRIED: m[CARRIED] + b"x"})),
    "left out": ("missing", without(CARRIED)),
}


@pytest.mark.parametrize("what", CONSISTENCY_TAMPERINGS)
def test_tampering_with_a_consistency_proof_is_caught(what: str, tmp_path: Path) -> None:
    kind, tamper = CONSISTENCY_TAMPERINGS[what]
    members = some()
    assert checked(tmp_path, members, records(2, 4), earlier=[GOOD.note(3)])
    tamper(members)
    assert kind_of(tmp_path, members, records(2, 4), earlier=[GOOD.note(3)]) == kind


def test_an_earlier_checkpoint_is_of_this_log_and_not_newer(tmp_path: Path) -> None:
    newer = chain_of(9)
    assert kind_of(tmp_path, whole(), span(0, 7), earlier=[newer.note()]) == "older"
    other = Log(GOOD.records, origin="ander.example/log/x", signers=[Signer("ander.example/log/x")])
    assert kind_of(tmp_path, whole(), span(0, 7), earlier=[other.note(3)]) == "origin"
    forged = GOOD.note(3).replace(LOG.line(TEXT), b"")
    bad = maker.signature_line(LOG.name, last_bit(LOG.key_id + LOG.signature(TEXT)))
    forged = forged.partition(DELIMITER)[0] + DELIMITER + bad
    assert kind_of(tmp_path, whole(), span(0, 7), earlier=[forged]) == "signature"


def test_a_range_with_something_withheld_cannot_reckon_an_earlier_root(tmp_path: Path) -> None:
    members = GOOD.spanned(0, 7, [1])
    assert kind_of(tmp_path, members, span(0, 7), earlier=[GOOD.note(3)]) == "missing"
    assert checked(tmp_path, {**members, **GOOD.since(3)}, span(0, 7), earlier=[GOOD.note(3)])
