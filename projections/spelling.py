"""Spelling for finding: the same word, however it was accented or capitalised.

One function for what is indexed and for what is asked. It takes off accents (ë is found by e),
makes letters small and leaves everything else as it is, so that a fragment of a long word can be
found in it.
"""

import re
import unicodedata
from typing import Final

ACCENTS: Final = re.compile("[\u0300-\u036f]")


def plain(text: str) -> str:
    """Return text in small letters without accents."""
    small = text.casefold()
    return small if small.isascii() else ACCENTS.sub("", unicodedata.normalize("NFKD", small))
