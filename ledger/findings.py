"""What an audit finds: every break of a log, with its kind, its rule and a sentence for people."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

Kind = Literal[
    "unreadable",
    "changed-byte",
    "gap",
    "wrong-order",
    "wrong-position",
    "wrong-chain",
    "time",
    "duplicate-act",
    "not-lawful",
    "refused",
    "wrong-under",
    "wrong-header",
    "not-a-consequence",
    "missing-consequence",
    "not-replayable",
]
"""`not-lawful`: nobody had the capacity; `refused`: a rule says no; `wrong-under`: lawful, but not
by what the record says; `wrong-header`: the ledger would have written something else."""


class Stored(NamedTuple):
    """A record as it lies in the log; where the leaf hash is empty it is not compared."""

    position: int
    data: bytes
    leaf_hash: bytes = b""


class Break(Struct, frozen=True, kw_only=True):
    """One place where a log is not what the rules make of it; `rule` is empty for bare evidence."""

    position: int
    kind: Kind
    sentence: str
    rule: str = ""


class Findings(Struct, frozen=True, kw_only=True):
    """The outcome of an audit over `records` records.

    The first `clean` of them are beyond doubt. `complete` is false where the audit stopped early
    because there were too many breaks.
    """

    chain: str
    records: int
    clean: int
    breaks: tuple[Break, ...] = ()
    complete: bool = True

    @property
    def sound(self) -> bool:
        """Whether the whole log is what the rules make of it."""
        return not self.breaks
