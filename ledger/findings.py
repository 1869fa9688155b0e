"""What an audit finds: every break of a log, with its kind, its rule and a sentence for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from ledger.domain.values import Header

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

SHIFTED: Final = frozenset({"position", "cause", "under"})
"""What points elsewhere in the later consequences once one too many or too few came before."""


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


def differences(found: Header, right: Header) -> Iterator[tuple[str, str]]:
    """Yield the fields in which a header is not the right one, each with a sentence's end.

    What is only moved, because there is a record too many or too few before it, is no difference.
    """
    shift = found.position - right.position
    for field in Header.__struct_fields__:
        one, other = getattr(found, field), getattr(right, field)
        if one != other and not (field in SHIFTED and _is_moved(one, other, shift)):
            yield field, f"{field} is {_say(one)}, verwacht {_say(other)}"


def _is_moved(found: object, right: object, shift: int) -> bool:
    one, other = _positions(found), _positions(right)
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(a - b in (0, shift) for a, b in pairs)


def _positions(value: object) -> tuple[int, ...]:
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, int) else ()


def _say(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "leeg"
    return str(value) if value not in ("", None) else "leeg"
