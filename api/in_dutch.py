"""What the web framework says about a parameter, in Dutch: what was found and what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PLACES = {"query": "parameter", "path": "adres", "header": "kopveld", "body": "inhoud"}
REASONS = {
    "missing": "ontbreekt",
    "extra_forbidden": "is hier niet bekend",
    "string_too_short": "is te kort: verwacht ten minste {min_length} teken",
    "string_too_long": "is te lang: verwacht hoogstens {max_length} tekens",
    "int_parsing": "is geen geheel getal",
    "int_from_float": "is geen geheel getal",
    "int_parsing_size": "is een te groot getal",
    "greater_than_equal": "is te klein: verwacht ten minste {ge}",
    "less_than_equal": "is te groot: verwacht hoogstens {le}",
    "bool_parsing": "is geen true of false",
    "literal_error": "is onbekend: verwacht {expected}",
}


def said_of_parameters(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return for each error where it was, the name, and the reason as the rest of a sentence."""
    return [_said(error) for error in errors]


def _said(error: Mapping[str, Any]) -> dict[str, str]:
    place, *names = [str(part) for part in error["loc"]]
    return {
        "in": place,
        "name": ".".join(names) or PLACES.get(place, place),
        "reason": _reason(error["type"], error.get("ctx") or {}),
    }


def _reason(kind: str, context: Mapping[str, Any]) -> str:
    # Our own checks raise ValueError with a reason that is Dutch already.
    if kind == "value_error":
        return str(context["error"])
    words = {key: str(value).replace(" or ", " of ") for key, value in context.items()}
    return REASONS.get(kind, "heeft een ongeldige waarde").format(**words)
