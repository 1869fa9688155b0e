"""What a check of stored evidence finds: of each kind the first, and how many there are.

`at` is where: the position of a record, or the size of a checkpoint. A sentence is for people and
names no value of a record, so that everybody may read it.
"""

from typing import Final, Literal

from msgspec import Struct

Kind = Literal[
    "hash",
    "gap",
    "form",
    "place",
    "time",
    "act",
    "tile",
    "checkpoint",
    "signature",
    "order",
    "root",
    "cut",
    "cosignature",
    "stamp",
    "against",
    "earlier",
    "disclosure",
    "erasure",
    "rules",
    "read-model",
    "reads",
    # What is worth knowing and breaks nothing:
    "unsigned",
    "unknown-witness",
    "missing",
    "erased",
    "orphan",
    "behind",
    "no-key",
    "unnamed-key",
    "unwitnessed",
    "unchecked-stamp",
]
"""`hash`: the stored leaf hash is not that of the bytes; `gap`: a position is empty; `form`: not
the canonical bytes of a record; `place`: a record of another place; `time`: a clock that went back;
`act`: one act twice; `order`: checkpoints that do not follow each other; `root`: the records are
not those that were signed; `cut`: fewer records than were signed; `against` and `earlier`: not what
somebody kept, or an earlier check saw; `stamp`: a time stamp that does not hold; `reads`: the log
of reads is not linked; `erasure`: a value that was recorded as erased and is there."""

MAX_SENTENCE: Final = 1000


class Flaw(Struct, frozen=True, kw_only=True):
    """The first of its kind, and how many of that kind were found."""

    kind: Kind
    at: int
    sentence: str
    count: int = 1


class Flaws:
    """Flaws as they are found; memory for one of each kind."""

    def __init__(self) -> None:
        self._found: dict[Kind, Flaw] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, kind: Kind, at: int, sentence: str, *, count: int = 1) -> None:
        """Remember a flaw if it is the first of its kind, else only count it."""
        first = self._found.get(kind)
        if first is None:
            said = sentence[:MAX_SENTENCE]
            self._found[kind] = Flaw(kind=kind, at=at, sentence=said, count=count)
        else:
            self._found[kind] = Flaw(
                kind=kind, at=first.at, sentence=first.sentence, count=first.count + count
            )

    def all(self) -> tuple[Flaw, ...]:
        """Return the first of each kind, in the order in which they were found."""
        return tuple(self._found.values())
