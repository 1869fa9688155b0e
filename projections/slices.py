"""Slices of a chain: so many positions each, by which what has some words is looked for.

Every text has two lexemes that no question of a reader can hold: of the slice in which its thing
began, and of that slice for its kind alone.
"""

from __future__ import annotations

from typing import Final

SLICE: Final = 8192
"""How many positions a slice has."""

_IN_SLICE: Final = f"'@' || chain || '/' || (since / {SLICE})::text"
LEXEMES: Final = f"array_to_tsvector(ARRAY[{_IN_SLICE}, {_IN_SLICE} || '#' || kind])"
"""The lexemes of a row of texts, in SQL."""


def slice_name(chain: str, number: int, kind: str = "") -> str:
    """Return the lexeme of what began in a slice of a chain, of one kind or of all."""
    return f"@{chain}/{number}" + (f"#{kind}" if kind else "")
