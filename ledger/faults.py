"""Faults that concern one act or one chain, and must cost no other: a rule's, or a log's."""

from __future__ import annotations

from typing import Final

import msgspec

from ledger.domain.values import Refused

FAULTS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    msgspec.MsgspecError,
    RecursionError,
    TypeError,
    ValueError,
)
"""How a fault in a rule, or a record that fits no state, shows: it concerns one chain or act."""


class BrokenLog(Exception):
    """A stored record cannot be read or does not fit the ones before it: time for an audit."""

    def __init__(self, chain: str, position: int, what: str) -> None:
        super().__init__(f"Keten {chain} is onleesbaar bij gebeurtenis {position}: {what}.")
        self.chain = chain
        self.position = position


NOT_DONE: Final = (Refused, BrokenLog, *FAULTS)
"""What can come of one act instead of what was asked; it concerns no other chain."""
