"""What a list is narrowed to: the fields above it, and what stands in the address for each.

A field is a choice from what there is, an id, or words to look for. What can be no answer is
refused with what was found, so that an empty list always means that there is nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from api.pages.site import Asked
from api.parameters import MAX_WORDS, as_slug, as_words
from api.problems import Problem
from projections.chains import partners
from projections.names import choices
from projections.views import MAX_LIMIT, Paging

Options = tuple[tuple[str, str], ...]
SHOWN: Final = 80
MAX_BODIES: Final = 200


class Field(Struct, frozen=True):
    """One field: its name in the address, its label, and from what can be chosen.

    `options` are value and name; without them anything can be written. `known` are suggestions.
    """

    name: str
    label: str
    options: Options = ()
    any: str = ""
    known: tuple[str, ...] = ()
    value: str = ""


def chosen(asked: Asked, *names: str) -> dict[str, str]:
    """Return what the address chooses by these names; Problem (malformed) for what can be none.

    `tekst` is words, everything else the id of something.
    """
    return {name: _sound(name, asked.query.get(name, "")) for name in names}


def require_one_of(name: str, value: str, options: Options) -> None:
    """Refuse a value that is not among the options."""
    if value and value not in dict(options):
        raise Problem("malformed", f"{name}: {value[:SHOWN]!r} is hier geen keuze.")


def organisations(asked: Asked) -> dict[str, str]:
    """Return the names of the partners, also of those that left, as far as this reader knows."""
    found = partners(asked.connection, asked.view, Paging("", MAX_LIMIT)).items
    return {one["organisation"]: str(one.get("name") or one["organisation"]) for one in found}


def bodies(asked: Asked) -> Options:
    """Return the bodies that there are or were, by name, as far as this reader knows them."""
    found = choices(asked.connection, asked.view, {"body"}, most=MAX_BODIES)["body"]
    return tuple(sorted(found, key=lambda one: one[1]))


def _sound(name: str, value: str) -> str:
    check: Callable[[str], str] = as_words if name == "tekst" else as_slug
    if not value:
        return ""
    if len(value) > MAX_WORDS:
        long = f"{name}: {len(value)} tekens; verwacht ten hoogste {MAX_WORDS}."
        raise Problem("malformed", long)
    try:
        return check(value)
    except ValueError as error:
        raise Problem("malformed", f"{name}: {value[:SHOWN]!r} {error}.") from error
