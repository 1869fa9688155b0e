"""Slices of a chain: so many positions each, by which what has some words is looked for.

Every text has two lexemes that no question of a reader can hold: of the slice in which its thing
began, and of that slice for its kind alone. What is valid from a day on has the slice in a column,
so that slices in which nothing began that was there on some day are passed over.
"""

from __future__ import annotations

from typing import Final

SLICE: Final = 8192
"""How many positions a slice has."""

IN_SLICE: Final = f"int8 GENERATED ALWAYS AS (since / {SLICE}) STORED"
"""The type of a column for the slice in which the thing of a row began."""
_NAMED: Final = f"'@' || chain || '/' || (since / {SLICE})::text"
LEXEMES: Final = f"array_to_tsvector(ARRAY[{_NAMED}, {_NAMED} || '#' || kind])"
"""The lexemes of a row of texts, in SQL."""


def slice_name(chain: str, number: int, kind: str = "") -> str:
    """Return the lexeme of what began in a slice of a chain, of one kind or of all."""
    return f"@{chain}/{number}" + (f"#{kind}" if kind else "")
