"""Canonical JSON: one value, one row of bytes, one hash.

What is hashed must be the same everywhere and for ever, so a value has exactly one form: RFC 8785
(names sorted, no white space, shortest escapes), restricted to what every reader keeps exactly:

- no floats; whole numbers from -(2^53 - 1) up to 2^53 - 1 (RFC 8785 section 3.1, RFC 7493);
- text is in Unicode normal form C, without NUL and without lone surrogates;
- names in objects are ASCII, so that sorting by bytes and by UTF-16 gives the same order;
- at most MAX_DEPTH levels deep.

Within these limits `msgspec` with sorted names writes the very bytes of RFC 8785; a property test
holds it against the reference implementation. Sentences are Dutch: they reach the person who typed.
"""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

MAX_RECORD_BYTES: Final = 65_535
"""The length of an entry in a tile is two bytes (C2SP tlog-tiles), so a record ends here."""

MAX_INTEGER: Final = 2**53 - 1
MAX_DEPTH: Final = 64

LEAF_PREFIX: Final = b"\x00"
"""Sets leaves apart from inner nodes of the tree. Source: RFC 9162, section 2.1.1."""

_MAX_SHOWN: Final = 80
_MAX_DIGITS: Final = len(str(MAX_INTEGER))
_ENCODER: Final = msgspec.json.Encoder(order="sorted")

_ESCAPED_NUL: Final = b"\\u0000"
_NUL = "bevat een NUL-teken (U+0000)"
_SURROGATE = "bevat een los surrogaat en is daarom geen geldige Unicode-tekst"
_NOT_NFC = "staat niet in Unicode-normaalvorm C (NFC)"
_INTEGER = f"is een geheel getal buiten het bereik van -{MAX_INTEGER} tot en met {MAX_INTEGER}"
_FLOAT = "is geen geheel getal; getallen met een komma of exponent zijn niet toegestaan"
_DEPTH = f"is dieper genest dan {MAX_DEPTH} niveaus"
_NAME = "heeft een veldnaam die niet alleen uit ASCII-tekens bestaat"
_KIND = "is van een soort die JSON niet kent"

_Fault = tuple[str, str]  # where, as a path; what, as the rest of a Dutch sentence


class NotCanonical(ValueError):
    """A value that has no canonical form, with a Dutch sentence that says where and why."""


def encode(obj: object) -> bytes:
    """Return the canonical JSON of a Struct, dict, list, text, whole number, boolean or None.

    Raises NotCanonical for a value outside the limits, TypeError for a kind msgspec cannot write.
    """
    try:
        fault = _fault(msgspec.to_builtins(obj), 0)
    except RecursionError as error:
        raise NotCanonical(_sentence(("", _DEPTH))) from error
    if fault is not None:
        raise NotCanonical(_sentence(fault))
    return _ENCODER.encode(obj)


def encode_typed(obj: object) -> bytes:
    """Return what `encode` returns, for a Struct whose types rule out floats and long integers.

    Only its texts can then be at fault, and whether they are is seen in the bytes: a quotation mark
    composes with nothing, so a text is in normal form where the whole is. Where the whole is not,
    the walk says whether a text is to blame, and which. Raises as `encode` does.
    """
    try:
        data = _ENCODER.encode(obj)
    except UnicodeEncodeError:
        return encode(obj)  # which says where the surrogate stands
    # Looking for it with `in` would first try whether it is a number, at twice the cost.
    sound = (data.isascii() or _is_normal(data)) and data.find(_ESCAPED_NUL) < 0
    return data if sound else encode(obj)


def _is_normal(data: bytes) -> bool:
    """Tell whether UTF-8 is in normal form C; Latin-1 always is (Unicode Annex 15, section 14)."""
    text = data.decode("utf-8")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return unicodedata.is_normalized("NFC", text)
    return True


def problem(data: bytes | str) -> str | None:
    """Return in a Dutch sentence why this JSON text has no canonical form, or None if it has one.

    White space and the order of names are free: this judges the value, `is_canonical` the bytes.
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        value = _READER.decode(text)
    except UnicodeDecodeError as error:
        return f"De tekst is geen geldige UTF-8 (byte {error.start})."
    except json.JSONDecodeError as error:
        return f"De tekst is geen geldige JSON (regel {error.lineno}, teken {error.colno})."
    except RecursionError:
        return _sentence(("", _DEPTH))
    fault = _fault(value, 0)
    return None if fault is None else _sentence(fault)


def is_plain(data: bytes) -> bool:
    """Tell at a glance whether nothing that `problem` looks for can be in a text; False: perhaps.

    True for JSON as programs write it, without white space, escapes and fractions, with names in
    ASCII and texts in normal form: written again it is the same, so no name stands there twice.
    Long numbers and depth are left to types.
    """
    if b"\\" in data:
        return False
    try:
        plain = data.isascii() or (_is_normal(data) and not _OTHER_NAME.search(data))
        return plain and _AS_WRITTEN.encode(_WHOLE.decode(data)) == data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def is_canonical(data: bytes) -> bool:
    """Tell whether these bytes are exactly the canonical form of what they say."""
    return problem(data) is None and _ENCODER.encode(json.loads(data)) == data


def leaf_hash(data: bytes) -> bytes:
    """Return the hash (32 bytes) of a record as a leaf of the log. Source: RFC 9162, 2.1.1."""
    return hashlib.sha256(LEAF_PREFIX + data).digest()


def _no_fraction(text: str) -> object:
    raise ValueError(text)


_OTHER_NAME: Final = re.compile(rb'[\x80-\xff][^"]*":')
"""A name beyond ASCII, where no text has an escape: what ends in a colon is a name."""

_AS_WRITTEN: Final = msgspec.json.Encoder()
_WHOLE: Final = msgspec.json.Decoder(float_hook=_no_fraction)


class _Twice:
    """Stands where an object named one field twice, until the walk finds it and knows the path."""

    def __init__(self, name: str) -> None:
        self.name = name


def _fault(value: object, depth: int) -> _Fault | None:
    """Walk a tree of plain values; the order of the cases is the order of how often they occur."""
    if isinstance(value, str):
        return _text_fault(value)
    if isinstance(value, dict):
        return _object_fault(value, depth)
    if isinstance(value, int):
        return None if -MAX_INTEGER <= value <= MAX_INTEGER else ("", _INTEGER)
    if isinstance(value, (list, tuple)):
        return _list_fault(value, depth)
    if value is None:
        return None
    if isinstance(value, _Twice):
        return ("", f"heeft de veldnaam {_short(value.name)} tweemaal")
    return ("", _FLOAT if isinstance(value, float) else _KIND)


def _text_fault(text: str) -> _Fault | None:
    if "\0" in text:
        return ("", _NUL)
    if text.isascii():
        return None
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return ("", _SURROGATE)
    return None if unicodedata.is_normalized("NFC", text) else ("", _NOT_NFC)


def _object_fault(value: dict[object, object], depth: int) -> _Fault | None:
    if depth >= MAX_DEPTH:
        return ("", _DEPTH)
    for name, inner in value.items():
        if not isinstance(name, str) or not name.isascii():
            return ("", _NAME)
        if "\0" in name:
            return ("", _NUL)
        fault = _fault(inner, depth + 1)
        if fault is not None:
            return (f".{name}{fault[0]}", fault[1])
    return None


def _list_fault(value: Sequence[object], depth: int) -> _Fault | None:
    if depth >= MAX_DEPTH:
        return ("", _DEPTH)
    for index, inner in enumerate(value):
        fault = _fault(inner, depth + 1)
        if fault is not None:
            return (f"[{index}]{fault[0]}", fault[1])
    return None


def _sentence(fault: _Fault) -> str:
    where, what = fault
    subject = f"Veld {_short(where.removeprefix('.'))}" if where else "De waarde"
    return f"{subject} {what}."


def _short(name: str) -> str:
    """Keep a sentence readable and printable, whatever the name came from."""
    shown = name if len(name) <= _MAX_SHOWN else f"{name[:_MAX_SHOWN]}..."
    return "".join(letter if " " <= letter <= "~" else "?" for letter in shown)


def _read_integer(digits: str) -> int:
    # Python refuses very long numbers with an error of its own; ours says where the number stands.
    return int(digits) if len(digits) <= _MAX_DIGITS + 1 else MAX_INTEGER + 1


def _read_float(_: str) -> float:
    return 0.5  # any float will do: what matters is that there is one, and where


def _read_object(pairs: list[tuple[str, object]]) -> object:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    counts = Counter(name for name, _ in pairs)
    return _Twice(next(name for name, count in counts.items() if count > 1))


_READER: Final = json.JSONDecoder(
    object_pairs_hook=_read_object, parse_int=_read_integer, parse_float=_read_float
)
