"""What can be wrong with a log that a monitor follows."""

from typing import Literal

BreakKind = Literal[
    "unsigned",
    "other-log",
    "smaller",
    "fork",
    "entry",
    "tile",
    "root",
    "withheld",
    "malformed",
]


class LogBroken(Exception):
    """The log is not what it signed or showed before; says in Dutch how, and where it can."""

    def __init__(self, kind: BreakKind, sentence: str, position: int | None = None) -> None:
        super().__init__(sentence)
        self.kind: BreakKind = kind
        self.position = position
        self.evidence = ""
