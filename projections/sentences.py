"""One Dutch sentence for each record, from the template that stands with its event type.

The fields in the template are filled in as people say them: days in words, choices in Dutch,
things by their names. A field that was left empty leaves no trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from ledger.domain.events.bodies import SeatCreated
from ledger.domain.events.signing_keys import SignatureRuleAdopted
from ledger.domain.values import DATE_PATTERN, INSTANT_PATTERN, SLUG_PATTERN, Event
from projections.names import Ref, said
from projections.words import DUTCH, Speech

FIELD: Final = re.compile(r"\{(\w+)\}")
REFERS_TO: Final = {
    "organisation": "partner",
    "organisations": "partner",
    "order": "partner",
    "towards": "partner",
    "successor": "body",
    "reviewer": "person",
    "seats": "seat",
    "by_decision": "decision",
    "earlier": "decision",
    "supersedes": "objective",
}
"""The kind of thing a field names, where the field is not called after it."""
_KIND_IN: Final = {"grantor": "grantor_kind", "holder": "holder_kind"}
_KINDS: Final = {"organisation": "partner", "role": "assignment"}


EMPTY: Final[dict[tuple[type[Event], str], str]] = {
    (SeatCreated, "organisation"): "De keten",
    (SignatureRuleAdopted, "event_types"): "niets",
}
"""What is said where nothing was filled in; elsewhere an empty field leaves no trace."""


class Field(Struct, frozen=True):
    """How a field of a template is said; `as_` is word, day, moment, thing or text."""

    name: str
    as_: str


def references(event: Event) -> list[Ref]:
    """Return the things that an event's sentence speaks of."""
    return [
        (_kind(event, field.name), name)
        for field in _fields(type(event))
        if field.as_ == "thing"
        for name in _many(getattr(event, field.name))
        if name
    ]


def sentence(event: Event, known: dict[Ref, str], speech: Speech = DUTCH) -> str:
    """Return the sentence of an event in a language, with the names that are known."""
    filled = {field.name: _said(event, field, known, speech) for field in _fields(type(event))}
    return _tidy(FIELD.sub(lambda found: filled[found[1]], speech.template(event.SENTENCE)))


@cache
def _fields(kind: type[Event]) -> tuple[Field, ...]:
    hints = get_type_hints(kind, include_extras=True)
    names = dict.fromkeys(FIELD.findall(kind.SENTENCE))
    return tuple(Field(name, _manner(hints[name])) for name in names)


def _manner(hint: Any) -> str:
    patterns, literal = _traits(hint)
    if literal:
        return "word"
    for manner, pattern in (
        ("moment", INSTANT_PATTERN), ("day", DATE_PATTERN), ("thing", SLUG_PATTERN)
    ):  # fmt: skip
        if any(found.endswith(pattern) for found in patterns):
            return manner
    return "text"


def _traits(hint: Any) -> tuple[list[str], bool]:
    """Return the patterns that a type names anywhere inside, and whether it is a choice."""
    if get_origin(hint) is Literal:
        return [], True
    patterns = [
        meta.pattern
        for meta in (get_args(hint)[1:] if get_origin(hint) is Annotated else ())
        if isinstance(meta, Meta) and meta.pattern
    ]
    literal = False
    for inner in get_args(hint):
        if not isinstance(inner, Meta):
            below, choice = _traits(inner)
            patterns += below
            literal = literal or choice
    return patterns, literal


def _kind(event: Event, field: str) -> str:
    if field in _KIND_IN and hasattr(event, _KIND_IN[field]):
        kind = str(getattr(event, _KIND_IN[field]))
        return _KINDS.get(kind, kind)
    if field == "holder":
        return "assignment"
    return REFERS_TO.get(field, field)


def _many(value: object) -> Sequence[Any]:
    return value if isinstance(value, tuple) else (value,)


def _said(event: Event, field: Field, known: dict[Ref, str], speech: Speech) -> str:
    parts = [part for part in _many(getattr(event, field.name)) if part not in ("", None)]
    if not parts:
        return speech.template(EMPTY.get((type(event), field.name), ""))
    return speech.listed([_part(event, field, part, known, speech) for part in parts])


def _part(event: Event, field: Field, value: Any, known: dict[Ref, str], speech: Speech) -> str:
    match field.as_:
        case "word":
            return (
                "" if value == "other" and getattr(event, "label", "") else speech.word(str(value))
            )
        case "day":
            return speech.day(value)
        case "moment":
            return speech.moment(value)
        case "thing":
            return _thing(event, (_kind(event, field.name), value), known)
    return str(getattr(value, "name", value))


def _thing(event: Event, ref: Ref, known: dict[Ref, str]) -> str:
    """Say a thing by its name, unless the event gives that name itself."""
    own = {str(getattr(event, name, "")) for name in ("name", "title", "function", "text")}
    return ref[1] if known.get(ref, "") in own else said(ref, known)


def _tidy(text: str) -> str:
    """Take away what is left of empty fields (spaces, brackets, a colon) and doubled full stops."""
    text = re.sub(r"\(\s*\)", "", text)
    text = re.sub(r"(?<!\.)\.(?=”?[.,;](?!\.))", "", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([.,:;])", r"\1", text).strip()
    text = re.sub(r"[:;,]$", "", text)
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def all_references(events: Iterable[Event]) -> set[Ref]:
    """Return the things that these events' sentences speak of."""
    return {ref for event in events for ref in references(event)}
