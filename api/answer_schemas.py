"""How the answers of the routes look in the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

REF: Final = "#/components/schemas/{name}"
ANY: Final[dict[str, Any]] = {"type": "object"}


def answered(
    schema: dict[str, Any],
    description: str = "The answer.",
    *,
    media_type: str = "application/json",
) -> dict[str, Any]:
    """Return the part of an operation that says what a sound answer looks like."""
    content = {media_type: {"schema": schema}}
    return {"responses": {"200": {"description": description, "content": content}}}


def page_of(item: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one page of a list of such items."""
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": item},
            "next": {
                "type": ["string", "null"],
                "format": "uri-reference",
                "description": "Where the following page is; null on the last one.",
            },
            "moreThan": {
                "type": "integer",
                "description": "There where more was found than is ranked; the newest come first.",
            },
        },
    }


def identified(thing: str) -> dict[str, Any]:
    """Return the schema of a thing: its id under its kind's name, and the records it rests on."""
    return {
        "type": "object",
        "required": [thing],
        "properties": {
            thing: {"type": "string"},
            "positions": {
                "type": "array",
                "items": {"type": "integer", "minimum": 0},
                "description": "The positions of the records this rests on.",
            },
            "status": {"type": "string", "description": "Where it stood on the day asked for."},
        },
    }


def named(kind: type) -> dict[str, Any]:
    """Return a reference to the schema of an answer type."""
    return {"$ref": REF.format(name=kind.__name__)}
