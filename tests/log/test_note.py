"""Signed notes: what is accepted, what spoils a note, and the known values."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.log.note import (
    MAX_SIGNATURES,
    MalformedNote,
    Note,
    Signature,
    UntrustedNote,
    open_note,
    read_note,
    signature,
    signed,
)
from ledger.log.note_keys import (
    ED25519,
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    BadKey,
    Signer,
    read_verifier,
    signed_message,
)
from tests.log.notes import AT, KINDS, TEXT, key, note, witness
from tests.log.test_merkle import VECTORS

# Known values


def check_known_values(values: dict[str, Any]) -> None:
    log = Signer("kat.example/chain1", ED25519, bytes.fromhex(values["log_seed"]))
    cosigner = Signer(
        "witness.kat.example/w1", ED25519_COSIGNATURE, bytes.fromhex(values["wit_seed"])
    )
    assert str(log.verifier) == values["log_vkey"]
    assert str(cosigner.verifier) == values["wit_vkey"]
    published = values["checkpoint5"]
    trusted = [read_verifier(values["log_vkey"]), read_verifier(values["wit_vkey"])]
    found, good = open_note(published.encode(), trusted)
    assert [(one.verifier, one.time) for one in good] == [(trusted[0], None), (trusted[1], AT)]
    assert str(found) == published
    assert str(signed(found.text, [log, cosigner], at=AT)) == published


def test_the_known_values_come_out() -> None:
    check_known_values(json.loads(VECTORS.read_text("utf-8")))


def test_the_known_values_of_the_shared_folder_come_out(shared_folder: Path) -> None:
    values = json.loads((shared_folder / "vectors.json").read_text("utf-8"))
    check_known_values(values)
    text = read_note(values["checkpoint5"].encode()).text
    message = signed_message("w", ED25519_COSIGNATURE, text, AT)
    assert message == values["cosigned_message"].encode()
    trusted = [read_verifier(values["log_vkey"]), read_verifier(values["wit_vkey"])]
    assert len(open_note(values["checkpoint3"].encode(), trusted)[1]) == 2


def test_an_ml_dsa_cosignature_signs_the_structure_of_the_specification() -> None:
    message = signed_message("w.example", ML_DSA_44_COSIGNATURE, TEXT, AT)
    assert message == (
        b"subtree/v1\n\0"
        + b"\x09w.example"
        + AT.to_bytes(8, "big")
        + b"\x11log.example/chain"
        + bytes(8)
        + (5).to_bytes(8, "big")
        + bytes(range(32))
    )
    made = signature(TEXT, key(kind=ML_DSA_44_COSIGNATURE), at=AT)
    assert len(made.data) == 8 + 2420
    assert made.data[:8] == AT.to_bytes(8, "big")


# Signing and opening


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_signed_is_accepted(kind: int) -> None:
    signer = key(kind=kind)
    found, [good] = open_note(note(signer), [signer.verifier])
    assert found.text == TEXT
    assert good.verifier == signer.verifier
    assert good.time == (None if kind == ED25519 else AT)


@pytest.mark.parametrize("kind", KINDS)
def test_one_flipped_bit_spoils_the_note(kind: int) -> None:
    signer = key(kind=kind)
    [made] = read_note(note(signer)).signatures
    for place in {0, 7, 8, 9, len(made.data) // 2, len(made.data) - 1} & set(range(len(made.data))):
        data = bytearray(made.data)
        data[place] ^= 1
        bad = Note(TEXT, (made._replace(data=bytes(data)),))
        with pytest.raises(UntrustedNote, match="klopt niet"):
            open_note(bad.encode(), [signer.verifier])
    for size in (1, 8, 63, len(made.data) - 1):
        bad = Note(TEXT, (made._replace(data=made.data[:size]),))
        with pytest.raises(UntrustedNote):
            open_note(bad.encode(), [signer.verifier])
    longer = Note(TEXT, (made._replace(data=made.data + b"x"),))
    with pytest.raises(UntrustedNote):
        open_note(longer.encode(), [signer.verifier])


@pytest.mark.parametrize("kind", KINDS)
def test_another_text_spoils_the_note(kind: int) -> None:
    signer = key(kind=kind)
    signatures = read_note(note(signer)).signatures
    other = Note(TEXT.replace("\n5\n", "\n6\n"), signatures)
    with pytest.raises(UntrustedNote, match="klopt niet"):
        open_note(other.encode(), [signer.verifier])


def test_extension_lines_are_signed_except_by_ml_dsa() -> None:
    extended = f"{TEXT}extra\n"
    for kind in KINDS:
        signer = key(kind=kind)
        moved = Note(extended, read_note(note(signer)).signatures).encode()
        if kind == ML_DSA_44_COSIGNATURE:
            assert open_note(moved, [signer.verifier])[1]
        else:
            with pytest.raises(UntrustedNote):
                open_note(moved, [signer.verifier])


def test_signatures_of_unknown_keys_are_ignored() -> None:
    signer = key()
    stranger = Signature(signer.name, b"\0\0\0\0", b"rubbish")
    namesake = Signature("log.example/other", signer.verifier.key_id, b"rubbish")
    mixed = Note(TEXT, (stranger, *read_note(note(signer)).signatures, namesake))
    found, good = open_note(mixed.encode(), [signer.verifier, witness(1).verifier])
    assert found == mixed
    assert [one.verifier for one in good] == [signer.verifier]


def test_a_note_without_a_known_signature_is_refused() -> None:
    for trusted in ([], [witness(1).verifier], [key(seed=2).verifier], [key("other").verifier]):
        with pytest.raises(UntrustedNote, match="Geen bekende sleutel"):
            open_note(note(), trusted)


def test_one_bad_signature_of_a_known_key_spoils_the_good_ones() -> None:
    good = read_note(note(key(), witness(1)))
    bad = good.signatures[1]._replace(data=bytes(72))
    spoiled = Note(TEXT, (good.signatures[0], bad)).encode()
    with pytest.raises(UntrustedNote, match=r"witness\.example/w1"):
        open_note(spoiled, [key().verifier, witness(1).verifier])
    assert open_note(spoiled, [key().verifier])[1]


def test_a_second_bad_signature_of_one_key_spoils_the_note_too() -> None:
    [good] = read_note(note()).signatures
    twice = Note(TEXT, (good, good._replace(data=bytes(64)))).encode()
    with pytest.raises(UntrustedNote):
        open_note(twice, [key().verifier])


def test_two_known_keys_with_one_name_and_id_are_refused() -> None:
    twin = key(seed=2).verifier
    object.__setattr__(twin, "key_id", key().verifier.key_id)
    with pytest.raises(BadKey, match="hetzelfde kenmerk"):
        open_note(note(), [key().verifier, twin])


def test_a_note_with_sixteen_of_the_largest_signatures_and_more_is_accepted() -> None:
    signers = [witness(number, ML_DSA_44_COSIGNATURE) for number in range(16)]
    data = note(key(), *signers)
    assert len(open_note(data, [key().verifier, *(one.verifier for one in signers)])[1]) == 17
    [made] = read_note(note()).signatures
    most = Note(TEXT, (made,) * MAX_SIGNATURES).encode()
    assert len(open_note(most, [key().verifier])[1]) == MAX_SIGNATURES
    with pytest.raises(MalformedNote, match="meer dan 100"):
        read_note(Note(TEXT, (made,) * (MAX_SIGNATURES + 1)).encode())


def test_signatures_are_added_once() -> None:
    first = read_note(note())
    added = signature(TEXT, witness(1), at=AT)
    both = first.with_signatures([added])
    assert both.signatures == (*first.signatures, added)
    assert both.with_signatures([added, first.signatures[0]]) == both
