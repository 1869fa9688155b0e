"""Canonical JSON: the same bytes as RFC 8785 within our limits, a Dutch sentence outside them."""

import enum
import hashlib
import json
import unicodedata
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.log import canonical
from ledger.log.canonical import (
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_RECORD_BYTES,
    NotCanonical,
    encode,
    is_canonical,
    is_plain,
    leaf_hash,
    problem,
)


class Choice(enum.StrEnum):
    FOR = "for"


class Body(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    tag_field="type",
    tag="VoteCast.v1",
    omit_defaults=True,
):
    voting_seat: str
    zeta: int = 0
    a_reason: str | None = None
    choice: Choice = Choice.FOR
    under: tuple[int, ...] = ()


class Record(msgspec.Struct, frozen=True):
    header: dict[str, Any]
    body: Body


names = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=8)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20).map(
    lambda text: unicodedata.normalize("NFC", text)
)
integers = st.integers(-MAX_INTEGER, MAX_INTEGER)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)
bodies = st.builds(
    Body,
    voting_seat=texts,
    zeta=integers,
    a_reason=st.none() | texts,
    under=st.lists(integers, max_size=3).map(tuple),
)
# Anything JSON can write: floats, huge numbers, NUL, surrogates and unnormalised text included.
wild = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(values)
def test_the_bytes_are_those_of_the_reference_implementation(value: Any) -> None:
    data = encode(value)
    assert data == rfc8785.dumps(value)
    assert json.loads(data) == value
    assert is_canonical(data)


@given(bodies, st.dictionaries(names, values, max_size=4))
def test_a_struct_is_written_as_the_object_it_means(body: Body, header: dict[str, Any]) -> None:
    data = encode(Record(header=header, body=body))
    assert data == rfc8785.dumps(json.loads(data))
    assert msgspec.json.decode(data, type=Record) == Record(header=header, body=body)
    assert is_canonical(data)


@given(wild)
def test_what_is_refused_in_memory_is_refused_as_text_and_nothing_else(value: Any) -> None:
    text = json.dumps(value)
    try:
        data = encode(value)
    except NotCanonical:
        assert problem(text) is not None
    else:
        assert problem(text) is None
        assert data == rfc8785.dumps(value)


@given(values, st.data())
def test_one_changed_byte_is_canonical_only_as_another_value(value: Any, data: Any) -> None:
    stored = bytearray(encode(value))
    at = data.draw(st.integers(0, len(stored) - 1))
    stored[at] ^= data.draw(st.integers(1, 255))
    assert not is_canonical(bytes(stored)) or json.loads(stored) != value


def test_a_struct_leaves_out_defaults_and_sorts_its_type_among_its_fields() -> None:
    assert encode(Body(voting_seat="s1")) == b'{"type":"VoteCast.v1","votingSeat":"s1"}'
    assert (
        encode(Body(voting_seat="s1", zeta=2, a_reason="é"))
        == '{"aReason":"é","type":"VoteCast.v1","votingSeat":"s1","zeta":2}'.encode()
    )


def test_every_control_character_is_escaped_as_rfc_8785_says() -> None:
    text = "".join(map(chr, range(1, 0x80))) + "\u2028é\U0001f600"
    assert encode(text) == rfc8785.dumps(text)


@pytest.mark.parametrize("edge", [MAX_INTEGER, -MAX_INTEGER, 0])
def test_integers_at_the_edge_are_kept(edge: int) -> None:
    assert encode(edge) == str(edge).encode()
    assert problem(str(edge)) is None


@pytest.mark.parametrize("beyond", [MAX_INTEGER + 1, -MAX_INTEGER - 1, 2**64, -(2**63) - 1])
def test_integers_beyond_the_edge_are_refused(beyond: int) -> None:
    with pytest.raises(NotCanonical, match=r"^Veld a\[0\] is een geheel getal buiten het bereik"):
        encode({"a": [beyond]})
    assert str(problem(f'{{"a": [{beyond}]}}')).startswith("Veld a[0] is een geheel getal buiten")


def test_a_number_of_too_many_digits_for_python_is_refused_all_the_same() -> None:
    assert str(problem("1" + "0" * 5000)).startswith("De waarde is een geheel getal buiten")
    with pytest.raises(NotCanonical, match="geheel getal buiten"):
        encode(10**5000)


@pytest.mark.parametrize(
    ("value", "text", "sentence"),
    [
        ({"a": {"b": [1, 1.5]}}, '{"a":{"b":[1,1.5]}}', "Veld a.b[1] is geen geheel getal"),
        ([1.0], "[1.0]", "Veld [0] is geen geheel getal"),
        ([1e300], "[1e300]", "Veld [0] is geen geheel getal"),
        (float("nan"), "NaN", "De waarde is geen geheel getal"),
        ([float("-inf")], "[-Infinity]", "Veld [0] is geen geheel getal"),
        ({"title": "a\0b"}, '{"title":"a\\u0000b"}', "Veld title bevat een NUL-teken"),
        ({"title": "\ud800"}, '{"title":"\\ud800"}', "Veld title bevat een los surrogaat"),
        ({"title": "e\u0301"}, '{"title":"e\u0301"}', "Veld title staat niet in Unicode-norm"),
        ({"é": 1}, '{"é":1}', "De waarde heeft een veldnaam die niet alleen uit ASCII"),
        ({"a": {"x\0": 1}}, '{"a":{"x\\u0000":1}}', "Veld a bevat een NUL-teken"),
    ],
)
def test_a_refusal_says_where_and_why(value: object, text: str, sentence: str) -> None:
    with pytest.raises(NotCanonical) as refusal:
        encode(value)
    assert str(refusal.value).startswith(sentence)
    assert str(problem(text)).startswith(sentence)
    assert problem(text.encode()) == problem(text)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"a": 1', "De tekst is geen geldige JSON (regel 1, teken "),
        (b"", "De tekst is geen geldige JSON"),
        (b'\xef\xbb\xbf{"a":1}', "De tekst is geen geldige JSON"),
        (b'["\x00"]', "De tekst is geen geldige JSON"),
        (b'["\xff"]', "De tekst is geen geldige UTF-8 (byte 2)."),
        ('{"a":1}'.encode("utf-16"), "De tekst is geen geldige UTF-8"),
        (b'{"a":{"b":1,"c":2,"b":1}}', "Veld a heeft de veldnaam b tweemaal."),
        (b"[" * 100_000, "De waarde is dieper genest dan 64 niveaus."),
    ],
)
def test_broken_text_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    assert str(problem(data)).startswith(sentence)
    assert not is_canonical(data)


def test_depth_has_a_limit_and_the_limit_itself_is_fine() -> None:
    def nested(levels: int) -> object:
        value: object = 1
        for _ in range(levels):
            value = [value]
        return value

    assert encode(nested(MAX_DEPTH)) == b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH
    with pytest.raises(NotCanonical, match="dieper genest"):
        encode(nested(MAX_DEPTH + 1))
    with pytest.raises(NotCanonical, match="dieper genest"):
        encode(nested(100_000))


def test_a_combining_mark_after_an_escape_is_in_order() -> None:
    # Escaped it stands as `\n` and a tilde: looking at the bytes alone one would see an n-tilde.
    assert encode("\n\u0303") == '"\\n\u0303"'.encode()
    assert problem('"\\n\u0303"') is None


def test_the_text_backslash_u0000_is_no_nul() -> None:
    assert encode("\\u0000") == b'"\\\\u0000"'
    assert problem(b'"\\\\u0000"') is None


def test_a_kind_that_json_does_not_know_is_an_error_of_the_programmer() -> None:
    with pytest.raises(TypeError):
        encode(object())
    with pytest.raises(TypeError):
        encode(msgspec.Raw(b'{"b":1.5, "a":2}'))
    with pytest.raises(NotCanonical, match="veldnaam"):
        encode({1: 2})


@pytest.mark.parametrize("data", [b'{"b":1,"a":2}', b'{"a": 1}', b"[1 ]", b'"\\u0041"', b"-0"])
def test_a_value_in_other_bytes_is_admitted_but_not_canonical(data: bytes) -> None:
    assert problem(data) is None
    assert not is_canonical(data)
    assert is_canonical(encode(json.loads(data)))


@given(wild)
def test_what_is_plain_at_a_glance_has_no_fault_that_types_do_not_see(value: Any) -> None:
    for escaped in (True, False):
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=escaped)
        data = text.encode("utf-8", "surrogatepass")
        fault = problem(data) or ""
        assert not is_plain(data) or not fault or "buiten het bereik" in fault


@pytest.mark.parametrize(
    "text", ['{"b":1,"a":[true,null,"x y"]}', "[]", "-1", '{"a":"één","b":["ﬁ: ","€"]}']
)
def test_what_programs_write_is_plain(text: str) -> None:
    assert is_plain(text.encode())
    assert problem(text.encode()) is None


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}', b"1.0", b"1e3", b"-0", b'{"a": 1}', b'"\\u0041"', b"x", b"", b"[" * 2000,
        '{"één":1}'.encode(), '{"e\u0301":1}'.encode(), '"e\u0301"'.encode(), b'"\xed\xa0\x80"',
    ],
)  # fmt: skip
def test_what_is_not_plain_is_looked_at_more_closely(data: bytes) -> None:
    assert not is_plain(data)


def test_a_refusal_stays_short_whatever_it_quotes() -> None:
    sentence = str(problem(json.dumps({"n\n" * 10_000: 1.5})))
    assert len(sentence) < 250
    assert sentence.isprintable()


def test_the_leaf_hash_is_that_of_rfc_9162() -> None:
    assert leaf_hash(b"") == hashlib.sha256(b"\x00").digest()
    assert leaf_hash(b'{"n":0}').hex().startswith("f94070ab")
    assert leaf_hash(b'{"n":2}').hex().startswith("3d1de776")
    assert leaf_hash(b'{"n":1}') != leaf_hash(b'{"n":0}')


def test_a_record_fits_in_the_two_length_bytes_of_an_entry() -> None:
    assert MAX_RECORD_BYTES.to_bytes(2, "big") == b"\xff\xff"


TRICKY = st.text(
    st.sampled_from('aen=<"\\/\0\n\té\u0301\u0327\u0338\u1100\u1161\ud800'), max_size=6
)


@given(TRICKY)
@example("geen \\u0000")
def test_typed_values_are_written_or_refused_as_any_other(text: str) -> None:
    class Word(msgspec.Struct):
        text: str

    try:
        expected: bytes | str = canonical.encode(Word(text))
    except canonical.NotCanonical as error:
        expected = str(error)
    try:
        found: bytes | str = canonical.encode_typed(Word(text))
    except canonical.NotCanonical as error:
        found = str(error)
    assert found == expected
