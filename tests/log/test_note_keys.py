"""The keys of notes: how they are written, and what each kind signs."""

import pytest

from ledger.log.checkpoint import BadCheckpoint
from ledger.log.note import (
    open_note,
)
from ledger.log.note_keys import (
    ED25519,
    MAX_TIME,
    ML_DSA_44_COSIGNATURE,
    BadKey,
    BadSignature,
    Signer,
    Verifier,
    read_signer,
    read_verifier,
)
from tests.log.notes import AT, COSIGNING, KINDS, TEXT, key, note


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_comes_back_as_it_was_written(kind: int) -> None:
    made = Signer.made("log.example/a", kind)
    assert read_signer(made.private_text()) == made
    assert read_verifier(str(made.verifier)) == made.verifier
    assert Signer.made("log.example/a", kind) != made


def test_a_plus_in_the_base64_of_a_key_belongs_to_the_base64() -> None:
    with_plus = [
        one for one in (key(seed=seed) for seed in range(256)) if str(one.verifier).count("+") > 2
    ]
    assert len(with_plus) > 10
    for one in with_plus:
        assert read_verifier(str(one.verifier)) == one.verifier
    signer = Signer("x", ED25519, b"\xfb" * 32)
    assert signer.private_text().count("+") > 4
    assert read_signer(signer.private_text()) == signer


def test_a_private_key_is_not_shown_by_accident() -> None:
    signer = Signer("x", ED25519, b"\x41" * 32)
    assert "AAAA" not in repr(signer)
    assert "seed" not in repr(signer)
    with pytest.raises(BadKey) as refused:
        read_signer(signer.private_text().replace("+01", "+02")[:-4])
    assert signer.private_text()[-20:-4] not in str(refused.value)


VKEY = str(key().verifier)
NAME, KEY_ID, KEY = VKEY.split("+", 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME,
        f"{NAME}+{KEY_ID}",
        f"+{KEY_ID}+{KEY}",
        f"other{VKEY}",
        f"{VKEY}=",
        f"{VKEY}\n",
        VKEY[:-1],
        VKEY[:-4],
        f"{NAME}+0{KEY_ID}+{KEY}",
        f"{NAME}+g{KEY_ID[1:]}+{KEY}",
        f"{NAME}+00000000+{KEY}",
        f"{NAME}+{KEY_ID}+",
        f"a b{VKEY}",
        f"a\u00a0b{VKEY}",
    ],
)
def test_a_text_that_is_no_key_is_refused(text: str) -> None:
    assert read_verifier(VKEY) == key().verifier
    with pytest.raises(BadKey):
        read_verifier(text)
    with pytest.raises(BadKey):
        read_signer("PRIVATE+KEY+" + text)
    with pytest.raises(BadKey):
        read_signer(VKEY)


@pytest.mark.parametrize("kind", [0x00, 0x02, 0x05, 0xFF])
def test_a_key_of_another_kind_is_refused(kind: int) -> None:
    with pytest.raises(BadKey, match="kennen we niet"):
        Verifier("x", kind, bytes(32))
    with pytest.raises(BadKey, match="kennen we niet"):
        Signer("x", kind, bytes(32))


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_a_wrong_length_is_refused(kind: int) -> None:
    size = len(key(kind=kind).verifier.public)
    for wrong in (0, size - 1, size + 1):
        with pytest.raises(BadKey, match="lengte"):
            Verifier("x", kind, bytes(wrong))
    with pytest.raises(BadKey, match="32 bytes"):
        Signer("x", kind, bytes(31))


def test_one_key_has_another_id_per_kind_and_name() -> None:
    ids = {key(name, kind).verifier.key_id for name in ("a", "b") for kind in KINDS[:2]}
    assert len(ids) == 4


# What a cosignature says


@pytest.mark.parametrize("kind", COSIGNING)
def test_the_time_of_a_cosignature_is_signed_as_well(kind: int) -> None:
    signer = key(kind=kind)
    data = signer.sign(TEXT, at=AT)
    later = (AT + 1).to_bytes(8, "big") + data[8:]
    assert signer.verifier.verify(TEXT, data) == AT
    with pytest.raises(BadSignature):
        signer.verifier.verify(TEXT, later)


@pytest.mark.parametrize("kind", COSIGNING)
@pytest.mark.parametrize("at", [None, 0, -1, MAX_TIME + 1])
def test_a_cosignature_is_made_at_a_time(kind: int, at: int | None) -> None:
    with pytest.raises(ValueError, match="needs the time"):
        key(kind=kind).sign(TEXT, at=at)
    assert key(kind=kind).sign(TEXT, at=MAX_TIME)


@pytest.mark.parametrize("kind", COSIGNING)
def test_a_time_beyond_what_the_specification_allows_is_refused(kind: int) -> None:
    signer = key(kind=kind)
    for time in (MAX_TIME + 1, 2**64 - 1):
        with pytest.raises(BadSignature):
            signer.verifier.verify(TEXT, time.to_bytes(8, "big") + signer.sign(TEXT, at=AT)[8:])


@pytest.mark.parametrize("kind", COSIGNING)
def test_only_a_checkpoint_is_cosigned(kind: int) -> None:
    with pytest.raises(BadCheckpoint):
        key(kind=kind).sign("a shopping list\n", at=AT)
    with pytest.raises(BadSignature):
        key(kind=ML_DSA_44_COSIGNATURE).verifier.verify("a shopping list\n", bytes(2428))


def test_an_ed25519_key_signs_any_text_and_no_time() -> None:
    _, [good] = open_note(note(text="a\n\nb\n"), [key().verifier])
    assert good.time is None


def test_a_name_too_long_for_the_structure_cannot_sign_with_ml_dsa() -> None:
    longest = key("n" * 255, ML_DSA_44_COSIGNATURE)
    assert longest.verifier.verify(TEXT, longest.sign(TEXT, at=AT)) == AT
    with pytest.raises(BadKey, match="255 bytes"):
        key("n" * 256, ML_DSA_44_COSIGNATURE).sign(TEXT, at=AT)
