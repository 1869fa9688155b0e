"""Which things somebody who saw a chain from its beginning no longer has at hand.

A thing that was never let go of has no records yet: nobody needs to look for them. What is
remembered of those that were is a bit each, so it takes the same few bytes for a chain of any size;
two things may share a bit, and then one is looked for in vain.
"""

from __future__ import annotations

from typing import Final

BITS: Final = 2**23


class LetGo:
    """The things that were let go of, and a few more."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def note(self, key: tuple[str, str]) -> None:
        """Remember that this one was let go of."""
        self._bits = self._bits or bytearray(BITS // 8)
        place, bit = divmod(hash(key) % BITS, 8)
        self._bits[place] |= 1 << bit

    def __contains__(self, key: tuple[str, str]) -> bool:
        """Tell whether this one may have been let go of; if not, it surely was not."""
        place, bit = divmod(hash(key) % BITS, 8)
        return bool(self._bits) and bool(self._bits[place] >> bit & 1)
