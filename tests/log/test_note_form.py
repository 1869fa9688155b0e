"""The form of a signed note: where its parts end, and what is no note at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.log.checkpoint import from_base64, to_base64
from ledger.log.note import (
    MAX_NOTE_BYTES,
    MalformedNote,
    Note,
    Signature,
    open_note,
    read_note,
    read_signature,
    signed,
)
from tests.log.notes import TEXT, key, note

GOOD = note().decode()
LINE = GOOD.split("\n\n")[1]


def test_the_text_ends_before_the_last_empty_line() -> None:
    assert read_note(f"a\n\nb\n\n{LINE}".encode()).text == "a\n\nb\n"
    assert read_note(f"a\n\n\n{LINE}".encode()).text == "a\n\n"
    assert read_note(f"\n\n{LINE}".encode()).text == "\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        TEXT.encode(),
        f"{TEXT}\n".encode(),
        GOOD[:-1].encode(),
        f"{GOOD}\n".encode(),
        f"{GOOD}more\n".encode(),
        f"{TEXT}{LINE}".encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("chain\n5", "chain\t\n5").encode(),
        GOOD.replace("chain\n5", "chain\0\n5").encode(),
        GOOD.replace("chain\n5", "chain\x1f\n5").encode(),
        GOOD.encode("utf-16"),
        GOOD.encode() + b"\xff",
        b"\xed\xa0\x80" + GOOD.encode(),
        GOOD.replace("— ", "- ").encode(),
        GOOD.replace("— ", "—").encode(),
        GOOD.replace("— ", "—  ").encode(),
        GOOD.replace("— ", " — ").encode(),
        b"x" * MAX_NOTE_BYTES + b"\n" + GOOD.encode(),
    ],
)
def test_what_is_no_signed_note_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedNote):
        read_note(data)


def test_other_letters_are_welcome_in_a_text() -> None:
    text = "café — één\x7f\u2028\n"
    assert open_note(note(text=text), [key().verifier])[0].text == text


@pytest.mark.parametrize(
    "line",
    [
        "— name",
        "— name ",
        "—  AAAAAAA=",
        "— na+me AAAAAAA=",
        "— na\u00a0me AAAAAAA=",
        "— na\u2003me AAAAAAA=",
        "— name AAAAAA==",
        "— name AAAA",
        "— name AAAAAAA",
        "— name AAAAAAB=",
        "— name AAAAAAA= ",
        "— name AAAAAAA= x",
        "— name AAAA AAA=",
        "— name AAAAAA-=",
        "— name AAAAAA_=",
        "— name ÁAAAAAA=",
        "— name =",
        "— name AAAAAAA=AAAAAAA=",
    ],
)
def test_a_line_that_is_no_signature_is_refused(line: str) -> None:
    assert read_signature("— name AAAAAAA=") == Signature("name", bytes(4), b"\0")
    with pytest.raises(MalformedNote):
        read_signature(line)


@pytest.mark.parametrize("text", ["", "a", "a\nb", "a\tb\n", "x\n\n— name AAAAAAA="])
def test_a_text_that_cannot_be_in_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(MalformedNote):
        signed(text, [key()])


@given(st.text(), st.text(min_size=1), st.binary(min_size=1))
def test_a_note_is_read_as_it_was_written_or_not_at_all(text: str, name: str, data: bytes) -> None:
    written = Note(f"{text}\n", (Signature(name, b"abcd", data),))
    try:
        found = read_note(written.encode())
    except (MalformedNote, UnicodeEncodeError):
        assert not (text.isalnum() and name.isalnum())
    else:
        assert found == written or "— " in text
        assert found.encode() == written.encode()


@given(st.binary())
def test_base64_has_one_spelling(data: bytes) -> None:
    text = to_base64(data)
    assert from_base64(text) == data
    for other in (text + "\n", text + "=", text.rstrip("="), " " + text):
        if other != text:
            with pytest.raises(ValueError, match="base64"):
                from_base64(other)
