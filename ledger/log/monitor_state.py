"""What a monitor remembers of a log between two runs, in one file beside which the rest lies.

    FILE            the state: trusted keys, the last verified checkpoint, the edge of its tree
    FILE.mirror/    the copy of the log
    FILE.evidence/  what the log showed when something was wrong, a bounded number of pieces
    FILE.lock       held during a run

The state is what makes a monitor more than a reader: a log that was replaced as a whole is sound in
itself, and only does not fit what is written here. So it is replaced as a whole, is for its owner
alone, and one that cannot be read, or does not agree with itself, is never taken for none.
"""

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import Struct

from ledger.log.checkpoint import BadCheckpoint, Head, read_text
from ledger.log.kept_files import FILE_MODE, make_folder, put_file
from ledger.log.merkle import HASH_BYTES, Frontier
from ledger.log.note import BadNote, open_note
from ledger.log.note_keys import BadKey, Verifier, read_verifier
from ledger.log.tiles import TILE_HEIGHT, TILE_WIDTH, Edge, hashes_of

MAX_STATE_BYTES: Final = 4_000_000
MAX_EVIDENCE: Final = 32
MAX_SHOWN: Final = 100_000
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class CannotTell(Exception):
    """Nothing can be said about the log now, and the cause is on this side; in Dutch."""


class Trusted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key of the log: how it came to be trusted, and whether it signed and then stopped."""

    key: str
    how: Literal["given", "first-use", "announced"]
    signed: bool = False
    retired: bool = False


class Replayed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to where the rules were replayed, by which version, and what came of it.

    `pending` means that consequences of the last act were not under the checkpoint yet.
    """

    size: int
    version: str
    sound: bool
    pending: bool = False


class State(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it. `edge` has the hashes of the tiles that are not full yet, per level, as hex."""

    format: Literal["ketenledger-monitor/1"] = "ketenledger-monitor/1"
    log: str
    keys: list[Trusted]
    checkpoint: str
    edge: list[str]
    checked: str
    replayed: Replayed | None = None
    told: list[str] = []
    """Ids of keys that also sign and are not trusted, as the owner was told."""


class Seen(NamedTuple):
    """A state that agrees with itself: what it says, the head it knows, the edge of that tree."""

    state: State
    head: Head
    edge: Edge


class Kept:
    """The files of one monitor."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def beside(self, ending: str) -> Path:
        """Return a path beside the state file."""
        return self.path.with_name(f"{self.path.name}.{ending}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only run on this state; raises CannotTell where another is at it."""
        with _ours(self.path):
            make_folder(self.path.parent)
            descriptor = os.open(self.beside("lock"), os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CannotTell(f"Een andere controle met {self.path} loopt nog.") from error
            yield
        finally:
            # Closing gives up the lock; so does the end of the process, whatever ends it.
            os.close(descriptor)

    def read(self) -> Seen | None:
        """Return what is remembered, None where nothing is yet; raises CannotTell."""
        with _ours(self.path):
            try:
                descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
            except FileNotFoundError:
                return None
            with open(descriptor, "rb") as file:
                mode = os.fstat(descriptor).st_mode
                data = file.read(MAX_STATE_BYTES + 1)
        if not stat.S_ISREG(mode) or mode & _OTHERS_WRITE:
            raise CannotTell(f"{self.path} moet een bestand zijn dat niemand anders kan schrijven.")
        try:
            return _agreeing(msgspec.json.decode(data, type=State))
        except (msgspec.MsgspecError, BadNote, BadCheckpoint, BadKey, ValueError) as error:
            raise CannotTell(
                f"De stand in {self.path} is beschadigd ({error}). Zet de laatste goede terug; "
                "zonder haar weet deze controle niet meer wat zij eerder zag."
            ) from error

    def write(self, state: State) -> None:
        """Remember this from now on; raises CannotTell."""
        with _ours(self.path):
            put_file(self.path, msgspec.json.format(msgspec.json.encode(state), indent=1) + b"\n")

    def keep_evidence(self, kind: str, sentence: str, *, seen: str, shown: str) -> Path | None:
        """Keep the checkpoint that was seen beside what is shown now; return the file.

        None where there is no room for more. Raises CannotTell.
        """
        folder = self.beside("evidence")
        digest = hashlib.sha256(shown.encode("utf-8", "replace")).hexdigest()
        path = folder / f"{kind}-{digest[:32]}.json"
        told = {"kind": kind, "sentence": sentence, "seen": seen, "shown": shown[:MAX_SHOWN]}
        with _ours(path):
            make_folder(folder)
            if not path.exists():
                if len(list(folder.glob("*.json"))) >= MAX_EVIDENCE:
                    return None
                put_file(path, msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
        return path


def keys_of(state: State) -> list[Verifier]:
    """Return the keys of which a signature counts."""
    return [read_verifier(one.key) for one in state.keys if not one.retired]


def rows_of(edge: Edge) -> list[str]:
    """Return an edge as it is written in a state."""
    return [b"".join(row).hex() for row in edge.rows]


def _agreeing(state: State) -> Seen:
    """Return a state of which keys, checkpoint and edge belong together; raises ValueError."""
    note, found = open_note(
        state.checkpoint.encode(), [read_verifier(one.key) for one in state.keys]
    )
    head = read_text(note.text)
    edge = _edge(state.edge)
    if any(one.verifier.name != head.origin for one in found):
        raise ValueError("het controlepunt is van een ander log dan de sleutel")
    if (edge.size, edge.root()) != (head.size, head.root):
        raise ValueError("de rand van de boom past niet bij het controlepunt")
    return Seen(state, head, edge)


def _edge(rows: list[str]) -> Edge:
    made: list[tuple[bytes, ...]] = []
    for row in rows:
        data = bytes.fromhex(row)
        if len(data) % HASH_BYTES or len(data) >= TILE_WIDTH * HASH_BYTES:
            raise ValueError("een rij van de rand heeft niet de goede lengte")
        made.append(tuple(hashes_of(data)))
    size = sum(len(row) << TILE_HEIGHT * level for level, row in enumerate(made))
    # The perfect subtrees of the whole are those of each row, the highest level first.
    hashes = (one for row in reversed(made) for one in Frontier().extended(row).hashes)
    return Edge(Frontier(size, tuple(hashes)), tuple(made))


@contextmanager
def _ours(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into what a caller of the monitor expects."""
    try:
        yield
    except OSError as error:
        raise CannotTell(f"{path} kan niet worden gebruikt: {error.strerror}.") from error
