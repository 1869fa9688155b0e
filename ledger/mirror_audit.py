"""The audit of a copy of a log: the rules of the chain, replayed over what a monitor verified."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain as chain_of
from typing import Final, NamedTuple

import msgspec

from ledger import catalogue
from ledger.audit import Findings, Stored, audit
from ledger.log.checkpoint import Head
from ledger.log.mirror import Mirror

LOG_KEY: Final = b'"logKey"'
MAX_LOG_KEYS: Final = 1000


class Replay(NamedTuple):
    """What the rules made of a copy.

    `pending` means that all is sound so far, but that what must follow from the last act is not
    under this checkpoint: a log may be signed in between. It has to be under the next.
    """

    findings: Findings
    pending: bool
    log_keys: tuple[tuple[int, str], ...]
    """The keys of the log that the chain itself named, each with the position of that record."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with what is there."""
        return self.findings.sound or self.pending


def audit_mirror(mirror: Mirror, head: Head) -> Replay:
    """Replay the rules over the copy of a log up to a head, a bundle of records in memory.

    Raises MirrorDamaged where the copy is not what the head was signed for.
    """
    walk = mirror.walk(head)
    first = next(walk, None)
    chain = head.origin.rpartition("/")[2] if first is None else _chain(first[1], head)
    log_keys: list[tuple[int, str]] = []
    findings = audit(_stored(first, walk, log_keys), chain)
    # After too many breaks the audit stops; whether the copy is sound shows at its end.
    for _ in walk:
        pass
    unfinished = bool(findings.breaks) and all(
        one.kind == "missing-consequence" and one.position == head.size for one in findings.breaks
    )
    return Replay(findings, unfinished and findings.complete, tuple(log_keys[:MAX_LOG_KEYS]))


def _stored(
    first: tuple[int, bytes] | None,
    rest: Iterator[tuple[int, bytes]],
    log_keys: list[tuple[int, str]],
) -> Iterator[Stored]:
    """Pass the records on, and collect the keys of the log that they name."""
    for position, data in rest if first is None else chain_of([first], rest):
        if LOG_KEY in data and (key := _log_key(data)):
            log_keys.append((position, key))
        yield Stored(position, data)


def _log_key(data: bytes) -> str:
    """Return the key of the log that this record itself names, not one that it only proposes."""
    try:
        return str(getattr(catalogue.decode(data).body, "log_key", ""))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def _chain(data: bytes, head: Head) -> str:
    """Return the chain that the first record names, else the one in the name of the log."""
    try:
        return catalogue.decode(data).header.chain
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return head.origin.rpartition("/")[2]
