"""The text of a checkpoint, after C2SP tlog-checkpoint: which log, how large, with which root.

    example.org/log/chain-1      the origin: the name of the log
    5                            its size
    h9UMXqS06cZqY1Dc…w=          its root in base64
                                 (further lines may follow; we write none)

As the text of a signed note it commits its signer to all that is in the log up to that size.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from ledger.log.merkle import HASH_BYTES

MAX_SIZE: Final = 2**63 - 1
PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"

# Plain [0-9], since \d also takes the digits of other scripts.
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class BadCheckpoint(ValueError):
    """A text that is not a checkpoint; says in Dutch what is wrong with it."""


class Head(NamedTuple):
    """What a checkpoint says: the root of the first `size` entries of the log named `origin`."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text to sign."""
        lines = (self.origin, str(self.size), to_base64(self.root), *self.extensions)
        text = "".join(f"{line}\n" for line in lines)
        if read_text(text) != self:
            raise BadCheckpoint("Een regel van een controlepunt bevat geen regeleinde.")
        return text


def read_text(text: str) -> Head:
    """Return what the text of a checkpoint says; raises BadCheckpoint where it is none."""
    lines = text.split("\n")
    if lines.pop() != "" or len(lines) < 3 or not all(lines):
        raise BadCheckpoint("Een controlepunt telt drie regels of meer, geen ervan leeg.")
    origin, size, root, *extensions = lines
    return Head(origin, read_number(size), _read_root(root), tuple(extensions))


def read_number(digits: str) -> int:
    """Return a number as these formats write it: no sign, no zeros in front, below 2^63."""
    if not _NUMBER.fullmatch(digits) or int(digits) > MAX_SIZE:
        raise BadCheckpoint(f"{digits[:40]!r} is geen omvang van een log.")
    return int(digits)


def tlog_proof(position: int, hashes: Sequence[bytes], checkpoint: str) -> str:
    """Return the proof of one entry as a file of its own, after C2SP tlog-proof.

    `checkpoint` is the signed note, of the size that the hashes prove it for.
    """
    lines = (PROOF_HEADER, f"index {position}", *map(to_base64, hashes))
    return "".join(f"{line}\n" for line in lines) + "\n" + checkpoint


def to_base64(data: bytes) -> str:
    """Return these bytes in the base64 of these formats: the standard one, with padding."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Return what this base64 stands for; raises ValueError unless it is the one way to write it.

    Bits left over and missing padding are refused, so that nothing signed has two spellings.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("is geen base64") from error
    if to_base64(data) != text:
        raise ValueError("is geen base64 in de voorgeschreven vorm")
    return data


def _read_root(text: str) -> bytes:
    try:
        data = from_base64(text)
    except ValueError as error:
        raise BadCheckpoint(f"De wortel van een controlepunt {error}.") from error
    if len(data) != HASH_BYTES:
        raise BadCheckpoint(f"De wortel van een controlepunt telt {HASH_BYTES} bytes.")
    return data
