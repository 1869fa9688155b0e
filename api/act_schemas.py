"""What the routes that record look like in the OpenAPI document, made from the event types.

A body is the event's own schema, except that the path and `type` may be left out and that a sealed
field takes the value itself: it becomes a digest on its way into the record.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any, Final

import msgspec

from api.act_paths import IN_BRACES
from ledger import catalogue
from ledger.catalogue import Type
from ledger.domain.values import Header
from ledger.receipts import Receipt
from ledger.sealed import MAX_VALUE_CHARACTERS

REF: Final = "#/components/schemas/{name}"


class Attempt(msgspec.Struct, frozen=True):
    """A record as it would be: its event and its header."""

    body: Any
    header: Header


class TrialAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """What an act would come to: the records it would make, time's own first; nothing is kept."""

    chain: str
    position: int
    records: tuple[Attempt, ...]


@cache
def components() -> dict[str, Any]:
    """Return every schema the routes that record refer to, by name."""
    kinds = [one.kind for one in catalogue.TYPES.values()]
    _, found = msgspec.json.schema_components([*kinds, Receipt, TrialAnswer], ref_template=REF)
    return found


def documentation(wanted: Type | None, path: str) -> dict[str, Any]:
    """Return the part of an operation's description that its parameters do not say themselves."""
    schema = _body(wanted, path) if wanted else _any_body()
    summary = _first_line(wanted) if wanted else "Record an event of any type."
    return {
        "summary": summary,
        "description": _description(wanted) if wanted else "The body names its `type`.",
        "security": [{"bearer": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "201": _answer("Recorded: the receipt.", "Receipt"),
            "200": _answer("Recorded before under this key, or tried out only.", "Receipt"),
        },
    }


def _answer(description: str, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"$ref": REF.format(name=name)}
    if description.endswith("only."):
        schema = {"anyOf": [schema, {"$ref": REF.format(name="TrialAnswer")}]}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _body(wanted: Type, path: str) -> dict[str, Any]:
    whole = components()[wanted.kind.__name__]
    given = {"type", *IN_BRACES.findall(path)}
    properties = {
        name: _plain(wanted, name, schema) for name, schema in whole["properties"].items()
    }
    required = [name for name in whole["required"] if name not in given]
    return {**whole, "properties": properties, "required": required}


def _plain(wanted: Type, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a field as a caller fills it in: a sealed one takes its value."""
    if name == "type":
        return {"enum": [wanted.title, wanted.name]}
    if name not in catalogue.sealed_fields(wanted.kind):
        return schema
    return {"type": "string", "maxLength": MAX_VALUE_CHARACTERS, "default": "", "x-sealed": True}


def _any_body() -> dict[str, Any]:
    names = sorted(one.kind.__name__ for one in catalogue.TYPES.values() if not one.by_rules)
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"type": "string", "examples": names[:3]}},
        "anyOf": [{"$ref": REF.format(name=name)} for name in names],
    }


def _first_line(wanted: Type) -> str:
    return (inspect.getdoc(wanted.kind) or wanted.title).partition("\n")[0]


def _description(wanted: Type) -> str:
    capacities = ", ".join(f"`{one}`" for one in wanted.kind.WHO)
    told = (inspect.getdoc(wanted.kind) or "").partition("\n")[2].strip()
    who = f"Records `{wanted.name}`. Who may: {capacities}."
    return "\n\n".join(filter(None, [told, who, f"“{wanted.kind.SENTENCE}”"]))
