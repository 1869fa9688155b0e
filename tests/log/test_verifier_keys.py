"""Verifier keys as the rules read them and as the log does: two readers, one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.values import Refused
from ledger.domain.verifier_keys import LOG_KEYS, MAX_NAME_BYTES, WITNESS_KEYS, read
from ledger.log.note_keys import ED25519, BadKey, Signer, read_verifier
from tests.log.notes import KINDS, key

ANY = (*LOG_KEYS, *WITNESS_KEYS)
NAMES = st.text(min_size=1, max_size=40).filter(lambda name: "+" not in name)


@given(NAMES, st.sampled_from(KINDS), st.binary(min_size=32, max_size=32))
def test_a_key_that_the_log_can_use_is_one_for_the_rules_and_the_other_way_round(
    name: str, kind: int, seed: bytes
) -> None:
    try:
        verifier = Signer(name, kind, seed).verifier
    except (BadKey, UnicodeEncodeError):
        with pytest.raises(Refused):
            read(f"{name}+00000000+AQ==", ANY, "W1")
        return
    if "\x7f" in name:  # an unseen letter, which the log lets by and a record does not
        with pytest.raises(Refused):
            read(str(verifier), (kind,), "W1")
        return
    assert read(str(verifier), (kind,), "W1") == (name, kind, verifier.public)


@pytest.mark.parametrize("kind", KINDS)
def test_no_letter_of_a_key_can_be_changed(kind: int) -> None:
    text = str(key(kind=kind).verifier)
    assert read(text, ANY, "W1") == read(text, (kind,), "W1")
    for place in range(0, len(text), 1 if kind == ED25519 else 37):
        for letter in ("A", "b", "+", "=", " ", "é", ""):
            changed = text[:place] + letter + text[place + 1 :]
            if changed == text:
                continue
            with pytest.raises(Refused, match="W5"):
                read(changed, ANY, "W5")


def test_only_the_kinds_that_were_asked_for_are_accepted() -> None:
    for kind in KINDS:
        others = tuple(one for one in KINDS if one != kind)
        with pytest.raises(Refused, match="soort"):
            read(str(key(kind=kind).verifier), others, "W1")


def test_a_key_id_is_written_in_small_letters() -> None:
    text = str(key().verifier)
    name, key_id, public = text.split("+", 2)
    assert read_verifier(f"{name}+{key_id.upper()}+{public}") == key().verifier
    with pytest.raises(Refused):
        read(f"{name}+{key_id.upper()}+{public}", ANY, "W1")


def test_a_name_fits_in_a_cosignature() -> None:
    for length, fits in ((MAX_NAME_BYTES, True), (MAX_NAME_BYTES + 1, False)):
        text = str(key("n" * length).verifier)
        if fits:
            assert read(text, ANY, "W1").name == "n" * length
        else:
            with pytest.raises(Refused):
                read(text, ANY, "W1")
