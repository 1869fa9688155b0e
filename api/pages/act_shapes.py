"""The shape of the form of an event type, made from the type itself: no form is drawn by hand.

Each field has a manner: how it is asked for, and so how what was filled in is read.

    line text date moment whole money choice choices yes thing new digest   one value
    group     a structure inside         rows   a list of such values or structures
    event     an event inside an event: what a decision would record
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from msgspec import Struct, field
from msgspec.inspect import (
    BoolType,
    Field,
    IntType,
    LiteralType,
    Metadata,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)

from ledger.domain.values import DATE_PATTERN, INSTANT_PATTERN, SLUG_PATTERN, Event
from projections.things import camel

LONG: Final = 500
"""Text that may be longer than this is asked for in several lines."""
DEFAULT_LENGTH: Final = 2000
THINGS: Final = {
    "acceptedBy": "person", "byDecision": "decision", "consumer": "partner",
    "decisions": "decision", "importAuthority": "person", "jointlyBy": "partner",
    "order": "partner", "organisation": "partner", "organisations": "partner",
    "parties": "partner", "preparedBy": "person", "proposers": "person", "provider": "partner",
    "representative": "person", "reviewer": "person", "sponsors": "person", "successor": "body",
    "supersedes": "objective", "supportedBy": "partner", "towards": "partner",
}  # fmt: skip
"""The kind of thing that a field names, where it is not called after it."""
OWN_NAMES: Final = frozenset(
    {
        "action", "agreement", "assignment", "authority", "body", "bottleneck", "decision",
        "escalation", "evidenceRequest", "exercise", "lesson", "mandate", "meeting", "objective",
        "person", "review", "seat", "serviceAccount", "signingKey",
    }
)  # fmt: skip
PARENTS: Final = {"AgreementProposed": "agreement", "BodyEstablished": "body"}
NEW_ORGANISATION: Final = frozenset({"PartnerAdmitted", "FoundingPartner", "Witness"})
"""Where an organisation is named that the chain need not know yet."""


class Shape(Struct, frozen=True):
    """One field of a form: its name in JSON, its manner, and what that manner needs.

    `owner` is the event type or structure it stands in. `required` says that it cannot stay empty.
    """

    name: str
    manner: str
    owner: str
    required: bool = False
    long: int = DEFAULT_LENGTH
    choices: tuple[str, ...] = ()
    thing: str = ""
    parts: tuple[Shape, ...] = ()
    events: tuple[str, ...] = ()
    most: int = 0


class _Place(Struct, frozen=True):
    """Where a type stands: in which structure, under which name, whether it has to be there."""

    name: str
    owner: str
    required: bool
    creates: str = ""
    most: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


@cache
def shape(kind: type[Event]) -> tuple[Shape, ...]:
    """Return the fields of an event type's form, in the order of the type."""
    found = type_info(kind)
    if not isinstance(found, StructType):
        raise TypeError(f"{kind.__name__} is no structure")
    return _fields(found, camel(kind.CREATES))


def _fields(found: StructType, creates: str = "") -> tuple[Shape, ...]:
    owner = found.cls.__name__
    return tuple(_field(one, owner, creates) for one in found.fields)


def _field(one: Field, owner: str, creates: str) -> Shape:
    return _shape(one.type, _Place(one.encode_name, owner, one.required, creates))


def _shape(type_: Type, at: _Place) -> Shape:
    match type_:
        case Metadata():
            extra = {**at.extra, **(type_.extra_json_schema or {})}
            place = _Place(at.name, at.owner, at.required, at.creates, at.most, extra)
            return _shape(type_.type, place)
        case UnionType():
            return _one_of(type_, at)
        case VarTupleType():
            return _list(type_, at)
        case StructType():
            return Shape(at.name, "group", at.owner, at.required, parts=_fields(type_))
        case LiteralType():
            choices = tuple(str(value) for value in type_.values if value != "")
            return Shape(at.name, "choice", at.owner, at.required, choices=choices)
        case BoolType():
            return Shape(at.name, "yes", at.owner)
        case IntType():
            money = at.name.endswith("Cents")
            return Shape(at.name, "money" if money else "whole", at.owner, at.required)
        case StrType():
            return _text(type_, at)
    raise TypeError(f"{at.owner}.{at.name}: no form for {type_}")


def _one_of(type_: UnionType, at: _Place) -> Shape:
    kinds = [one for one in type_.types if not isinstance(one, NoneType)]
    if len(kinds) == 1:
        return _shape(kinds[0], _Place(at.name, at.owner, required=False))
    events = tuple(sorted(str(one.tag) for one in kinds if isinstance(one, StructType)))
    return Shape(at.name, "event", at.owner, at.required, events=events)


def _list(type_: VarTupleType, at: _Place) -> Shape:
    inner = _shape(type_.item_type, _Place(at.name, at.owner, required=True))
    required = at.required and bool(type_.min_length)
    if inner.manner == "choice":
        return Shape(at.name, "choices", at.owner, required, choices=inner.choices)
    return Shape(at.name, "rows", at.owner, required, parts=(inner,), most=type_.max_length or LONG)


def _text(type_: StrType, at: _Place) -> Shape:
    pattern = type_.pattern or ""
    if at.extra.get("x-sealed"):
        return Shape(at.name, "sealed", at.owner, at.required)
    for manner, known in (("moment", INSTANT_PATTERN), ("date", DATE_PATTERN)):
        if pattern.endswith(known):
            return Shape(at.name, manner, at.owner, at.required)
    if pattern.endswith(SLUG_PATTERN):
        return _slug(at)
    long = type_.max_length or DEFAULT_LENGTH
    required = at.required and type_.min_length != 0
    return Shape(at.name, "text" if long > LONG else "line", at.owner, required, long=long)


def _slug(at: _Place) -> Shape:
    if at.name == at.creates:
        return Shape(at.name, "new", at.owner, at.required)
    kind = THINGS.get(at.name, at.name if at.name in OWN_NAMES else "")
    if at.name == "parent":
        kind = PARENTS.get(at.owner, "")
    if at.name == "organisation" and at.owner in NEW_ORGANISATION:
        kind = ""
    return Shape(at.name, "thing" if kind else "slug", at.owner, at.required, thing=kind, long=64)
