"""A sample of every event type, made from its definition: the smallest and the fullest.

Values are chosen by the kind of field alone, so a sample is well-formed and not always lawful: it
is for bytes, schemas and pages, not for rules.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

from ledger import catalogue
from ledger.domain.values import Event, Header

INSTANT = "2024-02-29T23:59:59.000001Z"
TEXT = "Tekst met é, “aanhaling” \\ en \n regel"


def smallest(kind: type[Event]) -> Event:
    """Return an event with its required fields only."""
    return msgspec.convert(_struct(inspect.type_info(kind), full=False), kind)


def fullest(kind: type[Event]) -> Event:
    """Return an event with every field filled."""
    return msgspec.convert(_struct(inspect.type_info(kind), full=True), kind)


def header(position: int, *, full: bool) -> Header:
    """Return a header for a sample, with or without everything that is optional."""
    wanted: dict[str, Any] = {
        "v": 1,
        "chain": "keten",
        "position": position,
        "at": INSTANT,
        "on": "2024-01-01T00:00:00.000000Z",
        "by": "persoon-1",
        "scope": "chain",
    }
    if full:
        source = {"name": "Bron", "sha256": "ab" * 32, "reference": "blad 7"}
        wanted |= {
            "under": [1, 2],
            "recordedBy": "bureau-1",
            "cause": 3,
            "act": "handeling-1",
            "source": source,
            "signature": {"key": "sleutel-1", "value": "A" * 86 + "=="},
        }
    return msgspec.convert(wanted, Header)


def _struct(info: Any, *, full: bool) -> dict[str, Any]:
    tag = {info.tag_field: info.tag} if info.tag_field else {}
    fields = (one for one in info.fields if one.required or full)
    return tag | {one.encode_name: _value(one.type, full=full) for one in fields}


def _value(info: Any, *, full: bool) -> Any:
    match info:
        case inspect.Metadata():
            return _value(info.type, full=full)
        case inspect.StructType():
            return _struct(info, full=full)
        case inspect.UnionType():
            chosen = [one for one in info.types if not isinstance(one, inspect.NoneType)]
            return _value(chosen[0], full=full)
        case inspect.VarTupleType():
            count = max(info.min_length or 0, 1 if full else 0)
            return [_value(info.item_type, full=full) for _ in range(count)]
        case inspect.LiteralType():
            return info.values[-1]
        case inspect.IntType():
            return info.ge or 0
        case inspect.BoolType():
            return True
        case inspect.StrType():
            return _text(info)
    raise TypeError(f"no sample for {info}")


def _text(info: Any) -> str:
    pattern = info.pattern or ""
    for mark, value in (
        ("T(?:[01]", INSTANT),
        ("02-29", "2024-02-29"),
        ("0-9a-f", "0f" * 32),
        ("https?", "https://getuige.example/w1"),
        ("[AEIMQUY", "A" * 43 + "="),
        ("[AQgw]", "A" * 86 + "=="),
        ("{43}", "A" * 43),
        ("{20}", "00000001003214345000"),
        ("{9}", "111222333"),
        ("{8}", "12345678"),
        ("[^~/]", "/title"),
        ("A-Za-z0-9", "kenmerk-1"),
    ):
        if mark in pattern:
            return value
    return TEXT


def lines() -> list[bytes]:
    """Return the canonical bytes of two records of every type, by name: smallest, then fullest."""
    made = []
    for number, name in enumerate(sorted(catalogue.TYPES)):
        kind = catalogue.TYPES[name].kind
        made.append(catalogue.encode(smallest(kind), header(2 * number, full=False)))
        made.append(catalogue.encode(fullest(kind), header(2 * number + 1, full=True)))
    return made
