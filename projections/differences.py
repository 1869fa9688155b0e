"""What differs between two versions of a text: which sentences went, which came."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import Final

from projections.views import Doc

# A sentence or a line, with the white space after it: together they are the whole text.
PIECE: Final = re.compile(r"[^.;!?\n]*[.;!?\n]+\s*|[^.;!?\n]+")


def text_differences(before: str, after: str) -> list[Doc]:
    """Return the two texts as one row of pieces, each `same`, `gone` or `new`, in reading order.

    The pieces that are not new are the text before, those that are not gone the text after.
    """
    old, new = PIECE.findall(before), PIECE.findall(after)
    found = SequenceMatcher(a=old, b=new).get_opcodes()
    return [piece for code in found for piece in _pieces(old, new, code)]


def _pieces(old: list[str], new: list[str], code: tuple[str, int, int, int, int]) -> Iterator[Doc]:
    how, old_start, old_end, new_start, new_end = code
    if how == "equal":
        yield {"is": "same", "text": "".join(old[old_start:old_end])}
        return
    if old_start < old_end:
        yield {"is": "gone", "text": "".join(old[old_start:old_end])}
    if new_start < new_end:
        yield {"is": "new", "text": "".join(new[new_start:new_end])}


def field_differences(before: Doc, after: Doc, names: Iterable[str]) -> list[Doc]:
    """Return for each of these fields that changed both its readings; None where there is none."""
    return [
        {"field": name, "was": before.get(name), "becomes": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    ]
