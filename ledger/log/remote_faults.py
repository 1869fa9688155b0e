"""What can be wrong with a log that is read from elsewhere: with the way there, or with the log."""

from typing import Literal

WrongKind = Literal["withheld", "malformed"]


class LogUnreachable(Exception):
    """The log could not be asked, or did not let us read; says in Dutch what came instead."""


class LogWrong(Exception):
    """The log answered, with what no log may answer; says in Dutch what.

    `withheld`: it does not give what is in its tree. `malformed`: bytes that cannot be read.
    """

    def __init__(self, kind: WrongKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind: WrongKind = kind


class AddressRefused(ValueError):
    """An address or header that is not used to read a log from; says in Dutch why."""


def within(data: bytes, path: str, limit_bytes: int) -> bytes:
    """Return these bytes, or raise LogWrong where there are more than the limit."""
    if len(data) > limit_bytes:
        raise LogWrong("malformed", f"{path} is groter dan {limit_bytes} bytes.")
    return data
